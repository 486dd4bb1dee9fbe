"""Sweeps that only ever add pivots to a cross, so that the values that it is made of are kept."""

from typing import NamedTuple

import numpy as np

from jaxprice.numerics.cross import Cross, divide
from jaxprice.numerics.cross_config import Config, Pivoting
from jaxprice.numerics.grid_function import Draws
from jaxprice.numerics.rank_revealing_lu import complete_pivots, fibre_pivots

# New pivots that one visit of a bond looks for: a share of those it has, no more than this many times those of its last
# visit. Fewer take more sweeps; more take pivots that later ones, from larger candidate sets, would have made needless.
_GROWTH, _MIN_NEW, _ACCELERATION = 0.5, 2, 2
# Of what a visit finds, pivots below this share of its largest one are left for the next visit, for the same reason.
_SMALLEST_SHARE = 0.03
# Random entries at which a visit begins: a share of its rows and columns, which cost as much as a fifth of a pivot.
_SCATTERED_SHARE, _MIN_SCATTERED = 0.2, 64


class _Found(NamedTuple):
    """Pivots of one visit, the largest first, and the values along them where they were needed to find them."""

    row: np.ndarray
    column: np.ndarray
    row_values: np.ndarray | None
    column_values: np.ndarray | None
    error: float


class _Residual:
    """What a cross leaves unexplained at the candidate rows and columns of one bond, evaluated where asked for."""

    def __init__(self, cross: Cross, bond: int):
        self.function, self.pivot = cross.function, cross.pivot[bond]
        self.rows, self.columns = cross.rows(bond), cross.columns(bond + 1)
        self.column_matrix, self.row_matrix = cross.column_matrix(bond), cross.row_matrix(bond)

    def at(self, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """At single entries, (k,)."""
        values = self.function(np.concatenate([self.rows[row], self.columns[column]], axis=1))
        solved = np.linalg.solve(self.pivot, self.row_matrix[:, column])
        return values - np.sum(self.column_matrix[row] * solved.T, axis=1)

    def of_rows(self, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and errors along rows, (k, n) each."""
        values = self.function.block(self.rows[row], self.columns)
        return values, values - divide(self.column_matrix[row], self.pivot) @ self.row_matrix

    def of_columns(self, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and errors along columns, (k, m) each."""
        values = self.function.block(self.rows, self.columns[column]).T
        solved = np.linalg.solve(self.pivot, self.row_matrix[:, column])
        return values, values - solved.T @ self.column_matrix.T


class NestedSweeps:
    """Rows are added from I_b × mode, columns from mode × J_{b+1}: the train goes through every value of its sites.

    Rows that are fed from outside are the exception; see `feed`.
    """

    def __init__(self, cross: Cross, config: Config, draws: Draws):
        self._cross, self._config, self._draws = cross, config, draws
        self._n_found = [config.max_rank] * len(cross.ranks)

    def sweep(self, is_forward: bool, threshold: float) -> np.ndarray:
        """Visits all bonds once; the largest error found at each, in units of the function's scale, (n_bonds,).

        Args:
            is_forward: from the first bond to the last, or back.
            threshold: errors above it become pivots, in the same units.
        """
        n_bonds = len(self._n_found)
        errors = np.zeros(n_bonds)
        for bond in range(n_bonds) if is_forward else reversed(range(n_bonds)):
            rank = self._cross.ranks[bond]
            n_new = max(_MIN_NEW, min(int(_GROWTH * rank), _ACCELERATION * self._n_found[bond]))
            errors[bond] = self._visit(bond, n_new, threshold * self._cross.function.scale)
            self._n_found[bond] = self._cross.ranks[bond] - rank
        return errors / self._cross.function.scale

    def feed(self, points: np.ndarray, threshold: float) -> None:
        """Makes the cross right at given points, (k, n_modes).

        The train's error at a point comes from errors, at each bond, in the row of the point's left indices. So that
        row becomes a pivot of every bond where any of its candidates is off by more than the threshold, the last bond
        first. It need not continue a row of the bond before it.
        """
        cross = self._cross
        for bond in reversed(range(len(cross.ranks))):
            rows, columns = np.unique(points[:, : bond + 1], axis=0), cross.columns(bond + 1)
            values = cross.function.block(rows, columns)
            solved = divide(cross.function.block(rows, cross.right[bond]), cross.pivot[bond])
            room = self._config.max_rank - cross.ranks[bond]
            rest = values - solved @ cross.row_matrix(bond)
            found = complete_pivots(rest, threshold * cross.function.scale, room)
            is_new = _are_new(cross, bond, rows[found.rows], columns[found.columns])
            row, column = found.rows[is_new], found.columns[is_new]
            cross.extend(bond, rows[row], columns[column], values[row])
            self._n_found[bond] += len(row)

    def _visit(self, bond: int, n_new: int, threshold: float) -> float:
        cross, residual = self._cross, _Residual(self._cross, bond)
        rank = len(residual.pivot)
        n_new = min(n_new, len(residual.rows) - rank, len(residual.columns) - rank)
        if n_new == 0:
            return 0.0
        search = self._rook if self._config.pivoting == Pivoting.ROOK else _complete
        found = search(residual, n_new, threshold)
        room = slice(self._config.max_rank - rank)
        rows, columns = residual.rows[found.row[room]], residual.columns[found.column[room]]
        is_new = _are_new(cross, bond, rows, columns)
        cross.extend(
            bond,
            rows[is_new],
            columns[is_new],
            None if found.row_values is None else found.row_values[room][is_new],
            None if found.column_values is None else found.column_values[room][is_new],
        )
        # An error at a pivot is one of rounding, of which there is nothing to learn.
        return 0.0 if len(rows) and not is_new.any() else found.error

    def _rook(self, residual: _Residual, n_new: int, threshold: float) -> _Found:
        """Rows through the worst of random entries, the columns worst in them, the rows worst in those, and so on."""
        row = self._scattered_rows(residual, n_new, threshold)
        for _ in range(self._config.n_rook):
            known = row
            row_values, rest = residual.of_rows(known)
            found = fibre_pivots(rest, threshold)
            if not len(found.columns):
                return _Found(found.rows, found.columns, None, None, found.remainder)
            column = found.columns
            column_values, rest = residual.of_columns(column)
            row = fibre_pivots(rest, threshold).columns
            if np.isin(row, known).all():
                break
        if not len(row):
            return _Found(row, row, None, None, 0.0)
        small = rest[:, row]
        best = complete_pivots(small, max(threshold, _SMALLEST_SHARE * float(np.abs(small).max())), n_new)
        row = row[best.columns]
        new = np.setdiff1d(row, known)
        new_values = residual.function.block(residual.rows[new], residual.columns)
        place = {index: at for at, index in enumerate([*known, *new])}
        row_values = np.concatenate([row_values, new_values])[[place[index] for index in row]]
        return _Found(row, column[best.rows], row_values, column_values[best.rows], float(best.sizes[0]))

    def _scattered_rows(self, residual: _Residual, n_new: int, threshold: float) -> np.ndarray:
        m, n = len(residual.rows), len(residual.columns)
        n_scattered = max(_MIN_SCATTERED, int(_SCATTERED_SHARE * (m + n)))
        row, column = self._draws.below(m, n_scattered), self._draws.below(n, n_scattered)
        size = np.abs(residual.at(row, column))
        n_large = int(np.sum(size > max(threshold, _SMALLEST_SHARE * float(size.max()))))
        ranked = row[np.argsort(-size, kind="stable")][: max(_MIN_NEW, n_large)]
        _, first = np.unique(ranked, return_index=True)
        return ranked[np.sort(first)][:n_new]


def _are_new(cross: Cross, bond: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Which pairs share no row or column with a pivot, (k,): one that did would make the pivot matrix singular."""
    pairs = ((rows, cross.left[bond + 1]), (columns, cross.right[bond]))
    known = [(new[:, None] == old[None]).all(axis=2).any(axis=1) for new, old in pairs]
    return ~(known[0] | known[1])


def _complete(residual: _Residual, n_new: int, threshold: float) -> _Found:
    """The largest errors of all candidates."""
    values, rest = residual.of_rows(np.arange(len(residual.rows)))
    found = complete_pivots(rest, max(threshold, _SMALLEST_SHARE * float(np.abs(rest).max())), n_new)
    error = float(found.sizes[0]) if len(found.sizes) else found.remainder
    return _Found(found.rows, found.columns, values[found.rows], values[:, found.columns].T, error)
