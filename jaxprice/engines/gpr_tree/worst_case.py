"""The worst volatilities and correlations over one step, at every point at once."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int, Scalar
from jaxprice.engines.gpr_tree.config import Config
from jaxprice.engines.gpr_tree.control import Controls
from jaxprice.engines.gpr_tree.path_problem import PathProblem
from jaxprice.engines.gpr_tree.problem import Problem, State
from jaxprice.numerics import sqp

_MAX_FORM_ASSETS = 10


class WorstCase(NamedTuple):
    """Solutions at all points.

    Attributes:
        control: (n, m).
        gain: that the programme of each point expects of a further step, (n,).
        n_iterations: of the slowest point, ().
        status: of each point, (n,).
    """

    control: Float[Array, "n m"]
    gain: Float[Array, " n"]
    n_iterations: Int[Array, ""]
    status: Int[Array, " n"]


def expectation(
    problem: Problem | PathProblem,
    controls: Controls,
    value_fn: Callable[[State], Array],
    node: Float[Array, "k d"],
    length: Scalar,
    control: Float[Array, " m"],
    at: State,
) -> Scalar:
    """Discounted mean of the next value over nodes of unit variance (Goudenège et al. 2024, equation 4.1).

    The square root of the correlation matrix is the one that turns the first node axis into the most active direction:
    along it the tree has two branches, which no other root can say (see `docs/engines/gpr_tree.md`).
    """
    volatility = controls.volatility(control)
    diffusion = controls.diffusion(control) @ problem.rotation
    move = length * problem.model.log_drift(volatility)[None] + jnp.sqrt(length) * (node @ diffusion.T)
    return jnp.exp(-problem.model.rate * length) * jnp.mean(value_fn(at.moved(move)))


def solve(
    problem: Problem | PathProblem,
    controls: Controls,
    objective: Callable[[Array, State], Array],
    value_fn: Callable[[State], Array],
    length: Scalar,
    at: State,
    previous: Float[Array, "n m"],
    sign: Scalar,
    config: Config,
) -> WorstCase:
    """The control of largest (sign 1) or smallest (-1) expectation at every point.

    The search starts from the best of: the controls found a step later at the same standard normals, all bounds, the
    middle, and the maximum of the quadratic form that a short step adds to the price.

    Args:
        problem: market and tree.
        controls: the box.
        objective: minus or plus the expectation, from a control (m,) and one state: to be minimised.
        value_fn: of states at the end of the step, not yet observed.
        length: of the step.
        at: states, n of them.
        previous: controls of the next step.
        sign: 1 or -1.
        config: effort.
    """
    n = previous.shape[0]
    middle = controls.correlation(controls.middle)
    candidates = [
        jnp.broadcast_to(controls.middle, previous.shape),
        jnp.broadcast_to(controls.join(problem.model.min_volatility, middle), previous.shape),
        jnp.broadcast_to(controls.join(problem.model.max_volatility, middle), previous.shape),
        previous,
    ]
    if controls.n_assets <= _MAX_FORM_ASSETS:
        candidates.append(_second_order(problem, controls, value_fn, length, at, sign))
    stacked = jnp.stack(candidates, axis=1)
    value = jax.vmap(jax.vmap(objective, (0, None)))(stacked, at)
    best = jnp.argmin(jnp.where(jnp.isnan(value), jnp.inf, value), axis=1)
    start = stacked[jnp.arange(n), best]

    def one(start: Array, point: State) -> sqp.Solution:
        return sqp.minimise(
            lambda control: objective(control, point),
            start,
            controls.lower,
            controls.upper,
            n_correlated=controls.n_correlated,
            tolerance=config.tolerance,
            max_iterations=config.iterations(),
        )

    found = jax.vmap(one)(start, at)
    return WorstCase(found.x, found.gain, jnp.max(found.n_iterations), found.status)


def _second_order(
    problem: Problem | PathProblem,
    controls: Controls,
    value_fn: Callable[[State], Array],
    length: Scalar,
    at: State,
    sign: Scalar,
) -> Float[Array, "n m"]:
    """Controls at the maximum of dt/2 (Σ_ij σ_i σ_j ρ_ij V_ij - Σ_i σ_i² V_i), with differences as wide as a step.

    Derivatives by log-prices. Corners whose correlations make no matrix are drawn towards the middle until they do.
    """
    d, model = controls.n_assets, problem.model
    width = jnp.sqrt(length) * problem.model.mid_volatility
    eye = jnp.eye(d, dtype=width.dtype)
    both = eye[:, None] + eye[None, :]
    offset = jnp.concatenate([jnp.zeros((1, d), width.dtype), eye, -eye, both.reshape(-1, d), -both.reshape(-1, d)])
    n, k = at.log_price.shape[0], offset.shape[0]
    node = jax.vmap(lambda point: point.moved(offset * width[None]))(at)
    value = value_fn(jax.tree.map(lambda leaf: leaf.reshape(n * k, leaf.shape[-1]), node)).reshape(n, k)
    centre, up, down, pair = jnp.split(value, [1, 1 + d, 1 + 2 * d], axis=1)
    pair = jnp.sum(pair.reshape(-1, 2, d, d), axis=1)
    single = up + down - 2.0 * centre
    square = 0.5 * (pair - 2.0 * centre[:, :, None] - single[:, :, None] - single[:, None, :])
    scale = jnp.where(width > 0.0, width, 1.0)
    second = jnp.where(eye[None] > 0.0, single[:, :, None] * eye[None], square) / (scale[:, None] * scale[None])[None]
    first = 0.5 * (up - down) / scale[None]
    matrix = sign * (second - first[:, :, None] * eye[None])
    fixed = controls.fixed_correlation
    least, most = (model.min_correlation, model.max_correlation) if controls.is_uncertain else (fixed, fixed)
    bounds = (model.min_volatility, model.max_volatility, least, most)
    starts = sqp.corners(model.min_volatility, model.max_volatility)

    def one(matrix: Array) -> Array:
        volatility, correlation = sqp.maximise_form(sqp.QuadraticForm(matrix), starts, *bounds)
        control = controls.join(volatility, correlation)
        if not controls.is_uncertain:
            return control
        share = sqp.room_in_cone(controls.middle, control - controls.middle, d)
        entries = controls.middle[d:] + share * (control - controls.middle)[d:]
        return jnp.concatenate([volatility, entries])

    return jax.vmap(one)(matrix)
