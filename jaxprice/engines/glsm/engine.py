"""Bermudan and American options by gradient-enhanced least squares Monte Carlo."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from jaxprice.core import status
from jaxprice.core.array import Array, Float, PRNGKey
from jaxprice.core.precision import full_precision, require_x64
from jaxprice.core.random import Stream, check_key, stream
from jaxprice.core.result import PriceResult
from jaxprice.engines.glsm import lower_bound, upper_bound
from jaxprice.engines.glsm.backward import sweep
from jaxprice.engines.glsm.config import Config
from jaxprice.engines.glsm.policy import Policy
from jaxprice.engines.glsm.problem import Problem
from jaxprice.engines.glsm.state import state_now
from jaxprice.engines.glsm.upper_bound import Z_95, Bounds
from jaxprice.models.model import Model
from jaxprice.products.exercise import Bermudan, European
from jaxprice.simulation.estimators import Estimator, refuse_derivative
from jaxprice.simulation.inputs import prepare
from jaxprice.simulation.jump_probe import check_declared


def price(
    key: PRNGKey, model: Model, product: Any, config: Config = Config(), *, mesh: Mesh | None = None
) -> PriceResult:
    """Price of a Bermudan product with every Greek, and an interval that holds the true price with 95 % confidence.

    A policy is fitted on one set of paths and followed on another, so the price is that of a strategy the holder can
    follow: a lower bound of the true one, with its fitted martingale as control variate, close to it where the basis is
    good. With `config.n_dual_paths` the certified interval is computed as well; the price and its error then come
    from its paths, whose martingale is better. The Greeks are pathwise derivatives of what the frozen policy earns.

    Args:
        key: one key; the same key gives the same numbers, whatever chunk and mesh.
        model: Black-Scholes, Bachelier, Heston, or a model of your own that can be restarted (see `state`).
        product: `products.Bermudan`; a `products.European` is one with a single date.
        config: effort, basis and rule.
        mesh: devices with an axis "paths" to spread the paths over.

    Returns:
        `price`, `std_error`, `greeks` and their errors, `lower` and `upper`: the limits of the interval; without dual
        paths there is no `upper`. `diagnostics`: the two bounds, the price on the fitted paths, the regression delta,
        theta (the price's change per year as time passes, all exercise times drawing near), and the derivatives by
        exercise time.

    Raises:
        ValueError: for numbers that are no problem, for a basis larger than the number of paths, and for a pathwise
            derivative through a payoff that jumps.
        TypeError: for a model or a product that this engine has no use for.
        RuntimeError: without 64-bit numbers.
    """
    model, product, config = _check(key, model, product, config)
    _check_derivative(key, config, model, product)
    policy = _fit(key, model, product, config=config, mesh=mesh)
    result = _follow(key, policy, model, product, config=config, mesh=mesh, is_own_model=True)
    diagnostics = result.diagnostics | {f"fit_{name}": value for name, value in policy.diagnostics.items()}
    diagnostics |= {"regression_value": policy.initial_value, "regression_delta": policy.initial_delta}
    if not config.n_dual_paths:
        return dataclasses.replace(result, diagnostics=diagnostics)
    found = _bounds(key, policy, config=config, mesh=mesh)
    lower, upper = found.interval()
    diagnostics |= {"lower_bound": found.lower, "lower_std_error": found.lower_std_error}
    diagnostics |= {"upper_bound": found.upper, "upper_std_error": found.upper_std_error}
    # The better estimate, whose derivative is the other's.
    better = result.price + jax.lax.stop_gradient(found.lower - result.price)
    return dataclasses.replace(
        result,
        price=better,
        std_error=found.lower_std_error,
        lower=lower,
        upper=upper,
        status=status.merge(result.status, status.non_finite(found)),
        diagnostics=diagnostics,
    )


def fit(key: PRNGKey, model: Model, product: Any, config: Config = Config(), *, mesh: Mesh | None = None) -> Policy:
    """The policy that a backward sweep finds; arguments and errors as in `price`.

    `price` follows it on paths that this function does not draw. What it would have earned on the paths of its own
    fit, as least squares Monte Carlo is often quoted, is in its diagnostics.
    """
    model, product, config = _check(key, model, product, config)
    return _fit(key, model, product, config=config, mesh=mesh)


def follow(
    key: PRNGKey,
    policy: Policy,
    config: Config = Config(),
    *,
    model: Model | None = None,
    mesh: Mesh | None = None,
) -> PriceResult:
    """What a policy earns on fresh paths, with all Greeks: a lower bound of the price.

    Args:
        key: the paths differ from those of a fit under the same key.
        policy: as fitted or loaded.
        config: `n_price_paths`, `greeks` and `estimator` count.
        model: under which to follow it, if not the one it was fitted under; of the same kind and size. The fitted
            martingale is none there, so the error is that of the plain cash flows.
        mesh: devices with an axis "paths".
    """
    is_own_model = model is None
    model, product, config = _check(
        key, policy.problem.model if model is None else model, policy.problem.product, config
    )
    _check_derivative(key, config, model, product)
    return _follow(key, policy, model, product, config=config, mesh=mesh, is_own_model=is_own_model)


def bounds(key: PRNGKey, policy: Policy, config: Config = Config(), *, mesh: Mesh | None = None) -> Bounds:
    """The lower bound and its dual upper bound on `config.n_dual_paths` fresh paths, a certified interval.

    Args:
        key: the paths differ from those of a fit under the same key.
        policy: as fitted or loaded; a poor one makes the interval wide, never wrong.
        config: `n_dual_paths` and `n_inner` count.
        mesh: devices with an axis "paths".

    Raises:
        ValueError: for no paths.
    """
    check_key(key)
    require_x64("glsm")
    config = config.validate()
    if not config.n_dual_paths:
        raise ValueError("n_dual_paths: expected 2 or more outer paths for an interval, got 0")
    return _bounds(key, policy, config=config, mesh=mesh)


def gamma(
    key: PRNGKey, model: Model, product: Any, config: Config = Config(), *, mesh: Mesh | None = None
) -> tuple[Float[Array, "d d"], Float[Array, "d d"]]:
    """Second derivatives of the price by the spots, gamma on the diagonal, and their standard errors, each (d, d).

    The likelihood ratio of the pathwise delta of what the policy earns: unbiased for that delta, noisy where the first
    step is short, as one over its square root.

    Raises:
        ValueError: as `price`, and for a payoff that jumps.
    """
    model, product, config = _check(key, model, product, config)
    _check_derivative(key, dataclasses.replace(config, greeks=True, estimator=Estimator.PATHWISE), model, product)
    return _gamma(key, model, product, config=config, mesh=mesh)


def _check(key: PRNGKey, model: Any, product: Any, config: Config) -> tuple[Any, Any, Config]:
    check_key(key)
    require_x64("glsm")
    # Regression needs 64 bits, so all of it is in 64 bits.
    model, product = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), prepare(model, product))
    if isinstance(product, European):
        product = Bermudan(payoff=product.payoff, exercise_times=product.time)
    if not hasattr(product, "exercise_times"):
        raise TypeError(
            f"glsm prices what its holder may exercise, got {type(product).__name__}; use products.Bermudan, or "
            "monte_carlo for a product without a choice"
        )
    config = config.validate()
    return model, product, config


def _check_derivative(key: PRNGKey, config: Config, model: Any, product: Any) -> None:
    """Refuses pathwise Greeks of a payoff that jumps, declared or not."""
    if not config.greeks or config.estimator != Estimator.PATHWISE:
        return
    if getattr(product.payoff, "jumps", False):
        raise ValueError(
            f"{type(product.payoff).__name__} jumps: its pathwise derivative misses the jump and would be silently "
            "wrong; use Config(estimator='likelihood_ratio'), or Config(greeks=False)"
        )
    check_declared(key, config.estimator, model, European(payoff=product.payoff, expiry=product.exercise_times[-1]))


@functools.partial(jax.jit, static_argnames=("config", "mesh"))
@full_precision
def _fit(key: PRNGKey, model: Any, product: Any, *, config: Config, mesh: Mesh | None) -> Policy:
    model, product = jax.lax.stop_gradient((model, product))
    problem = Problem.of(model, product, config)
    n_basis = problem.n_basis
    if n_basis >= config.n_paths:
        raise ValueError(
            f"n_paths: {n_basis} basis functions cannot be fitted to {config.n_paths} paths; lower the order or take "
            f"more paths, {20 * n_basis} or so"
        )
    found = sweep(stream(key, Stream.TRAINING), problem, config, mesh)

    def engine_state(state: Array) -> Array:
        return problem.state.of_model(state[:, None], jnp.zeros((), state.dtype))[:, 0]

    now = state_now(model)
    return Policy(
        problem=problem,
        coefficient=jnp.concatenate([found.coefficient, jnp.zeros((1, found.coefficient.shape[1]))]),
        initial_value=found.initial_value,
        initial_gradient=found.initial_gradient,
        initial_delta=jax.vjp(engine_state, now)[1](found.initial_gradient)[0],
        status=found.status,
        diagnostics={
            "in_sample_price": found.in_sample_price,
            "in_sample_std_error": found.in_sample_std_error,
            "smallest_pivot": found.smallest_pivot,
            "residual_share": found.residual_share,
        },
    )


@functools.partial(jax.jit, static_argnames=("config", "mesh", "is_own_model"))
@full_precision
def _follow(
    key: PRNGKey, policy: Policy, model: Any, product: Any, *, config: Config, mesh: Mesh | None, is_own_model: bool
) -> PriceResult:
    if config.estimator == Estimator.PATHWISE and getattr(product.payoff, "jumps", False):
        model = jax.tree.map(refuse_derivative, model)
    earned, greeks = lower_bound.moments(
        stream(key, Stream.PATHS), policy, model, product, config, mesh, is_own_model=is_own_model
    )
    error = earned.std_error()
    result = {"price": earned.mean, "std_error": error, "lower": earned.mean - Z_95 * error}
    diagnostics: dict[str, Any] = {"n_paths": earned.weight}
    if config.greeks:
        (by_model, by_time), (model_error, time_error) = greeks.mean, greeks.std_error()
        result |= {"greeks": by_model, "greeks_std_error": model_error}
        diagnostics |= {
            "theta": -jnp.sum(by_time),
            "by_exercise_time": by_time,
            "by_exercise_time_std_error": time_error,
        }
    return PriceResult(
        **result,
        status=status.merge(policy.status, status.non_finite(earned.mean, greeks.mean)),
        diagnostics=diagnostics,
    )


@functools.partial(jax.jit, static_argnames=("config", "mesh"))
@full_precision
def _bounds(key: PRNGKey, policy: Policy, *, config: Config, mesh: Mesh | None) -> Bounds:
    return upper_bound.estimate(stream(key, Stream.INNER), policy, config, mesh)


@functools.partial(jax.jit, static_argnames=("config", "mesh"))
@full_precision
def _gamma(
    key: PRNGKey, model: Any, product: Any, *, config: Config, mesh: Mesh | None
) -> tuple[Float[Array, "d d"], Float[Array, "d d"]]:
    policy = _fit(key, model, product, config=config, mesh=mesh)
    _, hessian = lower_bound.gamma_moments(stream(key, Stream.PATHS), policy, model, product, config, mesh)
    return hessian.mean, hessian.std_error()
