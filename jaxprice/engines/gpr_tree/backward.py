"""The backward sweep: solve at the design points, regress, step back, as one scan over the steps."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core import status
from jaxprice.core.array import Array, Float, Int, Scalar
from jaxprice.core.status import Status
from jaxprice.engines.gpr_tree import worst_case
from jaxprice.engines.gpr_tree.config import Config
from jaxprice.engines.gpr_tree.control import Controls
from jaxprice.engines.gpr_tree.problem import Problem
from jaxprice.engines.gpr_tree.worst_case import WorstCase
from jaxprice.numerics import gaussian_process
from jaxprice.numerics.gaussian_process import GaussianProcess, Hyperparameters


class Step(NamedTuple):
    """What is known of each step, from the last to the first.

    Attributes:
        control: at the design points, (n_steps, n_points, m).
        lengthscale: of the regression at the end of the step, none for the last, (n_steps,).
        noise: variance over that of the signal, (n_steps,).
        unsolved: share of the points whose programme stopped at its cap, (n_steps,).
        n_iterations: of the slowest programme, (n_steps,).
        status: of regression and values, (n_steps,).
    """

    control: Float[Array, "n p m"]
    lengthscale: Float[Array, " n"]
    noise: Float[Array, " n"]
    unsolved: Float[Array, " n"]
    n_iterations: Int[Array, " n"]
    status: Int[Array, " n"]


def sweep(problem: Problem, controls: Controls, sign: Scalar, config: Config) -> tuple[Scalar, Step]:
    """Worst-case value at the spot today, and what was found on the way (Goudenège et al. 2024, section 4).

    The last step takes the exact payoff over the normals of the control variate: over a few branches a kink would shift
    the price by whole per cents. Regressed is the value less the control variate. Derivatives of the value are those at
    frozen controls, as shares of their bounds, and frozen hyperparameters: by the envelope theorem all that the
    optimisation leaves of them.
    """
    n_points, d = problem.standard.shape
    length = problem.expiry / config.n_steps
    settings = config.regression()
    advance = functools.partial(_advance, problem, controls, sign, length, config)

    def regressed(problem: Problem, given: tuple[GaussianProcess, Array], at: Array) -> Array:
        process, end = given
        return process.mean(problem.coordinate(at, end)) + problem.control_variate(at, end)

    @jax.checkpoint
    def step(carry: tuple[Array, Hyperparameters, Array], index: Array) -> tuple[tuple, Step]:
        value, hyperparameters, previous = carry
        end = (index + 1.0) * length
        target = value - problem.control_variate(problem.design(end), end)
        frozen_target = jax.lax.stop_gradient(target)
        found, _ = gaussian_process.search(problem.standard, frozen_target, hyperparameters, settings)
        found = jax.lax.stop_gradient(found)
        process = gaussian_process.condition(problem.standard, target, found, settings)
        new, solved = advance(regressed, (process, end), problem.branch, index * length, previous)
        return (new, found, solved.control), _info(new, solved, process)

    first = gaussian_process.default_start(d, length.dtype)
    middle = jnp.broadcast_to(jax.lax.stop_gradient(controls.middle), (n_points, *controls.middle.shape))
    branch = problem.control_normal if problem.control_normal.shape[0] else problem.branch
    value, solved = advance(
        lambda problem, _, at: problem.exercise_value(at), None, branch, problem.expiry - length, middle
    )
    last = _info(value, solved, None)
    index = jnp.arange(config.n_steps - 2, -1, -1).astype(length.dtype)
    (value, _, _), steps = jax.lax.scan(step, (value, first, solved.control), index)
    return value[0], jax.tree.map(lambda one, others: jnp.concatenate([one[None], others]), last, steps)


def _advance(
    problem: Problem,
    controls: Controls,
    sign: Scalar,
    length: Scalar,
    config: Config,
    next_value: Callable[[Problem, Any, Array], Array],
    given: Any,
    branch: Float[Array, "k d"],
    start: Scalar,
    previous: Float[Array, "n m"],
) -> tuple[Float[Array, " n"], WorstCase]:
    """Values and worst cases at the design points of `start`, from a function of problem, what is given, and points."""
    frozen_problem, frozen_controls, frozen_given = (
        jax.lax.stop_gradient(problem),
        _as_frozen(controls),
        jax.lax.stop_gradient(given),
    )
    now = problem.design(start)
    solved = worst_case.solve(
        frozen_problem,
        frozen_controls,
        lambda at: next_value(frozen_problem, frozen_given, at),
        jax.lax.stop_gradient(branch),
        jax.lax.stop_gradient(length),
        jax.lax.stop_gradient(now),
        previous,
        sign,
        config,
    )
    # As a share of its bounds, a control moves with them.
    width = jnp.where(controls.upper > controls.lower, controls.upper - controls.lower, 1.0)
    share = jax.lax.stop_gradient((solved.control - controls.lower[None]) / width[None])
    control = controls.lower[None] + share * width[None]

    def at_control(control: Array, point: Array) -> Array:
        return worst_case.expectation(
            problem, controls, lambda at: next_value(problem, given, at), branch, length, control, point
        )

    value = jax.vmap(at_control)(control, now)
    return jnp.maximum(value, problem.exercise_value(now)) if config.is_american else value, solved


def _info(value: Array, solved: WorstCase, process: GaussianProcess | None) -> Step:
    """What is kept of a step; the last one has no regression."""
    unsolved = jnp.mean((solved.status == Status.NOT_CONVERGED).astype(value.dtype))
    none = jnp.asarray(jnp.nan, value.dtype)
    info = Step(
        control=solved.control,
        lengthscale=none if process is None else process.hyperparameters.lengthscale[0],
        noise=none if process is None else process.hyperparameters.noise,
        unsolved=unsolved,
        n_iterations=solved.n_iterations,
        status=status.merge(
            jnp.int32(Status.OK) if process is None else process.status,
            status.non_finite(jax.lax.stop_gradient(value)),
        ),
    )
    return jax.lax.stop_gradient(info)


def _as_frozen(controls: Controls) -> Controls:
    names = ("lower", "upper", "middle", "fixed_correlation")
    return controls._replace(**{name: jax.lax.stop_gradient(getattr(controls, name)) for name in names})
