"""Makes data sets of differential labels, at once or block by block."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jax.typing import DTypeLike

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, PRNGKey, as_arrays, numeric_dtype
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.core.random import Stream, check_key, stream
from jaxprice.simulation.estimators import Estimator
from jaxprice.simulation.labels import directions, refusal
from jaxprice.simulation.labels.config import Config
from jaxprice.simulation.labels.inputs import Horizon, Inputs, draw, hull, prepare_inputs
from jaxprice.simulation.labels.row import Market, market_at
from jaxprice.simulation.labels.rows import labels_of

_PILOT_ROWS = 1024
_PILOT_WIDTH = 0.1


def make(
    key: PRNGKey,
    market: Callable[[Array], tuple[Any, Any]],
    inputs: Inputs,
    config: Config = Config(),
    *,
    direction: Float[Array, "k m"] | None = None,
    mesh: Mesh | None = None,
) -> DifferentialDataset:
    """Inputs, labels and their derivatives: unbiased samples of the price and, by the estimator, of its Greeks.

    A row and its paths are functions of the key and the row's index, so neither the block, the chunk nor the devices
    change them beyond rounding. Everything computes in the dtype of the inputs. Cost: linear in rows, paths and steps;
    with derivatives one to three times that of the values alone (measured on a CPU core: 1.2 by the spots of a basket
    of seven, 2.6 by all 17 of its numbers, 2.9 by nine of a Heston call). Memory: the data set and one chunk.

    Args:
        key: one key; the same key gives the same rows.
        market: from one point of inputs (m,) to (model, product), by whatever way: every number of both may depend on
            it, and the derivatives go through it by the chain rule. A plain function is part of the program: define it
            once, since a new one compiles anew. A callable pytree, such as `jax.tree_util.Partial(function, model)`,
            keeps its numbers as data.
        inputs: a box to fill, or a `Horizon` for prices with a model's own law.
        config: effort and estimators.
        direction: along which to differentiate twice, (k, m), if `config.second_order` is set. None: the axes of up
            to three inputs, else three active directions from 1,024 pilot rows; see `directions.active`.
        mesh: devices with an axis "paths" to spread the rows over.

    Returns:
        A data set on the box of the inputs, or for a `Horizon` on the smallest box around all rows.

    Raises:
        ValueError: for numbers that are no problem, at some point of the inputs; for derivatives that would be
            silently wrong; for labels that are NaN or infinite, whose rows it names.
        TypeError: for what is no market, no inputs or no key.
    """
    task = _prepare(key, market, inputs, config, config.n_samples, direction, mesh)
    return _block(task, 0)


def blocks(
    key: PRNGKey,
    market: Callable[[Array], tuple[Any, Any]],
    inputs: Inputs,
    config: Config = Config(),
    *,
    n_rows: int = 65536,
    direction: Float[Array, "k m"] | None = None,
    mesh: Mesh | None = None,
) -> Iterator[DifferentialDataset]:
    """The data set that `make` gives, `n_rows` at a time: the same rows in the same order, in the memory of a block.

    Every block has the domain of the whole: for a `Horizon` its inputs are drawn once more beforehand. The last block
    may be shorter. Arguments and errors are those of `make`; what is wrong with the problem is raised at once.
    """
    validation.check_count("n_rows", n_rows)
    task = _prepare(key, market, inputs, config, n_rows, direction, mesh)
    return (_block(task, first) for first in range(0, config.n_samples, task.n_rows))


def at(
    key: PRNGKey,
    market: Callable[[Array], tuple[Any, Any]],
    x: Float[Array, "n m"],
    domain: Domain,
    config: Config = Config(),
    *,
    direction: Float[Array, "k m"] | None = None,
    mesh: Mesh | None = None,
) -> DifferentialDataset:
    """Labels of given points: of inputs with a law of your own, or once more of those of another data set.

    Under another key the labels are independent given the points, which is what an unbiased measure of error takes.
    Arguments and errors are those of `make`, but for these.

    Args:
        key: of the paths.
        market: as in `make`.
        x: points in the domain, (n, m).
        domain: the box that they lie in.
        config: its number of samples and its sampling of inputs do not matter.
        direction: as in `make`.
        mesh: as in `make`.
    """
    if not isinstance(domain, Domain):
        raise TypeError(f"domain: expected the box that the points lie in, got {type(domain).__name__}")
    x = as_arrays(x, numeric_dtype(domain))
    if x.ndim != 2 or x.shape[0] == 0 or x.shape[1] != domain.n_inputs:
        raise ValueError(f"x: expected shape (n, {domain.n_inputs}), one column for each input, got {tuple(x.shape)}")
    config = dataclasses.replace(config, n_samples=x.shape[0])
    return _block(_prepare(key, market, domain, config, x.shape[0], direction, mesh, x), 0)


class _Task(NamedTuple):
    """A checked problem, and the inputs of its first block."""

    key: PRNGKey
    market: Market
    inputs: Inputs
    config: Config
    n_rows: int
    mesh: Mesh | None
    domain: Domain
    start: Float[Array, "n m"]
    direction: Float[Array, "k m"] | None


def _prepare(
    key: PRNGKey,
    market: Any,
    inputs: Any,
    config: Config,
    n_rows: int,
    direction: Any,
    mesh: Mesh | None,
    x: Float[Array, "n m"] | None = None,
) -> _Task:
    check_key(key)
    config = config.validate()
    if not callable(market):
        raise TypeError(f"market: expected a function from inputs to (model, product), got {type(market).__name__}")
    if jax.tree_util.all_leaves([market]):
        market = jax.tree_util.Partial(market)
    inputs = prepare_inputs(inputs)
    if isinstance(inputs, Horizon) and config.n_samples < 2:
        raise ValueError("n_samples: the domain of a Horizon is the box around its rows, expected 2 or more, got 1")
    n_rows = min(n_rows, config.n_samples)
    start = _rows(key, inputs, 0, n_rows, config) if x is None else x
    domain = inputs
    if isinstance(inputs, Horizon):
        parts = (
            start if first == 0 else _rows(key, inputs, first, n_rows, config)[: config.n_samples - first]
            for first in range(0, config.n_samples, n_rows)
        )
        domain = hull(inputs, parts)
    refusal.check_market(market, start, domain, is_box=isinstance(inputs, Domain))
    if direction is not None:
        direction = _given_direction(direction, domain, start.dtype, config)
    refusal.check(key, market, start, domain, direction, config)
    if direction is None and config.second_order is not None:
        direction = directions.unit_axes(domain.n_inputs, start.dtype)
        if domain.n_inputs > directions.N_DIRECTIONS:
            direction = _active_direction(key, market, inputs, config)
    return _Task(key, market, inputs, config, n_rows, mesh, domain, start, direction)


def _rows(key: PRNGKey, inputs: Inputs, first: int, n_rows: int, config: Config) -> Float[Array, "n m"]:
    return draw(key, inputs, jnp.uint32(first), n_rows=n_rows, sampling=config.sampling_of_inputs)


def _given_direction(direction: Any, domain: Domain, dtype: DTypeLike, config: Config) -> Float[Array, "k m"]:
    if config.second_order is None:
        raise ValueError("direction: second derivatives are along it, set second_order in the configuration")
    direction = as_arrays(direction, jnp.dtype(dtype))
    if direction.ndim != 2 or direction.shape[0] == 0:
        raise ValueError(
            f"direction: expected shape (k, {domain.n_inputs}), one row for each direction, got {direction.shape}"
        )
    validation.check_shape("direction", direction, (direction.shape[0], domain.n_inputs))
    validation.check_finite(direction, "direction")
    return direction


def _active_direction(key: PRNGKey, market: Market, inputs: Inputs, config: Config) -> Float[Array, "k m"]:
    key = stream(key, Stream.PILOT)
    x = _rows(key, inputs, 0, _PILOT_ROWS, config)
    # A direction need not be exact: where the payoff says how it is smoothed that is quieter than likelihood ratios.
    can_smooth = hasattr(market_at(market, x[0])[1].payoff, "cash_flow")
    pilot = dataclasses.replace(config, second_order=None)
    if can_smooth:
        pilot = dataclasses.replace(pilot, estimator=Estimator.SMOOTHED, smoothing_width=_PILOT_WIDTH)
    dydx = labels_of(key, market, x, jnp.uint32(0), None, config=pilot, mesh=None).dydx
    return jax.lax.stop_gradient(directions.active(x, dydx))


def _block(task: _Task, first: int) -> DifferentialDataset:
    n = min(task.n_rows, task.config.n_samples - first)
    x = task.start if first == 0 else _rows(task.key, task.inputs, first, task.n_rows, task.config)
    # The number of rows in all is no part of the program of a block.
    config = dataclasses.replace(task.config, n_samples=task.n_rows)
    found = labels_of(task.key, task.market, x, jnp.uint32(first), task.direction, config=config, mesh=task.mesh)
    data = DifferentialDataset(
        x=x[:n],
        y=found.y[:n],
        dydx=found.dydx[:n],
        domain=task.domain,
        direction=task.direction,
        curvature=None if found.curvature is None else found.curvature[:n],
    )
    try:
        data.validate()
    except ValueError as error:
        where = f"block that starts at row {first}: " if first else ""
        raise ValueError(f"{where}{error}") from error
    return data
