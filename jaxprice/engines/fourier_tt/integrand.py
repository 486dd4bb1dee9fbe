"""The Fourier integrand of a price: characteristic function, payoff transform, and how large they are on a contour.

With F_j the forwards, x_j = log(F_j / K), Y_j = log(S_j / F_j) and z = u + i α (Sakurai et al. 2025, equation 19; here
discounted and divided by the strike):

    price = (2π)^-d ∫ exp(-i z · x) φ_Y(-z) v̂(z) du.

Spot, strike, rate and dividend are in x alone, where each asset has a factor of its own: only what is in φ_Y has to be
learned.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.engines.fourier_tt.payoff_transform import PayoffTransform

# The exponential moment of a law at a point of its strip is positive: its logarithm has no phase.
_PHASE = 1e-6


@pytree_dataclass
class ReturnLaw:
    """The law of Y as a function of some numbers of its model.

    Attributes:
        model: with `log_characteristic_fn(frequency, time)` of log-prices, spots of one, rate and dividends of zero.
        time: years, ().
        own: the numbers that are parameters, by field of the model and asset, asset by asset.
    """

    model: Any
    time: Scalar
    own: tuple[tuple[str, int], ...] = static_field()

    def at(self, own: Float[Array, " p"]) -> Any:
        """The model with these parameters, (p,)."""
        place = {slot: k for k, slot in enumerate(self.own)}
        changes = {}
        for field in {field for field, _ in self.own}:
            base = getattr(self.model, field)
            columns = [own[place[field, j]] if (field, j) in place else base[j] for j in range(base.shape[0])]
            changes[field] = jnp.stack(columns)
        return dataclasses.replace(self.model, **changes)

    def log_characteristic_fn(self, frequency: Float[Array, " d"], own: Float[Array, " p"]) -> Scalar:
        """Log of E[exp(i z · Y)] for complex z (d,) and parameters (p,)."""
        return self.at(own).log_characteristic_fn(frequency, self.time)


@pytree_dataclass
class Integrand:
    """What is integrated over the frequencies."""

    law: ReturnLaw
    transform: PayoffTransform

    def log_value(
        self, frequency: Float[Array, " d"], moneyness: Float[Array, " d"], own: Float[Array, " p"]
    ) -> Scalar:
        """Log of exp(-i z · x) φ_Y(-z) v̂(z) for complex z (d,)."""
        phase = -1j * jnp.sum(frequency * moneyness.astype(frequency.dtype))
        return phase + self.law.log_characteristic_fn(-frequency, own) + self.transform.log_transform(frequency)

    def log_size(self, damping: Float[Array, " d"], moneyness: Float[Array, " d"], own: Float[Array, " p"]) -> Scalar:
        """Log of the integrand at u = 0, its largest absolute value for that damping; infinite outside the strip."""
        frequency = 1j * damping.astype(complex)
        moment = self.law.log_characteristic_fn(-frequency, own)
        size = jnp.real(self.log_value(frequency, moneyness, own))
        is_moment = jnp.abs(jnp.imag(moment)) < _PHASE
        is_inside = jnp.all(self.transform.slack(damping) > 0.0) & is_moment & jnp.isfinite(size)
        return jnp.where(is_inside, size, jnp.inf)


@jax.jit
def log_sizes(
    integrand: Integrand, damping: Float[Array, "k d"], moneyness: Float[Array, "c d"], own: Float[Array, "c p"]
) -> Float[Array, "k c"]:
    """`Integrand.log_size` of k dampings at c points of the parameters."""

    def of_one(damping: Array) -> Array:
        return jax.vmap(integrand.log_size, (None, 0, 0))(damping, moneyness, own)

    return jax.lax.map(of_one, damping)
