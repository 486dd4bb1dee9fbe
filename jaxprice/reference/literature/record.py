"""How a published number is kept: value, printed decimals, source and how surely it was read."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

Row = TypeVar("Row", bound=tuple)


class Status(enum.Enum):
    """How surely a number is what its source says."""

    VERIFIED = "read in the source itself"
    SECOND_HAND = "read in another work that quotes the source"
    FIGURE = "read off a figure or title stored in the authors' notebook; one run, one seed"
    COMPUTED = "computed independently while this package was designed; not a published number"
    RECALLED = "from memory; do not test against it"
    SEED = "from a summary of the source that is known to be garbled in places; do not test against it"

    @property
    def is_testable(self) -> bool:
        """Whether a test may hold our numbers against it."""
        return self not in (Status.RECALLED, Status.SEED)


def rounding(decimals: int) -> float:
    """Largest error of a number that was printed with so many decimals."""
    return 0.5 * 10.0**-decimals


class Quantity(NamedTuple):
    """One published number.

    Attributes:
        value: as printed.
        decimals: printed decimals.
        status: how surely it was read.
        source: work, table or section.
        half_width: published uncertainty, zero where none was given.
        note: what else one must know.
    """

    value: float
    decimals: int
    status: Status
    source: str
    half_width: float = 0.0
    note: str = ""

    @property
    def tolerance(self) -> float:
        """Rounding of the print plus the published uncertainty."""
        return rounding(self.decimals) + self.half_width


class Column(NamedTuple):
    """What one column of a table holds.

    Attributes:
        decimals: printed decimals, the fewest in the column.
        status: how surely it was read.
        meaning: in words.
    """

    decimals: int
    status: Status
    meaning: str

    @property
    def tolerance(self) -> float:
        """Rounding of the print."""
        return rounding(self.decimals)


@dataclass(frozen=True, kw_only=True)
class Table(Generic[Row]):
    """A published table.

    Attributes:
        title: what the table shows.
        source: work, table number, where it was read.
        setting: parameters that all rows share, in words.
        column: by field name of the row; fields not listed are parameters of the row.
        row: the rows in printed order, named tuples.
    """

    title: str
    source: str
    setting: str
    column: Mapping[str, Column]
    row: tuple[Row, ...]

    def where(self, **parameter: object) -> tuple[Row, ...]:
        """The rows in which every named field has the value given."""
        return tuple(r for r in self.row if all(getattr(r, k) == v for k, v in parameter.items()))

    def one(self, **parameter: object) -> Row:
        """The only row with the values given.

        Raises:
            LookupError: if there is none or more than one.
        """
        found = self.where(**parameter)
        if len(found) != 1:
            raise LookupError(f"one row of '{self.title}' with {parameter} was expected, {len(found)} found")
        return found[0]
