"""Heston's market as Yang and Li 2025 simulate it, example 5; also what a model of one's own looks like.

Everything that regression asks of a model is here: `path` and what goes with it (see `jaxprice.models.model`), and the
three methods of a model that can be restarted. The basis of the paper is one more column of the regression.
"""

import dataclasses
import math
from typing import ClassVar

import jax
import jax.numpy as jnp

from jaxprice import models
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass
from jaxprice.engines.glsm.columns import Observation
from jaxprice.models.gaussian import intervals
from jaxprice.numerics import hermite
from jaxprice.numerics.index_set import hyperbolic_cross

LOG_VARIANCE_RANGE = (-7.0, math.log(0.8))
# The authors' code differentiates Chebyshev polynomials by their argument in [-1, 1] and multiplies by the increment of
# the log-variance: the chain rule is left out, and the columns of the variance's noise are too large by this factor.
PUBLISHED_SLOPE = 0.5 * (LOG_VARIANCE_RANGE[1] - LOG_VARIANCE_RANGE[0])


@pytree_dataclass
class EulerHeston:
    """Heston by Euler steps: of the log-price, and of the variance with reflection at zero.

    Attributes:
        market: the numbers, the discounting and the forward.
        slope: factor on the derivative by the log-variance; 1 is right, `PUBLISHED_SLOPE` is the authors' code.
    """

    market: models.Heston
    slope: Scalar

    is_exact: ClassVar[bool] = False

    @property
    def n_assets(self) -> int:
        """One."""
        return 1

    @property
    def n_factors(self) -> int:
        """Two: the variance, then the part of the price that is independent of it."""
        return 2

    def path(self, normal: Float[Array, "n 2"], time: Float[Array, " n"]) -> Float[Array, "n 2"]:
        """Price and variance at `time`."""
        m = self.market
        rest = jnp.sqrt((1.0 - m.correlation) * (1.0 + m.correlation))

        def step(state: tuple[Array, Array], x: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
            (log_return, variance), (normal, dt) = state, x
            std = jnp.sqrt(variance * dt)
            drift = (m.rate - m.dividend - 0.5 * variance) * dt
            log_return = log_return + drift + std * (m.correlation * normal[0] + rest * normal[1])
            drift = m.mean_reversion * (m.long_run_variance - variance) * dt
            variance = jnp.abs(variance + drift + m.vol_of_vol * std * normal[0])
            return (log_return, variance), jnp.stack([m.spot * jnp.exp(log_return), variance])

        return jax.lax.scan(step, (jnp.zeros_like(m.spot), m.variance), (normal, intervals(time)))[1]

    def observe(self, state: Float[Array, "n 2"]) -> Float[Array, "n 1"]:
        """The price."""
        return self.market.observe(state)

    def discount_factor(self, time: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """The market's."""
        return self.market.discount_factor(time)

    def forward(self, time: Float[Array, " n"]) -> Float[Array, "n 1"]:
        """The market's, which Euler steps of the log-price keep."""
        return self.market.forward(time)

    def validate(self) -> None:
        """The market's."""
        self.market.validate()

    def restart(self, state: Float[Array, "2"], time: Scalar) -> "EulerHeston":
        """The same market from a state on."""
        return dataclasses.replace(self, market=self.market.restart(state, time))

    def coordinate(self, state: Float[Array, "2"], time: Scalar) -> Float[Array, "2"]:
        """The standardised log-price, and the log-variance with its range mapped to [-1, 1]."""
        low, high = LOG_VARIANCE_RANGE
        y = (2.0 * jnp.log(state[1]) - (low + high)) / (high - low)
        # The value is y whatever the slope.
        y = y + (self.slope - 1.0) * (y - jax.lax.stop_gradient(y))
        return jnp.stack([self.market.coordinate(state, time)[0], y])

    def standard_price(self, state: Float[Array, "2"], time: Scalar) -> Float[Array, "1"]:
        """The standardised log-price."""
        return self.coordinate(state, time)[:1]


@dataclasses.dataclass(frozen=True)
class HermiteChebyshev:
    """Hermite in the log-price times Chebyshev in the log-variance, zero where that leaves its range.

    The engine's own polynomials of order one come first: one and the two coordinates are left out here.

    Attributes:
        order: of the hyperbolic cross; 20 in the paper, which makes 70 functions in all.
    """

    order: int

    def __call__(self, observation: Observation) -> Float[Array, "m n"]:
        """The functions."""
        x, y = observation.coordinate
        chosen = hyperbolic_cross(2, self.order)
        table = jnp.stack([hermite.table(x[None], self.order)[0], _chebyshev(y, self.order)])
        is_new = chosen.indices().sum(axis=1) > 1
        return jnp.where(jnp.abs(y) <= 1.0, chosen.products(table)[is_new], 0.0)


def _chebyshev(x: Float[Array, " n"], order: int) -> Float[Array, "order n"]:
    """Chebyshev polynomials of degree 1 ... order."""

    def step(two: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], Array]:
        before, last = two
        return (last, 2.0 * x * last - before), last

    return jax.lax.scan(step, (jnp.ones_like(x), x), None, length=order, unroll=True)[1]
