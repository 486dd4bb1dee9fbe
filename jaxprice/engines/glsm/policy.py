"""When to exercise, what holding is worth, and how to hedge it: functions of the state of the model."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Bool, Float, Int, Scalar
from jaxprice.core.struct import pytree_dataclass
from jaxprice.engines.glsm.problem import Problem


@pytree_dataclass
class Policy:
    """A fitted stopping rule. Steps are numbered from 1; the time of step k is `problem.time[k - 1]`.

    With one step between exercise dates, the default in models whose paths are exact, steps are exercise dates.

    Attributes:
        problem: the model it was fitted under, the contract and the basis.
        coefficient: of the continuation value of each step, in money of time 0; the last row is zero,
            (n_steps, n_basis).
        initial_value: fitted value of the contract now, in sample, ().
        initial_gradient: its derivative by the engine's own state, (s,).
        initial_delta: the regression delta: its derivative by the model's state now, the spots first, (s_model,).
        status: of the fit, one of `jaxprice.core.status.Status`.
        diagnostics: of the fit: the price and error on its own paths, smallest pivots and residual shares.
    """

    problem: Problem
    coefficient: Float[Array, "n_steps n_basis"]
    initial_value: Scalar
    initial_gradient: Float[Array, " s"]
    initial_delta: Float[Array, " s_model"]
    status: Int[Array, ""]
    diagnostics: dict[str, Array]

    def held(self, z: Float[Array, "s n"], step: Int[Array, ""], time: Scalar) -> Float[Array, " n"]:
        """Fitted continuation value of many paths of the engine's own state, in money of time 0."""
        problem = self.problem
        values = problem.basis.values(problem.state, problem.product, z, time)
        return jnp.sum(self.coefficient[step - 1][:, None] * values, axis=0)


def continuation_value(policy: Policy, state: Float[Array, " s_model"], step: Int[Array, ""]) -> Scalar:
    """Value, at the time of a step, of holding the contract beyond it; zero at the last step.

    Args:
        policy: as fitted.
        state: of the model as its path returns it: the prices, and what else it carries.
        step: from 1 to the number of steps.
    """
    step, time, z = _locate(policy, state, step)
    return policy.held(z, step, time)[0] / policy.problem.model.discount_factor(time)


def exercise(policy: Policy, state: Float[Array, " s_model"], step: Int[Array, ""]) -> Bool[Array, ""]:
    """Whether the policy exercises in a state at the time of a step; at the last one, whenever it pays."""
    step, time, z = _locate(policy, state, step)
    problem = policy.problem
    pays = problem.exercise_value(problem.state.price(z, time), time)
    return decide(policy, pays, policy.held(z, step, time), step)[0]


def delta(policy: Policy, state: Float[Array, " s_model"], step: Int[Array, ""]) -> Float[Array, " s_model"]:
    """Derivative of the continuation value by the state of the model, the prices first: what to hold against it."""
    return jax.grad(continuation_value, argnums=1)(policy, state, step)


def decide(
    policy: Policy, pays: Float[Array, " n"], held: Float[Array, " n"], step: Int[Array, ""]
) -> Bool[Array, " n"]:
    """Exercise where possible, where it pays, and where it pays more than holding is worth."""
    is_date = step % policy.problem.n_substeps == 0
    return is_date & (pays > 0) & (pays > jnp.where(step < policy.problem.n_steps, held, 0.0))


def _locate(policy: Policy, state: Any, step: Any) -> tuple[Array, Scalar, Array]:
    step = jnp.asarray(step)
    time = policy.problem.time[step - 1]
    return step, time, policy.problem.state.of_model(jnp.asarray(state, time.dtype)[:, None], time)
