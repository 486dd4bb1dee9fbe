"""Inputs, labels and differential labels: where pricers and surrogates meet."""

import numpy as np

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, is_concrete
from jaxprice.core.domain import Domain
from jaxprice.core.struct import pytree_dataclass

_ROWS_SHOWN = 5


@pytree_dataclass
class DifferentialDataset:
    """Samples of a function with its derivatives (Huge and Savine 2020); labels may be noisy, not biased.

    Attributes:
        x: inputs, (n, m).
        y: labels, (n,): prices or discounted cash flows.
        dydx: derivatives of each label with respect to its own input, (n, m).
        domain: the box that the inputs fill, which also names them.
    """

    x: Float[Array, "n m"]
    y: Float[Array, " n"]
    dydx: Float[Array, "n m"]
    domain: Domain

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
        for name in ("x", "y", "dydx"):
            value = getattr(self, name)
            if is_concrete(value):
                _check_rows(name, ~np.isfinite(np.asarray(value)), "NaN or infinity", "remove or repair")
        if is_concrete(self.x) and is_concrete(self.domain.lower) and is_concrete(self.domain.upper):
            lower, upper = np.asarray(self.domain.lower), np.asarray(self.domain.upper)
            x = np.asarray(self.x, lower.dtype)
            _check_rows("x", (x < lower) | (x > upper), "a value outside the domain", "widen the domain or remove")


def _check_rows(name: str, is_bad: np.ndarray, what: str, remedy: str) -> None:
    bad = is_bad.reshape(is_bad.shape[0], -1).any(axis=1)
    if bad.any():
        rows = np.nonzero(bad)[0]
        shown = ", ".join(str(row) for row in rows[:_ROWS_SHOWN])
        more = f" and {rows.size - _ROWS_SHOWN} more" if rows.size > _ROWS_SHOWN else ""
        raise ValueError(
            f"DifferentialDataset.{name}: {what} in {rows.size} of {bad.size} rows ({shown}{more}); {remedy} these rows"
        )
