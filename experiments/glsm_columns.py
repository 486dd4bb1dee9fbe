"""Columns of the regression that a user may write: here, European values of a max-call."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.stats import norm

from jaxprice.engines.glsm.columns import Observation


@dataclasses.dataclass(frozen=True, kw_only=True)
class EuropeanMaxCall:
    """Values of the European call on the best of independent assets, at fixed horizons; an example of a user's column.

    The moments of the best log-price are approximate (Clark 1961, "The greatest of a finite set of random variables"),
    which a regression does not mind.

    Attributes:
        volatility: of each asset.
        strike: of the call.
        carry: rate less dividend.
        horizon: years to the payment, whatever the date.
    """

    volatility: tuple[float, ...]
    strike: float
    carry: float
    horizon: tuple[float, ...] = (1.0 / 3.0, 1.0, 2.0)

    def __call__(self, observation: Observation) -> jax.Array:
        """The functions, one for each horizon."""
        horizon = jnp.asarray(self.horizon)[None, :, None]
        variance = jnp.asarray(self.volatility)[:, None, None] ** 2 * horizon
        mean = jnp.log(observation.price / self.strike)[:, None, :] + self.carry * horizon - 0.5 * variance
        variance = jnp.broadcast_to(variance, mean.shape)

        def better(best: Any, one: Any) -> tuple[Any, None]:
            (m, v), (n, w) = best, one
            width = jnp.sqrt(v + w)
            share, density = norm.cdf((m - n) / width), width * norm.pdf((m - n) / width)
            first = n + (m - n) * share + density
            second = (m**2 + v) * share + (n**2 + w) * (1.0 - share) + (m + n) * density
            return (first, jnp.maximum(second - first**2, 1e-6)), None

        (m, v), _ = jax.lax.scan(better, (mean[0], variance[0]), (mean[1:], variance[1:]))
        std = jnp.sqrt(v)
        return jnp.exp(m + 0.5 * v) * norm.cdf(m / std + std) - norm.cdf(m / std)
