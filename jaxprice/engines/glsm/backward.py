"""The backward sweep: one least-squares problem for each date, from the last to the first.

Yang and Li 2025, algorithms 4.1 and 4.2. The value carried back by a path is regressed on
Φ(z_k) + ∇Φ(z_k) · dz_k, where the second term has mean zero given z_k and takes up the noise of the step; without it
this is least squares Monte Carlo. One scan over dates, inside it one over chunks of paths: the basis of a chunk is
made, multiplied into the normal equations and forgotten, and made again for the update, which costs less than keeping
it. What stays of a path is its state at two dates and two numbers.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import UInt32

from jaxprice.core import status
from jaxprice.core.array import Array, Bool, Float, Int, PRNGKey, Scalar
from jaxprice.core.status import Status
from jaxprice.engines.glsm.config import Config, Precision, Rule
from jaxprice.engines.glsm.problem import Problem
from jaxprice.numerics.least_squares import LARGE_RIDGE, NormalEquations, solve
from jaxprice.simulation import noise
from jaxprice.simulation.accumulate import MESH_AXIS, over_devices
from jaxprice.simulation.noise import Sampling


class Fit(NamedTuple):
    """What a sweep found.

    Attributes:
        coefficient: of the continuation value at the end of each step but the last, (n_steps - 1, n_basis).
        initial_value: of the contract now, in sample, ().
        initial_gradient: derivative of that by the state, (s,).
        in_sample_price: mean of the cash flows of the fitted paths under the fitted policy, as published, ().
        in_sample_std_error: its standard error, blind to the fit's own bias, ().
        smallest_pivot: of each regression, (n_steps - 1,).
        residual_share: of each regression, (n_steps - 1,).
        status: the worst outcome.
    """

    coefficient: Float[Array, "n_dates n_basis"]
    initial_value: Scalar
    initial_gradient: Float[Array, " s"]
    in_sample_price: Scalar
    in_sample_std_error: Scalar
    smallest_pivot: Float[Array, " n_dates"]
    residual_share: Float[Array, " n_dates"]
    status: Int[Array, ""]


class _Carried(NamedTuple):
    """What a path takes back with it, in chunks."""

    state: Float[Array, "chunks s n"]
    target: Float[Array, "chunks n"]
    cash: Float[Array, "chunks n"]


def sweep(key: PRNGKey, problem: Problem, config: Config, mesh: Mesh | None) -> Fit:
    """Fits the continuation value of every step by one pass from the last to the first.

    Args:
        key: of the stream of paths; a path's draws depend on its index and the step only.
        problem: what is exercised.
        config: rule, columns and effort.
        mesh: devices to spread the paths over, along its axis "paths"; normal equations are summed over them.
    """
    n_devices = 1 if mesh is None else mesh.shape[MESH_AXIS]
    n_chunks = -(-config.n_paths // (config.chunk * n_devices))

    def local() -> Fit:
        first = 0 if mesh is None else jax.lax.axis_index(MESH_AXIS).astype(jnp.uint32) * jnp.uint32(n_chunks)
        index = (first + jnp.arange(n_chunks, dtype=jnp.uint32))[:, None] * jnp.uint32(config.chunk)
        return _local_sweep(
            key, problem, config, index + jnp.arange(config.chunk, dtype=jnp.uint32)[None], is_sharded=mesh is not None
        )

    return local() if mesh is None else over_devices(local, mesh)


def _local_sweep(
    key: PRNGKey, problem: Problem, config: Config, index: UInt32[Array, "chunks n"], is_sharded: bool
) -> Fit:
    state, product, time, n_steps = problem.state, problem.product, problem.time, problem.n_steps
    is_exercise_date = problem.is_exercise_date()
    dtype = time.dtype

    def total(x: Any) -> Any:
        return jax.lax.psum(x, MESH_AXIS) if is_sharded else x

    def draw(step: Int[Array, ""], index: UInt32[Array, " n"]) -> Float[Array, "m n"]:
        def normal() -> Array:
            return noise.draw(jax.random.fold_in(key, step), Sampling.PSEUDO, index, state.n_normals)

        # The branch stands between the drawing and its consumers, into each of which XLA would fuse it.
        nothing = jnp.zeros((state.n_normals, index.shape[0]), jnp.float32)
        return jax.lax.cond(index[0] < config.n_paths, normal, lambda: nothing).astype(dtype)

    def weight(index: UInt32[Array, " n"]) -> Float[Array, " n"]:
        return (index < config.n_paths).astype(dtype)

    stored = None if state.is_reversible else _forward_paths(problem, draw, index)

    def last(index: UInt32[Array, " n"], kept: Any) -> tuple[_Carried, Bool[Array, ""]]:
        # Drawn under the number of the last step, which the bridge never uses.
        z = (
            state.forward(state.initial(index.shape[0]), draw(jnp.asarray(n_steps), index), 0.0 * time[-1], time[-1])
            if state.is_reversible
            else kept
        )
        pays = problem.exercise_value(state.price(z, time[-1]), time[-1])
        return _Carried(z, pays, pays), jnp.any(pays * weight(index) > 0)

    carried, is_paid = jax.lax.map(lambda x: last(*x), (index, None if stored is None else stored[-1]))
    is_paid = jnp.any(is_paid)

    def before(
        step: Int[Array, ""], index: UInt32[Array, " n"], following: Array, kept: Any
    ) -> tuple[Float[Array, "s n"], Float[Array, "s n"]]:
        """States at the end of `step` - 1 and the increments of `step`, given the states at its end."""
        start, end = time[step - 2], time[step - 1]
        normal = draw(step - 1 if state.is_reversible else step, index)
        z = state.backward(following, normal, start, end) if state.is_reversible else kept
        return z, state.increment(z, following, normal, start, end)

    n_basis = problem.n_basis
    is_mixed = config.precision == Precision.MIXED
    of_matrix, ridge = (jnp.float32, max(config.ridge, LARGE_RIDGE)) if is_mixed else (dtype, config.ridge)

    def one_date(carry: tuple[_Carried, Array], step: Int[Array, ""]) -> tuple[tuple[_Carried, Array], Any]:
        carried, is_paid = carry
        now, kept = time[step - 2], None if stored is None else stored[step - 2]

        def accumulate(equations: NormalEquations, x: Any) -> tuple[NormalEquations, tuple[Array, Array]]:
            index, following, target, kept = x
            z, increment = before(step, index, following, kept)
            column = _columns(problem, config, z, increment, now, of_matrix)
            return equations.add(column, target, weight(index)), (z, increment)

        chunks = (index, carried.state, carried.target, kept)
        equations, (z, increment) = jax.lax.scan(accumulate, NormalEquations.empty(n_basis), chunks)
        solution = solve(total(equations), ridge)

        def update(x: Any) -> tuple[Array, Array, Array]:
            z, increment, target, cash, index = x

            def fitted(z: Array) -> Array:
                coefficient = solution.coefficient.astype(of_matrix)
                values = problem.basis.values(state, product, z, now).astype(of_matrix)
                return jnp.sum(coefficient[:, None] * values, axis=0).astype(dtype)

            if config.rule == Rule.HEDGED:
                held, gain = jax.jvp(fitted, (z,), (increment,))
                carried_on = target - gain
            else:
                held = fitted(z)
                carried_on = held if config.rule == Rule.VALUE else cash
            pays = problem.exercise_value(state.price(z, now), now)
            is_exercised = is_exercise_date[step - 2] & (pays > held) & (pays > 0)
            is_paid = jnp.any(is_exercise_date[step - 2] & (pays * weight(index) > 0))
            return jnp.where(is_exercised, pays, carried_on), jnp.where(is_exercised, pays, cash), is_paid

        target, cash, paid = jax.lax.map(update, (z, increment, carried.target, carried.cash, index))
        return (_Carried(z, target, cash), is_paid | jnp.any(paid)), solution

    steps = jnp.arange(2, n_steps + 1)
    (carried, is_paid), solution = jax.lax.scan(one_date, (carried, is_paid), steps, reverse=True)
    initial, first_status = _initial(total, state, draw, weight, time[0], index, carried)
    cash_moments = jnp.stack([jnp.sum(weight(index) * carried.cash), jnp.sum(weight(index) * carried.cash**2)])
    mean, square = total(cash_moments) / config.n_paths
    is_paid = total(is_paid.astype(jnp.int32)) > 0
    return Fit(
        coefficient=solution.coefficient,
        initial_value=initial[0],
        initial_gradient=initial[1:],
        in_sample_price=mean,
        in_sample_std_error=jnp.sqrt(jnp.maximum(square - mean**2, 0.0) / (config.n_paths - 1)),
        smallest_pivot=solution.smallest_pivot,
        residual_share=solution.residual_share,
        status=status.merge(
            jnp.max(_expected(solution.status, config), initial=jnp.int32(Status.OK)),
            first_status,
            jnp.where(is_paid, Status.OK, Status.NO_EXERCISE_REGION),
            status.non_finite(mean, initial),
        ),
    )


def _columns(
    problem: Problem, config: Config, z: Array, increment: Array, now: Scalar, dtype: Any
) -> Float[Array, "n_basis n"]:
    """Φ + ∇Φ · dz for G-LSM, Φ for LSM."""
    state, product = problem.state, problem.product
    if not config.gradient:
        return problem.basis.values(state, product, z, now).astype(dtype)
    value, slope = problem.basis.along(state, product, z, increment, now)
    return value.astype(dtype) + slope.astype(dtype)


def _expected(found: Int[Array, " n_dates"], config: Config) -> Int[Array, " n_dates"]:
    """Default columns may repeat Hermite polynomials: that is no finding, but among a user's own columns it is one."""
    if config.columns is not None:
        return found
    return jnp.where(found == Status.RANK_DEFICIENT, jnp.int32(Status.OK), found)


