"""The backward sweep: solve at the design points, regress, step back, as one scan over the steps."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core import status
from jaxprice.core.array import Array, Float, Int, Scalar
from jaxprice.core.status import Status
from jaxprice.engines.gpr_tree import worst_case
from jaxprice.engines.gpr_tree.config import Config
from jaxprice.engines.gpr_tree.control import Controls
from jaxprice.engines.gpr_tree.problem import Problem
from jaxprice.numerics import gaussian_process

_TOLERATED = 0.1


class Step(NamedTuple):
    """What is known of each step, from the last to the first.

    Attributes:
        control: at the design points, (n_steps, n_points, m).
        lengthscale: of the regression at the end of the step, (n_steps,).
        noise: variance over that of the signal, (n_steps,).
        unsolved: share of the points whose programme stopped at its cap, (n_steps,).
        n_iterations: of the slowest programme, (n_steps,).
        status: the worst of regression and programmes, (n_steps,).
    """

    control: Float[Array, "n p m"]
    lengthscale: Float[Array, " n"]
    noise: Float[Array, " n"]
    unsolved: Float[Array, " n"]
    n_iterations: Int[Array, " n"]
    status: Int[Array, " n"]


def sweep(problem: Problem, controls: Controls, sign: Scalar, config: Config) -> tuple[Scalar, Step]:
    """Worst-case value at the spot today, and what was found on the way (Goudenège et al. 2024, section 4).

    Regressed is the value less the control variate; at expiry nothing is left of it, so the last step sees the exact
    payoff. Derivatives of the value are those at frozen controls, as shares of their bounds, and frozen
    hyperparameters: by the envelope theorem all that the optimisation leaves of them.
    """
    n_points, d = problem.standard.shape
    length = problem.expiry / config.n_steps
    settings = config.regression()
    frozen_problem, frozen_controls = jax.lax.stop_gradient(problem), _frozen(controls)
    width = jnp.where(controls.upper > controls.lower, controls.upper - controls.lower, 1.0)
    frozen_width = jax.lax.stop_gradient(width)

    @jax.checkpoint
    def step(carry: tuple[Array, gaussian_process.Hyperparameters, Array], index: Array) -> tuple[tuple, Step]:
        value, hyperparameters, previous = carry
        start, end = index * length, (index + 1.0) * length
        is_last = index > config.n_steps - 1.5
        target = value - problem.control_variate(problem.design(end), end)
        target = jnp.where(is_last, 0.0, target)
        searched, _ = gaussian_process.search(
            problem.standard, jax.lax.stop_gradient(target), hyperparameters, settings
        )
        found = jax.tree.map(
            lambda new, old: jnp.where(is_last, old, jax.lax.stop_gradient(new)),
            searched,
            hyperparameters,
        )
        process = gaussian_process.condition(problem.standard, target, found, settings)
        frozen_process = jax.lax.stop_gradient(process)

        def next_value(problem: Problem, process: gaussian_process.GaussianProcess, end: Array, at: Array) -> Array:
            return process.mean(problem.coordinate(at, end)) + problem.control_variate(at, end)

        now = problem.design(start)
        solved = worst_case.solve(
            frozen_problem,
            frozen_controls,
            lambda at: next_value(frozen_problem, frozen_process, jax.lax.stop_gradient(end), at),
            jax.lax.stop_gradient(length),
            jax.lax.stop_gradient(now),
            previous,
            sign,
            config,
        )
        # As a share of its bounds, a control moves with them.
        share = jax.lax.stop_gradient((solved.control - frozen_controls.lower[None]) / frozen_width[None])
        control = controls.lower[None] + share * width[None]

        def at_control(control: Array, point: Array) -> Array:
            return worst_case.expectation(
                problem, controls, lambda at: next_value(problem, process, end, at), length, control, point
            )

        new = jax.vmap(at_control)(control, now)
        if config.is_american:
            new = jnp.maximum(new, problem.exercise_value(now))
        unsolved = jnp.mean((solved.status == Status.NOT_CONVERGED).astype(new.dtype))
        outcome = jnp.where(unsolved > _TOLERATED, jnp.int32(Status.NOT_CONVERGED), jnp.int32(Status.OK))
        info = Step(
            control=solved.control,
            lengthscale=found.lengthscale[0],
            noise=process.hyperparameters.noise,
            unsolved=unsolved,
            n_iterations=solved.n_iterations,
            status=status.merge(outcome, process.status, status.non_finite(jax.lax.stop_gradient(new))),
        )
        return (new, found, solved.control), jax.lax.stop_gradient(info)

    first = jnp.broadcast_to(frozen_controls.middle, (n_points, *frozen_controls.middle.shape))
    pays = problem.exercise_value(problem.design(problem.expiry))
    start = (pays, gaussian_process.default_start(d, pays.dtype), first)
    index = jnp.arange(config.n_steps - 1, -1, -1).astype(pays.dtype)
    (value, _, _), steps = jax.lax.scan(step, start, index)
    return value[0], steps


def _frozen(controls: Controls) -> Controls:
    return controls._replace(
        **{
            name: jax.lax.stop_gradient(getattr(controls, name))
            for name in ("lower", "upper", "middle", "fixed_correlation")
        }
    )
