"""What an experiment is, and what a cell of its table is."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Metrics: TypeAlias = dict[str, Any]
"""What a run found, in numbers, text, lists and dictionaries; `rows`, flat dictionaries, are printed as a table."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """One number beside the number that it should be; made by one of the class methods.

    Attributes:
        name: which cell of which row.
        value: what the run found.
        std_error: its standard error, if it has one.
        expected: the number that it should be; None where only a limit is known.
        lower: smallest value that passes.
        upper: largest value that passes.
        source: where the expectation comes from: table and page, reference function, or claim.
    """

    name: str
    value: float
    std_error: float | None = None
    expected: float | None = None
    lower: float = -math.inf
    upper: float = math.inf
    source: str = ""

    @classmethod
    def near(
        cls,
        name: str,
        value: float,
        expected: float,
        tolerance: float,
        *,
        std_error: float | None = None,
        source: str = "",
    ) -> "Cell":
        """Passes within `tolerance` of what is expected."""
        value, expected, tolerance = float(value), float(expected), float(tolerance)
        std_error = None if std_error is None else float(std_error)
        low, high = expected - tolerance, expected + tolerance
        return cls(name=name, value=value, std_error=std_error, expected=expected, lower=low, upper=high, source=source)

    @classmethod
    def unbiased(
        cls,
        name: str,
        value: float,
        std_error: float,
        expected: float,
        *,
        expected_error: float = 0.0,
        n_errors: float = 4.0,
        source: str = "",
    ) -> "Cell":
        """Passes within `n_errors` standard errors, that of what is expected included."""
        tolerance = n_errors * math.hypot(float(std_error), float(expected_error))
        return cls.near(name, value, expected, tolerance, std_error=std_error, source=source)

    @classmethod
    def at_most(
        cls, name: str, value: float, limit: float, *, std_error: float | None = None, source: str = ""
    ) -> "Cell":
        """Passes up to a limit."""
        return cls(name=name, value=float(value), std_error=std_error, upper=float(limit), source=source)

    @classmethod
    def at_least(
        cls, name: str, value: float, limit: float, *, std_error: float | None = None, source: str = ""
    ) -> "Cell":
        """Passes from a limit on."""
        return cls(name=name, value=float(value), std_error=std_error, lower=float(limit), source=source)

    @property
    def is_met(self) -> bool:
        """Whether the value passes; NaN never does."""
        return self.lower <= self.value <= self.upper

    @property
    def target(self) -> str:
        """What was expected, in words."""
        if self.expected is not None:
            return f"{self.expected:.6g} ± {self.upper - self.expected:.2g}"
        return f"<= {self.upper:.6g}" if math.isfinite(self.upper) else f">= {self.lower:.6g}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment:
    """A question, how it is answered, and what the answer is held against.

    `question` and `table` are literal strings: the list of experiments reads them without running the module. The
    settings are frozen data classes, all of one type, whose fields are options of the command line.

    Attributes:
        question: one line.
        table: the published table, figure or claim that is reproduced.
        run: from a key and the settings to metrics; the same key gives the same numbers, times aside.
        cells: from the metrics and the settings to the table's cells beside what they should be.
        figures: from the metrics and the settings to figures by file name.
        default: settings of a run whose results are quoted.
        smoke: settings of a run of a few seconds, which shows that it runs.
        full: settings of the most precise run.
    """

    question: str
    table: str
    run: Callable[[Any, Any], Metrics]
    cells: Callable[[Metrics, Any], list[Cell]]
    figures: Callable[[Metrics, Any], Mapping[str, Any]] | None = None
    default: Any
    smoke: Any
    full: Any
