"""Learning a price over a box of its parameters: Fourier integrals in `fit`, any pricer in `learn`."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, PRNGKey, as_arrays, is_concrete
from jaxprice.core.domain import Domain
from jaxprice.core.precision import require_x64
from jaxprice.core.random import Stream, check_key, stream
from jaxprice.core.status import Status, merge
from jaxprice.engines.fourier_tt import grid_functions
from jaxprice.engines.fourier_tt.chart import Chart, PlainChart
from jaxprice.engines.fourier_tt.config import Config
from jaxprice.engines.fourier_tt.contraction import (
    AssetCores,
    norm,
    real_part,
    right_orthogonal,
    rounded,
    sum_over_frequencies,
    tail_sizes,
)
from jaxprice.engines.fourier_tt.factors import Factors, learn_factors
from jaxprice.engines.fourier_tt.nodes import NodeKind, basis_core, between, root_weights
from jaxprice.engines.fourier_tt.problem import Problem
from jaxprice.engines.fourier_tt.surrogate import Surrogate
from jaxprice.numerics import cross_interpolation
from jaxprice.numerics.tensor_train import TensorTrain

_N_TAIL = 2
# Of the rounding: what may be cut of the transform before the sum.
_TRANSFORM_SHARE = 0.01


def fit(key: PRNGKey, problem: Problem, config: Config = Config()) -> Surrogate:
    """A surrogate of a Fourier integral, learned in frequencies and parameters at once (Sakurai et al. 2025).

    The characteristic function is learned as a train over z_1 p_1 z_2 p_2 ..., with p_j the numbers of asset j that its
    law depends on; the payoff transform as one over z_1 z_2 ...; their product is summed over all z. Spots, strike,
    rate and dividends need no learning: they turn the phase of one core each. Works on the host, so not under `jit`.

    The diagnostics have `n_frequencies`, `step` and `damping` of each asset; `law_error` and `transform_error`, largest
    errors of the two learnings relative to the largest values, and `law_mean_error`; `law_ranks`, `transform_ranks`,
    `ranks`; `n_evaluations`; and in units of the price `grid_error`, what the frequency grid may add, `train_error`,
    what the learning adds if its errors have no pattern; `node_error`, what the last coefficients of each coordinate
    hold, relative to the price. None of them replaces `measure`.

    Args:
        key: for the points where learning begins and is checked.
        problem: model, product, domain.
        config: effort.

    Raises:
        RuntimeError: without 64-bit numbers.
        ValueError: for inputs that make no problem, a damping outside the strip, a grid that is too large.
    """
    return combine(key, learn_factors(key, problem, config), config)


def combine(key: PRNGKey, factors: Factors, config: Config = Config()) -> Surrogate:
    """The second half of `fit`: the sum over all frequencies of two learned trains.

    Args:
        key: for the sketches of the sum.
        factors: as `learn_factors` found them, with settings that differ from these in `rounding` at most.
        config: effort.
    """
    layout, damping, grid = factors.layout, factors.damping, factors.grid
    law, transform = factors.law, factors.transform
    # The other half of the sum over the first asset's frequencies is the conjugate of this one.
    peak = 2.0 * float(np.exp(layout.log_peak(damping)) * np.prod(grid.step / (2.0 * np.pi)))
    cores = _contract(stream(key, Stream.PIVOTS), factors, peak, config)
    surrogate = _surrogate(cores, layout.lower, layout.upper, layout.chart, factors.domain, config)
    unit = float(np.max(np.asarray(layout.chart.unit(factors.domain.upper[None]))))
    transform_norm = norm([np.asarray(core) for core in transform.train.cores])
    return _finished(
        surrogate,
        merge(law.status, transform.status),
        {
            "n_frequencies": jnp.asarray(grid.n_frequencies, jnp.int32),
            "step": jnp.asarray(grid.step),
            "damping": jnp.asarray(damping),
            "law_error": law.error,
            "law_mean_error": law.mean_error,
            "transform_error": transform.error,
            "law_ranks": jnp.asarray(law.train.ranks, jnp.int32),
            "transform_ranks": jnp.asarray(transform.train.ranks, jnp.int32),
            "n_evaluations": law.n_evaluations + transform.n_evaluations,
            "grid_error": jnp.asarray(unit * factors.grid_error),
            "train_error": jnp.asarray(unit * peak * transform_norm * float(law.mean_error)),
        },
    )


def learn(
    key: PRNGKey,
    function: Callable[[Array], Array],
    domain: Domain,
    config: Config = Config(tolerance=1e-6),
) -> Surrogate:
    """A surrogate of any vectorised pricer over a box, learned by cross interpolation at Chebyshev nodes.

    Noise is not of low rank: a pricer with Monte Carlo errors is learned down to them and no further, and its
    derivatives are those of the noise. Take labels without noise, or one key for all points. Works on the host, so not
    under `jit`.

    Args:
        key: for the points where learning begins and is checked.
        function: of points (n, m) to prices (n,); traced by JAX unless `config.is_traceable` is False. One that carries
            numbers is best a `pytree_dataclass` with `__call__` or a `jax.tree_util.Partial`.
        domain: the box.
        config: effort; `tolerance` is the largest error of a price, relative to the largest price of the box.

    Raises:
        RuntimeError: without 64-bit numbers.
        ValueError: for a function that returns anything but one number for each point.
    """
    check_key(key)
    require_x64("fourier_tt")
    config = config.validate()
    domain.validate()
    if not is_concrete(domain.lower):
        raise ValueError("learn: expected numbers, got a traced domain; call learn outside jit, vmap and grad")
    domain = as_arrays(domain, jnp.dtype(jnp.float64))
    ends = zip(np.asarray(domain.lower), np.asarray(domain.upper), strict=True)
    nodes = [between(low, high, NodeKind(config.nodes), config.n_nodes) for low, high in ends]
    on_nodes: Any
    if config.is_traceable:
        on_nodes = grid_functions.OnNodes(nodes=tuple(map(jnp.asarray, nodes)), function=_as_leaf(function))
    else:
        on_nodes = grid_functions.OnHostNodes(nodes, function)
    shape = [config.n_nodes] * domain.n_inputs
    found = cross_interpolation.learn(stream(key, Stream.TRAINING), on_nodes, shape, config.cross())
    cores = [np.asarray(core) for core in found.train.cores]
    if np.iscomplexobj(cores[0]):
        raise TypeError("function: expected real prices, got complex ones")
    surrogate = _surrogate(cores, np.asarray(domain.lower), np.asarray(domain.upper), PlainChart(), domain, config)
    diagnostics = {"train_error": found.error * found.scale, "n_evaluations": found.n_evaluations}
    return _finished(surrogate, found.status, diagnostics)


def _contract(key: PRNGKey, factors: Factors, peak: float, config: Config) -> list[np.ndarray]:
    """The sum over frequencies, real and rounded, times everything that the factors were divided by."""
    layout, damping, law, transform = factors.layout, factors.damping, factors.law, factors.transform
    if max(int(law.status), int(transform.status)) == Status.NON_FINITE:
        return [np.full((1, config.n_nodes, 1), np.nan) for _ in layout.chart.axes]
    # The sum is cut in the norm in which the result is rounded.
    root = root_weights(NodeKind(config.nodes), config.n_nodes)
    law_cores = iter(right_orthogonal([np.asarray(core) for core in law.train.cores]))
    transform_cores = rounded([np.asarray(core) for core in transform.train.cores], _TRANSFORM_SHARE * config.rounding)
    assets = []
    for asset, (frequency, core) in enumerate(zip(factors.grid.frequencies(), transform_cores, strict=True)):
        at_frequency = next(law_cores)
        own = [next(law_cores) * (root * size)[None, :, None] for size in layout.own_sizes(asset, damping)]
        moneyness = layout.moneyness_nodes(asset)
        away = damping[asset] * (moneyness - layout.centre_moneyness[asset])
        phase = np.exp(away[None] - 1j * frequency[:, None] * moneyness[None])
        has_moneyness = len(moneyness) > 1
        assets.append(
            AssetCores(at_frequency, own, phase * root[None] if has_moneyness else phase, core, has_moneyness)
        )
    cores = real_part(sum_over_frequencies(key, assets, config.rounding))
    share = peak ** (1.0 / len(cores))
    return [share * core / root[None, :, None] for core in cores]


def _surrogate(
    cores: Sequence[np.ndarray], lower: np.ndarray, upper: np.ndarray, chart: Chart, domain: Domain, config: Config
) -> Surrogate:
    kind = NodeKind(config.nodes)
    if all(np.isfinite(core).all() for core in cores):
        root = root_weights(kind, config.n_nodes)[None, :, None]
        cores = [core / root for core in rounded([core * root for core in cores], config.rounding)]
    coefficients = [basis_core(core, kind) for core in cores]
    return Surrogate(
        train=TensorTrain(cores=tuple(map(jnp.asarray, coefficients))),
        lower=jnp.asarray(lower),
        upper=jnp.asarray(upper),
        chart=chart,
        domain=domain,
        status=jnp.int32(Status.OK),
        diagnostics={"node_error": jnp.asarray(tail_sizes(coefficients, _N_TAIL))},
        nodes=kind,
    )


def _finished(surrogate: Surrogate, status: Array, diagnostics: dict[str, Array]) -> Surrogate:
    """With what learning found."""
    ranks = {"ranks": jnp.asarray(surrogate.train.ranks, jnp.int32)}
    # On the host: a jitted check would compile a program for each new shape of a core.
    is_finite = all(np.isfinite(np.asarray(core)).all() for core in surrogate.train.cores)
    return dataclasses.replace(
        surrogate,
        status=status if is_finite else merge(status, jnp.int32(Status.NON_FINITE)),
        diagnostics=surrogate.diagnostics | ranks | diagnostics,
    )


def _as_leaf(function: Callable[[Array], Array]) -> Any:
    """A function as something that `jit` takes as an argument: plain ones are part of the program."""
    return jax.tree_util.Partial(function) if jax.tree_util.all_leaves([function]) else function
