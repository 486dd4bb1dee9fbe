"""The peers of `committee_latency` by name, and what each can be asked."""

import dataclasses
import functools
import importlib
import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

SUITE = "experiments.benchmarks.committee.peers"
N_EXPERTS = N_INPUTS = 9
N_LAYERS, GATE_UNITS = 3, 64
DEFAULT, DENSE, GROUPED, OURS_ALONE = "default", "dense", "grouped", "one expert"
SEED, SORTED, THEIRS_ALONE = "PyTorch, seed", "PyTorch, sorted", "PyTorch, one expert"
PEERS: dict[str, tuple[str, dict[str, Any]]] = {
    DEFAULT: ("jaxprice_committee", {"dispatch": None}),
    DENSE: ("jaxprice_committee", {"dispatch": "dense"}),
    GROUPED: ("jaxprice_committee", {"dispatch": "grouped"}),
    OURS_ALONE: ("jaxprice_alone", {}),
    SEED: ("torch_committee", {"kind": "seed"}),
    SORTED: ("torch_committee", {"kind": "sorted"}),
    THEIRS_ALONE: ("torch_committee", {"kind": "alone"}),
}
"""Module of each peer, and how its function `prepare(problem, top_k, with_gradient, ...)` is called.

That gives a function from points (n, 9) to values (n,) and gradients (n, 9) or None, which waits until they are there.
"""
_STEEP = 1e4
"""Factor of the gate's first layer, taken back in its second: a softplus is then a rectifier to four digits."""


@dataclasses.dataclass(frozen=True)
class Effort:
    """What one peer is asked for.

    Attributes:
        widths: units in the layers of an expert.
        batches: numbers of points.
        top_k: experts that are kept.
        seconds: CPU time of a measurement, at least one call.
        n_cores: to pin to.
    """

    widths: tuple[int, ...]
    batches: tuple[int, ...]
    top_k: tuple[int, ...]
    seconds: float
    n_cores: int = 1


@dataclasses.dataclass(frozen=True)
class Problem:
    """Parameters and points, single precision but for the points.

    Attributes:
        kernel: of each layer of the experts, (9, n_out, n_in), the last with one output.
        bias: likewise, (9, n_out).
        gate_kernel: of both layers of the gate.
        gate_bias: likewise.
        x: points, (n, 9).
    """

    kernel: list[np.ndarray]
    bias: list[np.ndarray]
    gate_kernel: list[np.ndarray]
    gate_bias: list[np.ndarray]
    x: np.ndarray


def problem(width: int, n: int) -> Problem:
    """Experts with random parameters, and a gate whose logits are the nine normal inputs: each is chosen as often.

    The seed's gate has rectifiers, ours softplus; made steep, both give the same logits and so the same experts for the
    same samples. Of the 64 units 18 pass on an input or its negative; the others are computed, and count for nothing.
    """
    rng = np.random.default_rng(width)
    sizes = [N_INPUTS] + [width] * N_LAYERS + [1]
    kernel = [rng.standard_normal((N_EXPERTS, o, i)) / np.sqrt(i) for i, o in itertools.pairwise(sizes)]
    pass_on = np.concatenate([np.eye(N_INPUTS), -np.eye(N_INPUTS)])
    rest = rng.standard_normal((GATE_UNITS - len(pass_on), N_INPUTS))
    gate = [
        _STEEP * np.concatenate([pass_on, rest]),
        np.concatenate([pass_on, np.zeros_like(rest)]).T / _STEEP,
    ]
    single = functools.partial(np.asarray, dtype=np.float32)
    return Problem(
        kernel=[single(leaf) for leaf in kernel],
        bias=[single(0.1 * rng.standard_normal(leaf.shape[:2])) for leaf in kernel],
        gate_kernel=[single(leaf) for leaf in gate],
        gate_bias=[single(np.zeros(len(leaf))) for leaf in gate],
        x=rng.standard_normal((n, N_INPUTS)),
    )


def task_name(width: int, batch: int, top_k: int, with_gradient: bool) -> str:
    """Of one measurement."""
    return f"{width} {batch} {top_k} {int(with_gradient)}"


def tasks(peer: str, fields: Mapping[str, Any]) -> dict[str, Callable[[], dict[str, Any]]]:
    """A task for each measurement; imports the peer, and only that."""
    effort = Effort(**fields)
    module, settings = PEERS[peer]
    prepare = functools.partial(importlib.import_module(f"{__package__}.{module}").prepare, **settings)
    is_compiled = module.startswith("jaxprice")
    ready: dict[tuple, _Call] = {}

    def task(*size: Any) -> dict[str, Any]:
        if size not in ready:
            # Parameters of the sizes before are let go.
            ready.clear()
            ready[size] = _Call(prepare, *size, seconds=effort.seconds, is_compiled=is_compiled)
        return ready[size].measure()

    sizes = itertools.product(effort.widths, effort.batches, effort.top_k, (False, True))
    return {task_name(*size): functools.partial(task, *size) for size in sizes}


class _Call:
    """One size of a problem, and how often it is called for a measurement."""

    def __init__(
        self,
        prepare: Callable[..., Any],
        width: int,
        batch: int,
        top_k: int,
        with_gradient: bool,
        *,
        seconds: float,
        is_compiled: bool,
    ):
        given = problem(width, batch)
        self.call = functools.partial(prepare(given, top_k, with_gradient), given.x)
        once = self._seconds(1)
        if is_compiled or once["cpu"] < seconds:
            once = self._seconds(1)
        self.n_calls = max(1, round(seconds / once["cpu"]))
        self.first = once if self.n_calls == 1 else None

    def measure(self) -> dict[str, Any]:
        """CPU and wall seconds of a call, the mean of as many as fill the time."""
        found, self.first = self.first or self._seconds(self.n_calls), None
        return found

    def _seconds(self, n_calls: int) -> dict[str, Any]:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(n_calls):
            self.call()
        return {
            "wall": (time.perf_counter() - wall) / n_calls,
            "cpu": max((time.process_time() - cpu) / n_calls, 1e-9),
            "n_calls": n_calls,
        }
