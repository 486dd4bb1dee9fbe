"""Calls over their strike, from today's last hours to two years, for the experiments on committees."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxprice import reference
from jaxprice.core.array import Array
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain

YEAR = 365.0
_LOG_MONEYNESS, _ROOT_MATURITY = (-0.5, 0.5), ((0.25 / YEAR) ** 0.5, 2.0**0.5)
_RATES = {"rate": (0.0, 0.06), "dividend": (0.0, 0.04)}
_HESTON = {
    "variance": (0.01, 0.16),
    "mean_reversion": (0.5, 4.0),
    "long_run_variance": (0.01, 0.16),
    "vol_of_vol": (0.1, 0.8),
    "correlation": (-0.9, 0.0),
}
_WIDEST = 4.0
"""Standard deviations of the price at expiry by which strikes are away, at most."""


@dataclasses.dataclass(frozen=True)
class Market:
    """Calls whose price is known.

    Attributes:
        name: in tables.
        domain: of the inputs, log-moneyness and root maturity first.
        price: of one point (m,), over the strike.
        volatility: that prices move with until expiry, from points (n, m) to (n,).
        vega_input: column of the input that vega is taken by.
        is_vega_of_variance: whether that is a variance, not a volatility.
    """

    name: str
    domain: Domain
    price: Callable[[Array], Array]
    volatility: Callable[[Array], Array]
    vega_input: int
    is_vega_of_variance: bool

    def points(self, key: jax.Array, n: int, longest: float | None = None) -> Array:
        """Points (n, m): strikes of options that expire soon stay within what prices can move in the time.

        Args:
            key: one key.
            n: number of points.
            longest: time to expiry in years; None: that of the domain.
        """
        share = jax.random.uniform(key, (n, self.domain.n_inputs), jnp.float64)
        upper = self.domain.upper if longest is None else self.domain.upper.at[1].set(longest**0.5)
        x = self.domain.lower[None] + (upper - self.domain.lower)[None] * share
        reach = jnp.minimum(_WIDEST * self.volatility(x) * x[:, 1], _LOG_MONEYNESS[1])
        return x.at[:, 0].set((2.0 * share[:, 0] - 1.0) * reach)

    def samples(self, key: jax.Array, n: int, longest: float | None = None) -> DifferentialDataset:
        """Labels without noise at random points, with their derivatives."""
        return self.samples_at(self.points(key, n, longest))

    def samples_at(self, x: Array) -> DifferentialDataset:
        """Labels without noise at points (n, m), with their derivatives."""
        y, dydx = _labels(jax.tree_util.Partial(self.price), x)
        return DifferentialDataset(x=x, y=y, dydx=dydx, domain=self.domain)

    def gammas(self, x: Array) -> Array:
        """Second derivatives by log-moneyness at points (n, m)."""
        return _gammas(jax.tree_util.Partial(self.price), x)


@jax.jit
def _labels(price: Callable, x: Array) -> tuple[Array, Array]:
    return jax.lax.map(jax.value_and_grad(price), x, batch_size=64)


@jax.jit
def _gammas(price: Callable, x: Array) -> Array:
    def second(x: Array) -> Array:
        along = jnp.zeros_like(x).at[0].set(1.0)
        return jax.jvp(lambda x: jax.jvp(price, (x,), (along,))[1], (x,), (along,))[1]

    return jax.lax.map(second, x, batch_size=64)


def heston() -> Market:
    """Nine inputs: log-moneyness, root maturity, rate, dividend, and Heston's five."""
    return Market("Heston", _domain(_RATES | _HESTON), _heston_call, _heston_volatility, 4, is_vega_of_variance=True)


def black_scholes() -> Market:
    """Five inputs: log-moneyness, root maturity, rate, dividend, volatility."""
    domain = _domain(_RATES | {"volatility": (0.1, 0.4)})
    return Market("Black-Scholes", domain, _black_scholes_call, _black_scholes_volatility, 4, is_vega_of_variance=False)


MARKETS = {"Black-Scholes": black_scholes, "Heston": heston}


def _domain(others: dict[str, tuple[float, float]]) -> Domain:
    bounds = {"log_moneyness": _LOG_MONEYNESS, "root_maturity": _ROOT_MATURITY} | others
    lower, upper = zip(*bounds.values(), strict=True)
    return Domain(lower=jnp.asarray(lower), upper=jnp.asarray(upper), names=tuple(bounds))


def _heston_call(x: Array) -> Array:
    log_moneyness, root_maturity, rate, dividend, *parameter = x
    return reference.heston.call(jnp.exp(log_moneyness), 1.0, rate, dividend, *parameter, root_maturity**2, n_terms=512)


def _heston_volatility(x: Array) -> Array:
    """Root of the mean variance until expiry."""
    variance, mean_reversion, long_run = x[:, 4], x[:, 5], x[:, 6]
    time = mean_reversion * x[:, 1] ** 2
    return jnp.sqrt(long_run + (variance - long_run) * -jnp.expm1(-time) / time)


def _black_scholes_call(x: Array) -> Array:
    log_moneyness, root_maturity, rate, dividend, volatility = x
    return reference.black_scholes.call(jnp.exp(log_moneyness), 1.0, rate, dividend, volatility, root_maturity**2)


def _black_scholes_volatility(x: Array) -> Array:
    return x[:, 4]
