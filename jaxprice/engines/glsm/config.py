"""Settings of the least squares Monte Carlo engine."""

import dataclasses
import enum

from jaxprice.core.validation import check_count, check_member
from jaxprice.engines.glsm.columns import Column
from jaxprice.numerics.index_set import IndexKind
from jaxprice.numerics.least_squares import DEFAULT_RIDGE
from jaxprice.simulation.estimators import Estimator

_MAX_PATHS = 2**32
_ORDER = {1: 10, 2: 8, 3: 6, 4: 4, 5: 4}


class Rule(enum.StrEnum):
    """What the continuation value of a date is regressed from: the value that a path carries back to it."""

    VALUE = "value"
    """The fitted value where held, as published (Yang and Li 2025, algorithm 4.2); high where the basis is poor."""
    CASH_FLOW = "cash_flow"
    """The realised cash flow where held (Longstaff and Schwartz 2001); noisy."""
    HEDGED = "hedged"
    """The realised cash flow less the martingale increments already fitted at later dates: a hedged claim's noise."""


class Precision(enum.StrEnum):
    """In which precision the regression matrix is made and multiplied; sums and solves are always in 64 bits."""

    DOUBLE = "double"
    MIXED = "mixed"
    """The matrix is rounded to 32 bits and multiplied in them, twice as fast; the ridge is at least 1e-6."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Structure and effort; hashable, static under `jit`.

    Attributes:
        n_paths: paths of the fit.
        n_price_paths: fresh paths of the price and the Greeks.
        n_dual_paths: fresh outer paths of the certified interval; 0 leaves it out.
        n_inner: inner draws for each outer path and step, a power of two.
        order: of the Hermite basis, at least 1; None: 10 for one factor, falling to 4 for five, 3 up to ten, 2 beyond.
        index_kind: hyperbolic cross or total degree.
        columns: functions of the prices beside the Hermite ones, see `columns`; None: what suits the payoff.
        gradient: whether martingale columns are part of the regression (G-LSM) or not (LSM).
        rule: what is regressed.
        n_substeps: steps of simulation, regression and hedge between two exercise dates; None: one if the model is
            exact, else 32 or more in all.
        greeks: whether to differentiate the price by every number of the model and by the exercise times.
        estimator: how; "likelihood_ratio" for a payoff that jumps.
        precision: of the regression matrix.
        ridge: relative to the squared lengths of the columns.
        chunk: paths that are in memory with their basis at once, a power of two.
    """

    n_paths: int = 2**17
    n_price_paths: int = 2**17
    n_dual_paths: int = 2**11
    n_inner: int = 2**8
    order: int | None = None
    index_kind: IndexKind = IndexKind.HYPERBOLIC_CROSS
    columns: tuple[Column, ...] | None = None
    gradient: bool = True
    rule: Rule = Rule.HEDGED
    n_substeps: int | None = None
    greeks: bool = True
    estimator: Estimator = Estimator.PATHWISE
    precision: Precision = Precision.DOUBLE
    ridge: float = DEFAULT_RIDGE
    chunk: int = 1024

    def validate(self) -> "Config":
        """The same settings with names turned into enumeration members.

        Raises:
            ValueError: for settings that make no estimate.
        """
        named = {"rule": Rule, "index_kind": IndexKind, "precision": Precision, "estimator": Estimator}
        config = dataclasses.replace(
            self, **{name: check_member(name, kind, getattr(self, name)) for name, kind in named.items()}
        )
        for name in ("n_paths", "n_price_paths", "n_dual_paths", "n_inner", "chunk"):
            if name != "n_dual_paths" or self.n_dual_paths:
                check_count(name, getattr(self, name), 2)
            if getattr(self, name) >= _MAX_PATHS:
                raise ValueError(f"{name}: expected fewer than 2**32, the range of an index, got {getattr(self, name)}")
        for name in ("n_inner", "chunk"):
            if getattr(self, name) & (getattr(self, name) - 1):
                raise ValueError(f"{name}: expected a power of two, got {getattr(self, name)}")
        if self.order is not None:
            check_count("order", self.order)
        if self.n_substeps is not None:
            check_count("n_substeps", self.n_substeps)
        if config.estimator not in (Estimator.PATHWISE, Estimator.LIKELIHOOD_RATIO):
            raise ValueError(
                f"estimator: expected 'pathwise' or 'likelihood_ratio' of a stopped path, got {self.estimator!r}"
            )
        if self.columns is not None and not (isinstance(self.columns, tuple) and all(map(callable, self.columns))):
            raise ValueError(
                f"columns: expected a tuple of functions such as (glsm.columns.payoff,), got {self.columns!r}"
            )
        if not 0.0 <= self.ridge < 1.0:
            raise ValueError(f"ridge: expected a small number from 0 to 1, got {self.ridge}")
        return config

    def order_for(self, n_state: int) -> int:
        """The order of the Hermite basis for a state of so many coordinates."""
        return self.order if self.order is not None else _ORDER.get(n_state, 3 if n_state <= 10 else 2)
