"""What a pricer returns."""

from typing import Any

from jaxprice.core import status as status_module
from jaxprice.core.array import Array, Float, Int, Scalar
from jaxprice.core.struct import pytree_dataclass


@pytree_dataclass
class PriceResult:
    """A price with everything the engine knows about its error; what an engine does not have is `None`.

    Attributes:
        price: point estimate.
        std_error: its standard error; None for a deterministic engine.
        greeks: derivatives of the price, a pytree shaped like the model: `greeks.spot` is delta, `greeks.volatility`
            vega, `greeks.rate` rho. For a correlation matrix, entry (i, j) holds half the derivative with respect to
            the one number rho_ij = rho_ji, so that the sum over a symmetric change is right; the diagonal is zero.
        greeks_std_error: their standard errors, shaped likewise.
        lower: lower 95 % confidence limit of a lower bound.
        upper: upper 95 % confidence limit of an upper bound.
        status: outcome, one of `jaxprice.core.status.Status`.
        diagnostics: what else the engine reports, a dictionary of arrays.
    """

    price: Scalar
    std_error: Scalar | None = None
    greeks: Any = None
    greeks_std_error: Any = None
    lower: Float[Array, ""] | None = None
    upper: Float[Array, ""] | None = None
    status: Int[Array, ""]
    diagnostics: dict[str, Any] | None = None

    def raise_for_status(self) -> "PriceResult":
        """Returns the result itself if its status is OK and raises `StatusError` with the remedy otherwise."""
        status_module.raise_for_status(self.status)
        return self
