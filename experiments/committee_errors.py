"""Errors of price and Greeks by regime, in units of an at-the-money option of the same expiry."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.committee_labels import YEAR, Market
from jaxprice.core.array import Array
from jaxprice.engines import mixture_of_experts as moe
from jaxprice.learning.twin_net import slope_along, value_and_slope

QUANTITIES = ("price", "delta", "gamma", "vega")
REGIMES = tuple(f"{m} {t}" for m in ("OTM", "ATM", "ITM") for t in ("short", "medium", "long"))
SHORTEST = tuple(f"{m} 0DTE" for m in ("OTM", "ATM", "ITM"))
_AT_THE_MONEY = (2.0 * np.pi) ** -0.5
"""Density of the normal law at zero."""


class Test:
    """Points with their truth, the regime of each, and what errors are measured in."""

    def __init__(self, market: Market, x: Array, regime: np.ndarray) -> None:
        truth = market.samples_at(x)
        self.x, self.y, self.dydx, self.gamma = x, truth.y, truth.dydx, market.gammas(x)
        self.regime, self.column = regime, market.vega_input
        volatility, root = market.volatility(x), x[:, 1]
        vega = root / (2.0 * volatility) if market.is_vega_of_variance else root
        self.unit = {
            "price": _AT_THE_MONEY * volatility * root,
            "delta": jnp.ones_like(root),
            "gamma": _AT_THE_MONEY / (volatility * root),
            "vega": _AT_THE_MONEY * vega,
        }

    @classmethod
    def of(cls, market: Market, key: jax.Array, n: int) -> "Test":
        """Points of the whole domain, and as many with less than a day to go."""
        whole, day = market.samples(key, n), market.points(jax.random.fold_in(key, 1), n, 1.0 / YEAR)
        regimes = moe.of_quantiles(whole)
        first, last = np.asarray(regimes.index(whole.x)), len(REGIMES) + np.asarray(regimes.index(day)) // 3
        return cls(market, jnp.concatenate([whole.x, day]), np.concatenate([first, last]))

    def squares(self, price: Any) -> dict[str, list[float]]:
        """Mean squared errors by quantity and regime."""
        value, slope, gamma = _greeks(price, self.x)
        error = {
            "price": value - self.y,
            "delta": (slope - self.dydx)[:, 0],
            "gamma": gamma - self.gamma,
            "vega": (slope - self.dydx)[:, self.column],
        }
        scaled = {name: np.asarray(error[name] / self.unit[name]) ** 2 for name in QUANTITIES}
        n_regimes = len(REGIMES) + len(SHORTEST)
        return {name: [float(np.mean(e[self.regime == i])) for i in range(n_regimes)] for name, e in scaled.items()}


@jax.jit
def _greeks(price: Any, x: Array) -> tuple[Array, Array, Array]:
    columns = x.T
    value, slope = value_and_slope(price, columns)
    along = jnp.zeros((1, columns.shape[0]), x.dtype).at[0, 0].set(1.0)
    return value, slope.T, slope_along(price, columns, along)[0, 0]
