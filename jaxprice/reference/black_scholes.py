"""Black-Scholes prices of European options on one asset with a continuous dividend yield."""

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtr
from jax.typing import ArrayLike

from jaxprice.reference.inputs import as_float64


def discount_factor(rate: ArrayLike, expiry: ArrayLike) -> Array:
    """Value today of one unit paid at expiry."""
    rate, expiry = as_float64(rate, expiry)
    return jnp.exp(-rate * expiry)


def forward(spot: ArrayLike, rate: ArrayLike, dividend: ArrayLike, expiry: ArrayLike) -> Array:
    """Forward price of an asset with a continuous dividend yield."""
    spot, rate, dividend, expiry = as_float64(spot, rate, dividend, expiry)
    return spot * jnp.exp((rate - dividend) * expiry)


def forward_call(forward: Array, strike: Array, std: Array) -> Array:
    """Undiscounted call on a lognormal variable (Black's formula).

    Where the standard deviation or the strike is zero it returns the intrinsic value, with finite
    derivatives.

    Args:
        forward: mean of the variable, positive.
        strike: strike; zero or below means that the call is always exercised.
        std: standard deviation of the logarithm, volatility times the square root of the expiry.
    """
    is_regular = (std > 0.0) & (strike > 0.0)
    safe_std = jnp.where(is_regular, std, 1.0)
    safe_strike = jnp.where(is_regular, strike, 1.0)
    d_plus = jnp.log(forward / safe_strike) / safe_std + 0.5 * safe_std
    value = forward * ndtr(d_plus) - safe_strike * ndtr(d_plus - safe_std)
    return jnp.where(is_regular, value, jnp.maximum(forward - strike, 0.0))


def forward_put(forward: Array, strike: Array, std: Array) -> Array:
    """Undiscounted put on a lognormal variable; same conventions as `forward_call`."""
    is_regular = (std > 0.0) & (strike > 0.0)
    safe_std = jnp.where(is_regular, std, 1.0)
    safe_strike = jnp.where(is_regular, strike, 1.0)
    d_plus = jnp.log(forward / safe_strike) / safe_std + 0.5 * safe_std
    value = safe_strike * ndtr(safe_std - d_plus) - forward * ndtr(-d_plus)
    return jnp.where(is_regular, value, jnp.maximum(strike - forward, 0.0))


def _std(volatility: Array, expiry: Array) -> Array:
    # The square root is guarded before the `where` so that the derivative in the expiry is finite at expiry
    # zero.
    return volatility * jnp.where(expiry > 0.0, jnp.sqrt(jnp.where(expiry > 0.0, expiry, 1.0)), 0.0)


def call(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """European call under Black-Scholes, exact to rounding (about 1e-14 of the spot).

    Every Greek is a derivative by `jax.grad`. Arguments broadcast as equal shapes or scalars. Volatility
    per square root of a year, rate and dividend per year continuously compounded, expiry in years.

    Source: Black and Scholes 1973; Merton 1973 for the dividend yield.
    """
    spot, strike, rate, dividend, volatility, expiry = as_float64(spot, strike, rate, dividend, volatility, expiry)
    mean = forward(spot, rate, dividend, expiry)
    return discount_factor(rate, expiry) * forward_call(mean, strike, _std(volatility, expiry))


def put(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """European put under Black-Scholes; see `call`."""
    spot, strike, rate, dividend, volatility, expiry = as_float64(spot, strike, rate, dividend, volatility, expiry)
    mean = forward(spot, rate, dividend, expiry)
    return discount_factor(rate, expiry) * forward_put(mean, strike, _std(volatility, expiry))


def digital(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """Cash-or-nothing call: one unit if the asset ends at or above the strike; exact to rounding."""
    spot, strike, rate, dividend, volatility, expiry = as_float64(spot, strike, rate, dividend, volatility, expiry)
    mean, std = forward(spot, rate, dividend, expiry), _std(volatility, expiry)
    is_regular = (std > 0.0) & (strike > 0.0)
    safe_std = jnp.where(is_regular, std, 1.0)
    safe_strike = jnp.where(is_regular, strike, 1.0)
    d_minus = jnp.log(mean / safe_strike) / safe_std - 0.5 * safe_std
    probability = jnp.where(is_regular, ndtr(d_minus), jnp.where(mean >= strike, 1.0, 0.0))
    return discount_factor(rate, expiry) * probability


def call_spread(
    spot: ArrayLike,
    lower_strike: ArrayLike,
    upper_strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """Long a call at the lower strike, short one at the upper; exact to rounding."""
    low = call(spot, lower_strike, rate, dividend, volatility, expiry)
    return low - call(spot, upper_strike, rate, dividend, volatility, expiry)
