"""Sequential quadratic programming over a box, with correlations that stay positive semi-definite.

Written for one small problem; batches are `vmap`, which runs all of them in step. Each iteration evaluates the
function and its gradient once: the trial point is either accepted, and the BFGS matrix and the direction are renewed,
or the step is shortened. The quadratic programme of a step is convex and over a box; the method that solves it never
rises, so it yields a descent direction however early it ends (Nocedal and Wright 2006, algorithm 18.3 with the damped
update 18.15).

The last n (n - 1) / 2 variables may be the correlations of n assets, row by row below the diagonal. They are kept
inside the cone of positive definite matrices by a logarithmic barrier whose weight falls tenfold each time the
barrier problem is solved, from 0.1 to 1e-6 of the scale of the problem: the value found is at most n times the last
weight short of the best (Boyd and Vandenberghe 2004, section 11.2).
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Bool, Float, Int, Scalar
from jaxprice.core.status import Status

_N_PASSES, _N_ROUNDS = 2, 4
_SUFFICIENT = 1e-4
_SHARE_OF_ROOM = 0.7
_SHORTEST = 1e-9
_FIRST_BARRIER, _LAST_BARRIER = 1e-1, 1e-6


class Solution(NamedTuple):
    """Of one problem.

    Attributes:
        x: the best point found, (m,).
        value: of the function there, without the barrier, ().
        gradient: of the function there, (m,).
        gain: decrease that the next step would predict, ().
        n_iterations: evaluations of function and gradient after the first, ().
        status: `NOT_CONVERGED` at the cap of iterations, `NON_FINITE` where the start has no finite value, else `OK`.
    """

    x: Float[Array, " m"]
    value: Scalar
    gradient: Float[Array, " m"]
    gain: Scalar
    n_iterations: Int[Array, ""]
    status: Int[Array, ""]


class _Barrier(NamedTuple):
    value: Array
    gradient: Array
    hessian: Array


class _State(NamedTuple):
    x: Array
    value: Array
    gradient: Array
    barrier: _Barrier
    hessian: Array
    direction: Array
    length: Array
    gain: Array
    weight: Array
    scale: Array
    n_evaluations: Array
    is_done: Array


def correlation_matrix(entries: Float[Array, " k"], n_assets: int) -> Float[Array, "n n"]:
    """The matrix with ones on the diagonal and `entries`, row by row, below it and mirrored above."""
    row, column = np.tril_indices(n_assets, -1)
    lower = jnp.zeros((n_assets, n_assets), entries.dtype).at[row, column].set(entries)
    return lower + lower.T + jnp.eye(n_assets, dtype=entries.dtype)


def correlation_entries(matrix: Float[Array, "n n"]) -> Float[Array, " k"]:
    """The entries below the diagonal, row by row: the inverse of `correlation_matrix`."""
    row, column = np.tril_indices(matrix.shape[-1], -1)
    return matrix[row, column]


def minimise(
    function: Callable[[Array], Array],
    start: Float[Array, " m"],
    lower: Float[Array, " m"],
    upper: Float[Array, " m"],
    *,
    n_correlated: int = 0,
    tolerance: float = 1e-8,
    max_iterations: int = 50,
) -> Solution:
    """A local minimum of a smooth function over a box, and over correlation matrices in it.

    Args:
        function: from (m,) to a number.
        start: inside the box; its correlations must make a positive definite matrix.
        lower: bounds, equal to `upper` for variables that are fixed.
        upper: bounds.
        n_correlated: number of assets whose correlations are the last variables; 0 or 1 for none.
        tolerance: of the decrease that a full step predicts, relative to the value and its change over the box.
        max_iterations: evaluations of function and gradient.
    """
    m = start.shape[0]
    n_entries = n_correlated * (n_correlated - 1) // 2
    evaluate = jax.value_and_grad(function)
    width = upper - lower

    def barrier(x: Array) -> _Barrier:
        if not n_entries:
            return _Barrier(jnp.zeros((), x.dtype), jnp.zeros_like(x), jnp.zeros((m, m), x.dtype))
        return _log_determinant(x, n_correlated)

    last = _LAST_BARRIER if n_entries else 0.0
    span = jnp.where(width > 0.0, width, 1.0)

    def slope(state: _State) -> Array:
        return state.gradient + state.weight * state.scale * state.barrier.gradient

    def curvature(state: _State) -> Array:
        return state.hessian + state.weight * state.scale * state.barrier.hessian

    def iterate(state: _State) -> _State:
        # One copy of the function and of the quadratic programme in the compiled loop: the start is its first trial.
        is_first = state.n_evaluations == 0
        x = jnp.clip(state.x + state.length * state.direction, lower, upper)
        value, gradient = evaluate(x)
        change = jnp.abs(value) + jnp.sum(jnp.abs(gradient) * width)
        scale = jnp.where(is_first, jnp.where(change > 0.0, change, 1.0), state.scale)
        trial = state._replace(x=x, value=value, gradient=gradient, barrier=barrier(x), scale=scale)
        # So flat that the first full step ends at a bound of each variable: where optima are.
        flat = jnp.diag(jnp.maximum(0.01 * jnp.abs(gradient) / span, 1e-8 * scale / span**2))
        updated = _damped_update(state.hessian, x - state.x, gradient - state.gradient)
        trial = trial._replace(hessian=jnp.where(is_first, flat, updated))

        old, new = (at.value + state.weight * scale * at.barrier.value for at in (state, trial))
        along = slope(state) @ state.direction
        is_accepted = is_first | (new <= old + _SUFFICIENT * state.length * along)
        is_finite = jnp.isfinite(new) & jnp.all(jnp.isfinite(slope(trial)))
        is_accepted = is_accepted & is_finite
        # Minimum of the parabola through what is known along the direction.
        bend = new - old - state.length * along
        shorter = -0.5 * along * state.length**2 / jnp.where(bend > 0.0, bend, 1.0)
        shorter = jnp.where(jnp.isfinite(shorter) & (bend > 0.0), shorter, 0.0)
        shorter = jnp.clip(shorter, 0.1 * state.length, 0.5 * state.length)

        kept = jax.tree.map(functools.partial(jnp.where, is_accepted), trial, state)
        # The barrier falls where the step just made had little to gain at its weight.
        is_centred = is_accepted & (state.gain <= jnp.maximum(tolerance, state.weight) * scale)
        lowered = jnp.maximum(0.1 * state.weight, last)
        kept = kept._replace(weight=jnp.where(is_centred, lowered, state.weight))
        step = _box_step(curvature(kept), slope(kept), lower - kept.x, upper - kept.x)
        step = jnp.where(is_accepted, step, state.direction)
        gain = -(slope(kept) @ step) - 0.5 * step @ (curvature(kept) @ step)
        # A step that would leave the cone of correlation matrices stops just short of it.
        room = room_in_cone(kept.x, step, n_correlated) if n_entries else jnp.ones((), x.dtype)
        is_solved = (gain <= tolerance * scale) & (kept.weight <= last)
        return kept._replace(
            direction=step,
            length=jnp.where(is_accepted, room, shorter),
            gain=gain,
            n_evaluations=state.n_evaluations + 1,
            is_done=is_solved | (is_first & ~is_finite) | (~is_accepted & (shorter < _SHORTEST)),
        )

    zero = jnp.zeros((), start.dtype)
    first = _State(
        x=start,
        value=jnp.full_like(zero, jnp.nan),
        gradient=jnp.zeros_like(start),
        barrier=_Barrier(zero, jnp.zeros_like(start), jnp.zeros((m, m), start.dtype)),
        hessian=jnp.eye(m, dtype=start.dtype),
        direction=jnp.zeros_like(start),
        length=jnp.ones((), start.dtype),
        gain=jnp.asarray(jnp.inf, start.dtype),
        weight=jnp.asarray(_FIRST_BARRIER if n_entries else 0.0, start.dtype),
        scale=jnp.ones((), start.dtype),
        n_evaluations=jnp.int32(0),
        is_done=jnp.array(False),
    )

    def is_running(state: _State) -> Bool[Array, ""]:
        return ~state.is_done & (state.n_evaluations <= max_iterations)

    state = jax.lax.while_loop(is_running, iterate, first)
    is_evaluated = jnp.isfinite(state.value)
    status = jnp.where(state.is_done, Status.OK, Status.NOT_CONVERGED)
    status = jnp.where(is_evaluated, status, Status.NON_FINITE).astype(jnp.int32)
    return Solution(state.x, state.value, state.gradient, state.gain, state.n_evaluations - 1, status)


def _box_step(
    hessian: Float[Array, "m m"], slope: Float[Array, " m"], lower: Float[Array, " m"], upper: Float[Array, " m"]
) -> Float[Array, " m"]:
    """Minimum of slope · p + p · hessian · p / 2 over the box, from 0 on, never rising.

    Coordinate descent finds the active bounds, Newton steps within the face they leave finish (Nocedal and Wright 2006,
    section 16.7); a step ends where it meets a bound.
    """
    m = slope.shape[0]
    diagonal = jnp.diagonal(hessian)

    def one(i: Array, p: Array) -> Array:
        i = i % m
        rest = slope[i] + hessian[i] @ p - diagonal[i] * p[i]
        return p.at[i].set(jnp.clip(-rest / diagonal[i], lower[i], upper[i]))

    def polish(p: Array) -> Array:
        gradient = slope + hessian @ p
        is_free = ~(((p <= lower) & (gradient >= 0.0)) | ((p >= upper) & (gradient <= 0.0)))
        face = jnp.where(is_free[:, None] & is_free[None, :], hessian, jnp.diag(diagonal))
        factor = jnp.linalg.cholesky(face)
        newton = jnp.where(is_free, -jax.scipy.linalg.cho_solve((factor, True), gradient), 0.0)
        room = jnp.where(newton > 0.0, upper - p, lower - p)
        share = jnp.min(jnp.where(newton != 0.0, room / jnp.where(newton != 0.0, newton, 1.0), 1.0))
        moved = jnp.clip(p + jnp.minimum(share, 1.0) * newton, lower, upper)
        return jnp.where(jnp.all(jnp.isfinite(moved)), moved, p)

    def one_round(_: Array, p: Array) -> Array:
        return polish(jax.lax.fori_loop(0, _N_PASSES * m, one, p))

    return jax.lax.fori_loop(0, _N_ROUNDS, one_round, jnp.zeros_like(slope))


def _log_determinant(x: Float[Array, " m"], n_assets: int) -> _Barrier:
    """-log det of the correlation matrix in the last variables, with its derivatives; not finite outside the cone."""
    row, column = np.tril_indices(n_assets, -1)
    n_others = x.shape[0] - row.size
    factor = jnp.linalg.cholesky(correlation_matrix(x[n_others:], n_assets))
    half = jax.scipy.linalg.solve_triangular(factor, jnp.eye(n_assets, dtype=x.dtype), lower=True)
    inverse = half.T @ half
    gradient = jnp.zeros_like(x).at[n_others:].set(-2.0 * inverse[row, column])
    across = inverse[row[:, None], row[None]] * inverse[column[:, None], column[None]]
    crossed = inverse[row[:, None], column[None]] * inverse[column[:, None], row[None]]
    hessian = jnp.zeros((x.shape[0],) * 2, x.dtype).at[n_others:, n_others:].set(2.0 * (across + crossed))
    return _Barrier(-2.0 * jnp.sum(jnp.log(jnp.diagonal(factor))), gradient, hessian)


def room_in_cone(x: Float[Array, " m"], direction: Float[Array, " m"], n_assets: int) -> Scalar:
    """The share of a step, at most 1, that ends 70 % of the way to the edge of the cone, or sooner."""
    first = x.shape[0] - n_assets * (n_assets - 1) // 2
    factor = jnp.linalg.cholesky(correlation_matrix(x[first:], n_assets))
    half = jax.scipy.linalg.solve_triangular(factor, jnp.eye(n_assets, dtype=x.dtype), lower=True)
    change = correlation_matrix(direction[first:], n_assets) - jnp.eye(n_assets, dtype=x.dtype)
    least = jnp.linalg.eigvalsh(half @ change @ half.T)[0]
    return jnp.where(least < -_SHARE_OF_ROOM, _SHARE_OF_ROOM / jnp.where(least < 0.0, -least, 1.0), 1.0)


def _damped_update(hessian: Array, step: Array, change: Array) -> Array:
    """BFGS with Powell's damping, which keeps the matrix positive definite."""
    moved = hessian @ step
    curvature = step @ moved
    inner = step @ change
    share = jnp.where(
        inner < 0.2 * curvature, 0.8 * curvature / jnp.where(curvature > inner, curvature - inner, 1.0), 1.0
    )
    damped = share * change + (1.0 - share) * moved
    denominator = step @ damped
    is_usable = (curvature > 0.0) & (denominator > 0.0) & jnp.isfinite(inner)
    rank_one = jnp.outer(moved, moved) / jnp.where(is_usable, curvature, 1.0)
    other = jnp.outer(damped, damped) / jnp.where(is_usable, denominator, 1.0)
    return jnp.where(is_usable, hessian - rank_one + other, hessian)


