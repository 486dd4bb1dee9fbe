"""Exchange options: the right to swap one asset for another, in closed form."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxprice.reference.black_scholes import forward_call
from jaxprice.reference.inputs import as_float64


def ratio_volatility(volatility: ArrayLike, correlation: ArrayLike) -> Array:
    """Volatility of the ratio of two assets, with a finite derivative where it vanishes.

    Args:
        volatility: shape (2,).
        correlation: shape ().
    """
    volatility, correlation = as_float64(volatility, correlation)
    first, second = volatility[0], volatility[1]
    variance = (first - second) ** 2 + 2.0 * (1.0 - correlation) * first * second
    is_positive = variance > 0.0
    return jnp.where(is_positive, jnp.sqrt(jnp.where(is_positive, variance, 1.0)), 0.0)


def exchange(
    spot: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
    ratio: ArrayLike = 1.0,
) -> Array:
    """European option to receive the first asset for `ratio` units of the second, (S_1 - ratio S_2)^+.

    The outperformer option under correlated Black-Scholes; exact to rounding; the interest rate plays no
    part.

    Args:
        spot: prices today, shape (2,).
        dividend: dividend yields, shape (2,).
        volatility: volatilities, shape (2,).
        correlation: shape ().
        expiry: years.
        ratio: units of the second asset given up, shape ().

    Source: Margrabe 1978.
    """
    spot, dividend, expiry, ratio = as_float64(spot, dividend, expiry, ratio)
    is_positive = expiry > 0.0
    root = jnp.where(is_positive, jnp.sqrt(jnp.where(is_positive, expiry, 1.0)), 0.0)
    carried = spot * jnp.exp(-dividend * expiry)
    return forward_call(carried[0], ratio * carried[1], ratio_volatility(volatility, correlation) * root)


def outperformer_spread(
    spot: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
    lower_ratio: ArrayLike,
    upper_ratio: ArrayLike,
) -> Array:
    """European (S_2 - lower S_1)^+ - (S_2 - upper S_1)^+, two exchange options; exact to rounding.

    Arguments as in `exchange`; note that the second asset is the one received (payoff 5.2 of Goudenege et
    al. 2024).
    """
    spot, dividend, volatility = as_float64(spot, dividend, volatility)
    swapped = (spot[::-1], dividend[::-1], volatility[::-1], correlation, expiry)
    return exchange(*swapped, lower_ratio) - exchange(*swapped, upper_ratio)
