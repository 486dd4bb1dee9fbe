"""Prices and derivatives of a committee along lines through its domain, and where they jump."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from experiments.committee_labels import Market
from jaxprice.core.array import Array
from jaxprice.engines import mixture_of_experts as moe

DIRECTIONS = ("log-moneyness", "root maturity")
"""The first two inputs."""
_REACH = 4.0
"""Standard deviations."""


def lines(key: jax.Array, market: Market, direction: int, n_lines: int, n_places: int) -> Array:
    """Lines (n_lines, n_places, m) through random points, as long as the points that labels are drawn from."""
    x = market.points(key, n_lines)
    volatility, lower, upper = market.volatility(x), market.domain.lower, market.domain.upper
    if direction == 0:
        reach = jnp.minimum(_REACH * volatility * x[:, 1], upper[0])
        ends = -reach, reach
    else:
        # Nearer to expiry the strike would be further away than any label.
        shortest = jnp.maximum(jnp.abs(x[:, 0]) / (_REACH * volatility), lower[1])
        ends = shortest, jnp.full_like(shortest, upper[1])
    share = jnp.linspace(0.0, 1.0, n_places)
    place = ends[0][:, None] + (ends[1] - ends[0])[:, None] * share[None]
    return jnp.broadcast_to(x[:, None], (n_lines, n_places, x.shape[1])).at[:, :, direction].set(place)


@dataclasses.dataclass(frozen=True)
class Scan:
    """What a committee says at the places of one line, (n,) each.

    Attributes:
        place: of the input that varies.
        price: over the strike.
        slope: derivative by that input.
        second: second derivative by that input.
    """

    place: np.ndarray
    price: np.ndarray
    slope: np.ndarray
    second: np.ndarray

    @classmethod
    def of(cls, committee: moe.Committee, line: Array, direction: int) -> "Scan":
        """Along a line (n, m), in one of its inputs."""
        seen = moe.evaluate(committee, line, jnp.eye(line.shape[1])[direction][None])
        parts = line[:, direction], seen.value, seen.dydx[:, direction], seen.curvature[:, 0, direction]
        return cls(*(np.asarray(part) for part in parts))

    def jumps(self) -> np.ndarray:
        """What the difference of neighbouring prices is beyond their mean slope, (n - 1,)."""
        return _beyond(self.place, self.price, self.slope)

    def jumps_of_slope(self) -> np.ndarray:
        """The same of slopes, beyond their mean second derivative."""
        return _beyond(self.place, self.slope, self.second)

    def differences(self) -> np.ndarray:
        """Slopes by AD less central differences of prices, (n - 2,)."""
        return np.abs(self.slope[1:-1] - (self.price[2:] - self.price[:-2]) / (self.place[2:] - self.place[:-2]))


def _beyond(place: np.ndarray, value: np.ndarray, slope: np.ndarray) -> np.ndarray:
    return np.abs(np.diff(value) - 0.5 * np.diff(place) * (slope[1:] + slope[:-1]))
