"""Characteristic function and payoff transform as trains: what is learned before anything is summed."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, PRNGKey, as_arrays
from jaxprice.core.domain import Domain
from jaxprice.core.precision import require_x64
from jaxprice.core.random import Stream, check_key, stream
from jaxprice.engines.fourier_tt import damping as damping_module
from jaxprice.engines.fourier_tt import frequency_grid
from jaxprice.engines.fourier_tt.config import Config
from jaxprice.engines.fourier_tt.damping import Damping
from jaxprice.engines.fourier_tt.frequency_grid import FrequencyGrid
from jaxprice.engines.fourier_tt.layout import Layout
from jaxprice.engines.fourier_tt.problem import Problem, check_concrete
from jaxprice.numerics import cross_interpolation
from jaxprice.numerics.cross_interpolation import CrossInterpolation

_FINER, _LEAST_TOLERANCE = 1e-3, 1e-12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Factors:
    """Two trains on one grid of frequencies; bookkeeping on the host, not a noun.

    Attributes:
        layout: the problem in the coordinates in which it is learned.
        domain: of the inputs.
        damping: α of each asset, (d,).
        grid: frequencies of each asset.
        grid_error: what they may add to an undiscounted price of unit strike.
        law: characteristic function over z_1 p_1 z_2 p_2 ...
        transform: of the payoff, over z_1 z_2 ...
    """

    layout: Layout
    domain: Domain
    damping: np.ndarray
    grid: FrequencyGrid
    grid_error: float
    law: CrossInterpolation
    transform: CrossInterpolation


def learn_factors(key: PRNGKey, problem: Problem, config: Config = Config()) -> Factors:
    """The first half of `fit`, which takes nearly all of its time; arguments and errors are those of `fit`."""
    check_key(key)
    require_x64("fourier_tt")
    config = config.validate()
    problem = Problem(
        model=as_arrays(problem.model, jnp.dtype(jnp.float64)),
        product=as_arrays(problem.product, jnp.dtype(jnp.float64)),
        domain=as_arrays(problem.domain, jnp.dtype(jnp.float64)),
    )
    check_concrete(problem)
    problem.validate()
    layout = Layout.of(problem, config)
    corners = layout.corners()
    damping = damping_module.choose(layout.integrand, Damping(config.damping), *corners)
    grid = _grid(layout, damping, corners, config)
    law, transform = _learn(key, layout, damping, grid, config)
    return Factors(
        layout=layout,
        domain=problem.domain,
        damping=damping,
        grid=grid,
        grid_error=frequency_grid.error(layout.integrand, damping, *corners, grid),
        law=law,
        transform=transform,
    )


def _grid(layout: Layout, damping: np.ndarray, corners: tuple[Array, Array], config: Config) -> FrequencyGrid:
    if config.n_frequencies is None or config.step is None:
        # As many rows as there are corners: the programs are those that found the damping.
        middle = (layout.centre_moneyness, layout.centre_own)
        rows = (jnp.broadcast_to(jnp.asarray(one)[None], many.shape) for one, many in zip(middle, corners, strict=True))
        tolerance = config.grid_tolerance * np.exp(damping_module.log_price(layout.integrand, *rows))
        return frequency_grid.choose(layout.integrand, damping, *corners, tolerance, config.max_frequencies)
    d = len(damping)
    return FrequencyGrid(n_frequencies=np.full(d, config.n_frequencies), step=np.full(d, config.step))


def _learn(
    key: PRNGKey, layout: Layout, damping: np.ndarray, grid: FrequencyGrid, config: Config
) -> tuple[CrossInterpolation, CrossInterpolation]:
    frequencies = grid.frequencies()
    law = layout.law_on_grid(frequencies, damping)
    transform = layout.transform_on_grid(frequencies, damping)
    # Both are largest where all frequencies are: the first there are of asset 0, the middle of the others.
    middle = [0, *(len(column) // 2 for column in frequencies[1:])]
    law_start: list[int] = []
    for asset, place in enumerate(middle):
        law_start += [place, *(len(nodes) // 2 for nodes in layout.own_nodes(asset))]
    settings = config.cross()
    # The transform costs next to nothing, and its errors lie where the law is largest: they do not average out.
    finer = dataclasses.replace(settings, tolerance=max(_FINER * settings.tolerance, _LEAST_TOLERANCE))
    found = []
    function: Any
    for index, (function, start, effort) in enumerate([(law, law_start, settings), (transform, middle, finer)]):
        mine = jax.random.fold_in(stream(key, Stream.TRAINING), index)
        found.append(cross_interpolation.learn(mine, function, function.shape, effort, np.asarray([start], np.int32)))
    return found[0], found[1]