def _forward_paths(problem: Problem, draw: Any, index: Array) -> Float[Array, "n_steps chunks s n"]:
    """States at the end of every step, for models whose paths cannot be drawn from their end."""
    state = problem.state

    def step(z: Array, x: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        number, start, end = x
        following = jax.lax.map(lambda chunk: state.forward(chunk[0], draw(number, chunk[1]), start, end), (z, index))
        return following, following

    first = jnp.broadcast_to(state.initial(index.shape[1])[None], (index.shape[0], state.n_state, index.shape[1]))
    return jax.lax.scan(step, first, (jnp.arange(1, problem.n_steps + 1), problem.start, problem.time))[1]


def _initial(
    total: Any, state: Any, draw: Any, weight: Any, first: Scalar, index: Array, carried: _Carried
) -> tuple[Float[Array, " s1"], Int[Array, ""]]:
    """Value and gradient at time 0: the carried values regressed on one and the first increments.

    At one point the basis has no more than a value and a gradient; Yang and Li 2025, section 4.3, solve the same
    problem with all columns of the basis there.
    """
    now = jnp.zeros_like(first)

    def accumulate(equations: NormalEquations, x: Any) -> tuple[NormalEquations, None]:
        index, z, target = x
        origin = state.initial(index.shape[0])
        increment = state.increment(origin, z, draw(jnp.asarray(1), index), now, first)
        column = jnp.concatenate([jnp.ones((1, index.shape[0]), z.dtype), increment])
        return equations.add(column, target, weight(index)), None

    empty = NormalEquations.empty(state.n_state + 1)
    equations, _ = jax.lax.scan(accumulate, empty, (index, carried.state, carried.target))
    solution = solve(total(equations))
    return solution.coefficient, solution.status
