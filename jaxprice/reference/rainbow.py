"""Options on the best or the worst of any number of equally correlated assets, by conditional independence.

Under Black-Scholes with one common correlation rho >= 0 the log-prices are independent given one normal
factor: log S_i = m_i + s_i (sqrt(rho) Y + sqrt(1 - rho) e_i). The price is the double integral of a product
of normal probabilities, E[(M - K)^+] = int_K^inf P(M > x) dx with M the best or the worst price. Spots,
volatilities and dividends may all differ.

Stated error: with the default nodes below 1e-9 of the spot for 0 <= rho <= 0.95, at most 1e-7 at rho =
0.98, and any number of assets; `n_panels` and `n_factor_nodes` show it. First derivatives are as accurate.
The second derivative in the correlation needs rho > 1e-3. Cost: n_panels * 16 * n_factor_nodes * d normal
probabilities.

Source: conditional independence as in Laurent and Gregory 2005; the two-asset case is Stulz 1982.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import log_ndtr
from jax.typing import ArrayLike

from jaxprice.reference.inputs import as_float64
from jaxprice.reference.quadrature import TAIL, normal_trapezoid, panels

_N_NODES = 16


def _lognormal(spot, rate, dividend, volatility, expiry) -> tuple[Array, Array]:
    """Means and standard deviations of the log-prices, shape (d,) each."""
    spot = jnp.atleast_1d(spot)
    volatility = jnp.broadcast_to(volatility, spot.shape)
    std = volatility * jnp.sqrt(expiry)
    mean = jnp.log(spot) + (rate - dividend) * expiry - 0.5 * std * std
    return mean, std


def _expected_probability(level, mean, std, correlation, n_factor_nodes, sign) -> Array:
    """P(all sign * log S_i <= sign * level) at each level, shape (n,), averaged over the common factor.

    The root of the correlation is shifted by 1e-12: nodes are symmetric, so the derivative at rho = 0 is
    then the right one (the price is smooth in rho, its square root is not) with an error of about 1e-10.
    """
    factor, weight = normal_trapezoid(n_factor_nodes)
    loading, own = jnp.sqrt(correlation + 1e-12), jnp.sqrt(1.0 - correlation)

    @jax.checkpoint
    def add(total, node):
        y, w = node
        distance = (level[:, None] - (mean + std * loading * y)[None, :]) / (std * own)[None, :]
        return total + w * jnp.exp(jnp.sum(log_ndtr(sign * distance), axis=1)), None

    return jax.lax.scan(add, jnp.zeros_like(level), (factor, weight))[0]


def _excess(strike, mean, std, correlation, n_panels, n_factor_nodes, is_max) -> Array:
    """E[(M - K)^+]: a certain part below the reach of M, quadrature of e^u P(log M > u) above."""
    top = mean + std * std + TAIL * std
    bottom = mean - TAIL * std
    upper = jnp.max(top) if is_max else jnp.min(top)
    lower = jnp.max(bottom) if is_max else jnp.min(bottom)
    lower, upper = jax.lax.stop_gradient((lower, upper))
    is_positive = strike > 0.0
    log_strike = jnp.log(jnp.where(is_positive, strike, 1.0))
    start = jnp.where(is_positive, jnp.maximum(log_strike, lower), lower)
    level, weight = panels(start, jnp.maximum(upper, start), n_panels, _N_NODES)
    sign = 1.0 if is_max else -1.0
    probability = _expected_probability(level, mean, std, correlation, n_factor_nodes, sign)
    survival = 1.0 - probability if is_max else probability
    return jnp.maximum(jnp.exp(lower) - strike, 0.0) + jnp.sum(weight * jnp.exp(level) * survival)


def _shortfall(strike, mean, std, correlation, n_panels, n_factor_nodes, is_max) -> Array:
    """E[(K - M)^+]: quadrature of e^u P(log M < u) below the strike, certain part above the reach of M."""
    top, bottom = mean + TAIL * std, mean - TAIL * std
    upper = jnp.max(top) if is_max else jnp.min(top)
    lower = jnp.max(bottom) if is_max else jnp.min(bottom)
    lower, upper = jax.lax.stop_gradient((lower, upper))
    is_positive = strike > 0.0
    log_strike = jnp.where(is_positive, jnp.log(jnp.where(is_positive, strike, 1.0)), lower)
    end = jnp.minimum(log_strike, upper)
    level, weight = panels(jnp.minimum(lower, end), end, n_panels, _N_NODES)
    sign = 1.0 if is_max else -1.0
    probability = _expected_probability(level, mean, std, correlation, n_factor_nodes, sign)
    below = probability if is_max else 1.0 - probability
    return jnp.maximum(strike - jnp.exp(upper), 0.0) + jnp.sum(weight * jnp.exp(level) * below)


def _price(expected, spot, strike, rate, dividend, volatility, correlation, expiry, *structure) -> Array:
    spot, strike, rate, dividend, volatility, correlation, expiry = as_float64(
        spot, strike, rate, dividend, volatility, correlation, expiry
    )
    mean, std = _lognormal(spot, rate, dividend, volatility, expiry)
    return jnp.exp(-rate * expiry) * expected(strike, mean, std, correlation, *structure)


_compiled = partial(jax.jit, static_argnames=("n_panels", "n_factor_nodes"))


@_compiled
def max_call(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
    *,
    n_panels: int = 32,
    n_factor_nodes: int = 161,
) -> Array:
    """European call on the best of d equally correlated assets; error 1e-9 of the spot (see the module).

    Args:
        spot: prices today, shape (d,).
        strike: strike, shape ().
        rate: interest rate, shape ().
        dividend: dividend yields, shape (d,) or ().
        volatility: volatilities, shape (d,) or (); positive.
        correlation: the one common correlation, in [0, 0.98].
        expiry: years, positive.
        n_panels: panels of 16 Gauss-Legendre nodes in the price direction.
        n_factor_nodes: trapezoidal nodes in the common factor.
    """
    given = (spot, strike, rate, dividend, volatility, correlation, expiry)
    return _price(_excess, *given, n_panels, n_factor_nodes, True)


@_compiled
def min_call(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
    *,
    n_panels: int = 32,
    n_factor_nodes: int = 161,
) -> Array:
    """European call on the worst of d equally correlated assets; arguments and error as in `max_call`."""
    given = (spot, strike, rate, dividend, volatility, correlation, expiry)
    return _price(_excess, *given, n_panels, n_factor_nodes, False)


@_compiled
def max_put(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
    *,
    n_panels: int = 32,
    n_factor_nodes: int = 161,
) -> Array:
    """European put on the best of d equally correlated assets; arguments and error as in `max_call`."""
    given = (spot, strike, rate, dividend, volatility, correlation, expiry)
    return _price(_shortfall, *given, n_panels, n_factor_nodes, True)


@_compiled
def min_put(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
    *,
    n_panels: int = 32,
    n_factor_nodes: int = 161,
) -> Array:
    """European put on the worst of d equally correlated assets; arguments and error as in `max_call`."""
    given = (spot, strike, rate, dividend, volatility, correlation, expiry)
    return _price(_shortfall, *given, n_panels, n_factor_nodes, False)
