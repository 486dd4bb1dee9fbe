"""Options on a geometric mean of correlated Black-Scholes assets, through the one asset that it is.

The weighted geometric mean of lognormal prices is lognormal: an asset with its own volatility and dividend
yield. European prices are exact to rounding, Bermudan ones carry the error of `reference.bermudan` (1e-9 of
the strike). All gradients flow through the reduction to every spot, volatility, dividend and correlation.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxprice.reference import bermudan, black_scholes
from jaxprice.reference.black_scholes import forward_call
from jaxprice.reference.inputs import as_float64


def equivalent_asset(
    spot: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    weight: ArrayLike | None = None,
) -> tuple[Array, Array, Array]:
    """Spot, dividend yield and volatility of the one asset that the geometric mean is.

    sigma_G^2 = sum_ij w_i w_j rho_ij sigma_i sigma_j, q_G = sum_i w_i (q_i + sigma_i^2 / 2) - sigma_G^2 / 2.

    Args:
        spot: prices today, shape (d,).
        dividend: dividend yields, shape (d,) or ().
        volatility: volatilities, shape (d,) or ().
        correlation: shape (d, d).
        weight: exponents that sum to one, shape (d,); equal by default.
    """
    spot, dividend, volatility, correlation = as_float64(spot, dividend, volatility, correlation)
    weight = jnp.full(spot.shape, 1.0 / spot.shape[0]) if weight is None else as_float64(weight)[0]
    dividend = jnp.broadcast_to(dividend, spot.shape)
    volatility = jnp.broadcast_to(volatility, spot.shape)
    exposure = weight * volatility
    variance = exposure @ correlation @ exposure
    mean_spot = jnp.exp(jnp.sum(weight * jnp.log(spot)))
    mean_dividend = jnp.sum(weight * (dividend + 0.5 * volatility**2)) - 0.5 * variance
    is_positive = variance > 0.0
    std = jnp.where(is_positive, jnp.sqrt(jnp.where(is_positive, variance, 1.0)), 0.0)
    return mean_spot, mean_dividend, std


def call(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """European call on the geometric mean of d assets; exact to rounding.

    Args:
        spot: prices today, shape (d,).
        strike: shape ().
        rate: shape ().
        dividend: shape (d,) or ().
        volatility: shape (d,) or ().
        correlation: shape (d, d).
        expiry: years.
    """
    spot, dividend, volatility = equivalent_asset(spot, dividend, volatility, correlation)
    return black_scholes.call(spot, strike, rate, dividend, volatility, expiry)


def put(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """European put on the geometric mean of d assets; arguments as in `call`."""
    spot, dividend, volatility = equivalent_asset(spot, dividend, volatility, correlation)
    return black_scholes.put(spot, strike, rate, dividend, volatility, expiry)


def call_spread(
    spot: ArrayLike,
    lower_strike: ArrayLike,
    upper_strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """European call spread on the geometric mean of d assets; arguments as in `call`."""
    spot, dividend, volatility = equivalent_asset(spot, dividend, volatility, correlation)
    return black_scholes.call_spread(spot, lower_strike, upper_strike, rate, dividend, volatility, expiry)


def outperformer(
    spot: ArrayLike, dividend: ArrayLike, volatility: ArrayLike, correlation: ArrayLike, expiry: ArrayLike
) -> Array:
    """European option to swap the first asset for the geometric mean of the others; exact to rounding.

    Payoff (5.3) of Goudenege, Molent and Zanette 2024: ((S_2 ... S_d)^{1/(d-1)} - S_1)^+. Arguments as in
    `call`.
    """
    spot, dividend, volatility, correlation = as_float64(spot, dividend, volatility, correlation)
    dividend = jnp.broadcast_to(dividend, spot.shape)
    volatility = jnp.broadcast_to(volatility, spot.shape)
    others = equivalent_asset(spot[1:], dividend[1:], volatility[1:], correlation[1:, 1:])
    direction = jnp.full(spot.shape, 1.0 / (len(spot) - 1)).at[0].set(-1.0) * volatility
    variance = direction @ correlation @ direction
    is_positive = variance * expiry > 0.0
    std = jnp.where(is_positive, jnp.sqrt(jnp.where(is_positive, variance * expiry, 1.0)), 0.0)
    received = others[0] * jnp.exp(-others[1] * expiry)
    return forward_call(received, spot[0] * jnp.exp(-dividend[0] * expiry), std)


def bermudan_call(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    exercise_times: ArrayLike,
    *,
    n_panels: int | None = None,
) -> Array:
    """Bermudan call on the geometric mean of d assets; error 1e-9 of the strike.

    Arguments as in `call`, and `exercise_times` of shape (n_dates,), the last being the expiry; `n_panels`
    as in `reference.bermudan`.
    """
    spot, dividend, volatility = equivalent_asset(spot, dividend, volatility, correlation)
    return bermudan.call(spot, strike, rate, dividend, volatility, exercise_times, n_panels=n_panels)


def bermudan_put(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    exercise_times: ArrayLike,
    *,
    n_panels: int | None = None,
) -> Array:
    """Bermudan put on the geometric mean of d assets; arguments as in `bermudan_call`."""
    spot, dividend, volatility = equivalent_asset(spot, dividend, volatility, correlation)
    return bermudan.put(spot, strike, rate, dividend, volatility, exercise_times, n_panels=n_panels)
