"""The library itself: `differential.fit` with the published settings."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks.twin_net.peers import Effort, errors
from jaxprice.cli.timing import timed
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.engines import differential
from jaxprice.engines.differential import Schedule, Training


def prepare(data: Mapping[str, np.ndarray], effort: Effort, n_members: int) -> Callable[[int], dict[str, Any]]:
    """One training, of an ensemble of `n_members`, by seed."""
    x, test_x = jnp.asarray(data["x"]), jnp.asarray(data["test_x"])
    box = Domain(lower=x.min(0), upper=x.max(0), names=tuple(f"spot_{i}" for i in range(x.shape[1])))
    dataset = DifferentialDataset(x=x, y=jnp.asarray(data["y"]), dydx=jnp.asarray(data["dydx"]), domain=box)
    training = Training(n_epochs=effort.n_epochs, schedule=Schedule.ONE_CYCLE, peak_rate=0.1)
    config = differential.Config(component_tolerance=None, n_members=n_members, training=training)

    def train(seed: int) -> dict[str, Any]:
        wall, cpu = time.perf_counter(), time.process_time()
        surrogate, seconds = timed(lambda: differential.fit(jax.random.key(seed), dataset, config))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        found = []
        for i in range(n_members):
            params = jax.tree.map(lambda leaf: leaf[i : i + 1], surrogate.params)  # noqa: B023
            value, dydx = differential.predict(dataclasses.replace(surrogate, params=params), test_x)
            found.append(errors(data, np.asarray(value), np.asarray(dydx)))
        about = {"compile": seconds.compile, "restarts": int(surrogate.diagnostics["n_restarts"].sum())}
        return {"wall": wall, "cpu": cpu} | about | {name: [one[name] for one in found] for name in ("value", "delta")}

    return train
