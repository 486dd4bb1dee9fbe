"""Fourier transforms of payoffs, each with the strip of dampings in which its integral exists.

With x_j = log(S_j / K) and a payoff of unit strike, v̂(z) = ∫ exp(i z · x) v(x) dx for z = u + i α. Damping α is what
makes the integral finite: exp(-α · x) v(x) must decay on all sides. Appendix A of Bayer et al. 2023, where z has the
other sign; `minimum_call` is equation 22 of Sakurai et al. 2025.
"""

from typing import Any, Protocol, runtime_checkable

import jax.numpy as jnp

from jaxprice import products
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.numerics.complex_gamma import log_gamma


@runtime_checkable
class PayoffTransform(Protocol):
    """What the engine asks of a payoff; a user's own has the same members."""

    def log_transform(self, frequency: Float[Array, " d"]) -> Scalar:
        """Log of v̂(z) for complex z (d,), with a phase that may jump by multiples of 2π."""
        ...

    def slack(self, damping: Float[Array, " d"]) -> Float[Array, " k"]:
        """Distances to the borders of the strip, all positive inside."""
        ...

    def rule(self, n_assets: int) -> Float[Array, " d"]:
        """The damping of the paper's rule, Σ |α_j| = 5; inside the strip."""
        ...

    def unit(self, strike: Scalar) -> Scalar:
        """What prices of unit strike are multiplied by: K, or 1 for a payoff that does not grow with prices."""
        ...


@pytree_dataclass
class MinimumCall:
    """(min S_j - K)⁺: -1 / ((1 + i Σ z_j) Π (-i z_j)), for α > 0 with Σ α_j > 1."""

    def log_transform(self, frequency: Float[Array, " d"]) -> Scalar:
        """See `PayoffTransform`."""
        return -jnp.log(-1.0 - 1j * jnp.sum(frequency)) - jnp.sum(jnp.log(-1j * frequency))

    def slack(self, damping: Float[Array, " d"]) -> Float[Array, " k"]:
        """See `PayoffTransform`."""
        return jnp.append(damping, jnp.sum(damping) - 1.0)

    def rule(self, n_assets: int) -> Float[Array, " d"]:
        """See `PayoffTransform`."""
        return jnp.full(n_assets, 5.0 / n_assets)

    def unit(self, strike: Scalar) -> Scalar:
        """See `PayoffTransform`."""
        return strike


class _Put:
    """What puts have in common: a strip where all α < 0."""

    def slack(self, damping: Float[Array, " d"]) -> Float[Array, " k"]:
        """See `PayoffTransform`."""
        return -damping

    def rule(self, n_assets: int) -> Float[Array, " d"]:
        """See `PayoffTransform`."""
        return jnp.full(n_assets, -5.0 / n_assets)

    def unit(self, strike: Scalar) -> Scalar:
        """See `PayoffTransform`."""
        return strike


@pytree_dataclass
class MaximumPut(_Put):
    """(K - max S_j)⁺: 1 / ((1 + i Σ z_j) Π (i z_j)), for α < 0."""

    def log_transform(self, frequency: Float[Array, " d"]) -> Scalar:
        """See `PayoffTransform`."""
        return -jnp.log(1.0 + 1j * jnp.sum(frequency)) - jnp.sum(jnp.log(1j * frequency))


@pytree_dataclass
class BasketPut(_Put):
    """(K - Σ w_j S_j)⁺ with x_j = log(w_j S_j / K): Π Γ(i z_j) / Γ(2 + i Σ z_j), for α < 0."""

    def log_transform(self, frequency: Float[Array, " d"]) -> Scalar:
        """See `PayoffTransform`."""
        return jnp.sum(log_gamma(1j * frequency)) - log_gamma(2.0 + 1j * jnp.sum(frequency))


@pytree_dataclass
class SpreadCall:
    """(S_1 - Σ_{j>1} S_j - K)⁺: Γ(-1 - i Σ z_j) Π_{j>1} Γ(i z_j) / Γ(1 - i z_1), for α_{j>1} < 0 and Σ α_j > 1."""

    def log_transform(self, frequency: Float[Array, " d"]) -> Scalar:
        """See `PayoffTransform`."""
        short = jnp.sum(log_gamma(1j * frequency[1:]))
        return log_gamma(-1.0 - 1j * jnp.sum(frequency)) + short - log_gamma(1.0 - 1j * frequency[0])

    def slack(self, damping: Float[Array, " d"]) -> Float[Array, " k"]:
        """See `PayoffTransform`."""
        return jnp.append(-damping[1:], jnp.sum(damping) - 1.0)

    def rule(self, n_assets: int) -> Float[Array, " d"]:
        """See `PayoffTransform`."""
        short = jnp.full(n_assets - 1, -1.0 / max(n_assets - 1, 1))
        return jnp.append(jnp.asarray([4.0]), short)

    def unit(self, strike: Scalar) -> Scalar:
        """See `PayoffTransform`."""
        return strike


@pytree_dataclass
class CashOrNothing:
    """One unit if every S_j ends at or above K, or below it: Π 1 / (∓i z_j), for α > 0 or α < 0."""

    is_call: bool = static_field(default=True)

    def log_transform(self, frequency: Float[Array, " d"]) -> Scalar:
        """See `PayoffTransform`."""
        return -jnp.sum(jnp.log((-1j if self.is_call else 1j) * frequency))

    def slack(self, damping: Float[Array, " d"]) -> Float[Array, " k"]:
        """See `PayoffTransform`."""
        return damping if self.is_call else -damping

    def rule(self, n_assets: int) -> Float[Array, " d"]:
        """See `PayoffTransform`."""
        return jnp.full(n_assets, (5.0 if self.is_call else -5.0) / n_assets)

    def unit(self, strike: Scalar) -> Scalar:
        """See `PayoffTransform`."""
        return jnp.ones_like(strike)


_OF: dict[type, PayoffTransform] = {
    products.Call: MinimumCall(),
    products.Put: MaximumPut(),
    products.MinCall: MinimumCall(),
    products.MaxPut: MaximumPut(),
    products.BasketPut: BasketPut(),
    products.Spread: SpreadCall(),
    products.Digital: CashOrNothing(is_call=True),
}


def of(payoff: Any) -> PayoffTransform:
    """The transform of a payoff: its own member `transform` if it has one, else that of the table above.

    Raises:
        TypeError: for a payoff whose transform is not known.
    """
    own = getattr(payoff, "transform", None)
    if isinstance(own, PayoffTransform):
        return own
    if type(payoff) in _OF:
        return _OF[type(payoff)]
    known = ", ".join(sorted(kind.__name__ for kind in _OF))
    raise TypeError(
        f"payoff: no Fourier transform is known for {type(payoff).__name__}; take one of {known}, give the payoff a "
        "member `transform` with those of PayoffTransform, or learn any pricer by fourier_tt.learn"
    )
