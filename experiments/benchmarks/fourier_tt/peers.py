"""The peers of `fourier_tt_peers` by name, and the function that all of them learn."""

import dataclasses
import functools
import importlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

SUITE = "experiments.benchmarks.fourier_tt.peers"
OURS, TNTORCH = "jaxprice", "tntorch"
PEERS = {OURS: "jaxprice_cross", TNTORCH: "tntorch_cross"}
"""Module of each peer; its `learn(problem, tolerance, seed)` gives a `Found`."""
TASK = "learn"
_SPREAD = 4.0
_N_POINTS, _N_NEAR = 20_000, 15_000


@dataclasses.dataclass(frozen=True)
class Effort:
    """What one peer is asked for.

    Attributes:
        n_assets: half the number of modes.
        tolerance: as the peer understands it.
        seed: of the peer's random choices.
        n_cores: to pin to.
    """

    n_assets: int
    tolerance: float
    seed: int = 0
    n_cores: int = 1


@dataclasses.dataclass(frozen=True)
class Problem:
    """Characteristic function of Gaussian log-returns over z_1 σ_1 z_2 σ_2 ..., in indices.

    Attributes:
        frequency: complex nodes, (64,).
        volatility: nodes, (100,).
        correlation: (d, d).
        drift: of each return but for - σ² / 2.
    """

    frequency: np.ndarray
    volatility: np.ndarray
    correlation: np.ndarray
    drift: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Points in each mode."""
        return (len(self.frequency), len(self.volatility)) * len(self.correlation)

    @property
    def peak(self) -> np.ndarray:
        """Where the function is largest: all frequencies in the middle, all volatilities large, (n_modes,)."""
        return np.asarray([len(self.frequency) // 2, len(self.volatility) - 1] * len(self.correlation))

    def __call__(self, index: np.ndarray) -> np.ndarray:
        """Values at rows of indices (n, n_modes) -> (n,)."""
        z, volatility = self.frequency[index[:, 0::2]], self.volatility[index[:, 1::2]]
        scaled = -z * volatility
        square = np.sum((scaled @ self.correlation) * scaled, axis=1)
        return np.exp(1j * np.sum(-z * (self.drift - 0.5 * volatility**2), axis=1) - 0.5 * square)

    def points(self) -> np.ndarray:
        """Where errors are measured, (n, n_modes): most of them near the peak, where the function is not zero."""
        rng = np.random.default_rng(20_261_122)
        points = np.stack([rng.integers(0, n, _N_POINTS) for n in self.shape], axis=1)
        near = np.rint(len(self.frequency) / 2 + _SPREAD * rng.standard_normal((_N_NEAR, len(self.correlation))))
        points[:_N_NEAR, 0::2] = np.clip(near, 0, len(self.frequency) - 1)
        return points


@dataclasses.dataclass(frozen=True)
class Found:
    """A train.

    Attributes:
        evaluate: entries at rows of indices.
        n_evaluations: of the function, those of checks included.
        rank: largest.
        has_converged: as the peer says.
    """

    evaluate: Callable[[np.ndarray], np.ndarray]
    n_evaluations: int
    rank: int
    has_converged: bool


def problem(n_assets: int) -> Problem:
    """That of the project's notes: 64 frequencies of step 1/2, damping 5 / d, 100 volatilities, correlation 1/2."""
    return Problem(
        frequency=0.5 * (np.arange(64) - 32) + 5j / n_assets,
        volatility=np.linspace(0.15, 0.25, 100, endpoint=False),
        correlation=np.full((n_assets, n_assets), 0.5) + 0.5 * np.eye(n_assets),
        drift=0.01,
    )


def tasks(peer: str, fields: Mapping[str, Any]) -> dict[str, Callable[[], dict[str, Any]]]:
    """The one task; imports the peer, and only that."""
    effort = Effort(**fields)
    learn = importlib.import_module(f"{__package__}.{PEERS[peer]}").learn
    return {TASK: functools.partial(_measured, learn, effort)}


def _measured(learn: Callable[..., Found], effort: Effort) -> dict[str, Any]:
    given = problem(effort.n_assets)
    wall, cpu = time.perf_counter(), time.process_time()
    found = learn(given, effort.tolerance, effort.seed)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    points = given.points()
    error = np.abs(found.evaluate(points) - given(points)) / float(np.abs(given(given.peak[None]))[0])
    return {
        "wall": wall,
        "cpu": cpu,
        "n_evaluations": int(found.n_evaluations),
        "rank": int(found.rank),
        "has_converged": bool(found.has_converged),
        "largest_error": float(error.max()),
        "rms_error": float(np.sqrt(np.mean(error**2))),
    }
