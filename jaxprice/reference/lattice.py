"""European, Bermudan and American puts and calls on one Black-Scholes asset by a smoothed binomial lattice.

A Cox-Ross-Rubinstein lattice whose last step is the Black-Scholes price (which removes the kink at the
strike), extrapolated from n_steps and n_steps / 2 (the BBSR method).

Stated error with the default 2,000 steps, volatility 0.2 to 0.4, one or two years, on a strike of 100: 3e-5
European, 2e-4 American, 1e-3 Bermudan, falling about like 1 / n_steps. First derivatives by `jax.grad` carry a
relative error of 1e-3; second derivatives do not exist (the value at a node is a maximum). For Bermudans to
1e-9 use `reference.bermudan`.

Source: Cox, Ross and Rubinstein 1979; Broadie and Detemple 1996 for smoothing and extrapolation.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxprice.reference.black_scholes import discount_factor, forward_call, forward_put
from jaxprice.reference.inputs import as_float64


def _tree(is_call, given, n_steps, steps_per_date) -> Array:
    spot, strike, rate, dividend, volatility, expiry = given
    step = expiry / n_steps
    move = volatility * jnp.sqrt(step)
    up, down = jnp.exp(move), jnp.exp(-move)
    probability = (jnp.exp((rate - dividend) * step) - down) / (up - down)
    discount = discount_factor(rate, step)
    ladder = 2.0 * jnp.arange(n_steps, dtype=move.dtype)
    sign = 1.0 if is_call else -1.0

    def exercised(value, price, index):
        # No exercise at time zero unless every step is a date (an American option is worth its intrinsic
        # value).
        is_date = (index % steps_per_date == 0) & ((index > 0) | (steps_per_date == 1))
        return jnp.where(is_date, jnp.maximum(value, sign * (price - strike)), value)

    def backward(value, index):
        # Entries beyond the `index + 1` live nodes are never read by live ones.
        held = discount * (probability * jnp.roll(value, -1) + (1.0 - probability) * value)
        price = spot * jnp.exp(move * (ladder - index.astype(move.dtype)))
        return exercised(held, price, index), None

    # The step before expiry: the European value over one step is known in closed form, and smooth.
    price = spot * jnp.exp(move * (ladder - (n_steps - 1.0)))
    closed_form = forward_call if is_call else forward_put
    forward = price * jnp.exp((rate - dividend) * step)
    last = exercised(discount * closed_form(forward, strike, move), price, jnp.asarray(n_steps - 1))
    value, _ = jax.lax.scan(backward, last, jnp.arange(n_steps - 2, -1, -1))
    return value[0]


def _price(is_call, spot, strike, rate, dividend, volatility, expiry, n_dates, n_steps) -> Array:
    given = as_float64(spot, strike, rate, dividend, volatility, expiry)
    if n_dates is None:
        fine, coarse, n_steps = 1, 1, n_steps + n_steps % 2
    else:
        coarse = max(1, -(-n_steps // (2 * n_dates)))
        fine, n_steps = 2 * coarse, 2 * coarse * n_dates
        if coarse == 1:
            raise ValueError(f"at least {4 * n_dates} steps are expected for {n_dates} exercise dates, {n_steps} came")
    return 2.0 * _tree(is_call, given, n_steps, fine) - _tree(is_call, given, n_steps // 2, coarse)


@partial(jax.jit, static_argnames=("n_dates", "n_steps"))
def call(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    expiry: ArrayLike,
    *,
    n_dates: int | None = None,
    n_steps: int = 2000,
) -> Array:
    """Call with equally spaced exercise dates by a binomial lattice (error: see the module).

    Args:
        spot: price today, shape ().
        strike: positive, shape ().
        rate: interest rate.
        dividend: dividend yield.
        volatility: positive.
        expiry: years, positive.
        n_dates: number of exercise dates, at k expiry / n_dates for k = 1..n_dates; 1 is European; None is
            American.
        n_steps: steps of the finer lattice, rounded up to a multiple of twice the dates.
    """
    return _price(True, spot, strike, rate, dividend, volatility, expiry, n_dates, n_steps)


@partial(jax.jit, static_argnames=("n_dates", "n_steps"))
def put(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    expiry: ArrayLike,
    *,
    n_dates: int | None = None,
    n_steps: int = 2000,
) -> Array:
    """Put with equally spaced exercise dates by a binomial lattice; arguments and error as in `call`."""
    return _price(False, spot, strike, rate, dividend, volatility, expiry, n_dates, n_steps)
