"""Worst-of autocallable notes on one or two Black-Scholes assets, by recursive quadrature.

At observation time t_k, k = 1..N, the performance is P_k = min_i S_i(t_k) / initial_fixing_i. At the first
k with P_k >= autocall_level the note pays notional (1 + coupon k) at t_k and ends. If never called it pays
at t_N the notional if P_N >= protection_level, else notional P_N. (At t_N the autocall test is made first.)

The last period is in closed form (one or two normal distribution functions). Before it, values are carried
on Gauss-Legendre panels that end where the note is called. With two assets the state is x = log P of the
first asset and z = y - beta x, beta = rho sigma_2 / sigma_1, y that of the second: x and z move
independently, so a two-dimensional expectation is two one-dimensional ones; the call border is then the
line z = log(level) - beta x, and the panels in z follow it.

Stated error, relative to the notional, with the default panels and up to twelve equally spaced
observations: 1e-10 for one asset, 1e-8 for two with |rho| <= 0.9; `n_panels` shows it. Levels: 0 <
protection_level <= autocall_level.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import ndtr
from jax.typing import ArrayLike

from jaxprice.reference.inputs import as_float64
from jaxprice.reference.quadrature import panels
from jaxprice.reference.two_asset import min_above

_N_NODES = 12
_TAIL = 7.5


def _redemption(above_call, above_protection, mean_below, payout):
    """Expected last payment: from the chances of both levels and the mean performance below protection."""
    return payout * above_call + (above_protection - above_call) + mean_below


def _last_one(x, drift, std, log_call, log_protection, payout):
    def above(level):
        return ndtr((x + drift - level) / std)

    forward = jnp.exp(x + drift + 0.5 * std**2)
    below = forward * ndtr(-((x + drift - log_protection) / std + std))
    return _redemption(above(log_call), above(log_protection), below, payout)


def _last_two(x, y, drift, std, correlation, log_call, log_protection, payout):
    forward = jnp.exp(jnp.stack([x, y]) + drift + 0.5 * std**2)
    # A level of e^-60 is below everything: the whole mean of the worse asset.
    level = jnp.exp(jnp.stack([log_call, log_protection, jnp.full_like(log_call, -60.0)]))
    (_, kept, mean), (above_call, above_protection, _) = jax.vmap(min_above, (None, 0, None, None))(
        forward, level, std, correlation
    )
    return _redemption(above_call, above_protection, mean - kept, payout)


def _kernel(node, x, drift, std):
    """Normal transition densities, from each x (rows) to each node (columns)."""
    distance = (node[None, :] - x[:, None] - drift) / std
    return jnp.exp(-0.5 * distance**2) / (jnp.sqrt(2.0 * jnp.pi) * std)


def _interval(start, drift, volatility, time):
    std = volatility * jnp.sqrt(time)
    centre = start + drift * time
    return jax.lax.stop_gradient((centre - _TAIL * std, centre + _TAIL * std))


def _split(interval, border, n_panels):
    """Rule on an interval with a panel border at `border`, and where its nodes lie above the border."""
    lower, upper = interval
    border = jnp.clip(border, lower, upper)
    low, low_weight = panels(lower, border, n_panels, _N_NODES)
    high, high_weight = panels(border, upper, n_panels, _N_NODES)
    is_above = jnp.arange(2 * n_panels * _N_NODES) >= n_panels * _N_NODES
    return jnp.concatenate([low, high]), jnp.concatenate([low_weight, high_weight]), is_above


def _one_asset(start, drift, volatility, rate, times, log_call, log_protection, coupon, n_panels):
    steps = jnp.diff(times, prepend=jnp.zeros((1,), times.dtype))
    n_dates = len(times)
    payout = 1.0 + coupon * jnp.arange(1, n_dates + 1, dtype=times.dtype)

    def last(x):
        step = steps[-1]
        value = _last_one(x, drift * step, volatility * jnp.sqrt(step), log_call, log_protection, payout[-1])
        return jnp.exp(-rate * step) * value

    if n_dates == 1:
        return last(start)

    def rule(time):
        lower, upper = _interval(start, drift, volatility, time)
        return panels(lower, jnp.clip(log_call, lower, upper), 2 * n_panels, _N_NODES)

    def expectation(x, node, weighted, payment, step):
        std = volatility * jnp.sqrt(step)
        held = _kernel(node, x, drift * step, std) @ weighted
        return jnp.exp(-rate * step) * (held + payment * ndtr((x + drift * step - log_call) / std))

    def backward(later, date):
        time, step, payment = date
        node, weight = rule(time)
        later_node, weighted = later
        return (node, weight * expectation(node, later_node, weighted, payment, step)), None

    node, weight = rule(times[-2])
    dates = (times[:-2], steps[1:-1], payout[1:-1])
    carried = (node, weight * jax.vmap(last)(node))
    carried, _ = jax.lax.scan(jax.checkpoint(backward), carried, dates, reverse=True)
    return expectation(start[None], *carried, payout[0], steps[0])[0]


def _legendre_evaluation(values, lower, upper, n_panels, target):
    """Interpolates rows of values at Gauss-Legendre panels on [lower, upper], row r at target[r].

    By Legendre series in each panel, smooth in the target, unlike the barycentric quotient.

    Args:
        values: shape (n_rows, n_panels * nodes).
        lower: left end.
        upper: right end.
        n_panels: number of panels.
        target: shape (n_rows, n_targets).
    """
    node, mass = np.polynomial.legendre.leggauss(_N_NODES)
    degree = np.arange(_N_NODES)
    table = np.polynomial.legendre.legvander(node, _N_NODES - 1)
    transform = jnp.asarray(((2 * degree + 1) / 2.0)[:, None] * (table * mass[:, None]).T)
    series = values.reshape(values.shape[0], n_panels, _N_NODES) @ transform.T
    position = (target - lower) / (upper - lower) * n_panels
    panel = jnp.clip(jnp.floor(jax.lax.stop_gradient(position)).astype(jnp.int32), 0, n_panels - 1)
    local = 2.0 * (position - panel.astype(position.dtype)) - 1.0
    coefficient = jnp.take_along_axis(series, panel[:, :, None], axis=1)
    previous, current = jnp.ones_like(local), local
    total = coefficient[..., 0] + coefficient[..., 1] * local
    for n in range(1, _N_NODES - 1):
        previous, current = current, ((2 * n + 1) * local * current - n * previous) / (n + 1)
        total = total + coefficient[..., n + 1] * current
    return total


def _two_asset(start, drift, volatility, correlation, rate, times, log_call, log_protection, coupon, n_panels):
    steps = jnp.diff(times, prepend=jnp.zeros((1,), times.dtype))
    n_dates = len(times)
    payout = 1.0 + coupon * jnp.arange(1, n_dates + 1, dtype=times.dtype)
    beta = correlation * volatility[1] / volatility[0]
    x_start, z_start = start[0], start[1] - beta * start[0]
    x_drift, z_drift = drift[0], drift[1] - beta * drift[0]
    x_volatility = volatility[0]
    z_volatility = volatility[1] * jnp.sqrt((1.0 - correlation) * (1.0 + correlation))

    def last(x, z):
        step = steps[-1]
        std = volatility * jnp.sqrt(step)
        value = _last_two(x, z + beta * x, drift * step, std, correlation, log_call, log_protection, payout[-1])
        return jnp.exp(-rate * step) * value

    if n_dates == 1:
        return last(x_start, z_start)

    def grid(time):
        """Rule in x, for each node a rule in z with a panel border at the call line; where it is called."""
        x, x_weight, is_right = _split(_interval(x_start, x_drift, x_volatility, time), log_call, n_panels)
        z_interval = _interval(z_start, z_drift, z_volatility, time)
        z, z_weight, is_above = jax.vmap(lambda a: _split(z_interval, log_call - beta * a, n_panels))(x)
        return x, z, x_weight, z_weight, is_right[:, None] & is_above

    def expectation(x_target, z_target, held, step):
        """Discounted mean of the held values from every pair of targets, shape (n_x, n_z)."""
        x, z, weighted = held
        z_std, x_std = z_volatility * jnp.sqrt(step), x_volatility * jnp.sqrt(step)
        along_z = jax.lax.map(
            jax.checkpoint(lambda row: _kernel(row[0], z_target, z_drift * step, z_std) @ row[1]),
            (z, weighted),
        )
        return jnp.exp(-rate * step) * (_kernel(x, x_target, x_drift * step, x_std) @ along_z)

    def held_values(time, payment, continuation):
        x, z, x_weight, z_weight, is_called = grid(time)
        value = jnp.where(is_called, payment, continuation(x, z))
        return x, z, x_weight[:, None] * z_weight * value

    def backward(later, date):
        time, step, payment = date

        def continuation(x, z):
            # Targets in z differ from row to row, so evaluate on one common rule and interpolate.
            lower, upper = _interval(z_start, z_drift, z_volatility, time)
            common, _ = panels(lower, upper, 2 * n_panels, _N_NODES)
            value = expectation(x, common, later, step)
            return _legendre_evaluation(value, lower, upper, 2 * n_panels, z)

        return held_values(time, payment, continuation), None

    def last_values(x, z):
        row = jax.checkpoint(lambda pair: jax.vmap(last, (None, 0))(pair[0], pair[1]))
        return jax.lax.map(row, (x, z))

    carried = held_values(times[-2], payout[-2], last_values)
    dates = (times[:-2], steps[1:-1], payout[:-2])
    carried, _ = jax.lax.scan(jax.checkpoint(backward), carried, dates, reverse=True)
    return expectation(x_start[None], z_start[None], carried, steps[0])[0, 0]


@partial(jax.jit, static_argnames=("n_panels",))
def price(
    spot: ArrayLike,
    volatility: ArrayLike,
    correlation: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    observation_times: ArrayLike,
    initial_fixing: ArrayLike,
    autocall_level: ArrayLike,
    coupon: ArrayLike,
    protection_level: ArrayLike,
    notional: ArrayLike,
    *,
    n_panels: int | None = None,
) -> Array:
    """Worst-of autocallable note on one or two assets (terms, method and error: see the module).

    Args:
        spot: prices today, shape (1,) or (2,).
        volatility: shape (1,) or (2,), positive.
        correlation: between the two assets, shape (), in (-1, 1); unused for one asset.
        rate: interest rate, shape ().
        dividend: dividend yields, shape (1,) or (2,).
        observation_times: increasing positive dates, shape (n_dates,).
        initial_fixing: prices to which performance is relative, shape (1,) or (2,).
        autocall_level: performance at which the note is called, shape ().
        coupon: coupon for each observation, paid on call, shape ().
        protection_level: performance below which the notional is at risk, shape (); at most the autocall
            level.
        notional: shape ().
        n_panels: panels of 12 nodes on each side of the call border in each direction.

    Returns:
        The price, differentiable in every number.
    """
    (
        spot, volatility, correlation, rate, dividend, observation_times, initial_fixing,
        autocall_level, coupon, protection_level, notional,
    ) = as_float64(
        spot, volatility, correlation, rate, dividend, observation_times, initial_fixing,
        autocall_level, coupon, protection_level, notional,
    )  # fmt: skip
    spot, volatility = jnp.atleast_1d(spot), jnp.atleast_1d(volatility)
    if spot.shape not in ((1,), (2,)):
        raise ValueError(f"one or two assets are expected, spot of shape {spot.shape} came; simulate the others")
    if n_panels is None:
        # About six step deviations a panel over the whole reach of the last date but one, on each side of
        # the border.
        n_panels = max(4, math.ceil(2.0 * _TAIL * math.sqrt(len(observation_times)) / 6.0))
    start = jnp.log(spot / initial_fixing)
    drift = rate - dividend - 0.5 * volatility**2
    levels = (jnp.log(autocall_level), jnp.log(protection_level), coupon, n_panels)
    if spot.shape == (1,):
        drift = jnp.atleast_1d(drift)
        value = _one_asset(start[0], drift[0], volatility[0], rate, observation_times, *levels)
    else:
        value = _two_asset(start, drift, volatility, correlation, rate, observation_times, *levels)
    return notional * value
