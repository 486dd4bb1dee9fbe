"""Quotes of index calls, simulated: a variance that nobody sees moves from day to day, and prices with it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice import reference
from jaxprice.core.array import Array
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain

_DAYS = 252
_RATE, _DIVIDEND = 0.03, 0.02
_MEAN_REVERSION, _LONG_RUN, _VOL_OF_VOL, _CORRELATION = 3.0, 0.03, 0.4, -0.6
_LOG_MONEYNESS, _YEARS = (-0.15, 0.15), (10.0 / 365.0, 300.0 / 365.0)
_HALF_SPREAD = 0.002
"""Of a price: quotes are off by so much, evenly drawn."""


@dataclasses.dataclass(frozen=True)
class Table:
    """Quotes: the day of each, (n,), log-moneyness and root maturity, (n, 2), price over strike, (n,)."""

    day: np.ndarray
    x: np.ndarray
    y: np.ndarray

    def of_days(self, first: int, last: int) -> DifferentialDataset:
        """Those from a day to before another, as data without derivatives, which hold zeros."""
        kept = (self.day >= first) & (self.day < last)
        corners = zip(_LOG_MONEYNESS, _YEARS, strict=True)
        lower, upper = (jnp.asarray([moneyness, years**0.5]) for moneyness, years in corners)
        domain = Domain(lower=lower, upper=upper, names=("log_moneyness", "root_maturity"))
        x = jnp.asarray(self.x[kept])
        return DifferentialDataset(x=x, y=jnp.asarray(self.y[kept]), dydx=jnp.zeros_like(x), domain=domain)


def simulate(seed: int, n_days: int, n_each: int, *, is_still: bool = False) -> Table:
    """So many quotes on each of so many days, under Heston with a variance that starts at its long-run mean.

    Args:
        seed: of the quotes.
        n_days: trading days.
        n_each: quotes a day.
        is_still: whether the variance stays there and quotes are exact, so that there is a price to be learned.
    """
    rng = np.random.default_rng(seed)
    variance, size = [_LONG_RUN], 0.0 if is_still else 1.0
    for normal in size * rng.normal(size=n_days - 1) / _DAYS**0.5:
        last = max(variance[-1], 0.0)
        variance.append(variance[-1] + _MEAN_REVERSION * (_LONG_RUN - last) / _DAYS + _VOL_OF_VOL * last**0.5 * normal)
    day = np.repeat(np.arange(n_days), n_each)
    moneyness, years = (rng.uniform(*bounds, day.size) for bounds in (_LOG_MONEYNESS, _YEARS))
    price = np.asarray(_prices(*(jnp.asarray(part) for part in (moneyness, years, np.maximum(variance, 1e-4)[day]))))
    noise = 1.0 + size * rng.uniform(-_HALF_SPREAD, _HALF_SPREAD, day.size)
    return Table(day, np.stack([moneyness, np.sqrt(years)], axis=1), price * noise)


@jax.jit
def _prices(moneyness: Array, years: Array, variance: Array) -> Array:
    def price(one: tuple[Array, Array, Array]) -> Array:
        x, expiry, v = one
        parameter = (v, _MEAN_REVERSION, _LONG_RUN, _VOL_OF_VOL, _CORRELATION)
        return reference.heston.call(jnp.exp(x), 1.0, _RATE, _DIVIDEND, *parameter, expiry)

    return jax.lax.map(price, (moneyness, years, variance), batch_size=64)
