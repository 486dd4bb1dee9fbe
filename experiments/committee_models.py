"""Committees and their rivals, trained on the same labels: what each is, what it costs, and its price as a function."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from experiments.differential_cost import cpu_seconds
from jaxprice.core.array import Array
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.engines import differential
from jaxprice.engines import mixture_of_experts as moe
from jaxprice.engines.mixture_of_experts.committee import Parts

COMMITTEE, SEED, HARD, SOFT = "committee", "article's gate, k = 2", "nine hard modules", "nine softly gated"
PENALISED = "committee, penalties"
ACTIVE, TOTAL, RAW = "one net, equal active size", "one net, equal total size", "one net, equal total size, inputs raw"
_HARD_OVERLAP = 1e-9
_PENALTY = 1e-3
_MAP_EPOCHS = 20
"""Of a gate that has to learn the regimes first."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Effort:
    """What training may cost; for nine experts of 32 units and 16,384 labels all take about as many seconds.

    Attributes:
        n_units: of an expert's three layers.
        n_expert_epochs: of every expert by itself.
        n_joint_epochs: of all together.
        n_active_epochs: of the single network of equal active size.
        n_total_epochs: of the single networks of equal total size.
    """

    n_units: int = 32
    n_expert_epochs: int = 400
    n_joint_epochs: int = 200
    n_active_epochs: int = 3200
    n_total_epochs: int = 1040


@dataclasses.dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes:
        price: from columns (m, n) to prices (n,); a pytree function.
        n_active: experts that a price takes, on average.
        n_weights: parameters that enter a price, on average.
        cpu: seconds of training, compilation included.
        is_ok: whether the training says so.
        committee: if it is one.
    """

    price: Callable[[Array], Array]
    n_active: float
    n_weights: float
    cpu: float
    is_ok: bool
    committee: moe.Committee | None = None


def train(name: str, key: jax.Array, data: DifferentialDataset, effort: Effort) -> Model:
    """One of the models by its name."""
    if name in (ACTIVE, TOTAL, RAW):
        return _single(name, key, data, effort)
    return _committee(name, key, data, effort)


def _committee(name: str, key: jax.Array, data: DifferentialDataset, effort: Effort) -> Model:
    regimes = moe.of_quantiles(data, overlap=_HARD_OVERLAP if name == HARD else 1.0)
    gate = {SEED: moe.GateKind.TOP_K, SOFT: moe.GateKind.SOFTMAX}.get(name, moe.GateKind.WINDOW)
    default = moe.Config()
    map_training = moe.Training(n_epochs=_MAP_EPOCHS, peak_rate=0.01)
    config = dataclasses.replace(
        default,
        n_units=effort.n_units,
        gate=gate,
        gate_training=default.gate_training if gate == moe.GateKind.WINDOW else map_training,
        expert_training=dataclasses.replace(default.expert_training, n_epochs=effort.n_expert_epochs),
        arbitrage_weight=_PENALTY if name == PENALISED else 0.0,
        calendar_weight=_PENALTY if name == PENALISED else 0.0,
        joint_training=dataclasses.replace(default.joint_training, n_epochs=effort.n_joint_epochs),
    )
    found, cpu = cpu_seconds(lambda: moe.fit(key, data, config, regimes))
    n_active = float(moe.usage(found, data.x).n_active)
    n_weights = n_active * count(found.params["experts"]) / 9 + (0 if name == HARD else count(found.params["gate"]))
    return Model(jax.tree_util.Partial(_price_of_committee, found), n_active, n_weights, cpu, not found.status, found)


def _single(name: str, key: jax.Array, data: DifferentialDataset, effort: Effort) -> Model:
    regimes = moe.of_quantiles(data)
    chart = moe.Chart.of(data, regimes.inputs, name != RAW)
    n_active = _mean_active(regimes, data.x) if name == ACTIVE else 9.0
    config = differential.Config(
        n_layers=3,
        n_units=equal_width(effort.n_units, data.n_inputs, n_active),
        activation=differential.Activation.SILU,
        component_tolerance=None,
        training=differential.Training(n_epochs=effort.n_active_epochs if name == ACTIVE else effort.n_total_epochs),
    )
    found, cpu = cpu_seconds(lambda: differential.fit(key, chart.dataset(data), config))
    price = jax.tree_util.Partial(_price_of_single, chart, found)
    return Model(price, 1.0, count(found.params), cpu, not found.status)


def _mean_active(regimes: moe.Regimes, x: Array) -> float:
    return float(jnp.mean(jnp.sum(jax.jit(moe.Regimes.windows)(regimes, x) > 0.0, axis=0)))


def equal_width(n_units: int, n_inputs: int, n_experts: float) -> int:
    """Units of the three layers of a network with as many weights as so many experts."""
    wanted = n_experts * (2 * n_units**2 + (n_inputs + 4) * n_units + 1)
    half = 0.25 * (n_inputs + 4)
    return round(math.sqrt(half**2 + 0.5 * wanted) - half)


def count(params: Any) -> int:
    """Numbers in a tree."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def _price_of_committee(committee: moe.Committee, columns: Array) -> Array:
    return Parts.of(committee).prices(committee.params, columns.T)


def _price_of_single(chart: moe.Chart, surrogate: differential.Surrogate, columns: Array) -> Array:
    x = columns.T
    return chart.value(x, differential.predict(surrogate, chart.points(x))[0])
