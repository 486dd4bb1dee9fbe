"""Wall-clock seconds of a computation, those of its compilation apart."""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax

_T = TypeVar("_T")
_COMPILATION = "/jax/core/compile/"


class Seconds(NamedTuple):
    """Wall-clock seconds spent to trace and compile, and to run."""

    compile: float
    run: float


def timed(function: Callable[[], _T]) -> tuple[_T, Seconds]:
    """Calls `function` once and waits for its arrays: its value, and the seconds it took.

    Compilation is what JAX itself reports as tracing, lowering and compiling while the function runs; the rest is
    run time. What was compiled before costs nothing again.
    """
    spans: list[tuple[float, float]] = []

    def listen(event: str, duration_secs: float, **_: str | int) -> None:
        if event.startswith(_COMPILATION):
            end = time.perf_counter()
            spans.append((end - duration_secs, end))

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        start = time.perf_counter()
        value = jax.block_until_ready(function())
        total = time.perf_counter() - start
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    compiling = min(_length_of_union(spans), total)
    return value, Seconds(compiling, total - compiling)


def _length_of_union(spans: list[tuple[float, float]]) -> float:
    """Tracing one function traces those inside it, and each reports its own span: count overlaps once."""
    length, reached = 0.0, -float("inf")
    for start, end in sorted(spans):
        length += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return length
