"""Worst-case prices under uncertain volatility and correlation, by Gaussian-process regression on a tree."""

import dataclasses
import functools
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core import status
from jaxprice.core.array import Array, Float, PRNGKey, Scalar, is_concrete
from jaxprice.core.precision import full_precision, require_x64
from jaxprice.core.random import Stream, check_key, stream
from jaxprice.core.result import PriceResult
from jaxprice.engines.gpr_tree.backward import Step, sweep
from jaxprice.engines.gpr_tree.config import Config, Side
from jaxprice.engines.gpr_tree.control import Controls
from jaxprice.engines.gpr_tree.neural_control import NeuralConfig, neural_price
from jaxprice.engines.gpr_tree.path_problem import PathProblem, simulated
from jaxprice.engines.gpr_tree.problem import Problem
from jaxprice.engines.gpr_tree.surface import Surface, of_steps
from jaxprice.engines.gpr_tree.tree import branches
from jaxprice.models.uncertain_volatility import UncertainVolatility
from jaxprice.numerics import gaussian_process, normal, sobol
from jaxprice.numerics.correlation import correlation_between
from jaxprice.numerics.gaussian_process import Hyperparameters
from jaxprice.products.exercise import European, PathDependent
from jaxprice.simulation.inputs import prepare

_AnyConfig = TypeVar("_AnyConfig", Config, NeuralConfig)


def price(
    key: PRNGKey, model: UncertainVolatility, product: European | PathDependent, config: Config = Config()
) -> PriceResult:
    """The largest or smallest price that volatilities and correlations within their bounds can make (GTU).

    Deterministic but for the key, which scrambles the design points: prices under several keys show the error of
    regression, not that of the steps in time. Goudenège, Molent and Zanette 2024, arXiv 2407.13213.

    Args:
        key: one key.
        model: `models.UncertainVolatility`.
        product: `products.European`; with `Config(is_american=True)` its holder may exercise at every step. Or
            `products.PathDependent` with a payoff that remembers, such as `products.CallSharpe`, observed at times
            that are steps of the tree, of the coarser one too.
        config: steps, points, which end of the range.

    Returns:
        `price`: the largest price, or with `Config(side="lower")` the smallest. `upper` and `lower`: those computed, as
        estimates: a regression can err to either side. `greeks`: derivatives by all numbers of the model, bounds among
        them, at frozen worst-case controls. `diagnostics` of that side: `time` (n_steps,), `spot`
        (n_steps, n_points, d), the design points; `memory` (n_steps, n_points, s), what the payoff remembers there;
        `volatility` (n_steps, n_points, d) and `correlation`
        (n_steps, n_points, d, d), the worst ones there over the step that begins at that time; `lengthscale`
        (n_steps, d + s), by direction, `noise`, `unsolved`, `gain` and `n_iterations` (n_steps,) of each step.

    Raises:
        ValueError: for numbers that are no problem, and for fewer than d + 2 points.
        TypeError: for another model or product.
        RuntimeError: without 64-bit numbers.
    """
    model, product = _check(key, model, product)
    config = _check_tree(model, product, config)
    sides = [Side.UPPER, Side.LOWER] if config.side == Side.BOTH else [config.side]
    found = {side: _side(key, model, product, jnp.asarray(_SIGN[side], jnp.float64), config=config) for side in sides}
    main = found[sides[0]]
    ends = {side.value: result.price for side, result in found.items()}
    worst = status.merge(*(result.status for result in found.values()))
    return dataclasses.replace(main, status=worst, **ends)


def fit(
    key: PRNGKey, model: UncertainVolatility, product: European | PathDependent, config: Config = Config()
) -> Surface:
    """The worst-case value and its slope at every step and in any state, for those who hedge at the worst case.

    Arguments and errors as in `price`. One sweep, so `side` is one end of the range; extrapolation is of prices, and is
    not made: values err by some tenths of a per cent with 32 steps.

    Raises:
        ValueError: for both sides at once.
    """
    model, product = _check(key, model, product)
    config = _check_tree(model, product, dataclasses.replace(config, is_extrapolated=False, greeks=False))
    if config.side == Side.BOTH:
        raise ValueError("side: a surface is of one end of the range; ask for 'upper' or for 'lower'")
    sign = jnp.asarray(_SIGN[config.side], jnp.float64)
    return _surface(key, model, product, sign, config=dataclasses.replace(config, side=Side.UPPER))


