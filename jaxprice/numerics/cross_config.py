"""Choices of tensor cross interpolation."""

import dataclasses
import enum

import numpy as np

from jaxprice.core.validation import check_between, check_count, check_member


class Pivoting(enum.StrEnum):
    """How far the search for pivots at a bond looks."""

    ROOK = "rook"
    """Along rows and columns in turn: cost linear in both."""
    COMPLETE = "complete"
    """At every candidate: cost their product; for small problems and hard ones."""


class IndexSets(enum.StrEnum):
    """What becomes of old pivots."""

    NESTED = "nested"
    """They stay, and new ones continue them: what was evaluated is kept, and the train goes through all of it."""
    NON_NESTED = "non_nested"
    """Each visit chooses anew, old pivots among the candidates: smaller ranks, several times as many evaluations."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort and strategy.

    Attributes:
        tolerance: largest error that the independent check may find, relative to the function's largest value.
        max_rank: most pivots of a bond.
        max_sweeps: most passes over all bonds, to the right and to the left counted each.
        pivoting: rook or complete.
        n_rook: alternations of the rook search at each visit; more find better pivots and cost more evaluations.
        index_sets: nested or not.
        n_start: random points from which the first pivots climb to large values.
        n_check: random points of each check.
        n_climb: points from which each check climbs to larger errors, half of them the worst of the random points.
        max_checks: most checks; a failed one feeds the points that it found to further sweeps.
        chunk: points evaluated at once.
        is_traceable: False for a function of NumPy arrays that JAX cannot trace.
    """

    tolerance: float = 1e-8
    max_rank: int = 256
    max_sweeps: int = 100
    pivoting: Pivoting | str = Pivoting.ROOK
    n_rook: int = 1
    index_sets: IndexSets | str = IndexSets.NESTED
    n_start: int = 8
    n_check: int = 2048
    n_climb: int = 16
    max_checks: int = 16
    chunk: int = 2**15
    is_traceable: bool = True

    def validate(self) -> None:
        """Raises `ValueError` for what makes no sense."""
        check_between("tolerance", np.asarray(self.tolerance), 0.0, 1.0)
        for name in ("max_rank", "max_sweeps", "n_rook", "n_start", "n_check", "n_climb", "max_checks", "chunk"):
            check_count(name, getattr(self, name))
        check_member("pivoting", Pivoting, self.pivoting)
        check_member("index_sets", IndexSets, self.index_sets)
