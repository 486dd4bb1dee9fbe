"""Inputs, labels and differential labels: where pricers and surrogates meet."""

import numpy as np

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, is_concrete
from jaxprice.core.domain import Domain
from jaxprice.core.struct import pytree_dataclass

_ROWS_SHOWN = 5
_INPUTS_SHOWN = 8


@pytree_dataclass
class DifferentialDataset:
    """Samples of a function with its derivatives (Huge and Savine 2020); labels may be noisy, not biased.

    Attributes:
        x: inputs, (n, m).
        y: labels, (n,): prices or discounted cash flows.
        dydx: derivatives of each label with respect to its own input, (n, m).
        domain: the box that the inputs fill, which also names them.
        direction: in the space of inputs, along which second derivatives are known, (k, m); None if there are none.
        curvature: second derivatives of each label, (n, k, m): entry (i, j) is its Hessian times direction j; None
            together with `direction`.
    """

    x: Float[Array, "n m"]
    y: Float[Array, " n"]
    dydx: Float[Array, "n m"]
    domain: Domain
    direction: Float[Array, "k m"] | None = None
    curvature: Float[Array, "n k m"] | None = None

    @property
    def n_samples(self) -> int:
        """Number of rows n."""
        return self.x.shape[-2]

    @property
    def n_inputs(self) -> int:
        """Number of columns m."""
        return self.x.shape[-1]

    def validate(self) -> None:
        """Raises `ValueError` for shapes that do not match and rows that are not finite or leave the domain."""
        self.domain.validate()
        if self.x.ndim != 2 or self.x.shape[0] == 0:
            raise ValueError(f"DifferentialDataset.x: expected shape (n, m), got {tuple(self.x.shape)}")
        n, m = self.x.shape
        if m != self.domain.n_inputs:
            raise ValueError(
                f"DifferentialDataset.x: expected {self.domain.n_inputs} columns, one for each of the inputs "
                f"{self.domain.names}, got {m}"
            )
        validation.check_shape("DifferentialDataset.y", self.y, (n,))
        validation.check_shape("DifferentialDataset.dydx", self.dydx, (n, m))
        if self.direction is not None and self.curvature is not None:
            if self.direction.ndim != 2 or self.direction.shape[0] == 0:
                raise ValueError(
                    f"DifferentialDataset.direction: expected shape (k, {m}), got {tuple(self.direction.shape)}"
                )
            k = self.direction.shape[0]
            validation.check_shape("DifferentialDataset.direction", self.direction, (k, m))
            validation.check_finite(self.direction, "DifferentialDataset.direction")
            validation.check_shape("DifferentialDataset.curvature", self.curvature, (n, k, m))
        elif self.direction is not None or self.curvature is not None:
            missing = "curvature" if self.curvature is None else "direction"
            raise ValueError(
                f"DifferentialDataset.{missing}: second derivatives and their directions go together, got one without "
                "the other; give both or neither"
            )
        for name in ("x", "y", "dydx", "curvature"):
            value = getattr(self, name)
            if value is not None and is_concrete(value):
                self._check_rows(name, ~np.isfinite(np.asarray(value)), "NaN or infinity", "remove or repair")
        if is_concrete(self.x) and is_concrete(self.domain.lower) and is_concrete(self.domain.upper):
            lower, upper = np.asarray(self.domain.lower), np.asarray(self.domain.upper)
            x = np.asarray(self.x, lower.dtype)
            self._check_rows("x", (x < lower) | (x > upper), "a value outside the domain", "widen the domain or remove")

    def _check_rows(self, name: str, is_bad: np.ndarray, what: str, remedy: str) -> None:
        bad = is_bad.reshape(is_bad.shape[0], -1).any(axis=1)
        if not bad.any():
            return
        rows = np.nonzero(bad)[0]
        shown = ", ".join(str(row) for row in rows[:_ROWS_SHOWN])
        more = f" and {rows.size - _ROWS_SHOWN} more" if rows.size > _ROWS_SHOWN else ""
        first = f"; row {rows[0]} has {place(self.domain.names, self.x[rows[0]])}" if is_concrete(self.x) else ""
        raise ValueError(
            f"DifferentialDataset.{name}: {what} in {rows.size} of {bad.size} rows ({shown}{more}); {remedy} these "
            f"rows{first}"
        )


def place(names: tuple[str, ...], x: Float[Array, " m"]) -> str:
    """A point (m,) in words, such as "spot = 100, volatility = 0.2"; the first few numbers of a long one."""
    values = [f"{name} = {value:g}" for name, value in zip(names, np.asarray(x), strict=True)]
    return ", ".join(values[:_INPUTS_SHOWN]) + (" ..." if len(values) > _INPUTS_SHOWN else "")