def neural_bound(
    key: PRNGKey,
    model: UncertainVolatility,
    product: European | PathDependent,
    config: NeuralConfig = NeuralConfig(),
) -> PriceResult:
    """A price that admissible controls make, short of the worst case whatever they are: chosen by a trained network.

    Goudenège, Molent and Zanette 2024, second version. Beside `price`, whose error has no sign, it brackets the worst
    case.

    Args:
        key: of the network, of the paths that train it, and of others that price.
        model: `models.UncertainVolatility`.
        product: as in `price`, but one whose payoff does not jump.
        config: steps, network, paths, which end of the range.

    Returns:
        `price` and `std_error`: Monte Carlo, of the controls found; in expectation below the largest price, or with
        `side="lower"` above the smallest, of controls that move at any time. `diagnostics`: `loss` (n_iterations,).

    Raises:
        ValueError: for numbers that are no problem, and for a payoff that jumps: its slope does not show the way.
        TypeError: for another model or product.
        RuntimeError: without 64-bit numbers.
    """
    model, product = _check(key, model, product)
    config = config.validate()
    if getattr(product.payoff, "jumps", False):
        raise ValueError(
            f"payoff: {type(product.payoff).__name__} jumps, and a network learns nothing from its slope; use price"
        )
    _check_on_the_grid(product, config.n_steps, is_extrapolated=False)
    return neural_price(key, model, product, config=_with_known_correlation(model, config))


# Share of the price that the programmes may expect of one more iteration.
_TOLERATED = 1e-3
_N_CONTROL_NORMALS = 1024
_ON_THE_GRID = 1e-6
_LEAST_ACTIVE, _LONGEST_START = 1e-12, 20.0
_SIGN = {Side.UPPER: 1.0, Side.LOWER: -1.0}


def _check(key: PRNGKey, model: Any, product: Any) -> tuple[UncertainVolatility, European | PathDependent]:
    check_key(key)
    require_x64("gpr_tree")
    if not isinstance(model, UncertainVolatility):
        raise TypeError(
            f"model: expected models.UncertainVolatility, got {type(model).__name__}; where volatilities are known, "
            "bounds that touch say so"
        )
    if not isinstance(product, European | PathDependent):
        raise TypeError(
            f"product: expected products.European or PathDependent, got {type(product).__name__}; for exercise at "
            "every step take Config(is_american=True)"
        )
    if isinstance(product, PathDependent) and not callable(getattr(product.payoff, "remember", None)):
        raise TypeError(
            f"payoff: expected one that says what it remembers of a path, such as CallSharpe, got "
            f"{type(product.payoff).__name__}; see products.payoff.RememberingPayoff"
        )
    model, product = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), prepare(model, product))
    return model, product


def _check_tree(model: UncertainVolatility, product: European | PathDependent, config: Config) -> Config:
    """Settings of a tree that suit the problem, with nothing left to decide."""
    config = config.validate()
    if isinstance(product, PathDependent) and config.is_american:
        raise ValueError("is_american: a path-dependent payoff is paid at its last observation; take is_american=False")
    if config.n_points < model.n_assets + 2:
        raise ValueError(
            f"n_points: expected at least {model.n_assets + 2} design points for {model.n_assets} assets, got "
            f"{config.n_points}; a regression needs more points than inputs"
        )
    _check_on_the_grid(product, config.n_steps, config.is_extrapolated)
    config = dataclasses.replace(config, n_branches=config.branches_for(model.n_assets))
    return _with_known_correlation(model, config)


