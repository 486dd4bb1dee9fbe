"""From the inputs of a surrogate to the coordinates of its train, and back to money."""

import itertools
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Float
from jaxprice.core.domain import Domain
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.engines.fourier_tt.problem import slot

MONEYNESS = "moneyness"


@pytree_dataclass
class PlainChart:
    """Coordinates are the inputs, values are prices."""

    def coordinates(self, x: Float[Array, "n m"]) -> list[Float[Array, " n"]]:
        """One column for each mode of the train."""
        return [x[:, k] for k in range(x.shape[1])]

    def unit(self, x: Float[Array, "n m"]) -> Float[Array, " n"]:
        """What the train is multiplied by, (n,)."""
        return jnp.ones(len(x), x.dtype)


@pytree_dataclass
class ForwardChart:
    """Coordinates are log-moneyness of the forwards and the model's own numbers; values are per strike, undiscounted.

    Spot, strike, rate and dividend of an asset are one coordinate together, x_j = log(w_j S_j / K) + (r - q_j) T. With
    `scales_time`, volatility and expiry are one too, σ_j √T: the returns of Black-Scholes know no other clock.

    Attributes:
        number: what the model and the product have for whatever is not an input, by field, () or (d,).
        weight: of the assets in the payoff, (d,).
        names: of the inputs.
        axes: what each mode of the train is, as pairs of name and asset.
        scales_time: whether `volatility` stands for σ √T.
        is_cash: whether the payoff is in units of cash, not of the strike.
    """

    number: dict[str, Array]
    weight: Float[Array, " d"]
    names: tuple[str, ...] = static_field()
    axes: tuple[tuple[str, int], ...] = static_field()
    scales_time: bool = static_field()
    is_cash: bool = static_field()

    def coordinates(self, x: Float[Array, "n m"]) -> list[Float[Array, " n"]]:
        """One column for each mode of the train."""
        return [jnp.broadcast_to(self.coordinate(x, *axis), (len(x),)) for axis in self.axes]

    def coordinate(self, x: Float[Array, "n m"], name: str, asset: int) -> Array:
        """One coordinate, (n,), or () where no input moves it."""
        expiry = self._number(x, "expiry")
        if name == MONEYNESS:
            relative = self.weight[asset] * self._number(x, "spot", asset) / self._number(x, "strike")
            return jnp.log(relative) + (self._number(x, "rate") - self._number(x, "dividend", asset)) * expiry
        value = self._number(x, name, asset)
        return value * jnp.sqrt(expiry) if self.scales_time and name == "volatility" else value

    def unit(self, x: Float[Array, "n m"]) -> Float[Array, " n"]:
        """What the train is multiplied by, (n,): discounted strikes."""
        discount = jnp.exp(-self._number(x, "rate") * self._number(x, "expiry"))
        unit = discount if self.is_cash else discount * self._number(x, "strike")
        return jnp.broadcast_to(unit, (len(x),))

    def _number(self, x: Float[Array, "n m"], field: str, asset: int | None = None) -> Array:
        for place, name in enumerate(self.names):
            if slot(name) == (field, asset):
                return x[:, place]
        return self.number[field] if asset is None else self.number[field][asset]


Chart = PlainChart | ForwardChart


def bounds(chart: ForwardChart, domain: Domain, name: str, asset: int) -> tuple[float, float]:
    """Smallest and largest value of one coordinate over a box.

    A coordinate is monotone in each of the inputs it depends on, so its extremes are at corners of these.
    """
    mine = [place for place, given in enumerate(domain.names) if _moves(given, name, asset)]
    lower, upper = np.asarray(domain.lower), np.asarray(domain.upper)
    corners = np.tile(lower[None], (2 ** len(mine), 1))
    for row, chosen in enumerate(itertools.product((False, True), repeat=len(mine))):
        corners[row, mine] = np.where(chosen, upper[mine], lower[mine])
    values = np.asarray(chart.coordinate(jnp.asarray(corners), name, asset))
    return float(values.min()), float(values.max())


def _moves(given: str, name: str, asset: int) -> bool:
    """Whether an input may move a coordinate."""
    field, of = slot(given)
    fields: tuple[Any, ...] = (
        ("spot", "dividend", "rate", "strike", "expiry") if name == MONEYNESS else (name, "expiry")
    )
    return field in fields and of in (None, asset)
