"""Where a tensor train is worst: random points, then steps in one mode at a time towards larger errors."""

from collections.abc import Sequence

import numpy as np

from jaxprice.numerics.grid_function import GridFunction


def evaluate(cores: Sequence[np.ndarray], points: np.ndarray) -> np.ndarray:
    """A train at rows of indices (n_points, n_modes) -> (n_points,), on the host: ranks that change compile nothing."""
    vector = np.ones((len(points), 1), cores[0].dtype)
    for core, index in zip(cores, points.T, strict=True):
        following = np.empty((len(points), core.shape[2]), core.dtype)
        order = np.argsort(index, kind="stable")
        edges = np.searchsorted(index[order], np.arange(core.shape[1] + 1))
        for value in np.flatnonzero(np.diff(edges)):
            chosen = order[edges[value] : edges[value + 1]]
            following[chosen] = vector[chosen] @ core[:, value]
        vector = following
    return vector[:, 0]


def climb(
    function: GridFunction, cores: Sequence[np.ndarray], start: np.ndarray, n_rounds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Local maxima of |function - train| in the sense that a change of any one index makes the error no larger.

    Known as a floating-zone search. It stops early where no point moves any more.

    Args:
        function: on the grid.
        cores: of the train; none for the largest values of the function itself.
        start: rows of indices, (k, n_modes).
        n_rounds: most visits to each mode.

    Returns:
        The points (k, n_modes), and the absolute errors there (k,).
    """
    points = start.copy()
    error = np.zeros(len(points))
    for _ in range(n_rounds):
        before = points.copy()
        right = _right_products(cores, points)
        vector = np.ones((len(points), 1), function.dtype)
        for mode, n in enumerate(function.shape):
            trial = np.repeat(points, n, axis=0)
            trial[:, mode] = np.tile(np.arange(n), len(points))
            values = function(trial).reshape(len(points), n)
            if cores:
                core = cores[mode]
                reached = (vector @ core.reshape(len(core), -1)).reshape(len(points), n, -1)
                values = values - np.einsum("kna,ka->kn", reached, right[mode])
            points[:, mode] = np.argmax(np.abs(values), axis=1)
            chosen = (np.arange(len(points)), points[:, mode])
            error = np.abs(values[chosen])
            if cores:
                vector = reached[chosen]
        if (points == before).all():
            break
    return points, error


def _right_products(cores: Sequence[np.ndarray], points: np.ndarray) -> list[np.ndarray]:
    """Products of the cores after each mode, (k, r) each."""
    if not cores:
        return []
    found = [np.ones((len(points), 1), cores[0].dtype)]
    for core, index in zip(cores[:0:-1], points.T[:0:-1], strict=True):
        found.append(np.einsum("akb,kb->ka", core[:, index], found[-1], optimize=True))
    return found[::-1]
