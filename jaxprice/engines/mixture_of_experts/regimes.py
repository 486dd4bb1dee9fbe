"""The map of regimes: intervals of moneyness times intervals of maturity, one expert for each rectangle.

Neighbours overlap in strips around the borders, where windows pass smoothly from one to the next. The windows are
products of quintic steps: twice continuously differentiable, never negative, adding up to one, and zero but for at most
two intervals on each axis. Along a border two experts share a price; around a corner four do. Fewer would not be
continuous there: where three regimes meet, a continuous choice needs three experts (the plane has dimension two).
"""

import jax.numpy as jnp
import numpy as np

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, is_concrete
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.core.struct import pytree_dataclass, static_field

CLASSICAL_MONEYNESS, CLASSICAL_YEARS = (0.97, 1.05), (0.1, 0.2)
"""Borders of spot over strike and of the time to expiry (Gradojevic, Gençay and Kukolj 2009, section III)."""


@pytree_dataclass
class Regimes:
    """Borders between regimes, and how wide the strips around them are.

    Attributes:
        moneyness: borders on the first axis, rising, (p,); none leaves it whole.
        maturity: likewise on the second axis, (r,).
        moneyness_width: of the strip around each border, (p,).
        maturity_width: likewise, (r,).
        inputs: columns of the data set that hold log-moneyness and root maturity.
        is_standardised: whether the first axis is log-moneyness divided by root maturity, so that a regime is as wide
            as prices move in the time that is left.
    """

    moneyness: Float[Array, " p"]
    maturity: Float[Array, " r"]
    moneyness_width: Float[Array, " p"]
    maturity_width: Float[Array, " r"]
    inputs: tuple[int, int] = static_field(default=(0, 1))
    is_standardised: bool = static_field(default=True)

    @property
    def shape(self) -> tuple[int, int]:
        """Intervals of moneyness and of maturity."""
        return self.moneyness.shape[0] + 1, self.maturity.shape[0] + 1

    @property
    def n_experts(self) -> int:
        """Number of rectangles; that of moneyness interval i and maturity interval j is i r' + j, r' intervals of j."""
        return self.shape[0] * self.shape[1]

    def coordinates(self, x: Float[Array, "n m"]) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
        """Where points (n, m) lie on the map."""
        log_moneyness, root_maturity = (x[:, column] for column in self.inputs)
        if self.is_standardised:
            log_moneyness = log_moneyness / jnp.maximum(root_maturity, jnp.finfo(x.dtype).tiny)
        return log_moneyness, root_maturity

    def index(self, x: Float[Array, "n m"]) -> Array:
        """The regime of each of the points (n, m), strips left aside, (n,)."""
        first, second = self.coordinates(x)
        row = jnp.searchsorted(self.moneyness, first, side="right")
        return row * self.shape[1] + jnp.searchsorted(self.maturity, second, side="right")

    def windows(self, x: Float[Array, "n m"]) -> Float[Array, "e n"]:
        """What share of a price each expert has by the map alone, at points (n, m)."""
        first, second = self.coordinates(x)
        rows = _partition(first, self.moneyness, self.moneyness_width)
        columns = _partition(second, self.maturity, self.maturity_width)
        return (rows[:, None] * columns[None]).reshape(self.n_experts, -1)

    def names(self) -> tuple[str, ...]:
        """Of the nine usual ones in words, of others by their place."""
        if self.shape == (3, 3):
            return tuple(f"{m} {t}" for m in ("OTM", "ATM", "ITM") for t in ("short", "medium", "long"))
        return tuple(f"{i}, {j}" for i in range(self.shape[0]) for j in range(self.shape[1]))

    def validate(self) -> None:
        """Raises `ValueError` for borders that do not rise, or strips that have no width or reach into one another."""
        validation.check_finite(self, "Regimes")
        if self.n_experts < 2:
            raise ValueError("Regimes: without a border there is one expert; give borders on an axis")
        for name in ("moneyness", "maturity"):
            border, width = getattr(self, name), getattr(self, f"{name}_width")
            if border.ndim != 1:
                raise ValueError(f"Regimes.{name}: expected borders of shape (p,), got {tuple(border.shape)}")
            validation.check_shape(f"Regimes.{name}_width", width, border.shape)
            if not (is_concrete(border) and is_concrete(width)):
                continue
            border, width = np.asarray(border), np.asarray(width)
            if np.any(np.diff(border) <= 0.0):
                raise ValueError(f"Regimes.{name}: borders must rise to part the axis, got {border.tolist()}")
            if np.any(width <= 0.0):
                raise ValueError(f"Regimes.{name}_width: expected positive widths, got {width.tolist()}")
            low, high = border - 0.5 * width, border + 0.5 * width
            if np.any(low[1:] < high[:-1] - 1e-6 * width[1:]):
                raise ValueError(
                    f"Regimes.{name}_width: the strips around the borders {border.tolist()} reach into one another, so "
                    "three regimes would overlap; make them narrower"
                )


