"""What a frozen policy earns on fresh paths: a lower bound of the price, and the Greeks.

The fitted martingale, stopped with the policy, has mean zero and moves with the cash flow: subtracted, it leaves the
bound a bound and takes out most of its variance.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from jaxprice.core.array import Array, Float, PRNGKey, Scalar
from jaxprice.engines.glsm.config import Config
from jaxprice.engines.glsm.policy import Policy
from jaxprice.engines.glsm.stopping import follow
from jaxprice.simulation.accumulate import accumulate, plan
from jaxprice.simulation.estimators import Estimator
from jaxprice.simulation.moments import Moments
from jaxprice.simulation.noise import Sampling
from jaxprice.simulation.paths import refine


def moments(
    key: PRNGKey, policy: Policy, model: Any, product: Any, config: Config, mesh: Mesh | None, *, is_own_model: bool
) -> tuple[Moments, Moments]:
    """Moments of what the policy earns less its martingale, and of its derivatives by model and exercise times.

    Args:
        key: of the stream of paths.
        policy: frozen.
        model: under which it is followed.
        product: whose cash flows are paid.
        config: effort and estimator.
        mesh: devices, or None for one.
        is_own_model: whether that is the model of the fit, under which alone the fitted martingale is one.
    """

    def group_value(numbers: tuple[Any, Array], normal: Array, weight: Array) -> tuple[Scalar, Array]:
        value, gain = stopped_value(config.estimator, policy, *_with_times(numbers, product), normal)
        value = value - gain if is_own_model else value
        total = jnp.sum(weight)
        return jnp.sum(weight * value) / jnp.where(total > 0, total, 1.0), value

    def group(normal: Array, weight: Array) -> tuple[Array, Any]:
        numbers = (model, product.exercise_times)
        if not config.greeks:
            return group_value(numbers, normal, weight)[1], ()
        (_, value), greeks = jax.value_and_grad(group_value, has_aux=True)(numbers, normal, weight)
        return value, greeks

    return _accumulate(key, group, policy, model, config, mesh)


def gamma_moments(
    key: PRNGKey, policy: Policy, model: Any, product: Any, config: Config, mesh: Mesh | None
) -> tuple[Moments, Moments]:
    """Moments of the second derivatives by the spots: the likelihood ratio of the pathwise delta.

    The policy is a function of the state, so it does not move with the spot, and the likelihood ratio counts what a
    path's chance of being stopped changes.
    """

    def one(normal: Float[Array, "n_steps m"]) -> Float[Array, "d d"]:
        def weighted_delta(spot: Array) -> Array:
            moved = dataclasses.replace(model, spot=spot)
            grid = refine(product.exercise_times, policy.problem.n_substeps)
            state, log_density = moved.likelihood_path(normal, grid)
            is_stopped = follow(policy, state[..., None], normal[..., None]).is_stopped[:, 0]

            def paid(spot: Array) -> Scalar:
                path = moved.from_spot(state, grid, spot)
                return _paid(moved, product, path[None], grid, is_stopped[:, None])[0]

            # The frozen path starts at `spot`; its delta there, weighted by the density of the path.
            return jax.grad(paid)(jax.lax.stop_gradient(spot)) * jnp.exp(
                log_density - jax.lax.stop_gradient(log_density)
            )

        return jax.jacfwd(weighted_delta)(model.spot)

    def group(normal: Array, weight: Array) -> tuple[Array, Array]:
        total = jnp.sum(weight)
        hessian = jnp.tensordot(weight, jax.vmap(one)(normal), axes=1) / jnp.where(total > 0, total, 1.0)
        return jnp.zeros_like(weight), 0.5 * (hessian + hessian.T) if hessian.ndim else hessian

    return _accumulate(key, group, policy, model, config, mesh)


def stopped_value(
    estimator: Estimator, policy: Policy, model: Any, product: Any, normal: Float[Array, "n n_steps m"]
) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Discounted cash flow of each path, whose derivative is what `estimator` says, and the fitted hedge's gain."""
    grid = refine(product.exercise_times, policy.problem.n_substeps)
    by_step = jnp.moveaxis(normal, 0, -1)
    if estimator == Estimator.LIKELIHOOD_RATIO:
        path, log_density = jax.vmap(model.likelihood_path, in_axes=(0, None))(normal, grid)
        path = jax.lax.stop_gradient(path)
        density = jnp.exp(log_density - jax.lax.stop_gradient(log_density))
    else:
        path = jax.vmap(model.path, in_axes=(0, None))(normal, grid)
        density = jnp.ones(normal.shape[0], normal.dtype)
    stopped = follow(policy, jnp.moveaxis(path, 0, -1), by_step)
    return density * _paid(model, product, path, grid, stopped.is_stopped), jnp.sum(stopped.gain, axis=0)


def _paid(model: Any, product: Any, path: Array, grid: Array, is_stopped: Array) -> Float[Array, " n"]:
    """Discounted payoff at the step at which each path (n, n_steps, s) is stopped."""
    # One state of each path is paid: taken out first, the payoff is differentiated once and not at every step.
    step = jnp.argmax(is_stopped, axis=0)
    state = jnp.take_along_axis(path, step[:, None, None], axis=1)
    pays = jax.vmap(product.payoff)(jax.vmap(model.observe)(state)[:, 0])
    discount = model.discount_factor(grid)[step]
    return jnp.where(jnp.any(is_stopped, axis=0), discount * pays, 0.0)


def _with_times(numbers: tuple[Any, Array], product: Any) -> tuple[Any, Any]:
    model, times = numbers
    return model, dataclasses.replace(product, exercise_times=times)


def _accumulate(
    key: PRNGKey, group: Any, policy: Policy, model: Any, config: Config, mesh: Mesh | None
) -> tuple[Moments, Moments]:
    n_steps = policy.problem.n_steps
    cut = plan(Sampling.PSEUDO, config.n_price_paths, n_steps, model.n_factors)
    return accumulate(group, key, cut, policy.problem.time.dtype, lambda normal: normal, mesh)
