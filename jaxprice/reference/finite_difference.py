"""A one-dimensional Black-Scholes equation solver for any payoff, with exercise and discrete barriers.

Uniform grid in log-price around today's price; Crank-Nicolson in time, with four implicit Euler half-steps
after the payoff and after every event date (Rannacher's start), so that kinks and jumps do not ring.
Payoffs and barriers enter as averages over cells. American exercise by operator splitting (Ikonen and
Toivanen 2004): the solve carries a multiplier that is corrected so that the value never falls below the
payoff.

Stated order: second in space and time for European, Bermudan and barrier options; about 1.5 in time for
American exercise. Stated error with the default grid on a strike of 100, volatilities of 0.2 to 0.4 and one
year: 1e-4 European, 3e-4 American and Bermudan, 1e-3 with twelve barrier dates. A jump of the payoff is
located to 1/64 of a cell. Derivatives in spot, rate, dividend, volatility and expiry are those of the grid
solution, second order too, also where the payoff jumps.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxprice.reference.inputs import as_float64

_REACH = 6.5
_SUBCELLS = 64


def _solve(lower: Array, diagonal: Array, upper: Array, right: Array) -> Array:
    return jax.lax.linalg.tridiagonal_solve(lower, diagonal, upper, right[:, None])[:, 0]


def _interpolate(x: Array, node: Array, value: Array) -> Array:
    """Quartic interpolation through five nodes; differentiated, it gives the grid's own delta and gamma."""
    total = jnp.zeros_like(x)
    for i in range(5):
        basis = jnp.ones_like(x)
        for j in range(5):
            if j != i:
                basis = basis * (x - node[j]) / (node[i] - node[j])
        total = total + basis * value[i]
    return total


def _march(value, floor, rate, carry, volatility, cell, time, n_steps, is_american):
    """Moves values back in time over one interval without events.

    Args:
        value: shape (n,), at the end of the interval.
        floor: exercise value, shape (n,).
        rate: interest rate.
        carry: rate less dividend.
        volatility: volatility.
        cell: grid spacing in log-price.
        time: length of the interval.
        n_steps: number of Crank-Nicolson steps that the interval is worth.
        is_american: whether the value is kept at or above the floor throughout.
    """
    diffusion = 0.5 * volatility**2 / cell**2
    advection = 0.5 * (carry - 0.5 * volatility**2) / cell
    down, up = diffusion - advection, diffusion + advection
    middle = -2.0 * diffusion - rate

    def generator(v):
        inside = down * v[:-2] + middle * v[1:-1] + up * v[2:]
        # The ends only earn interest; they are too far away to be felt at today's price.
        return jnp.concatenate([-rate * v[:1], inside, -rate * v[-1:]])

    inside = jnp.ones((len(value) - 2,), value.dtype)
    edge = jnp.zeros((1,), value.dtype)
    lower = jnp.concatenate([edge, down * inside, edge])
    upper = jnp.concatenate([edge, up * inside, edge])
    diagonal = jnp.concatenate([edge - rate, middle * inside, edge - rate])

    def step(state, now):
        v, multiplier = state
        length, implicit = now
        right = v + length * ((1.0 - implicit) * generator(v) + multiplier)
        weight = implicit * length
        trial = _solve(-weight * lower, 1.0 - weight * diagonal, -weight * upper, right)
        if not is_american:
            return (trial, multiplier), None
        new = jnp.maximum(trial - length * multiplier, floor)
        safe = jnp.where(length > 0.0, length, 1.0)
        return (new, jnp.where(length > 0.0, multiplier + (new - trial) / safe, multiplier)), None

    fraction = jnp.concatenate([jnp.full((4,), 0.5), jnp.full((n_steps - 2,), 1.0)]) / n_steps
    implicit = jnp.concatenate([jnp.full((4,), 1.0), jnp.full((n_steps - 2,), 0.5)])
    (value, _), _ = jax.lax.scan(step, (value, jnp.zeros_like(value)), (time * fraction, implicit))
    return value


