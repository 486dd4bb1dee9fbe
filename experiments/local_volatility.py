"""A model of a user's own: independent assets under Dupire's local volatility.

What it takes: the steps of a path, what a payoff sees, how to discount, the forward, a check; and for the least squares
engine how to start again in any state, and on what scale the state is (`jaxprice.models.model`).
"""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass
from jaxprice.numerics.safe import divide

_TYPICAL_VOLATILITY, _REACH = 0.3, 2.5


@pytree_dataclass
class LocalVolatility:
    """Independent assets whose volatility depends on time and on each one's own price.

    Attributes:
        spot: prices now, (d,).
        start: time now, from which volatility counts, ().
        center: the price at which volatility is least, ().
        rate: ().
        dividend: ().
    """

    spot: Float[Array, " d"]
    start: Scalar
    center: Scalar
    rate: Scalar
    dividend: Scalar

    is_exact: ClassVar[bool] = False

    @property
    def n_assets(self) -> int:
        """Number of assets d."""
        return self.spot.shape[-1]

    @property
    def n_factors(self) -> int:
        """One normal for each asset and step."""
        return self.n_assets

    def volatility(self, time: Scalar, price: Float[Array, " d"]) -> Float[Array, " d"]:
        """0.6 exp(-0.05 √t) (1.2 - exp(-0.1 t - 0.001 (S exp(r t) - center)²)).

        The factor exp(r t), meant for discounted prices, is there although S is not one: only so are the published
        prices met.
        """
        root = jnp.sqrt(jnp.maximum(time, 1e-12))
        dip = jnp.exp(-0.1 * time - 0.001 * (price * jnp.exp(self.rate * time) - self.center) ** 2)
        return 0.6 * jnp.exp(-0.05 * root) * (1.2 - dip)

    def path(self, normal: Float[Array, "n d"], time: Float[Array, " n"]) -> Float[Array, "n d"]:
        """Prices, one Euler step in the logarithm for each time."""
        before = jnp.concatenate([jnp.zeros(1, time.dtype), time[:-1]])

        def step(price: Array, x: tuple[Array, ...]) -> tuple[Array, Array]:
            normal, begin, end = x
            volatility, length = self.volatility(self.start + begin, price), end - begin
            drift = (self.rate - self.dividend - 0.5 * volatility**2) * length
            price = price * jnp.exp(drift + volatility * jnp.sqrt(length) * normal)
            return price, price

        return jax.lax.scan(step, self.spot, (normal, before, time))[1]

    def observe(self, state: Float[Array, "n d"]) -> Float[Array, "n d"]:
        """The state is the prices."""
        return state

    def discount_factor(self, time: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """exp(-r t)."""
        return jnp.exp(-self.rate * time)

    def forward(self, time: Float[Array, " n"]) -> Float[Array, "n d"]:
        """S exp((r - q) t)."""
        return self.spot[None] * jnp.exp(time * (self.rate - self.dividend))[:, None]

    def restart(self, state: Float[Array, " d"], time: Scalar) -> "LocalVolatility":
        """From these prices and that time on."""
        return dataclasses.replace(self, spot=state, start=self.start + time)

    def coordinate(self, state: Float[Array, " d"], time: Scalar) -> Float[Array, " d"]:
        """Log-prices less that of the forward, over a typical deviation.

        Volatility grows with the distance from the center, and so do the tails; they are bent back, or polynomials of
        them would lose all bounds.
        """
        width = _TYPICAL_VOLATILITY * jnp.sqrt(time) * jnp.ones_like(state)
        deviation = divide(jnp.log(state / self.spot) - (self.rate - self.dividend) * time, width)
        return _REACH * jnp.tanh(deviation / _REACH)

    def standard_price(self, state: Float[Array, " d"], time: Scalar) -> Float[Array, " d"]:
        """The same."""
        return self.coordinate(state, time)

    def validate(self) -> None:
        """Raises `ValueError` for prices that are not positive."""
        validation.check_finite(self, "LocalVolatility")
        validation.check_positive("LocalVolatility.spot", self.spot)
