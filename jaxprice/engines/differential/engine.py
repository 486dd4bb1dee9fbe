"""Fitting: a twin network, an ensemble of them, or a polynomial, on values and derivatives."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int, PRNGKey, Scalar, is_concrete
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.core.precision import accumulator_dtype, full_precision
from jaxprice.core.random import Stream, check_key, stream
from jaxprice.core.status import Status, merge, non_finite
from jaxprice.core.struct import pytree_dataclass
from jaxprice.core.validation import check_count, check_member
from jaxprice.engines.differential.approximator import Polynomial
from jaxprice.engines.differential.config import Config, check_tolerance, check_weight
from jaxprice.engines.differential.output_layer import solve_linear
from jaxprice.engines.differential.principal_components import differential_components
from jaxprice.engines.differential.surrogate import Surrogate
from jaxprice.learning import training
from jaxprice.learning.checkpoint import Checkpoint
from jaxprice.learning.loss import Balance, balance, constant_loss, differential_loss, linear_loss
from jaxprice.learning.samples import Normalisation, Samples, check_inputs_vary
from jaxprice.learning.training import TrainingState
from jaxprice.learning.twin_net import Network, slope_along, value_and_slope
from jaxprice.numerics.index_set import IndexKind

_DTYPE = jnp.dtype(jnp.float32)
_END = 2**30


def fit(
    key: PRNGKey,
    dataset: DifferentialDataset,
    config: Config = Config(),
    *,
    report: Callable[[int, int, Array], None] | None = None,
    checkpoint: str | Path | None = None,
    n_epochs_between: int = 10,
) -> Surrogate:
    """A twin network trained on values and derivatives together (Huge and Savine 2020).

    The network is in 32 bits. The same key gives the same surrogate, with or without reports and however often the
    training was interrupted.

    Args:
        key: one key; the members of an ensemble start from different ones.
        dataset: inputs, labels and their derivatives, which may be noisy, not biased.
        config: structure and effort.
        report: called between epochs with their number so far, that of the whole, and the last loss of each member.
        checkpoint: a file to keep the state of the training in; a training that was killed goes on from there.
        n_epochs_between: epochs between two reports or checkpoints.

    Raises:
        ValueError: for labels that are not finite (the rows are named), inputs that do not vary, fewer samples than a
            batch; for reports or a checkpoint under a transformation.
        StorageError: for a checkpoint of another training.
    """
    check_key(key)
    config = config.validate()
    dataset.validate()
    check_inputs_vary(dataset)
    check_count("n_epochs_between", n_epochs_between)
    if not (report is None and checkpoint is None) and not all(map(is_concrete, jax.tree.leaves((key, dataset)))):
        raise ValueError(
            "report and checkpoint: expected None under jit, vmap and grad, where nothing can be looked at in between; "
            "leave them out, or call fit outside"
        )
    prepared, state = _prepare(key, dataset, config=config)
    keeper = None if checkpoint is None else Checkpoint(checkpoint, (jax.random.key_data(key), dataset, repr(config)))
    if keeper is not None:
        state = keeper.resume(state)
    if report is None and keeper is None:
        state = _advance(prepared, state, jnp.int32(_END), config=config)
    else:
        state = _in_pieces(prepared, state, config, report, keeper, n_epochs_between)
    return _finish(prepared, state, dataset.domain, config=config)


def fit_polynomial(
    dataset: DifferentialDataset,
    degree: int = 5,
    index_kind: IndexKind = IndexKind.TOTAL_DEGREE,
    gradient_weight: float = 1.0,
    component_tolerance: float | None = None,
) -> Surrogate:
    """Differential regression: the polynomial that fits values and derivatives best (Huge and Savine 2020, appendix 3).

    One exact solve, no randomness: the baseline of the networks, and often enough up to ten inputs. Needs 64 bits for
    degrees above about three.

    Args:
        dataset: inputs, labels and their derivatives.
        degree: highest degree.
        index_kind: total degree, or hyperbolic cross for many inputs.
        gradient_weight: what a derivative counts beside a value; 0 regresses on values alone.
        component_tolerance: as in `Config`.

    Raises:
        ValueError: as `fit`.
    """
    check_count("degree", degree)
    index_kind = check_member("index_kind", IndexKind, index_kind)
    check_weight("gradient_weight", gradient_weight)
    # The numbers are looked at here: inside the compiled program there are none.
    dataset.validate()
    check_inputs_vary(dataset)
    return _fit_polynomial(
        dataset,
        degree=degree,
        index_kind=index_kind,
        gradient_weight=gradient_weight,
        component_tolerance=component_tolerance,
    )


@functools.partial(jax.jit, static_argnames=("degree", "index_kind", "gradient_weight", "component_tolerance"))
@full_precision
def _fit_polynomial(
    dataset: DifferentialDataset,
    *,
    degree: int,
    index_kind: IndexKind,
    gradient_weight: float,
    component_tolerance: float | None,
) -> Surrogate:
    normalisation, diagnostics = _normalise(dataset, component_tolerance)
    samples = normalisation.apply(dataset, accumulator_dtype())
    polynomial = Polynomial(n_inputs=dataset.n_inputs, degree=degree, index_kind=index_kind)
    found = solve_linear(polynomial.features, samples, balance(samples, gradient_weight, 0.0))
    return Surrogate(
        approximator=polynomial,
        params={"coefficient": found.coefficient[None]},
        normalisation=normalisation,
        domain=dataset.domain,
        status=merge(found.status, non_finite(found.coefficient, normalisation)),
        diagnostics=diagnostics | {"residual_share": found.residual_share, "smallest_pivot": found.smallest_pivot},
    )


@pytree_dataclass
class _Prepared:
    """What a training needs beside its state.

    Attributes:
        normalisation: of inputs and labels.
        diagnostics: of the normalisation.
        samples: all of them, normalised.
        batches: those to train on.
        validation: those held back, or None.
        weights: of the loss.
        direction: of the labels of second order, (k, q), or None.
        constant_loss: the loss of a constant, ().
        linear_loss: that of the best linear function, ().
    """

    normalisation: Normalisation
    diagnostics: dict[str, Array]
    samples: Samples
    batches: Samples
    validation: Samples | None
    weights: Balance
    direction: Float[Array, "k q"] | None
    constant_loss: Scalar
    linear_loss: Scalar

    def loss(self, params: Any, batch: Samples, approximator: Network, config: Config) -> Scalar:
        """Of one network on a batch; derivatives are made only where they count."""
        net = approximator.bind(params)
        if config.gradient_weight == 0.0:
            return differential_loss(self.weights, batch, net(batch.x))
        value, slope = value_and_slope(net, batch.x)
        curvature = None
        if self.direction is not None and _has_curvature(batch, config):
            curvature = slope_along(net, batch.x, self.direction)
        return differential_loss(self.weights, batch, value, slope, curvature)


@functools.partial(jax.jit, static_argnames=("config",))
@full_precision
def _prepare(key: PRNGKey, dataset: DifferentialDataset, *, config: Config) -> tuple[_Prepared, TrainingState]:
    normalisation, diagnostics = _normalise(dataset, config.component_tolerance)
    samples = normalisation.apply(dataset, _DTYPE)
    order, start = stream(key, Stream.TRAINING), stream(key, Stream.NETWORK)
    kept, validation = training.hold_back(jax.random.fold_in(order, 0), samples, config.validation_share)
    weights = balance(kept, config.gradient_weight, config.curvature_weight)
    direction = None if dataset.direction is None else normalisation.direction(dataset.direction).astype(_DTYPE)
    kinds = (config.gradient_weight > 0.0, _has_curvature(kept, config))
    prepared = _Prepared(
        normalisation=normalisation,
        diagnostics=diagnostics,
        samples=samples,
        batches=training.batches(jax.random.fold_in(order, 1), kept, config.training),
        validation=validation,
        weights=weights,
        direction=direction,
        constant_loss=constant_loss(weights, kept, *kinds),
        linear_loss=linear_loss(weights, kept, *kinds),
    )
    member = jax.vmap(lambda i: jax.random.fold_in(start, i))(jnp.arange(config.n_members))
    params = jax.vmap(_network(dataset.n_inputs, config).create)(member)
    return prepared, jax.vmap(lambda params: training.begin(params, config.training))(params)


@functools.partial(jax.jit, static_argnames=("config",))
@full_precision
def _advance(prepared: _Prepared, state: TrainingState, until: Int[Array, ""], *, config: Config) -> TrainingState:
    network = _network(prepared.samples.x.shape[0], config)

    def loss(params: Any, batch: Samples) -> Scalar:
        return prepared.loss(params, batch, network, config)

    def member(state: TrainingState) -> TrainingState:
        validation = prepared.validation
        simple = (prepared.constant_loss, prepared.linear_loss)
        return training.advance(loss, state, prepared.batches, validation, *simple, config.training, until)

    if config.n_members > 1:
        return jax.vmap(member)(state)
    # One network is trained by itself: a batch of one makes slower programs.
    only = member(jax.tree.map(lambda leaf: leaf[0], state))
    return jax.tree.map(lambda leaf: leaf[None], only)


def _in_pieces(
    prepared: _Prepared,
    state: TrainingState,
    config: Config,
    report: Callable[[int, int, Array], None] | None,
    keeper: Checkpoint | None,
    n_epochs_between: int,
) -> TrainingState:
    until = int(jnp.min(state.n_done))
    while not bool(jnp.all(state.is_done)):
        until += n_epochs_between
        state = _advance(prepared, state, jnp.int32(until), config=config)
        if keeper is not None:
            keeper.keep(state)
        if report is not None:
            last = jnp.take_along_axis(state.loss, jnp.maximum(state.epoch[:, None] - 1, 0), axis=1)[:, 0]
            report(int(jnp.max(state.epoch)), config.training.n_epochs, last)
    return state


@functools.partial(jax.jit, static_argnames=("config",))
@full_precision
def _finish(prepared: _Prepared, state: TrainingState, domain: Domain, *, config: Config) -> Surrogate:
    samples = prepared.samples
    network = _network(samples.x.shape[0], config)
    params, status = state.best, state.status
    diagnostics = prepared.diagnostics | {
        "loss": state.loss,
        "validation_loss": state.validation_loss,
        "n_restarts": state.attempt,
        "constant_loss": prepared.constant_loss,
        "linear_loss": prepared.linear_loss,
    }
    if config.final_solve:

        def solved(params: Any) -> tuple[Any, Array, Array]:
            wide = jax.tree.map(lambda leaf: leaf.astype(accumulator_dtype()), params)
            found = solve_linear(network.bind(wide).features, samples, prepared.weights)
            is_found = found.status < Status.FACTORISATION_FAILED
            new = network.with_output(params, found.coefficient)
            new = jax.tree.map(lambda new, old: jnp.where(is_found, new, old), new, params)
            return new, found.smallest_pivot, found.residual_share

        params, pivot, share = jax.lax.map(solved, params)
        diagnostics |= {"final_solve_pivot": pivot, "residual_share": share}
    return Surrogate(
        approximator=network,
        params=params,
        normalisation=prepared.normalisation,
        domain=domain,
        status=merge(jnp.max(status), non_finite(params, prepared.normalisation)),
        diagnostics=diagnostics,
    )


def _normalise(dataset: DifferentialDataset, tolerance: float | None) -> tuple[Normalisation, dict[str, Array]]:
    if tolerance is None:
        return Normalisation.of(dataset), {}
    check_tolerance(tolerance)
    normalisation, share = differential_components(dataset, tolerance)
    return normalisation, {"component_share": share}


def _network(n_inputs: int, config: Config) -> Network:
    return Network(
        n_inputs=n_inputs,
        n_layers=config.n_layers,
        n_units=config.n_units,
        activation=config.activation,
        is_wide=config.is_wide,
    )


def _has_curvature(samples: Samples, config: Config) -> bool:
    return samples.curvature is not None and config.curvature_weight > 0.0 and config.gradient_weight > 0.0
