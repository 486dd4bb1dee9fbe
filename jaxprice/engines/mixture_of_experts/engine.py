"""Fitting a committee: every expert on its own regime, then the gate, then all together; or all at once."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, PRNGKey, is_concrete
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.precision import full_precision
from jaxprice.core.random import Stream, check_key, stream
from jaxprice.core.status import merge, non_finite
from jaxprice.engines.mixture_of_experts.chart import Chart
from jaxprice.engines.mixture_of_experts.committee import Committee, Parts
from jaxprice.engines.mixture_of_experts.config import Config, Stages
from jaxprice.engines.mixture_of_experts.experts import Scaling, all_experts
from jaxprice.engines.mixture_of_experts.gate import Gate
from jaxprice.engines.mixture_of_experts.regimes import Regimes, of_quantiles
from jaxprice.engines.mixture_of_experts.stages import (
    Problem,
    Stage,
    train_experts,
    train_gate,
    train_together,
)
from jaxprice.learning.loss import balance
from jaxprice.learning.samples import Normalisation, check_inputs_vary
from jaxprice.learning.twin_net import Network

_DTYPE = jnp.dtype(jnp.float32)


def fit(
    key: PRNGKey, dataset: DifferentialDataset, config: Config = Config(), regimes: Regimes | None = None
) -> Committee:
    """A committee of regime experts, trained on values and derivatives together.

    Experts and gate are in 32 bits. The same key gives the same committee.

    Args:
        key: one key.
        dataset: inputs, labels and their derivatives, which may be noisy, not biased; log-moneyness and root maturity
            are the columns that `regimes` names.
        config: structure and effort.
        regimes: the map; None: three intervals of moneyness times three of maturity with equally many samples.

    Raises:
        ValueError: for labels that are not finite (the rows are named), inputs that do not vary, a root maturity that
            is not positive, fewer samples than a batch, more kept experts than there are, and a regime without samples
            (the map is shown).
    """
    check_key(key)
    config = config.validate()
    dataset.validate()
    check_inputs_vary(dataset)
    if not is_concrete(dataset.x):
        raise ValueError("fit: expected numbers, got a traced data set; call fit outside jit, vmap and grad")
    regimes = of_quantiles(dataset) if regimes is None else regimes
    regimes.validate()
    if config.top_k > regimes.n_experts:
        raise ValueError(f"top_k: {config.top_k} is more than the {regimes.n_experts} experts; lower it")
    n_each = _largest_regime(dataset, regimes)
    chart = Chart.of(dataset, regimes.inputs, config.is_standardised)
    problem, params, share = _prepare(key, dataset, regimes, chart, config=config)
    diagnostics: dict[str, Array] = {"share": share}
    stages: dict[str, Stage] = {"experts": train_experts, "gate": train_gate, "joint": train_together}
    if config.stages == Stages.AT_ONCE:
        stages = {"joint": train_together}
    statuses = []
    for i, (name, train) in enumerate(stages.items()):
        mine = jax.random.fold_in(stream(key, Stream.TRAINING), i)
        params, state = train(mine, problem, params, config=config, n_each=n_each)
        diagnostics |= {f"{name}_loss": state.loss, f"{name}_restarts": state.attempt}
        statuses.append(jnp.max(state.status))
    diagnostics["spread"] = _spread(problem, params)
    return Committee(
        network=problem.parts.network,
        gate=problem.parts.gate,
        params=params,
        scaling=problem.parts.scaling,
        regimes=regimes,
        chart=chart,
        normalisation=problem.parts.normalisation,
        domain=dataset.domain,
        status=merge(*statuses, non_finite(params, problem.parts.scaling)),
        diagnostics=diagnostics,
    )


@jax.jit
def _spread(problem: Problem, params: dict[str, Any]) -> Array:
    """Largest distance of every two experts over the samples, in standard deviations of y, (e, e)."""
    parts = problem.parts
    values = all_experts(parts.network, params["experts"], parts.scaling, problem.samples.x)
    return jax.lax.map(lambda one: jnp.max(jnp.abs(one[None] - values), axis=1), values)


def _largest_regime(dataset: DifferentialDataset, regimes: Regimes) -> int:
    """Samples of the expert that has most, its strips included, rounded up."""
    inside = np.asarray(jax.jit(Regimes.windows)(regimes, dataset.x)) > 0.0
    counts = inside.sum(axis=1)
    if counts.min() == 0:
        table = ", ".join(f"{name}: {count}" for name, count in zip(regimes.names(), counts, strict=True))
        raise ValueError(
            f"regimes: an expert has no sample ({table}); move the borders into the samples, take fewer regimes, or "
            "make labels there"
        )
    # Up to so many are drawn again, so that data sets of one size share a program.
    step = max(1, dataset.n_samples // 32)
    return -(-int(counts.max()) // step) * step


@functools.partial(jax.jit, static_argnames=("config",))
@full_precision
def _prepare(
    key: PRNGKey, dataset: DifferentialDataset, regimes: Regimes, chart: Chart, *, config: Config
) -> tuple[Problem, dict[str, Any], Array]:
    seen = chart.dataset(dataset)
    normalisation = Normalisation.of(seen)
    samples = normalisation.apply(seen, _DTYPE)
    windows = regimes.windows(dataset.x.astype(normalisation.center.dtype)).astype(_DTYPE)
    n_experts, n_inputs = regimes.n_experts, dataset.n_inputs
    network = Network(n_inputs=n_inputs, n_layers=config.n_layers, n_units=config.n_units, activation=config.activation)
    gate = Gate(kind=config.gate, n_inputs=n_inputs, n_experts=n_experts, n_units=config.gate_units, top_k=config.top_k)
    scaling = Scaling.of(samples, windows)
    if config.stages == Stages.AT_ONCE:
        # Nobody has a regime of his own.
        scaling = jax.tree.map(
            lambda leaf: jnp.broadcast_to(leaf, (n_experts, *leaf.shape[1:])),
            Scaling.of(samples, jnp.ones_like(windows[:1])),
        )
    expert_key, gate_key = jax.random.split(stream(key, Stream.NETWORK))
    params = {
        "experts": jax.vmap(network.create)(jax.random.split(expert_key, n_experts)),
        "gate": gate.create(gate_key),
    }
    parts = Parts(
        network=network, gate=gate, scaling=scaling, regimes=regimes, chart=chart, normalisation=normalisation
    )
    weights = balance(samples, config.gradient_weight, 0.0)
    share = jnp.mean(windows, axis=1)
    return Problem(parts=parts, samples=samples, windows=windows, weights=weights), params, share
