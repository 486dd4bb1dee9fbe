"""Sweeps that choose the pivots of a bond anew at every visit: smaller ranks, several times as many evaluations."""

import numpy as np

from jaxprice.numerics.cross import Cross
from jaxprice.numerics.cross_config import Config, Pivoting
from jaxprice.numerics.grid_function import Draws
from jaxprice.numerics.rank_revealing_lu import Pivots, complete_pivots, fibre_pivots

# Random columns that a visit considers beside those of the bond, a share of their number.
_GROWTH, _MIN_NEW = 0.5, 2


class NonNestedSweeps:
    """Two-site updates among I_b × mode and mode × J_{b+1}, the sets of the sweep before, and what was fed."""

    def __init__(self, cross: Cross, config: Config, draws: Draws):
        self._cross, self._config, self._draws = cross, config, draws
        self._fed = np.zeros((0, len(cross.function.shape)), np.int32)

    def sweep(self, is_forward: bool, threshold: float) -> np.ndarray:
        """Visits all bonds once; what the pivots of each leave of its candidates, in units of the scale, (n_bonds,).

        Args:
            is_forward: from the first bond to the last, or back.
            threshold: pivots are chosen until no more than this is left, in the same units.
        """
        cross = self._cross
        n_bonds = len(cross.ranks)
        left, right, fed = list(cross.left), list(cross.right), self._fed
        errors = np.zeros(n_bonds)
        for bond in range(n_bonds) if is_forward else reversed(range(n_bonds)):
            rows = _distinct(left[bond + 1], fed[:, : bond + 1], cross.rows(bond))
            columns = _distinct(right[bond], fed[:, bond + 1 :], cross.columns(bond + 1))
            n_first = len(right[bond]) + len(fed)
            found = self._select(rows, columns, n_first, threshold * cross.function.scale)
            cross.left[bond + 1], cross.right[bond] = rows[found.rows], columns[found.columns]
            errors[bond] = found.remainder
        self._fed = fed[:0]
        cross.evaluate()
        return errors / cross.function.scale

    def feed(self, points: np.ndarray, threshold: float) -> None:
        """Makes given points candidates of the next sweep, (k, n_modes)."""
        del threshold
        self._fed = points

    def _select(self, rows: np.ndarray, columns: np.ndarray, n_first: int, threshold: float) -> Pivots:
        """Pivots of a block; `remainder` is the last of them where candidates ran out before the threshold was met."""
        block, max_rank = self._cross.function.block, self._config.max_rank
        if self._config.pivoting == Pivoting.COMPLETE:
            return _at_least_one(block(rows, columns), threshold, max_rank)
        n_rest = len(columns) - min(n_first, len(columns))
        n_new = min(n_rest, max(_MIN_NEW, int(_GROWTH * n_first)))
        new = np.unique(len(columns) - 1 - self._draws.below(max(n_rest, 1), n_new))
        column = np.concatenate([np.arange(min(n_first, len(columns))), new])
        for _ in range(self._config.n_rook):
            row = fibre_pivots(block(rows, columns[column]).T, 0.0).columns
            values = block(rows[row], columns)
            column = fibre_pivots(values, 0.0).columns
        best = _at_least_one(values[:, column], threshold, max_rank)
        is_exhausted = len(best.rows) == len(row) < min(len(rows), len(columns))
        remainder = float(best.sizes[-1]) if is_exhausted else best.remainder
        return Pivots(row[best.rows], column[best.columns], best.sizes, remainder)


def _at_least_one(values: np.ndarray, threshold: float, max_rank: int) -> Pivots:
    found = complete_pivots(values, threshold, max_rank)
    return found if len(found.rows) else complete_pivots(values, 0.0, 1)


def _distinct(*indices: np.ndarray) -> np.ndarray:
    """Rows of indices without repetitions, in the order in which they first come."""
    joined = np.concatenate(indices)
    _, first = np.unique(joined, axis=0, return_index=True)
    return joined[np.sort(first)]
