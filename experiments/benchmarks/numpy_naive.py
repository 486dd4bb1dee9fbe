"""NumPy as one writes it first: all paths in one block, a new array for every operation, Greeks by one-sided bumps."""

import functools
from collections.abc import Callable

import numpy as np

from experiments.benchmarks import problem
from experiments.benchmarks.problem import Answer, Effort


def tasks(effort: Effort) -> dict[str, Callable[[], Answer]]:
    """Price; price with delta and vega from ten more prices with the same normals."""
    return {"price": functools.partial(_price, effort), "delta_vega": functools.partial(_delta_vega, effort)}


def _normals(effort: Effort) -> np.ndarray:
    random = np.random.default_rng(effort.seed)
    return random.standard_normal((effort.n_paths, len(problem.SPOT)), dtype=np.dtype(effort.precision).type)


def _value(effort: Effort, z: np.ndarray, spot: np.ndarray, volatility: np.ndarray) -> np.ndarray:
    dtype = np.dtype(effort.precision)
    brownian = z @ np.linalg.cholesky(problem.CORRELATION).T.astype(dtype) * np.sqrt(problem.EXPIRY).astype(dtype)
    drift = (problem.RATE - problem.DIVIDEND - 0.5 * volatility**2) * problem.EXPIRY
    price = spot.astype(dtype) * np.exp(drift.astype(dtype) + volatility.astype(dtype) * brownian)
    paid = np.maximum(price.min(axis=1) - dtype.type(problem.STRIKE), 0)
    return dtype.type(np.exp(-problem.RATE * problem.EXPIRY)) * paid


def _price(effort: Effort) -> Answer:
    value = _value(effort, _normals(effort), problem.SPOT, problem.VOLATILITY)
    return Answer(price=float(value.mean()), std_error=float(value.std() / np.sqrt(effort.n_paths)))


def _delta_vega(effort: Effort, bump: float = 1e-3) -> Answer:
    z = _normals(effort)
    base = _value(effort, z, problem.SPOT, problem.VOLATILITY).mean()
    delta, vega = [], []
    for i, spot in enumerate(problem.SPOT):
        up = problem.SPOT.copy()
        up[i] += bump * spot
        delta.append(float((_value(effort, z, up, problem.VOLATILITY).mean() - base) / (bump * spot)))
        up = problem.VOLATILITY.copy()
        up[i] += bump
        vega.append(float((_value(effort, z, problem.SPOT, up).mean() - base) / bump))
    return Answer(price=float(base), spot=delta, volatility=vega)
