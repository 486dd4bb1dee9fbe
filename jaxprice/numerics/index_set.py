"""Sparse sets of multi-indices, and the products of one-dimensional functions that they stand for.

A multi-index is built from its parent, the same one without its last non-zero entry, by one factor. So are the
products: one multiplication for each function and point, level by level, where level ℓ holds the indices with ℓ
non-zero entries.
"""

import dataclasses
import enum
import functools
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Float
from jaxprice.core.validation import check_count


class IndexKind(enum.StrEnum):
    """Which multi-indices of an order."""

    HYPERBOLIC_CROSS = "hyperbolic_cross"
    """∏ (α_j + 1) <= order + 1."""
    TOTAL_DEGREE = "total_degree"
    """Σ α_j <= order."""


@dataclasses.dataclass(frozen=True, eq=False)
class Level:
    """Multi-indices with the same number of non-zero entries.

    Attributes:
        parent: place of each one's parent in the level below, (n,).
        factor: the last non-zero entry, as a row of the one-dimensional functions: coordinate · order + degree - 1,
            (n,).
    """

    parent: np.ndarray
    factor: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class IndexSet:
    """A downward closed set of multi-indices, the zero index first.

    Attributes:
        n_dims: entries of an index.
        order: largest entry.
        levels: the indices with one, two, ... non-zero entries.
    """

    n_dims: int
    order: int
    levels: tuple[Level, ...]

    @property
    def size(self) -> int:
        """Number of multi-indices, the zero index included."""
        return 1 + sum(len(level.parent) for level in self.levels)

    def indices(self) -> np.ndarray:
        """All multi-indices as rows, (size, n_dims)."""
        found = [np.zeros((1, self.n_dims), np.int64)]
        for level in self.levels:
            rows = found[-1][level.parent].copy()
            coordinate, degree = np.divmod(level.factor, self.order)
            rows[np.arange(len(rows)), coordinate] = degree + 1
            found.append(rows)
        return np.concatenate(found)

    def products(self, table: Float[Array, "s p ..."]) -> Float[Array, "size ..."]:
        """Tensor products of one-dimensional functions, one for each multi-index.

        Args:
            table: functions of degree 1 ... order of each coordinate, (n_dims, order) and any trailing axes; degree 0
                is the constant one. The trailing axes are innermost so that loops over points are vectorised.
        """
        rest = table.shape[2:]
        factor = table.reshape(-1, *rest)
        parts = [jnp.ones((1, *rest), table.dtype)]
        for level in self.levels:
            # Level 1 takes every function of one variable in its order: no product, no copy.
            parts.append(factor if len(parts) == 1 else parts[-1][level.parent] * factor[level.factor])
        return jnp.concatenate(parts)


@functools.lru_cache(maxsize=256)
def hyperbolic_cross(n_dims: int, order: int) -> IndexSet:
    """Multi-indices with ∏ (α_j + 1) <= order + 1.

    Terms of high degree in many coordinates are left out, so it grows far slower with the order than the total degree
    does. Yang and Li 2025 report the sizes of this set; their text defines another one.
    """
    return _grow(n_dims, order, 1, order + 1, lambda budget, degree: budget * (degree + 1))


@functools.lru_cache(maxsize=256)
def total_degree(n_dims: int, order: int) -> IndexSet:
    """Multi-indices with Σ α_j <= order."""
    return _grow(n_dims, order, 0, order, lambda budget, degree: budget + degree)


def index_set(kind: IndexKind, n_dims: int, order: int) -> IndexSet:
    """The set of a kind; the same object for the same arguments."""
    return (hyperbolic_cross if kind == IndexKind.HYPERBOLIC_CROSS else total_degree)(n_dims, order)


def _grow(n_dims: int, order: int, start: int, limit: int, spend: Callable[[int, int], int]) -> IndexSet:
    """Extends each index to the right while its budget lasts."""
    check_count("n_dims", n_dims)
    check_count("order", order)
    levels: list[Level] = []
    frontier = [(-1, start)]
    while True:
        parent, factor, following = [], [], []
        for place, (last, budget) in enumerate(frontier):
            degrees = [degree for degree in range(1, order + 1) if spend(budget, degree) <= limit]
            for coordinate in range(last + 1, n_dims):
                for degree in degrees:
                    parent.append(place)
                    factor.append(coordinate * order + degree - 1)
                    following.append((coordinate, spend(budget, degree)))
        if not parent:
            return IndexSet(n_dims, order, tuple(levels))
        levels.append(Level(np.array(parent), np.array(factor)))
        frontier = following
