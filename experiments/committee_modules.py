"""Networks as small as those of the papers on modules and gates, trained on values alone."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.engines import differential
from jaxprice.engines import mixture_of_experts as moe

ONE, BY_MONEYNESS, BY_MATURITY = "one network", "three modules by moneyness", "three modules by maturity"
NINE, SIXTEEN, SOFT = "nine modules", "sixteen modules", "nine experts, soft gate"
_HARD = 1e-3
"""Overlap of regimes, as a share of the widest."""
_GATE_UNITS = 5


def fit(name: str, key: jax.Array, data: DifferentialDataset, n_units: int, n_epochs: int) -> Callable[[Array], Array]:
    """The prices of one of the models by its name, fitted."""
    training = moe.Training(n_epochs=n_epochs)
    if name == ONE:
        config = differential.Config(
            n_layers=1, n_units=n_units, gradient_weight=0.0, component_tolerance=None, training=training
        )
        found = differential.fit(key, data, config)
        return lambda x: differential.predict(found, x)[0]
    committee = moe.Config(
        is_standardised=False, n_layers=1, n_units=n_units, activation=moe.Activation.SOFTPLUS, gradient_weight=0.0,
        gate_units=_GATE_UNITS, expert_training=training, load_weight=0.0, logit_noise=0.0,
    )  # fmt: skip
    if name == SOFT:
        once: dict[str, Any] = {"gate": moe.GateKind.SOFTMAX, "stages": moe.Stages.AT_ONCE, "joint_training": training}
        committee = dataclasses.replace(committee, **once)
    whole = moe.classical(data.domain, overlap=_HARD)
    none = jnp.zeros(0, whole.moneyness.dtype)
    regimes = {
        BY_MONEYNESS: dataclasses.replace(whole, maturity=none, maturity_width=none),
        BY_MATURITY: dataclasses.replace(whole, moneyness=none, moneyness_width=none),
        SIXTEEN: moe.of_quantiles(data, 4, 4, overlap=_HARD),
    }.get(name, whole)
    fitted = moe.fit(key, data, committee, regimes)
    return lambda x: moe.predict(fitted, x)[0]


def mean_square(price: Callable[[Array], Array], data: DifferentialDataset) -> float:
    """Mean squared error over a table of quotes."""
    return float(jnp.mean((price(data.x) - data.y) ** 2))
