"""Exact second derivatives of a min-call, and derivatives by differences on a table."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from experiments.fourier_tt_common import GRIDS, Case
from jaxprice.core.array import Array
from jaxprice.engines import fourier_tt


def second(case: Case, x: Array) -> np.ndarray:
    """Second derivatives by each input alone, (n, m), as central differences of exact gradients."""
    width = 1e-4 * GRIDS[case.varied][0]
    moves = width * jnp.eye(x.shape[1])

    def slopes(moved: Array) -> np.ndarray:
        gradient = case.exact(moved.reshape(-1, x.shape[1]))[1]
        return np.einsum("nkk->nk", gradient.reshape(*x.shape, x.shape[1]))

    return (slopes(x[:, None] + moves[None]) - slopes(x[:, None] - moves[None])) / (2.0 * width)


def on_table(key: jax.Array, case: Case, n: int) -> tuple[fourier_tt.Surrogate, float]:
    """A surrogate on the paper's grid, with n points or its own 100, and their distance.

    The last point of the paper's grid is one step before the end of the box.
    """
    given = case.problem()
    start, step, n_grid = GRIDS[case.varied]
    end = start + step * (n_grid - 1)
    domain = dataclasses.replace(given.domain, upper=jnp.full(case.n_assets, end))
    settings = fourier_tt.Config(nodes="uniform", n_nodes=n)
    return fourier_tt.fit(key, dataclasses.replace(given, domain=domain), settings), (end - start) / (n - 1)


def differences(surrogate: fourier_tt.Surrogate, x: Array, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Central first and second differences by each input alone, (n, m) each."""

    def moved(by: float) -> np.ndarray:
        moves = by * jnp.eye(x.shape[1])
        rows = (x[:, None] + moves[None]).reshape(-1, x.shape[1])
        return np.asarray(fourier_tt.price(surrogate, rows)).reshape(x.shape)

    up, down, middle = moved(step), moved(-step), moved(0.0)
    return (up - down) / (2.0 * step), (up + down - 2.0 * middle) / step**2
