"""Calls and puts on the better or the worse of two assets with any correlation, in closed form.

Stated error: 1e-12 of the spots for |rho| < 0.999999 (that of the bivariate normal distribution function).
Source: Stulz 1982, with dividend yields.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtr
from jax.typing import ArrayLike

from jaxprice.reference.bivariate_normal import bivariate_normal_cdf
from jaxprice.reference.inputs import as_float64
from jaxprice.reference.margrabe import ratio_volatility


def min_above(forward: Array, strike: Array, std: Array, correlation: Array) -> tuple[Array, Array]:
    """E[min(X_1, X_2); min > K] and P(min > K) for two correlated lognormals.

    Args:
        forward: means, shape (2,).
        strike: K, positive, shape ().
        std: standard deviations of the logarithms, shape (2,), positive.
        correlation: of the logarithms, shape (), in (-1, 1).
    """
    gap = jnp.maximum(ratio_volatility(std, correlation), 1e-12)
    d_minus = jnp.log(forward / strike) / std - 0.5 * std
    log_ratio = jnp.log(forward[1] / forward[0]) / gap
    # One batched call: three copies of the quadrature would only make compilation longer.
    upper = jnp.stack([d_minus[0] + std[0], d_minus[1] + std[1], d_minus[0]])
    other = jnp.stack([log_ratio - 0.5 * gap, -log_ratio - 0.5 * gap, d_minus[1]])
    mixed = jnp.stack([(correlation * std[1] - std[0]) / gap, (correlation * std[0] - std[1]) / gap, correlation])
    first, second, both = jax.vmap(bivariate_normal_cdf)(upper, other, mixed)
    return forward[0] * first + forward[1] * second, both


def _prepare(spot, rate, dividend, volatility, correlation, expiry):
    spot, rate, dividend, volatility, correlation, expiry = as_float64(
        spot, rate, dividend, volatility, correlation, expiry
    )
    return spot * jnp.exp((rate - dividend) * expiry), volatility * jnp.sqrt(expiry), correlation


def _mean_min(forward, std, correlation) -> Array:
    gap = jnp.maximum(ratio_volatility(std, correlation), 1e-12)
    log_ratio = jnp.log(forward[1] / forward[0]) / gap
    return forward[0] * ndtr(log_ratio - 0.5 * gap) + forward[1] * ndtr(-log_ratio - 0.5 * gap)


def _discount(rate: ArrayLike, expiry: ArrayLike) -> Array:
    rate, expiry = as_float64(rate, expiry)
    return jnp.exp(-rate * expiry)


def min_call(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """European call on the worse of two assets; error 1e-12 of the spots.

    Args:
        spot: prices today, shape (2,).
        strike: positive, shape ().
        rate: interest rate, shape ().
        dividend: dividend yields, shape (2,).
        volatility: volatilities, shape (2,), positive.
        correlation: in (-1, 1), shape ().
        expiry: years, positive.
    """
    forward, std, correlation_ = _prepare(spot, rate, dividend, volatility, correlation, expiry)
    (level,) = as_float64(strike)
    value, probability = min_above(forward, level, std, correlation_)
    return _discount(rate, expiry) * (value - level * probability)


def min_put(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """European put on the worse of two assets, by parity; arguments as in `min_call`."""
    forward, std, correlation_ = _prepare(spot, rate, dividend, volatility, correlation, expiry)
    (strike,) = as_float64(strike)
    parity = _discount(rate, expiry) * (strike - _mean_min(forward, std, correlation_))
    return parity + min_call(spot, strike, rate, dividend, volatility, correlation, expiry)


def max_call(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """European call on the better of two assets, max = S_1 + S_2 - min; arguments as in `min_call`."""
    forward, std, correlation_ = _prepare(spot, rate, dividend, volatility, correlation, expiry)
    (strike,) = as_float64(strike)
    d_minus = jnp.log(forward / strike) / std - 0.5 * std
    single = jnp.sum(forward * ndtr(d_minus + std) - strike * ndtr(d_minus))
    worse = min_call(spot, strike, rate, dividend, volatility, correlation_, expiry)
    return _discount(rate, expiry) * single - worse


def max_put(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """European put on the better of two assets, by parity; arguments as in `min_call`."""
    forward, std, correlation_ = _prepare(spot, rate, dividend, volatility, correlation, expiry)
    (strike,) = as_float64(strike)
    mean_max = jnp.sum(forward) - _mean_min(forward, std, correlation_)
    parity = _discount(rate, expiry) * (strike - mean_max)
    return parity + max_call(spot, strike, rate, dividend, volatility, correlation, expiry)
