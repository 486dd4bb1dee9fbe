"""Calls over their strike, from today's last minutes to two years, for the experiments on committees."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxprice import reference
from jaxprice.core.array import Array
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain

YEAR = 365.0
_LOG_MONEYNESS, _ROOT_MATURITY = (-0.5, 0.5), ((0.25 / YEAR) ** 0.5, 2.0**0.5)
_RANGE = {
    "rate": (0.0, 0.06),
    "dividend": (0.0, 0.04),
    "variance": (0.01, 0.16),
    "mean_reversion": (0.5, 4.0),
    "long_run_variance": (0.01, 0.16),
    "vol_of_vol": (0.1, 0.8),
    "correlation": (-0.9, 0.0),
}
HESTON_INPUTS = ("log_moneyness", "root_maturity", *_RANGE)
_WIDEST = 4.0
"""Standard deviations of the price at expiry by which strikes of short options are away."""


def heston_domain() -> Domain:
    """The box of the nine inputs: log-moneyness, root maturity, rate, dividend, and Heston's five."""
    bounds = [_LOG_MONEYNESS, _ROOT_MATURITY, *_RANGE.values()]
    lower, upper = zip(*bounds, strict=True)
    return Domain(lower=jnp.asarray(lower), upper=jnp.asarray(upper), names=HESTON_INPUTS)


def heston_points(key: jax.Array, n: int) -> Array:
    """Points (n, 9): strikes of options that expire soon stay within what prices can move in the time."""
    domain = heston_domain()
    share = jax.random.uniform(key, (n, domain.n_inputs), jnp.float64)
    x = domain.lower[None] + (domain.upper - domain.lower)[None] * share
    reach = jnp.minimum(_WIDEST * jnp.sqrt(x[:, 4]) * x[:, 1], _LOG_MONEYNESS[1])
    return x.at[:, 0].set((2.0 * share[:, 0] - 1.0) * reach)


def heston_call(x: Array) -> Array:
    """A call over its strike, at one point (9,)."""
    log_moneyness, root_maturity, rate, dividend, *heston = x
    return reference.heston.call(jnp.exp(log_moneyness), 1.0, rate, dividend, *heston, root_maturity**2, n_terms=512)


def dataset(key: jax.Array, n: int, points: Callable, price: Callable, domain: Domain) -> DifferentialDataset:
    """Labels without noise at random points, with their derivatives."""
    x = points(key, n)
    y, dydx = _labels(jax.tree_util.Partial(price), x)
    return DifferentialDataset(x=x, y=y, dydx=dydx, domain=domain)


@jax.jit
def _labels(price: Callable, x: Array) -> tuple[Array, Array]:
    return jax.lax.map(jax.value_and_grad(price), x, batch_size=64)