def _partition(place: Float[Array, " n"], border: Float[Array, " p"], width: Float[Array, " p"]) -> Array:
    """Windows (p + 1, n) on one axis: differences of neighbouring steps."""
    share = jnp.clip((place[None] - border[:, None]) / width[:, None] + 0.5, 0.0, 1.0)
    # Rounding may lead above one, where the window before would be negative.
    step = jnp.minimum(share**3 * (10.0 - 15.0 * share + 6.0 * share**2), 1.0)
    one = jnp.ones_like(place)[None]
    return jnp.concatenate([one, step]) - jnp.concatenate([step, 0.0 * one])


def classical(domain: Domain, *, overlap: float = 1.0) -> Regimes:
    """The borders of the literature: spot over strike 0.97 and 1.05, 0.1 and 0.2 years.

    Args:
        domain: with log-moneyness first and root maturity second; all borders lie inside.
        overlap: width of the strips, as a share of the widest that is possible.
    """
    return _checked(np.log(CLASSICAL_MONEYNESS), np.sqrt(CLASSICAL_YEARS), domain, overlap, False, None)


def of_quantiles(
    dataset: DifferentialDataset, n_moneyness: int = 3, n_maturity: int = 3, *, overlap: float = 1.0
) -> Regimes:
    """Borders that part the samples into intervals of equal counts, by standardised moneyness and by root maturity.

    Args:
        dataset: with log-moneyness first and root maturity second.
        n_moneyness: intervals on the first axis, at least one.
        n_maturity: likewise on the second.
        overlap: width of the strips, as a share of the widest that is possible.
    """
    for name, n in (("n_moneyness", n_moneyness), ("n_maturity", n_maturity)):
        validation.check_count(name, n)
    x = np.asarray(dataset.x, np.float64)
    places = (x[:, 0] / np.maximum(x[:, 1], np.finfo(np.float64).tiny), x[:, 1])
    moneyness, maturity = (
        np.quantile(place, np.arange(1, n) / n) for place, n in zip(places, (n_moneyness, n_maturity), strict=True)
    )
    return _checked(moneyness, maturity, dataset.domain, overlap, True, places)


def _checked(
    moneyness: np.ndarray,
    maturity: np.ndarray,
    domain: Domain,
    overlap: float,
    is_standardised: bool,
    places: tuple[np.ndarray, ...] | None,
) -> Regimes:
    if not 0.0 < overlap <= 1.0:
        raise ValueError(f"overlap: expected a share above 0 and at most 1, got {overlap}")
    ends = [(np.asarray(domain.lower)[i], np.asarray(domain.upper)[i]) for i in (0, 1)]
    if places is not None:
        ends = [(place.min(), place.max()) for place in places]
    width = []
    for name, border, (low, high) in zip(("moneyness", "maturity"), (moneyness, maturity), ends, strict=True):
        if border.size == 0:
            width.append(border)
            continue
        if not (low < border[0] and border[-1] < high and np.all(np.diff(border) > 0.0)):
            raise ValueError(
                f"{name}: the borders {border.tolist()} do not part the samples, which go from {low:g} to {high:g}; "
                "give borders inside, fewer intervals, or a wider domain"
            )
        gap = np.diff(np.concatenate([[2.0 * low - border[0]], border, [2.0 * high - border[-1]]]))
        width.append(overlap * np.minimum(gap[:-1], gap[1:]))
    regimes = Regimes(
        moneyness=jnp.asarray(moneyness),
        maturity=jnp.asarray(maturity),
        moneyness_width=jnp.asarray(width[0]),
        maturity_width=jnp.asarray(width[1]),
        is_standardised=is_standardised,
    )
    regimes.validate()
    return regimes
