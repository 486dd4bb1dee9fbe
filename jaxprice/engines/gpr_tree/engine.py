"""Worst-case prices under uncertain volatility and correlation, by Gaussian-process regression on a tree."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core import status
from jaxprice.core.array import Array, Float, PRNGKey, is_concrete
from jaxprice.core.precision import full_precision, require_x64
from jaxprice.core.random import Stream, check_key, stream
from jaxprice.core.result import PriceResult
from jaxprice.engines.gpr_tree.backward import Step, sweep
from jaxprice.engines.gpr_tree.config import Config, Side
from jaxprice.engines.gpr_tree.control import Controls
from jaxprice.engines.gpr_tree.problem import Problem
from jaxprice.engines.gpr_tree.tree import branches
from jaxprice.models.uncertain_volatility import UncertainVolatility
from jaxprice.numerics import gaussian_process, normal, sobol
from jaxprice.numerics.correlation import correlation_between
from jaxprice.numerics.gaussian_process import Hyperparameters
from jaxprice.products.exercise import European
from jaxprice.simulation.inputs import prepare


def price(key: PRNGKey, model: UncertainVolatility, product: European, config: Config = Config()) -> PriceResult:
    """The largest or smallest price that volatilities and correlations within their bounds can make (GTU).

    Deterministic but for the key, which scrambles the design points: prices under several keys show the error of
    regression, not that of the steps in time. Goudenège, Molent and Zanette 2024, arXiv 2407.13213.

    Args:
        key: one key.
        model: `models.UncertainVolatility`.
        product: `products.European`; with `Config(is_american=True)` its holder may exercise at every step.
        config: steps, points, which end of the range.

    Returns:
        `price`: the largest price, or with `Config(side="lower")` the smallest. `upper` and `lower`: those computed, as
        estimates: a regression can err to either side. `greeks`: derivatives by all numbers of the model, bounds among
        them, at frozen worst-case controls. `diagnostics` of that side: `time` (n_steps,), `spot`
        (n_steps, n_points, d), the design points; `volatility` (n_steps, n_points, d) and `correlation`
        (n_steps, n_points, d, d), the worst ones there over the step that begins at that time; `lengthscale`
        (n_steps, d), by direction, `noise`, `unsolved`, `gain` and `n_iterations` (n_steps,) of each step.

    Raises:
        ValueError: for numbers that are no problem, and for fewer than d + 2 points.
        TypeError: for another model or product.
        RuntimeError: without 64-bit numbers.
    """
    model, product, config = _check(key, model, product, config)
    sides = [Side.UPPER, Side.LOWER] if config.side == Side.BOTH else [config.side]
    found = {side: _side(key, model, product, jnp.asarray(_SIGN[side], jnp.float64), config=config) for side in sides}
    main = found[sides[0]]
    ends = {side.value: result.price for side, result in found.items()}
    worst = status.merge(*(result.status for result in found.values()))
    return dataclasses.replace(main, status=worst, **ends)


# Share of the programmes that may stop at their cap: those close to kinks do.
_TOLERATED = 1e-3
_LEAST_ACTIVE, _LONGEST_START = 1e-12, 20.0
_SIGN = {Side.UPPER: 1.0, Side.LOWER: -1.0}


def _check(key: PRNGKey, model: Any, product: Any, config: Config) -> tuple[UncertainVolatility, European, Config]:
    check_key(key)
    require_x64("gpr_tree")
    if not isinstance(model, UncertainVolatility):
        raise TypeError(
            f"model: expected models.UncertainVolatility, got {type(model).__name__}; where volatilities are known, "
            "bounds that touch say so"
        )
    if not isinstance(product, European):
        raise TypeError(
            f"product: expected products.European, got {type(product).__name__}; for exercise at every step take "
            "Config(is_american=True)"
        )
    model, product = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), prepare(model, product))
    config = config.validate()
    if config.n_points < model.n_assets + 2:
        raise ValueError(
            f"n_points: expected at least {model.n_assets + 2} design points for {model.n_assets} assets, got "
            f"{config.n_points}; a regression needs more points than inputs"
        )
    config = dataclasses.replace(config, n_branches=config.branches_for(model.n_assets))
    if config.is_correlation_uncertain is None:
        bounds = (model.min_correlation, model.max_correlation)
        is_known = all(map(is_concrete, bounds)) and bool(np.all(np.asarray(bounds[0]) == np.asarray(bounds[1])))
        config = dataclasses.replace(config, is_correlation_uncertain=model.n_assets > 1 and not is_known)
    return model, product, config


@functools.partial(jax.jit, static_argnames=("config",))
@full_precision
def _side(key: PRNGKey, model: UncertainVolatility, product: European, sign: Array, *, config: Config) -> PriceResult:
    d = model.n_assets
    points = _normals(jax.random.fold_in(stream(key, Stream.SCRAMBLE), 0), config.n_points - 1, d)
    half = _normals(jax.random.fold_in(stream(key, Stream.SCRAMBLE), 1), config.n_control_paths // 2, d)
    # Of unit variance: the last step is taken over them.
    half = half / jnp.sqrt(jnp.mean(half**2, axis=0))[None] if config.n_control_paths else half
    standard = jnp.concatenate([jnp.zeros((1, d), points.dtype), points])
    branch = branches(stream(key, Stream.INNER), d, config.n_branches or 2**d)

    def value(model: UncertainVolatility) -> tuple[Array, tuple[Step, Problem, Controls]]:
        middle = correlation_between(model.min_correlation, model.max_correlation)
        if not config.is_correlation_uncertain:
            middle = 0.5 * (model.min_correlation + model.max_correlation)
        problem = Problem(
            model=model,
            payoff=product.payoff,
            expiry=product.expiry,
            mid_correlation=middle,
            standard=standard,
            rotation=jnp.eye(d, dtype=standard.dtype),
            branch=branch,
            control_normal=jnp.concatenate([half, -half]),
        )
        activity, rotation = jax.lax.stop_gradient(problem).active_directions()
        problem = dataclasses.replace(problem, rotation=rotation)
        controls = Controls.of(model, middle, bool(config.is_correlation_uncertain))
        start = _first_guess(activity)

        def one(n_steps: Array) -> tuple[Array, Step]:
            return sweep(problem, controls, start, sign, n_steps, config)

        n_steps = jnp.asarray(config.n_steps, standard.dtype)
        if not config.is_extrapolated:
            found, steps = one(n_steps)
            return found, (steps, problem, controls)
        # One after the other, by one program.
        found, steps = jax.lax.map(one, jnp.stack([n_steps, 0.5 * n_steps]))
        return 2.0 * found[0] - found[1], (jax.tree.map(lambda leaf: leaf[0], steps), problem, controls)

    if config.greeks:
        (found, (steps, problem, controls)), greeks = jax.value_and_grad(value, has_aux=True)(model)
    else:
        (found, (steps, problem, controls)), greeks = value(model), None
    time = product.expiry * jnp.arange(config.n_steps, dtype=found.dtype) / config.n_steps
    control = steps.control[::-1]
    diagnostics = {
        "time": time,
        "spot": jnp.exp(jax.vmap(problem.design)(time)),
        "volatility": control[..., :d],
        "correlation": jax.vmap(jax.vmap(controls.correlation))(control),
        **{name: getattr(steps, name)[::-1] for name in ("lengthscale", "noise", "unsolved", "gain", "n_iterations")},
    }
    is_unsolved = jnp.sum(jax.lax.stop_gradient(steps.gain)) > _TOLERATED * jnp.abs(jax.lax.stop_gradient(found))
    outcome = jnp.where(is_unsolved, jnp.int32(status.Status.NOT_CONVERGED), jnp.int32(status.Status.OK))
    outcome = status.merge(outcome, jnp.max(steps.status), status.non_finite(found, greeks))
    return PriceResult(price=found, greeks=greeks, status=outcome, diagnostics=jax.lax.stop_gradient(diagnostics))


def _first_guess(activity: Float[Array, " d"]) -> Hyperparameters:
    """Length scales that are longer the less the payoff bends along their direction."""
    start = gaussian_process.default_start(activity.shape[0], activity.dtype)
    most = jnp.where(activity[0] > 0.0, activity[0], 1.0)
    wide = jnp.where(activity[0] > 0.0, jnp.sqrt(most / jnp.maximum(activity, _LEAST_ACTIVE * most)), 1.0)
    return dataclasses.replace(start, lengthscale=jnp.minimum(start.lengthscale * wide, _LONGEST_START))


def _normals(key: PRNGKey, n: int, n_assets: int) -> Array:
    """Scrambled Sobol points as standard normals, (n, d)."""
    bits = sobol.points(sobol.scrambled(key, n_assets), jnp.arange(n, dtype=jnp.uint32))
    return normal.from_bits(bits, jnp.float64).T