def _with_known_correlation(model: UncertainVolatility, config: _AnyConfig) -> _AnyConfig:
    if config.is_correlation_uncertain is not None:
        return config
    bounds = (model.min_correlation, model.max_correlation)
    is_known = all(map(is_concrete, bounds)) and bool(np.all(np.asarray(bounds[0]) == np.asarray(bounds[1])))
    return dataclasses.replace(config, is_correlation_uncertain=model.n_assets > 1 and not is_known)


def _check_on_the_grid(product: European | PathDependent, n_steps: int, is_extrapolated: bool) -> None:
    if not isinstance(product, PathDependent) or not is_concrete(product.observation_times):
        return
    times = np.asarray(product.observation_times)
    place = times / times[-1] * (n_steps // 2 if is_extrapolated else n_steps)
    if np.any(np.abs(place - np.rint(place)) > _ON_THE_GRID):
        missed = times[np.argmax(np.abs(place - np.rint(place)))]
        which = "half as many, which the extrapolation takes, " if is_extrapolated else ""
        raise ValueError(
            f"n_steps: of {n_steps} equal steps, {which}none ends at the observation at {missed:.6g} years; "
            f"for equally spaced times take a multiple of {times.size * (2 if is_extrapolated else 1)}"
        )


@functools.partial(jax.jit, static_argnames=("config",))
@full_precision
def _side(
    key: PRNGKey, model: UncertainVolatility, product: European | PathDependent, sign: Array, *, config: Config
) -> PriceResult:
    d = model.n_assets

    def value(model: UncertainVolatility) -> tuple[Array, tuple[Step, Problem | PathProblem, Controls]]:
        problem, controls, start = _prepared(key, model, product, config)

        def one(n_steps: Array) -> tuple[Array, Step]:
            return sweep(problem, controls, start, sign, n_steps, config)

        n_steps = jnp.asarray(config.n_steps, model.spot.dtype)
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
    time = problem.expiry * jnp.arange(config.n_steps, dtype=found.dtype) / config.n_steps
    design, control = jax.vmap(problem.design)(time), steps.control[::-1]
    diagnostics = {
        "time": time,
        "spot": jnp.exp(design.log_price),
        "memory": design.memory,
        "volatility": control[..., :d],
        "correlation": jax.vmap(jax.vmap(controls.correlation))(control),
        **{name: getattr(steps, name)[::-1] for name in ("lengthscale", "noise", "unsolved", "gain", "n_iterations")},
    }
    outcome = status.merge(_outcome(steps, found), status.non_finite(found, greeks))
    return PriceResult(price=found, greeks=greeks, status=outcome, diagnostics=jax.lax.stop_gradient(diagnostics))


@functools.partial(jax.jit, static_argnames=("config",))
@full_precision
def _surface(
    key: PRNGKey, model: UncertainVolatility, product: European | PathDependent, sign: Array, *, config: Config
) -> Surface:
    problem, controls, start = _prepared(key, model, product, config)
    found, steps = sweep(problem, controls, start, sign, jnp.asarray(config.n_steps, model.spot.dtype), config)
    outcome = status.merge(_outcome(steps, found), status.non_finite(found))
    return of_steps(problem, controls, steps, found, outcome, config.kernel, config.n_steps)


def _outcome(steps: Step, price: Scalar) -> Array:
    is_unsolved = jnp.sum(jax.lax.stop_gradient(steps.gain)) > _TOLERATED * jnp.abs(jax.lax.stop_gradient(price))
    outcome = jnp.where(is_unsolved, jnp.int32(status.Status.NOT_CONVERGED), jnp.int32(status.Status.OK))
    return status.merge(outcome, jnp.max(steps.status))


def _prepared(
    key: PRNGKey, model: UncertainVolatility, product: European | PathDependent, config: Config
) -> tuple[Problem | PathProblem, Controls, Hyperparameters]:
    """What is solved, over which controls, and where the first search for hyperparameters starts."""
    middle = 0.5 * (model.min_correlation + model.max_correlation)
    if config.is_correlation_uncertain:
        middle = correlation_between(model.min_correlation, model.max_correlation)
    controls = Controls.of(model, middle, bool(config.is_correlation_uncertain))
    if isinstance(product, PathDependent):
        path_problem, start = _path_problem(key, model, product, middle, config)
        return path_problem, controls, start
    problem, start = _problem(key, model, product, middle, config)
    return problem, controls, start


def _problem(
    key: PRNGKey, model: UncertainVolatility, product: European, middle: Float[Array, "d d"], config: Config
) -> tuple[Problem, Hyperparameters]:
    """What is solved, in its active directions, and where the first search for hyperparameters starts."""
    d = model.n_assets
    points = _normals(key, 0, config.n_points - 1, d)
    problem = Problem(
        model=model,
        payoff=product.payoff,
        expiry=product.expiry,
        mid_correlation=middle,
        standard=jnp.concatenate([jnp.zeros((1, d), points.dtype), points]),
        rotation=jnp.eye(d, dtype=points.dtype),
        stretch=jnp.ones((d,), points.dtype),
        branch=branches(stream(key, Stream.INNER), d, config.n_branches or 2**d),
        normal=_antithetic(key, 1, config.n_normals, d),
        control_normal=_antithetic(key, 2, _N_CONTROL_NORMALS if config.n_normals else 0, d),
    )
    activity, rotation = jax.lax.stop_gradient(problem).active_directions()
    problem = dataclasses.replace(problem, rotation=rotation)
    stretch = jax.lax.stop_gradient(problem).largest_spread()
    return dataclasses.replace(problem, stretch=stretch), _first_guess(activity)


def _path_problem(
    key: PRNGKey, model: UncertainVolatility, product: PathDependent, middle: Float[Array, "d d"], config: Config
) -> tuple[PathProblem, Hyperparameters]:
    """The same for a payoff that remembers."""
    d, times = model.n_assets, product.observation_times
    point, centre, whitening = simulated(key, model, product.payoff, times, middle, config.n_points, config.n_steps)
    problem = PathProblem(
        model=model,
        payoff=product.payoff,
        observation_times=times,
        mid_correlation=middle,
        point=point,
        centre=centre,
        whitening=whitening,
        branch=branches(stream(key, Stream.INNER), d, config.n_branches or 2**d),
        normal=_antithetic(key, 1, config.n_normals, d),
        control_normal=_antithetic(key, 2, config.n_normals, times.size * d).reshape(-1, times.size, d),
    )
    return problem, gaussian_process.default_start(centre.shape[1], centre.dtype)


def _first_guess(activity: Float[Array, " d"]) -> Hyperparameters:
    """Length scales that are longer the less the payoff bends along their direction."""
    start = gaussian_process.default_start(activity.shape[0], activity.dtype)
    most = jnp.where(activity[0] > 0.0, activity[0], 1.0)
    wide = jnp.where(activity[0] > 0.0, jnp.sqrt(most / jnp.maximum(activity, _LEAST_ACTIVE * most)), 1.0)
    return dataclasses.replace(start, lengthscale=jnp.minimum(start.lengthscale * wide, _LONGEST_START))


def _normals(key: PRNGKey, index: int, n: int, n_dims: int) -> Float[Array, "n d"]:
    """Scrambled Sobol points as standard normals, another scramble for each index."""
    sequence = sobol.scrambled(jax.random.fold_in(stream(key, Stream.SCRAMBLE), index), n_dims)
    return normal.from_bits(sobol.points(sequence, jnp.arange(n, dtype=jnp.uint32)), jnp.float64).T


def _antithetic(key: PRNGKey, index: int, n: int, n_dims: int) -> Float[Array, "n d"]:
    """Pairs of such normals, of unit variance."""
    half = _normals(key, index, n // 2, n_dims)
    half = half / jnp.sqrt(jnp.mean(half**2, axis=0))[None] if n else half
    return jnp.concatenate([half, -half])
