"""Values of a function on a grid, for an algorithm on the host that decides point by point where to look.

Points are evaluated in blocks of three sizes, the last one padded, so that a function is traced at most three times
however many points are asked for, and never again for the same function.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, PRNGKey

_BLOCK_RATIO, _N_BLOCK_SIZES = 8, 3
_N_WORDS = 4096


class NonFiniteValue(Exception):
    """A function is NaN or infinite at a point of the grid."""

    def __init__(self, point: np.ndarray):
        super().__init__(f"the function is NaN or infinite at {point.tolist()}")
        self.point = point


@jax.jit
def _values(function: Callable[[Array], Array], points: Array) -> Array:
    values = function(points)
    _check_values(values, len(points))
    return values


def _check_values(values: Any, n_points: int) -> None:
    shape, dtype = getattr(values, "shape", None), getattr(values, "dtype", None)
    if dtype is None or shape != (n_points,):
        came = type(values).__name__ if dtype is None else f"shape {shape}"
        raise ValueError(
            f"function: expected one value for each of {n_points} rows of indices, shape ({n_points},), got {came}; "
            "a function of one row of indices is batched by jax.vmap"
        )
    if not np.issubdtype(dtype, np.inexact):
        raise TypeError(f"function: expected real or complex values, got {dtype}; cast them to a floating dtype")


class GridFunction:
    """Evaluates a function of indices and keeps count; bookkeeping on the host, not a noun.

    Attributes:
        shape: points of the grid in each mode.
        dtype: of the function's values.
        n_evaluations: points asked for so far, repetitions included, padding not.
        scale: largest absolute value seen.
        largest: the point where it was seen, (n_modes,).
    """

    def __init__(self, function: Callable[[Array], Array], shape: Sequence[int], chunk: int, is_traceable: bool):
        # A plain function is not an argument that jit takes; wrapped it is, and its identity is part of the program.
        is_plain = is_traceable and jax.tree_util.all_leaves([function])
        self._function: Callable[[Any], Any] = jax.tree_util.Partial(function) if is_plain else function
        self._is_traceable = is_traceable
        self._blocks = [max(1, chunk // _BLOCK_RATIO**power) for power in range(_N_BLOCK_SIZES)]
        self.shape = tuple(shape)
        self.n_evaluations, self.scale = 0, 0.0
        self.largest = np.zeros(len(self.shape), np.int32)
        self.dtype = self._evaluate(self.largest[None]).dtype

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Values at rows of indices (n_points, n_modes) -> (n_points,), in double precision whatever their dtype.

        Raises:
            NonFiniteValue: at the first of them where the function is NaN or infinite.
        """
        wide = np.result_type(self.dtype, np.float64)
        if not len(points):
            return np.zeros(0, wide)
        values = self._evaluate(points).astype(wide)
        size = np.abs(values)
        largest = int(np.argmax(size))
        # A NaN counts as the largest, so one comparison finds everything that is not finite.
        if not np.isfinite(size[largest]):
            raise NonFiniteValue(points[largest])
        if size[largest] > self.scale:
            self.scale, self.largest = float(size[largest]), points[largest].copy()
        self.n_evaluations += len(points)
        return values

    def block(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Values at every row of left indices (m, k) joined with every row of right ones (n, n_modes - k) -> (m, n)."""
        m, n, k = len(left), len(right), left.shape[1]
        points = np.empty((m, n, len(self.shape)), np.int32)
        points[:, :, :k] = left[:, None]
        points[:, :, k:] = right[None]
        return self(points.reshape(m * n, len(self.shape))).reshape(m, n)

    def _evaluate(self, points: np.ndarray) -> np.ndarray:
        return self._traced(points) if self._is_traceable else self._plain(points)

    def _plain(self, points: np.ndarray) -> np.ndarray:
        parts = []
        for first in range(0, len(points), self._blocks[0]):
            part = points[first : first + self._blocks[0]]
            parts.append(self._function(part))
            _check_values(parts[-1], len(part))
        return np.concatenate(parts)

    def _traced(self, points: np.ndarray) -> np.ndarray:
        parts, first = [], 0
        while first < len(points):
            n_rest = len(points) - first
            size = next((size for size in self._blocks if size <= n_rest), self._blocks[-1])
            part = points[first : first + size]
            if len(part) < size:
                part = np.concatenate([part, np.repeat(part[:1], size - len(part), axis=0)])
            parts.append(_values(self._function, jnp.asarray(part)))
            first += size
        return np.concatenate([np.asarray(part) for part in parts])[: len(points)]


class Draws:
    """Random whole numbers on the host, from a key; made in blocks of one size, so that one program draws them all."""

    def __init__(self, key: PRNGKey):
        self._key, self._n_blocks = key, 0
        self._words = np.zeros(0, np.uint64)

    def below(self, limit: int, n: int) -> np.ndarray:
        """Independent and uniform on 0 ... limit - 1, (n,); limit at most 2³²."""
        while len(self._words) < n:
            block = jax.random.bits(jax.random.fold_in(self._key, self._n_blocks), (_N_WORDS,), np.uint32)
            self._words = np.concatenate([self._words, np.asarray(block, np.uint64)])
            self._n_blocks += 1
        taken, self._words = self._words[:n], self._words[n:]
        return ((taken * np.uint64(limit)) >> np.uint64(32)).astype(np.int64)

    def points(self, shape: Sequence[int], n: int) -> np.ndarray:
        """Uniform on a grid, (n, n_modes)."""
        return np.stack([self.below(size, n) for size in shape], axis=1).astype(np.int32)
