"""The peers of the European problem, by name."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from experiments.benchmarks.problem import Effort

PEERS = {
    "jaxprice": ("jaxprice_engine", "tasks"),
    "NumPy, hand-written": ("numpy_pathwise", "tasks"),
    "NumPy, naive": ("numpy_naive", "tasks"),
    "PyTorch": ("torch_autograd", "tasks"),
    "QuantLib": ("quantlib_basket", "tasks"),
    "limit: jaxprice noise": ("limits", "jaxprice_tasks"),
    "limit: NumPy noise": ("limits", "numpy_tasks"),
}
"""Module and function of each peer."""


def tasks(peer: str, fields: Mapping[str, Any]) -> dict[str, Callable[[], Any]]:
    """What the peer can do with an effort of these fields; imports the peer, and only that."""
    module, function = PEERS[peer]
    return getattr(importlib.import_module(f"experiments.benchmarks.{module}"), function)(Effort(**fields))
