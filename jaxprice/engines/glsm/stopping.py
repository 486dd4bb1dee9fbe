"""A frozen policy applied to paths of a model."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Bool, Float
from jaxprice.engines.glsm.policy import Policy, decide


class Stopped(NamedTuple):
    """Where a policy stops paths, and the fitted martingale until then.

    Attributes:
        is_stopped: true at the step at which a path is exercised, nowhere if it never is, (n_steps, n).
        gain: of the fitted hedge over each step, zero once stopped; of mean zero whatever the policy, (n_steps, n).
    """

    is_stopped: Bool[Array, "n_steps n"]
    gain: Float[Array, "n_steps n"]


def follow(policy: Policy, path: Float[Array, "n_steps s_model n"], normal: Float[Array, "n_steps m n"]) -> Stopped:
    """Stops each path where the policy exercises; nothing is differentiated through the decisions.

    By the envelope theorem the first-order effect of the policy on the price vanishes where it is optimal.

    Args:
        policy: as fitted, under the model of the paths or another one.
        path: states of the model at the end of each step.
        normal: that drove them.
    """
    policy, path, normal = jax.lax.stop_gradient((policy, path, normal))
    problem, n = policy.problem, path.shape[-1]
    state, time = problem.state, problem.time

    def step(carry: tuple[Array, Array], x: tuple[Array, ...]) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        (z, is_alive), (k, start, end, following, normal) = carry, x
        following = state.of_model(following, end)
        increment = state.increment(z, following, normal, start, end)

        def now() -> tuple[Array, Array]:
            return jnp.zeros(n, bool), policy.initial_gradient @ increment

        def later() -> tuple[Array, Array]:
            held, gain = jax.jvp(lambda z: policy.held(z, k - 1, start), (z,), (increment,))
            pays = problem.exercise_value(state.price(z, start), start)
            return decide(policy, pays, held, k - 1), gain

        is_exercised, gain = jax.lax.cond(k == 1, now, later)
        is_stopped = is_alive & is_exercised
        is_alive = is_alive & ~is_stopped
        return (following, is_alive), (is_stopped, jnp.where(is_alive, gain, 0.0))

    numbers = jnp.arange(1, problem.n_steps + 1)
    first = (state.initial(n), jnp.ones(n, bool))
    (last, is_alive), (is_stopped, gain) = jax.lax.scan(step, first, (numbers, problem.start, time, path, normal))
    at_last = is_alive & (problem.exercise_value(state.price(last, time[-1]), time[-1]) > 0)
    return Stopped(jnp.concatenate([is_stopped[1:], at_last[None]]), gain)