class QuadraticForm(NamedTuple):
    """σ ↦ Σ_ij A_ij σ_i σ_j ρ_ij: what a short step adds to a price, for volatilities σ and correlations ρ.

    Attributes:
        matrix: A, symmetric, (d, d).
    """

    matrix: Float[Array, "d d"]

    def value(self, volatility: Float[Array, " d"], correlation: Float[Array, "d d"]) -> Scalar:
        """The form."""
        return jnp.sum(self.matrix * correlation * volatility[:, None] * volatility[None, :])


def maximise_form(
    form: QuadraticForm,
    start: Float[Array, "k d"],
    min_volatility: Float[Array, " d"],
    max_volatility: Float[Array, " d"],
    min_correlation: Float[Array, "d d"],
    max_correlation: Float[Array, "d d"],
    n_passes: int = 4,
) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
    """Volatilities and correlations at the best maximum of the form over the box that several starts lead to.

    By coordinate ascent: for given volatilities the form is linear in each correlation, so that is at a bound; in one
    volatility it is a parabola, so that is at a bound or at the vertex. From all corners of the box the maximum is
    global but for a few forms in a thousand. Whether the correlations make a matrix is not looked at.
    """
    d = min_volatility.shape[0]

    def correlation(volatility: Array) -> Array:
        product = form.matrix * volatility[:, None] * volatility[None, :]
        return jnp.where(product >= 0.0, max_correlation, min_correlation)

    def one(i: Array, volatility: Array) -> Array:
        i = i % d
        row = form.matrix[i] * correlation(volatility)[i]
        square = row[i]
        linear = 2.0 * (row @ volatility - square * volatility[i])
        low, high = min_volatility[i], max_volatility[i]
        vertex = jnp.clip(-0.5 * linear / jnp.where(square == 0.0, 1.0, square), low, high)
        candidate = jnp.stack([low, high, jnp.where(square < 0.0, vertex, low)])
        best = candidate[jnp.argmax(square * candidate**2 + linear * candidate)]
        return volatility.at[i].set(best)

    def ascend(volatility: Array) -> tuple[Array, Array]:
        volatility = jax.lax.fori_loop(0, n_passes * d, one, volatility)
        return volatility, form.value(volatility, correlation(volatility))

    volatility, value = jax.vmap(ascend)(start)
    best = volatility[jnp.argmax(value)]
    return best, correlation(best)


def corners(lower: Float[Array, " d"], upper: Float[Array, " d"], most: int = 16) -> Float[Array, "k d"]:
    """All corners of a box, or where there are more than `most` its lower, its upper one and its middle."""
    d = lower.shape[0]
    if 2**d > most:
        return jnp.stack([lower, upper, 0.5 * (lower + upper)])
    is_upper = (np.arange(2**d)[:, None] >> np.arange(d)[None, :]) & 1 > 0
    return jnp.where(is_upper, upper[None], lower[None])
