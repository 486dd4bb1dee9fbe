"""European options under the Bachelier model with interest, on one asset and on a basket, in closed form.

Model: dS_i = r S_i dt + sigma_i dW_i, sigma_i an absolute volatility (price units per square root of a
year), hence S_T = S_0 e^{rT} + sigma sqrt((e^{2rT} - 1) / (2r)) Z with correlated standard normals Z. Exact
to rounding; the rate zero is a regular point of value and derivatives.
"""

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtr
from jax.typing import ArrayLike

from jaxprice.reference.inputs import as_float64


def accumulated_variance(rate: ArrayLike, expiry: ArrayLike) -> Array:
    """The factor (e^{2rT} - 1) / (2r) from squared volatility to variance at expiry; T where r = 0."""
    rate, expiry = as_float64(rate, expiry)
    x = 2.0 * rate * expiry
    is_small = jnp.abs(x) < 0.05
    safe = jnp.where(is_small, 1.0, x)
    # (e^x - 1)/x by its series: the quotient loses digits in its derivatives near zero.
    series = jnp.ones_like(x)
    for n in range(10, 1, -1):
        series = 1.0 + x / n * series
    return expiry * jnp.where(is_small, series, jnp.expm1(safe) / safe)


def _normal_call(mean: Array, strike: Array, std: Array) -> Array:
    is_positive = std > 0.0
    safe = jnp.where(is_positive, std, 1.0)
    distance = (mean - strike) / safe
    density = jnp.exp(-0.5 * distance**2) / jnp.sqrt(2.0 * jnp.pi)
    return jnp.where(is_positive, safe * (distance * ndtr(distance) + density), jnp.maximum(mean - strike, 0.0))


def _safe_sqrt(x: Array) -> Array:
    return jnp.where(x > 0.0, jnp.sqrt(jnp.where(x > 0.0, x, 1.0)), 0.0)


def call(spot: ArrayLike, strike: ArrayLike, rate: ArrayLike, volatility: ArrayLike, expiry: ArrayLike) -> Array:
    """European call on one asset; exact to rounding.

    Args:
        spot: price today; may be negative.
        strike: strike; may be negative.
        rate: interest rate, also the drift.
        volatility: absolute volatility.
        expiry: years.
    """
    spot, strike, rate, volatility, expiry = as_float64(spot, strike, rate, volatility, expiry)
    std = volatility * _safe_sqrt(accumulated_variance(rate, expiry))
    return jnp.exp(-rate * expiry) * _normal_call(spot * jnp.exp(rate * expiry), strike, std)


def put(spot: ArrayLike, strike: ArrayLike, rate: ArrayLike, volatility: ArrayLike, expiry: ArrayLike) -> Array:
    """European put on one asset; arguments as in `call`."""
    spot, strike, rate, volatility, expiry = as_float64(spot, strike, rate, volatility, expiry)
    # The normal law is symmetric: a put on S is a call on -S.
    return call(-spot, -strike, rate, volatility, expiry)


def basket_call(
    spot: ArrayLike,
    weight: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """European call on the weighted sum of d assets; a sum of normals is normal, so exact to rounding.

    Args:
        spot: prices today, shape (d,).
        weight: weights of any sign, shape (d,).
        strike: shape ().
        rate: shape ().
        volatility: absolute volatilities, shape (d,).
        correlation: shape (d, d).
        expiry: years.
    """
    spot, weight, volatility, correlation = as_float64(spot, weight, volatility, correlation)
    exposure = weight * volatility
    return call(jnp.sum(weight * spot), strike, rate, _safe_sqrt(exposure @ correlation @ exposure), expiry)


def basket_put(
    spot: ArrayLike,
    weight: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """European put on the weighted sum of d assets; arguments as in `basket_call`."""
    spot, weight, strike = as_float64(spot, weight, strike)
    return basket_call(-spot, weight, -strike, rate, volatility, correlation, expiry)
