"""Which rows and columns of a matrix span it: LU factorisation with pivoting that stops where little is left.

On the host and in NumPy, because how many there are decides shapes.
"""

from typing import NamedTuple

import numpy as np


class Pivots(NamedTuple):
    """A cross of rows and columns.

    Attributes:
        rows: their places in the order in which they were found, (r,).
        columns: likewise, (r,).
        sizes: absolute values of the pivots, (r,).
        remainder: largest absolute value of what the cross leaves unexplained, 0 where nothing is left to look at.
    """

    rows: np.ndarray
    columns: np.ndarray
    sizes: np.ndarray
    remainder: float


def complete_pivots(matrix: np.ndarray, threshold: float, max_rank: int) -> Pivots:
    """Complete pivoting: each pivot is the largest entry of what the ones before it leave; cost O(m n r).

    Args:
        matrix: (m, n), real or complex.
        threshold: entries of no more than this size are not taken as pivots.
        max_rank: most pivots.
    """
    rest = np.array(matrix)
    rows: list[int] = []
    columns: list[int] = []
    sizes: list[float] = []
    while True:
        size = _squared(rest)
        place = int(np.argmax(size)) if size.size else 0
        remainder = float(np.sqrt(size.flat[place])) if size.size else 0.0
        if len(rows) == min(*rest.shape, max_rank) or remainder <= threshold:
            return Pivots(np.array(rows, int), np.array(columns, int), np.array(sizes), remainder)
        row, column = divmod(place, rest.shape[1])
        rest -= np.outer(rest[:, column] / rest[row, column], rest[row])
        # Exactly zero, so that rounding never lets a row or column be chosen twice.
        rest[row], rest[:, column] = 0.0, 0.0
        rows.append(row)
        columns.append(column)
        sizes.append(remainder)


def fibre_pivots(fibres: np.ndarray, threshold: float) -> Pivots:
    """Partial pivoting: the largest entry of each fibre in turn, less what those before it explain; cost O(k² m).

    The half step of rook pivoting: given columns, good rows, and the other way round.

    Args:
        fibres: (k, m), few and long; each one is a row of this array.
        threshold: a fibre of which no more than this is left gets no pivot.

    Returns:
        Fibres as rows, places in them as columns.
    """
    k, m = fibres.shape
    upper = np.zeros((min(k, m), k), fibres.dtype)
    lower = np.zeros((min(k, m), m), fibres.dtype)
    rows: list[int] = []
    columns: list[int] = []
    sizes: list[float] = []
    remainder = 0.0
    for row in range(k):
        rank = len(rows)
        rest = fibres[row] - upper[:rank, row] @ lower[:rank]
        place = int(np.argmax(_squared(rest)))
        size = float(abs(rest[place]))
        if rank == min(k, m) or size <= threshold:
            remainder = max(remainder, size)
            continue
        upper[rank] = fibres[:, place] - lower[:rank, place] @ upper[:rank]
        lower[rank] = rest / rest[place]
        lower[rank, columns] = 0.0
        rows.append(row)
        columns.append(place)
        sizes.append(size)
    return Pivots(np.array(rows, int), np.array(columns, int), np.array(sizes), remainder)


def _squared(values: np.ndarray) -> np.ndarray:
    return values.real**2 + values.imag**2 if np.iscomplexobj(values) else values**2
