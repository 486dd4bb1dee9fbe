"""The problem that every peer solves: a European call on the worst of five correlated assets, all of them different."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

TASKS = ("price", "delta_vega", "all_greeks")
SPOT = np.array([95.0, 100.0, 105.0, 110.0, 98.0])
VOLATILITY = np.array([0.15, 0.2, 0.25, 0.3, 0.35])
DIVIDEND = np.array([0.0, 0.01, 0.02, 0.03, 0.015])
COMMON_CORRELATION = 0.4
"""One number, so that a quadrature knows the answer; every peer takes the whole matrix and knows nothing of it."""
CORRELATION = np.full((5, 5), COMMON_CORRELATION) + (1.0 - COMMON_CORRELATION) * np.eye(5)
RATE, EXPIRY, STRIKE = 0.03, 1.0, 90.0

_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class Effort:
    """What one peer is asked for."""

    n_paths: int
    precision: str = "float64"
    n_cores: int = 1
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a peer found; Greeks that were not asked for are None. Lists, so that it travels as JSON."""

    price: float
    std_error: float | None = None
    spot: list[float] | None = None
    volatility: list[float] | None = None
    rate: float | None = None


Peer = Callable[[Effort], dict[str, Callable[[], Any]]]
"""From an effort to a function for each task that the peer can do."""


def over_chunks(one: Callable[[int, int], _T], n_paths: int, chunk: int, n_cores: int) -> list[_T]:
    """Calls `one(index, size)` for chunks of the paths, on as many threads as there are cores."""
    sizes = [min(chunk, n_paths - start) for start in range(0, n_paths, chunk)]
    if n_cores == 1:
        return [one(i, size) for i, size in enumerate(sizes)]
    with ThreadPoolExecutor(n_cores) as pool:
        return list(pool.map(one, range(len(sizes)), sizes))


def pull_back_cholesky(factor: np.ndarray, cotangent: np.ndarray) -> np.ndarray:
    """Derivative with respect to a matrix from that with respect to its lower Cholesky factor (Murray 2016, eq. 9)."""
    inner = np.tril(factor.T @ cotangent)
    inner[np.diag_indices_from(inner)] *= 0.5
    inverse = np.linalg.inv(factor)
    whole = inverse.T @ inner @ inverse
    return 0.5 * (whole + whole.T)
