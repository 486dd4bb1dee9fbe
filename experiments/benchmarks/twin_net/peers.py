"""The peers that train the twin network of the notebooks, by name."""

import dataclasses
import functools
import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

SUITE = "experiments.benchmarks.twin_net.peers"
PEERS = {
    "jaxprice": ("jaxprice_fit", {"n_members": 1}),
    "jaxprice, five seeds": ("jaxprice_fit", {"n_members": 5}),
    "PyTorch": ("torch_twin", {"is_compiled": False}),
    "PyTorch, compiled": ("torch_twin", {"is_compiled": True}),
}
"""Module of each peer, and how its function `prepare(data, effort, ...)` is called.

That gives a function from a seed to a dictionary: `wall` and `cpu`, the seconds of a training, and of one that was not
run before `compile` as well; `value` and `delta`, the errors at the test points of each network, lists.
"""


@dataclasses.dataclass(frozen=True)
class Effort:
    """What one peer is asked for.

    Attributes:
        path: of a file of arrays: labels x, y, dydx and truth test_x, test_y, test_dydx.
        n_samples: of its labels, the first ones.
        n_epochs: passes over them, by the published schedule.
        seeds: of the networks and of the order of the samples.
        n_cores: to pin to.
    """

    path: str
    n_samples: int
    n_epochs: int
    seeds: tuple[int, ...]
    n_cores: int = 1


def tasks(peer: str, fields: Mapping[str, Any]) -> dict[str, Callable[[], dict[str, Any]]]:
    """A task for each seed; imports the peer, and only that."""
    effort = Effort(**fields)
    with np.load(effort.path) as file:
        data = {name: file[name] if name.startswith("test_") else file[name][: effort.n_samples] for name in file}
    module, settings = PEERS[peer]
    train = importlib.import_module(f"experiments.benchmarks.twin_net.{module}").prepare(data, effort, **settings)
    return {str(seed): functools.partial(train, seed) for seed in effort.seeds}


def errors(data: Mapping[str, np.ndarray], value: np.ndarray, dydx: np.ndarray) -> dict[str, float]:
    """Root mean squares over the test points, and over the inputs."""
    pairs = {"value": (value, data["test_y"]), "delta": (dydx, data["test_dydx"])}
    return {name: float(np.sqrt(np.mean((found - truth) ** 2))) for name, (found, truth) in pairs.items()}