@partial(jax.jit, static_argnames=("is_american", "is_bermudan", "n_steps"))
def _backward(floor, node, alive, lengths, rate, carry, volatility, *, is_american, is_bermudan, n_steps) -> Array:
    """Values on the grid today; the first length begins today, an event ends each but the last."""
    cell = node[1] - node[0]

    def interval(value, length):
        return _march(value, floor, rate, carry, volatility, cell, length, n_steps, is_american)

    def over_event(value, length):
        value = interval(value, length)
        value = jnp.maximum(value, floor) if is_bermudan else value
        return alive * value, None

    value, _ = jax.lax.scan(over_event, floor, lengths[1:], reverse=True)
    return interval(value, lengths[0])


def price(
    payoff_fn: Callable[[Array], Array],
    spot: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    volatility: ArrayLike,
    expiry: ArrayLike,
    *,
    is_american: bool = False,
    is_bermudan: bool = False,
    event_times: ArrayLike | tuple[float, ...] = (),
    lower_barrier: ArrayLike = 0.0,
    upper_barrier: ArrayLike = jnp.inf,
    n_space: int = 1001,
    n_time: int = 400,
) -> Array:
    """Price of any claim on one Black-Scholes asset (orders and error: see the module).

    Args:
        payoff_fn: elementwise function from prices to cash flows; whatever it captures stays differentiable.
        spot: price today, shape ().
        rate: interest rate.
        dividend: dividend yield.
        volatility: positive.
        expiry: years, positive.
        is_american: exercise at any time.
        is_bermudan: exercise at the event times (and at expiry).
        event_times: increasing dates in (0, expiry], shape (n_events,), on which barriers are monitored
            and, if `is_bermudan`, the claim may be exercised; the barrier test comes first.
        lower_barrier: the claim dies at or below it on an event date; zero for none.
        upper_barrier: the claim dies at or above it on an event date; infinity for none.
        n_space: grid points, odd.
        n_time: time steps in all; each interval between events gets an equal share, at least four.
    """
    spot, rate, dividend, volatility, expiry, event_times, lower_barrier, upper_barrier = as_float64(
        spot, rate, dividend, volatility, expiry, event_times, lower_barrier, upper_barrier
    )
    n_space, n_time = int(n_space) + 1 - int(n_space) % 2, int(n_time)
    carry = rate - dividend
    x_spot = jnp.log(spot)
    reach = _REACH * volatility * jnp.sqrt(expiry) + jnp.abs(carry - 0.5 * volatility**2) * expiry
    centre, reach = jax.lax.stop_gradient((x_spot, reach))
    half = n_space // 2
    cell = reach / half
    node = centre + cell * jnp.arange(-half, half + 1, dtype=centre.dtype)

    # Averages over cells: a kink or a jump enters with its exact place, whatever the grid.
    offset = cell * ((jnp.arange(_SUBCELLS, dtype=centre.dtype) + 0.5) / _SUBCELLS - 0.5)
    floor = jnp.mean(payoff_fn(jnp.exp(node[:, None] + offset[None, :])), axis=1)

    log_lower = jnp.log(jnp.maximum(lower_barrier, 1e-200))
    log_upper = jnp.log(jnp.minimum(upper_barrier, 1e200))
    above = jnp.clip((node - log_lower) / cell + 0.5, 0.0, 1.0)
    below = jnp.clip((log_upper - node) / cell + 0.5, 0.0, 1.0)
    alive = jnp.maximum(above + below - 1.0, 0.0)

    n_events = len(event_times)
    n_steps = max(4, -(-n_time // (n_events + 1)))
    bounds = jnp.concatenate([jnp.zeros((1,), event_times.dtype), event_times, expiry[None]])

    structure = {"is_american": is_american, "is_bermudan": is_bermudan, "n_steps": n_steps}
    value = _backward(floor, node, alive, jnp.diff(bounds), rate, carry, volatility, **structure)
    middle = slice(half - 2, half + 3)
    return _interpolate(x_spot, node[middle], value[middle])
