"""A tensor train in cross form: index sets on both sides of every bond, and the function's values where they meet."""

import numpy as np

from jaxprice.numerics.grid_function import GridFunction


class Cross:
    """Pivots of every bond; bookkeeping on the host that grows in place, not a noun.

    With I_b the rows and J_b the columns of bond b, the matrix of the function there is about
    f(·, J_b) f(I_b, J_b)⁻¹ f(I_b, ·), exact where a row is in I_b or a column in J_b.

    Attributes:
        left: indices of the modes before mode b, one row for each pivot of the bond before it, (r, b); n_modes arrays.
        right: indices of the modes after mode b, likewise, (r', n_modes - b - 1); n_modes arrays.
        site: values at left × mode b × right, (r, n, r'); n_modes arrays.
        pivot: values at the pivot rows and columns of each bond, (r, r); n_modes - 1 arrays.
    """

    def __init__(self, function: GridFunction, points: np.ndarray):
        """Of one pivot at each bond, which the given point passes through, (n_modes,)."""
        n_modes = len(function.shape)
        self.function = function
        self.left = [points[None, :mode] for mode in range(n_modes)]
        self.right = [points[None, mode + 1 :] for mode in range(n_modes)]
        self.evaluate()

    @property
    def ranks(self) -> list[int]:
        """Pivots of each bond."""
        return [len(columns) for columns in self.right[:-1]]

    def evaluate(self) -> None:
        """All sites and pivot matrices, from the index sets."""
        shape = self.function.shape
        self.site = []
        for mode, n in enumerate(shape):
            values = self.function.block(self.rows(mode), self.right[mode])
            self.site.append(values.reshape(-1, n, len(self.right[mode])))
        self.pivot = [
            self.function.block(rows, columns) for rows, columns in zip(self.left[1:], self.right, strict=False)
        ]

    def rows(self, mode: int) -> np.ndarray:
        """Candidates for rows of the bond after a mode: every left index with every index of the mode."""
        left, n = self.left[mode], self.function.shape[mode]
        return _joined(np.repeat(left, n, axis=0), np.tile(np.arange(n, dtype=np.int32), len(left))[:, None])

    def columns(self, mode: int) -> np.ndarray:
        """Candidates for columns of the bond before a mode: every index of the mode with every right index."""
        right, n = self.right[mode], self.function.shape[mode]
        return _joined(np.repeat(np.arange(n, dtype=np.int32), len(right))[:, None], np.tile(right, (n, 1)))

    def column_matrix(self, bond: int) -> np.ndarray:
        """Values at the candidate rows and the pivot columns of a bond, (m, r)."""
        site = self.site[bond]
        return site.reshape(-1, site.shape[2])

    def row_matrix(self, bond: int) -> np.ndarray:
        """Values at the pivot rows and the candidate columns of a bond, (r, n)."""
        site = self.site[bond + 1]
        return site.reshape(len(site), -1)

    def extend(
        self,
        bond: int,
        rows: np.ndarray,
        columns: np.ndarray,
        row_values: np.ndarray | None = None,
        column_values: np.ndarray | None = None,
    ) -> None:
        """New pivots at a bond.

        Args:
            bond: between mode `bond` and the next.
            rows: left indices, (k, bond + 1).
            columns: right indices, (k, n_modes - bond - 1).
            row_values: at the rows and all candidate columns, (k, n), where they are known.
            column_values: at the columns and all candidate rows, (k, m), where they are known.
        """
        if not len(rows):
            return
        block = self.function.block
        if row_values is None:
            row_values = block(rows, self.columns(bond + 1))
        if column_values is None:
            column_values = block(self.rows(bond), columns).T
        k = len(rows)
        before, after = self.site[bond], self.site[bond + 1]
        grown = np.concatenate([self.pivot[bond], block(rows, self.right[bond])])
        self.left[bond + 1] = np.concatenate([self.left[bond + 1], rows])
        self.right[bond] = np.concatenate([self.right[bond], columns])
        self.pivot[bond] = np.concatenate([grown, block(self.left[bond + 1], columns)], axis=1)
        self.site[bond] = np.concatenate([before, column_values.T.reshape(*before.shape[:2], k)], axis=2)
        self.site[bond + 1] = np.concatenate([after, row_values.reshape(k, *after.shape[1:])])

    def cores(self) -> list[np.ndarray]:
        """Of the train that goes through all pivots.

        Each site is divided by its pivot matrix through an LU factorisation and triangular solves. An explicit inverse
        has entries as large as the inverse of the smallest pivot, which is about the tolerance, and loses as many
        digits when it is multiplied out. The quotient holds coefficients of an interpolation, most of them below one.
        """
        found = [
            divide(site.reshape(-1, len(p)), p).reshape(site.shape)
            for site, p in zip(self.site, self.pivot, strict=False)
        ]
        return [*found, self.site[-1]]


def divide(values: np.ndarray, pivot: np.ndarray) -> np.ndarray:
    """The quotient of (m, r) values and a pivot matrix (r, r) on their right, by its LU factorisation."""
    return np.linalg.solve(pivot.T, values.T).T


def _joined(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts, axis=1)
