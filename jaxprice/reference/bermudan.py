"""Bermudan calls and puts on one Black-Scholes asset, by quadrature between the exercise boundaries.

At each exercise date the holder's region is one interval in the log-price. There the value is the smooth
continuation value, which is known at Gauss-Legendre nodes whose panels end at the exercise boundary, so
that the next integral against the normal transition density sees no kink; the exercise region is integrated
in closed form.

Stated error: 1e-9 of the strike with the default panels for equally spaced dates (up to a few hundred);
`n_panels` shows it. First and second derivatives are as accurate: the boundary carries its implicit
derivative. One boundary is assumed, which holds for a put when rate >= 0 and for a call when dividend >= 0.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtr
from jax.typing import ArrayLike

from jaxprice.reference.inputs import as_float64
from jaxprice.reference.quadrature import TAIL, bisect, panels, refine_root

_N_NODES = 16


def default_panels(n_dates: int) -> int:
    """Panels of about five step deviations each over the whole reach of the last date."""
    return max(6, math.ceil(2.0 * TAIL * math.sqrt(n_dates) / 5.0))


def _price(is_call, spot, strike, rate, dividend, volatility, exercise_times, n_panels) -> Array:
    spot, strike, rate, dividend, volatility, exercise_times = as_float64(
        spot, strike, rate, dividend, volatility, exercise_times
    )
    n_panels = default_panels(len(exercise_times)) if n_panels is None else n_panels
    start = jnp.log(spot)
    drift = rate - dividend - 0.5 * volatility**2
    sign = 1.0 if is_call else -1.0

    def continuation(x, node, weighted, boundary, step):
        """Value at log-price x, one step before the date whose held values and boundary are given."""
        std = volatility * jnp.sqrt(step)
        distance = (x + drift * step - boundary) / std
        forward = jnp.exp(x + (rate - dividend) * step)
        exercised = sign * (forward * ndtr(sign * (distance + std)) - strike * ndtr(sign * distance))
        density = jnp.exp(-0.5 * ((node - x - drift * step) / std) ** 2) / (jnp.sqrt(2.0 * jnp.pi) * std)
        return jnp.exp(-rate * step) * (exercised + jnp.sum(weighted * density))

    @jax.checkpoint
    def backward(later, date):
        node, weighted, boundary = later
        time, step = date
        std = volatility * jnp.sqrt(time)
        reach = (start + drift * time - TAIL * std, start + drift * time + (TAIL + std) * std)
        lower, upper = jax.lax.stop_gradient(reach)

        def advantage(x):
            """Gain from exercising, in the direction in which it increases."""
            gain = sign * (jnp.exp(x) - strike) - continuation(x, node, weighted, boundary, step)
            return sign * gain

        found = bisect(advantage, lower, upper)
        found = refine_root(advantage, found)
        left, right = (lower, found) if is_call else (found, upper)
        new_node, weight = panels(left, right, n_panels, _N_NODES)
        value = jax.vmap(continuation, (0, None, None, None, None))(new_node, node, weighted, boundary, step)
        return (new_node, weight * value, found), None

    steps = jnp.diff(exercise_times, prepend=jnp.zeros((1,), exercise_times.dtype))
    # On the last date nothing is held: exercise begins at the strike.
    nothing = jnp.zeros((n_panels * _N_NODES,), start.dtype)
    last = (nothing, nothing, jnp.log(strike))
    dates = (exercise_times[:-1], steps[1:])
    (node, weighted, boundary), _ = jax.lax.scan(backward, last, dates, reverse=True)
    return continuation(start, node, weighted, boundary, steps[0])


@partial(jax.jit, static_argnames=("n_panels",))
def call(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    exercise_times: ArrayLike,
    *,
    n_panels: int | None = None,
) -> Array:
    """Bermudan call on one asset; error 1e-9 of the strike (see the module); no exercise at time zero.

    Args:
        spot: price today, shape ().
        strike: positive, shape ().
        rate: interest rate.
        dividend: dividend yield, zero or more.
        volatility: positive.
        exercise_times: increasing positive dates, shape (n_dates,); the last is the expiry.
        n_panels: panels of 16 nodes on the holder's region; by default enough for equally spaced dates.
    """
    return _price(True, spot, strike, rate, dividend, volatility, exercise_times, n_panels)


@partial(jax.jit, static_argnames=("n_panels",))
def put(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    exercise_times: ArrayLike,
    *,
    n_panels: int | None = None,
) -> Array:
    """Bermudan put on one asset, rate zero or more; arguments and error as in `call`."""
    return _price(False, spot, strike, rate, dividend, volatility, exercise_times, n_panels)
