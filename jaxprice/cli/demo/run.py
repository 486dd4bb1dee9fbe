"""What a row of the demonstration is, and what it comes to."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.cli.timing import Seconds, timed
from jaxprice.core.array import Array, PRNGKey, Scalar
from jaxprice.core.result import PriceResult
from jaxprice.core.status import Status

N_PATHS = 2**17
SIZES = (2**12, 2**15, 2**18)
_MAX_Z = 5.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One problem, one engine, and what the answer should be.

    Attributes:
        name: the problem, in a few words.
        engine: the engine and how it is set.
        model: what moves.
        price_fn: from (key, model, n_paths) to a result; an engine without paths disregards their number.
        reference_fn: from a model to its exact price, differentiable in the spot.
        source: what kind of reference it is.
        tolerance: largest error of price and delta, for an engine that has no standard errors.
    """

    name: str
    engine: str
    model: Any
    price_fn: Callable[[PRNGKey, Any, int], PriceResult]
    reference_fn: Callable[[Any], Scalar]
    source: str
    tolerance: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number, its standard error, and what it should be; None is what an engine does not have."""

    value: float | None
    std_error: float | None
    reference: float

    @property
    def z(self) -> float | None:
        """The error in standard errors; infinite where a standard error of zero comes with an error."""
        if self.value is None or self.std_error is None:
            return None
        error = self.value - self.reference
        return error / self.std_error if self.std_error else math.copysign(math.inf, error) if error else 0.0

    def passed(self, tolerance: float | None) -> bool:
        """Whether it lies within five standard errors of the reference or, if it has none, within the tolerance."""
        if self.value is None:
            return True
        if self.z is not None:
            return abs(self.z) < _MAX_Z
        return tolerance is not None and abs(self.value - self.reference) <= tolerance


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a row came to; `delta` is with respect to the first asset."""

    name: str
    engine: str
    source: str
    price: Estimate
    delta: Estimate
    status: str
    passed: bool
    seconds: Seconds


@dataclasses.dataclass(frozen=True, kw_only=True)
class Convergence:
    """Standard errors and errors of one price at rising numbers of paths."""

    name: str
    engine: str
    n_paths: list[int]
    std_error: list[float | None]
    error: list[float]


def run(row: Row, key: PRNGKey, n_paths: int = N_PATHS) -> Outcome:
    """Prices one row and its reference, both with the derivative by the first spot."""
    result, seconds = timed(lambda: row.price_fn(key, row.model, n_paths))

    def reference(spot: Array) -> Scalar:
        return row.reference_fn(dataclasses.replace(row.model, spot=spot))

    value, slope = jax.value_and_grad(reference)(row.model.spot)
    price = Estimate(value=float(result.price), std_error=_float(result.std_error), reference=float(value))
    delta = Estimate(
        value=_first_spot(result.greeks),
        std_error=_first_spot(result.greeks_std_error),
        reference=float(jnp.ravel(slope)[0]),
    )
    status = Status(int(result.status))
    return Outcome(
        name=row.name,
        engine=row.engine,
        source=row.source,
        price=price,
        delta=delta,
        status=status.name,
        passed=status == Status.OK and price.passed(row.tolerance) and delta.passed(row.tolerance),
        seconds=seconds,
    )


def converge(
    key: PRNGKey, rows: Sequence[Row], sizes: Sequence[int] = SIZES, announce: Callable[[str], None] = lambda _: None
) -> list[Convergence]:
    """The same problem by several engines at rising numbers of paths."""
    found = []
    for row in rows:
        reference = float(row.reference_fn(row.model))
        results = []
        for n_paths in sizes:
            announce(f"{row.name}: {row.engine}, {n_paths:,} paths")
            results.append(row.price_fn(key, row.model, n_paths))
        found.append(
            Convergence(
                name=row.name,
                engine=row.engine,
                n_paths=list(sizes),
                std_error=[_float(result.std_error) for result in results],
                error=[abs(float(result.price) - reference) for result in results],
            )
        )
    return found


def _float(value: Array | None) -> float | None:
    return None if value is None else float(value)


def _first_spot(greeks: Any) -> float | None:
    return None if greeks is None else float(jnp.ravel(greeks.spot)[0])
