"""Tensor cross interpolation: a function on a grid of very many points, learned as a tensor train from few of them.

At every bond a matrix of the function is interpolated from some of its rows and columns, its *pivots*; sweeps over the
bonds add pivots where the interpolation is off. What the sweeps see is in-sample: they may miss a peak that no pivot
comes near. So the train is then tried at points that took no part in learning, and only what passes has converged.

The function is evaluated by compiled programs of a few sizes; pivots are chosen on the host, because how many there are
depends on numbers. Núñez Fernández et al. 2025; Dolgov and Savostyanov 2020 for sets that only grow.
"""

import dataclasses
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core import status as status_module
from jaxprice.core.array import Array, Float, Int, PRNGKey, Scalar
from jaxprice.core.random import Stream, check_key, stream
from jaxprice.core.status import Status
from jaxprice.core.struct import pytree_dataclass
from jaxprice.core.validation import check_count
from jaxprice.numerics import error_search
from jaxprice.numerics.cross import Cross
from jaxprice.numerics.cross_config import Config, IndexSets, Pivoting
from jaxprice.numerics.cross_nested import NestedSweeps
from jaxprice.numerics.cross_non_nested import NonNestedSweeps
from jaxprice.numerics.grid_function import Draws, GridFunction, NonFiniteValue
from jaxprice.numerics.tensor_train import TensorTrain

__all__ = ["Config", "CrossInterpolation", "IndexSets", "Pivoting", "learn"]

# Errors above this share of the threshold become pivots, so that a sweep that finds none above it is the last one.
_ACCEPTED_SHARE = 0.5
# Where the check finds an error of no more than this many tolerances, no peak was missed: the threshold falls instead.
_MARGIN, _TIGHTENING = 10.0, 0.4
_N_CLIMB_ROUNDS = 6
_MIN_TOLERANCE_IN_EPS = 100.0


@pytree_dataclass
class CrossInterpolation:
    """A learned train with what is known of its error; errors are relative to `scale`.

    Attributes:
        train: the function as a tensor train; NaN where the function is.
        status: why learning stopped. `OK`: the last check found no error above the tolerance. `RANK_CAP`: pivots are
            missing at a bond that may have no more. `NOT_CONVERGED`: the sweeps ran out. `GLOBAL_CHECK_FAILED`: the
            sweeps see no error, the last allowed check did. `NON_FINITE`: the function is NaN or infinite.
        scale: largest absolute value of the function that was seen, ().
        error: largest error that the last check found, (). A search finds large errors, it does not bound them.
        mean_error: root of the mean square error at its random points, ().
        worst_point: indices where `error` is, or where the function is not finite, (n_modes,).
        pivot_error: largest error that the last sweep saw at each bond, in-sample, (n_modes - 1,).
        n_evaluations: points at which the function was evaluated in all, ().
        n_check: those of the last check among them, ().
        n_sweeps: passes over all bonds, ().
    """

    train: TensorTrain
    status: Int[Array, ""]
    scale: Scalar
    error: Scalar
    mean_error: Scalar
    worst_point: Int[Array, " modes"]
    pivot_error: Float[Array, " bonds"]
    n_evaluations: Int[Array, ""]
    n_check: Int[Array, ""]
    n_sweeps: Int[Array, ""]

    def raise_for_status(self) -> "CrossInterpolation":
        """Returns the result itself if its status is OK and raises `StatusError` with the remedy otherwise."""
        status_module.raise_for_status(self.status)
        return self


def learn(
    key: PRNGKey,
    function: Callable[[Array], Array],
    shape: Sequence[int],
    config: Config,
    start: Int[np.ndarray, "points modes"] | None = None,
) -> CrossInterpolation:
    """Learns a function on a grid; works on the host, so not under `jit`.

    Args:
        key: for the points where the search begins and for those of the checks.
        function: of rows of indices (n_points, n_modes), int32, to values (n_points,), real or complex. It is compiled
            for each of three sizes and never again. One that carries numbers is best a `jax.tree_util.Partial` or a
            `pytree_dataclass` with `__call__`: new numbers then compile nothing.
        shape: points of the grid in each mode.
        config: effort.
        start: rows of indices where the function is known to matter, such as its peaks.
    """
    check_key(key)
    config.validate()
    _check_problem(function, shape, start)
    grid = GridFunction(function, shape, config.chunk, config.is_traceable)
    _check_precision(grid.dtype, config.tolerance)
    try:
        return _learn(key, grid, config, start)
    except NonFiniteValue as found:
        nan = [np.full((1, n, 1), np.nan) for n in grid.shape]
        check = _Check(np.inf, np.inf, found.point, found.point[None], 0)
        return _result(grid, nan, Status.NON_FINITE, check, np.full(len(nan) - 1, np.inf), 0)


