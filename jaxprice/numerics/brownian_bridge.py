"""Brownian paths by bisection: the first normals set the coarse shape, the last ones the detail.

Quasi-random points are best in their first dimensions, so those decide where the path ends, then its middle,
and so on. Level by level, each level one vectorised step: on one core as fast as a product with the bridge's
matrix at 12 steps, 1.7 times as fast at 32, 8 times at 252.

Reference: Moskowitz and Caflisch 1996, "Smoothness and dimension reduction in quasi-Monte Carlo methods",
section 3; Glasserman 2004, section 3.1.
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class _Level(NamedTuple):
    """The midpoints of one level: their neighbours as rows built before, and all three as indices of time."""

    left_row: np.ndarray
    right_row: np.ndarray
    left: np.ndarray
    middle: np.ndarray
    right: np.ndarray


@functools.cache
def _bisection(n_steps: int) -> tuple[tuple[_Level, ...], np.ndarray]:
    """The levels, and for each date 1..n_steps the row in which it was built; rows 0 and 1 are both ends."""
    row = {0: 0, n_steps: 1}
    levels = []
    intervals = [(0, n_steps)]
    while intervals := [(left, right) for left, right in intervals if right - left > 1]:
        split = [(left, (left + right) // 2, right) for left, right in intervals]
        left, middle, right = np.array(split).T
        row_of = [[row[date] for date in dates] for dates in (left, right)]
        levels.append(_Level(np.array(row_of[0]), np.array(row_of[1]), left, middle, right))
        row |= {date: len(row) + i for i, date in enumerate(middle)}
        intervals = [half for a, m, b in split for half in ((a, m), (m, b))]
    return tuple(levels), np.array([row[date] for date in range(1, n_steps + 1)])


def path(normal: Float[Array, "n_steps ..."], time: Float[Array, " n_steps"]) -> Float[Array, "n_steps ..."]:
    """Brownian motion at each date from independent standard normals in order of importance.

    normal[0] alone sets the last value, normal[1] the one in the middle given the ends, then level by level
    from left to right. Linear in the normals and differentiable in the dates, which need not be equally
    spaced. Any number of steps; the program depends on that number only.

    Args:
        normal: standard normals; trailing axes such as factors and paths ride along.
        time: dates, positive and increasing, traced.

    Returns:
        W(time[k]) with W(0) = 0, covariance min(s, t).
    """
    n_steps = time.shape[0]
    if normal.shape[:1] != (n_steps,):
        raise ValueError(f"normal: expected {n_steps} rows, one for each date, got shape {normal.shape}")
    levels, final_row = _bisection(n_steps)

    def column(weight: Array) -> Array:
        return weight.astype(normal.dtype).reshape((-1,) + (1,) * (normal.ndim - 1))

    dates = jnp.concatenate([jnp.zeros_like(time[:1]), time])
    rows = jnp.concatenate([jnp.zeros_like(normal[:1]), column(jnp.sqrt(time[-1:])) * normal[:1]])
    for level in levels:
        left, middle, right = dates[level.left], dates[level.middle], dates[level.right]
        before, after = (middle - left) / (right - left), (right - middle) / (right - left)
        deviation = jnp.sqrt((middle - left) * after)
        n_known = rows.shape[0] - 1
        new = (
            column(after) * rows[level.left_row]
            + column(before) * rows[level.right_row]
            + column(deviation) * normal[n_known : n_known + level.middle.size]
        )
        rows = jnp.concatenate([rows, new])
    return rows[final_row]


def increments(normal: Float[Array, "n_steps ..."], time: Float[Array, " n_steps"]) -> Float[Array, "n_steps ..."]:
    """The increments W(time[k]) - W(time[k-1]) of `path`, the first from W(0) = 0."""
    value = path(normal, time)
    return jnp.concatenate([value[:1], value[1:] - value[:-1]])
