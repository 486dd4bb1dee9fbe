"""The backward sweep: solve at the design points, regress, step back, as one scan over the steps."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core import status
from jaxprice.core.array import Array, Bool, Float, Int, Scalar
from jaxprice.core.status import Status
from jaxprice.engines.gpr_tree import worst_case
from jaxprice.engines.gpr_tree.config import Config
from jaxprice.engines.gpr_tree.control import Controls
from jaxprice.engines.gpr_tree.path_problem import PathProblem
from jaxprice.engines.gpr_tree.problem import Problem, State
from jaxprice.engines.gpr_tree.worst_case import WorstCase
from jaxprice.numerics import gaussian_process
from jaxprice.numerics.gaussian_process import GaussianProcess, Hyperparameters


class Step(NamedTuple):
    """What is known of each step, from the last to the first.

    Attributes:
        control: at the design points, (n_steps, n_points, m).
        lengthscale: of the regression at the end of the step, by direction, none for the last, (n_steps, d).
        noise: variance over that of the signal, (n_steps,).
        weight: of the covariances with the design points in the regression, (n_steps, n_points).
        line: intercept and slopes of the regression, (n_steps, 1 + e).
        table: of the control variate.
        unsolved: share of the points whose programme stopped at its cap, (n_steps,).
        gain: mean over the points of what their programmes expect of a further step, in units of the price, (n_steps,).
        n_iterations: of the slowest programme, (n_steps,).
        status: of regression and values, (n_steps,).
    """

    control: Float[Array, "n p m"]
    lengthscale: Float[Array, "n d"]
    noise: Float[Array, " n"]
    weight: Float[Array, "n p"]
    line: Float[Array, "n f"]
    table: Any
    unsolved: Float[Array, " n"]
    gain: Float[Array, " n"]
    n_iterations: Int[Array, " n"]
    status: Int[Array, " n"]


class _Next(NamedTuple):
    """What is known of the value at the end of a step: its regression, or that it is the payoff."""

    process: GaussianProcess
    control: Any
    end: Scalar
    is_last: Bool[Array, ""]

    def regressed(self, problem: Problem | PathProblem, at: State) -> Float[Array, " k"]:
        """In states before observation, where it is not the payoff."""
        seen = problem.observed(at, self.end)
        off = problem.control_variate(self.control, seen, self.end)
        return self.process.mean(problem.inputs(seen, self.end)) + off

    def paid(self, problem: Problem | PathProblem, at: State) -> Float[Array, " k"]:
        """In states before observation, where it is."""
        return problem.pays(problem.observed(at, self.end))

    def value(self, problem: Problem | PathProblem, at: State) -> Float[Array, " k"]:
        """In states before observation."""
        return jax.lax.cond(self.is_last, lambda at: self.paid(problem, at), lambda at: self.regressed(problem, at), at)

    def expectation(
        self, problem: Problem | PathProblem, controls: Controls, length: Scalar, control: Float[Array, " m"], at: State
    ) -> Scalar:
        """A step before: over the branches, or in the last step over the normals."""

        def over(node: Array, value_fn: Callable[[State], Array]) -> Callable[[], Array]:
            return lambda: worst_case.expectation(problem, controls, value_fn, node, length, control, at)

        normal = problem.normal if problem.normal.shape[0] else problem.branch
        branching = over(problem.branch, lambda at: self.regressed(problem, at))
        return jax.lax.cond(self.is_last, over(normal, lambda at: self.paid(problem, at)), branching)


def sweep(
    problem: Problem | PathProblem,
    controls: Controls,
    start: Hyperparameters,
    sign: Scalar,
    n_steps: Array,
    config: Config,
) -> tuple[Scalar, Step]:
    """Worst-case value at the spot today, and what was found on the way (Goudenège et al. 2024, section 4).

    The last step takes the exact payoff over normals: over a few branches a kink would shift
    the price by whole per cents. Regressed is the value less the control variate. Derivatives of the value are those at
    frozen controls, as shares of their bounds, and frozen hyperparameters: by the envelope theorem all that the
    optimisation leaves of them.

    Args:
        problem: market, payoff, points, nodes.
        controls: the box.
        start: of the first search for hyperparameters.
        sign: 1 for the largest price, -1 for the smallest.
        n_steps: at most `config.n_steps`, to which the answer about each step is filled with zeros; (), whole.
        config: effort.
    """
    n_points = problem.design(problem.expiry).log_price.shape[0]
    length = problem.expiry / n_steps
    settings = config.regression()
    n_max = config.n_steps

    def regress(value: Array, hyperparameters: Hyperparameters, end: Array) -> tuple[tuple, Hyperparameters]:
        point, control = problem.design(end), problem.prepare_control(end)
        x, target = problem.inputs(point, end), value - problem.control_variate(control, point, end)
        found, _ = gaussian_process.search(*jax.lax.stop_gradient((x, target)), hyperparameters, settings)
        found = jax.lax.stop_gradient(found)
        return (gaussian_process.condition(x, target, found, settings), control), found

    def step(carry: tuple[Array, Hyperparameters, Array], index: Array) -> tuple[tuple, Step]:
        value, hyperparameters, previous = carry
        end = (index + 1.0) * length
        is_last = index == n_steps - 1.0
        shape = jax.eval_shape(regress, value, hyperparameters, end)[0]
        blank = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shape)
        (process, control), found = jax.lax.cond(
            is_last, lambda *_: (blank, hyperparameters), regress, value, hyperparameters, end
        )
        new, solved = _advance(
            problem, controls, sign, length, config, _Next(process, control, end, is_last), index * length, previous
        )
        return (new, found, solved.control), _info(new, solved, process, control, is_last)

    @jax.checkpoint
    def masked(carry: tuple[Array, Hyperparameters, Array], index: Array) -> tuple[tuple, Step]:
        shape = jax.eval_shape(step, carry, index)[1]
        blank = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shape)
        return jax.lax.cond(index < n_steps, step, lambda carry, _: (carry, blank), carry, index)

    middle = jnp.broadcast_to(jax.lax.stop_gradient(controls.middle), (n_points, *controls.middle.shape))
    first = (jnp.zeros((n_points,), length.dtype), start, middle)
    index = jnp.arange(n_max - 1, -1, -1).astype(length.dtype)
    (value, _, _), steps = jax.lax.scan(masked, first, index)
    return value[0], steps


def _advance(
    problem: Problem | PathProblem,
    controls: Controls,
    sign: Scalar,
    length: Scalar,
    config: Config,
    given: _Next,
    start: Scalar,
    previous: Float[Array, "n m"],
) -> tuple[Float[Array, " n"], WorstCase]:
    """Values and worst cases at the design points of `start`."""
    fixed, fixed_given, fixed_length = jax.lax.stop_gradient((problem, given, length))
    box = _as_frozen(controls)
    now = problem.design(start)
    solved = worst_case.solve(
        fixed,
        box,
        lambda control, at: -sign * fixed_given.expectation(fixed, box, fixed_length, control, at),
        lambda at: fixed_given.value(fixed, at),
        fixed_length,
        jax.lax.stop_gradient(now),
        previous,
        sign,
        config,
    )
    # As a share of its bounds, a control moves with them.
    width = jnp.where(controls.upper > controls.lower, controls.upper - controls.lower, 1.0)
    share = jax.lax.stop_gradient((solved.control - controls.lower[None]) / width[None])
    control = controls.lower[None] + share * width[None]
    value = jax.vmap(lambda control, at: given.expectation(problem, controls, length, control, at))(control, now)
    return jnp.maximum(value, problem.pays(now)) if config.is_american else value, solved


def _info(value: Array, solved: WorstCase, process: GaussianProcess, control: Any, is_last: Array) -> Step:
    """What is kept of a step; the last one has no regression."""
    unsolved = jnp.mean((solved.status == Status.NOT_CONVERGED).astype(value.dtype))
    none = jnp.asarray(jnp.nan, value.dtype)
    info = Step(
        control=solved.control,
        lengthscale=jnp.where(is_last, none, process.hyperparameters.lengthscale),
        noise=jnp.where(is_last, none, process.hyperparameters.noise),
        weight=process.weight,
        line=jnp.concatenate([process.intercept[None], process.slope]),
        table=control,
        unsolved=unsolved,
        gain=jnp.mean(solved.gain),
        n_iterations=solved.n_iterations,
        status=status.merge(
            jnp.where(is_last, jnp.int32(Status.OK), process.status), status.non_finite(jax.lax.stop_gradient(value))
        ),
    )
    return jax.lax.stop_gradient(info)


def _as_frozen(controls: Controls) -> Controls:
    names = ("lower", "upper", "middle", "fixed_correlation")
    return controls._replace(**{name: jax.lax.stop_gradient(getattr(controls, name)) for name in names})