def _learn(key: PRNGKey, grid: GridFunction, config: Config, start: np.ndarray | None) -> CrossInterpolation:
    draws, check_draws = Draws(stream(key, Stream.PIVOTS)), Draws(stream(key, Stream.CHECK))
    points = draws.points(grid.shape, config.n_start)
    if start is not None:
        points = np.concatenate([np.asarray(start, np.int32), points])
    points, _ = error_search.climb(grid, [], points, _N_CLIMB_ROUNDS)
    if grid.scale == 0.0:
        zero = [np.zeros((1, n, 1)) for n in grid.shape]
        check = _check(grid, zero, check_draws, config)
        if grid.scale == 0.0:
            return _result(grid, zero, Status.OK, check, np.zeros(len(zero) - 1), 0)
    cross = Cross(grid, grid.largest)
    sweeps = (NestedSweeps if config.index_sets == IndexSets.NESTED else NonNestedSweeps)(cross, config, draws)
    threshold = config.tolerance
    sweeps.feed(points, _ACCEPTED_SHARE * threshold)
    n_checks = 0
    for n_sweeps in range(1, config.max_sweeps + 1):
        before = cross.ranks
        errors = sweeps.sweep(n_sweeps % 2 == 1, _ACCEPTED_SHARE * threshold)
        is_above = errors > threshold
        is_full = np.array(cross.ranks) == config.max_rank
        is_stuck = is_above.any() and is_full[is_above].all() and cross.ranks == before
        is_last = n_sweeps == config.max_sweeps
        if is_above.any() and not is_stuck and not is_last:
            continue
        check = _check(grid, cross.cores(), check_draws, config)
        n_checks += 1
        if check.error <= config.tolerance:
            status = Status.OK
        elif is_stuck:
            status = Status.RANK_CAP
        elif is_last:
            status = Status.NOT_CONVERGED
        elif n_checks == config.max_checks:
            status = Status.GLOBAL_CHECK_FAILED
        else:
            before = cross.ranks
            sweeps.feed(check.points, _ACCEPTED_SHARE * threshold)
            if check.error <= _MARGIN * config.tolerance or cross.ranks == before:
                threshold = max(_TIGHTENING * threshold, _least_tolerance(grid.dtype) / _MARGIN)
            continue
        break
    return _result(grid, cross.cores(), status, check, errors, n_sweeps)


@dataclasses.dataclass(frozen=True)
class _Check:
    """What an independent search found: errors relative to the scale, `points` where they exceed the tolerance."""

    error: float
    mean_error: float
    worst_point: np.ndarray
    points: np.ndarray
    n_evaluations: int


def _check(grid: GridFunction, cores: Sequence[np.ndarray], draws: Draws, config: Config) -> _Check:
    n_before = grid.n_evaluations
    points = draws.points(grid.shape, config.n_check)
    error = np.abs(grid(points) - error_search.evaluate(cores, points))
    mean = float(np.sqrt(np.mean(error**2)))
    order = np.argsort(-error)
    n_worst = (config.n_climb + 1) // 2
    begin = np.concatenate([points[order[:n_worst]], points[: config.n_climb - n_worst]])
    climbed, climbed_error = error_search.climb(grid, cores, begin, _N_CLIMB_ROUNDS)
    found, size = np.concatenate([climbed, points[order[:1]]]), np.append(climbed_error, error[order[0]])
    scale = grid.scale or 1.0
    worst = int(np.argmax(size))
    above = np.unique(found[size > config.tolerance * scale], axis=0)
    return _Check(size[worst] / scale, mean / scale, found[worst], above, grid.n_evaluations - n_before)


def _result(
    grid: GridFunction, cores: Sequence[np.ndarray], status: Status, check: _Check, errors: np.ndarray, n_sweeps: int
) -> CrossInterpolation:
    # `jnp.asarray` would compile a program for each new shape.
    on_device = tuple(jax.device_put(core.astype(grid.dtype)) for core in cores)
    return CrossInterpolation(
        train=TensorTrain(cores=on_device),
        status=jnp.int32(status),
        scale=jnp.asarray(grid.scale, float),
        error=jnp.asarray(check.error, float),
        mean_error=jnp.asarray(check.mean_error, float),
        worst_point=jnp.asarray(check.worst_point, jnp.int32),
        pivot_error=jnp.asarray(errors, float),
        n_evaluations=jnp.asarray(grid.n_evaluations, int),
        n_check=jnp.asarray(check.n_evaluations, int),
        n_sweeps=jnp.int32(n_sweeps),
    )


def _check_problem(function: Callable[[Array], Array], shape: Sequence[int], start: np.ndarray | None) -> None:
    if not callable(function):
        raise TypeError(f"function: expected something that can be called, got {type(function).__name__}")
    if not len(shape):
        raise ValueError("shape: expected the points of one mode or more, got none")
    for mode, n in enumerate(shape):
        check_count(f"shape[{mode}]", n)
    if start is None:
        return
    given = np.asarray(start)
    if given.ndim != 2 or given.shape[1] != len(shape) or not np.issubdtype(given.dtype, np.integer):
        raise ValueError(
            f"start: expected rows of {len(shape)} whole indices, got shape {given.shape} of {given.dtype}"
        )
    if (given < 0).any() or (given >= np.asarray(shape)).any():
        raise ValueError(
            f"start: expected indices within the grid {tuple(shape)}, got {given.min(0)} to {given.max(0)}"
        )


def _least_tolerance(dtype: np.dtype) -> float:
    return _MIN_TOLERANCE_IN_EPS * float(np.finfo(dtype).eps)


def _check_precision(dtype: np.dtype, tolerance: float) -> None:
    least = _least_tolerance(dtype)
    if tolerance < least:
        raise ValueError(
            f"tolerance: expected at least {least:.1e} for values in {dtype}, got {tolerance:g}; rounding errors "
            "cannot be learned"
        )
