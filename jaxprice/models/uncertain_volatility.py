"""Geometric Brownian motions whose volatilities and correlations are known as ranges only."""

import numpy as np

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, Scalar, is_concrete
from jaxprice.core.struct import pytree_dataclass

_N_PROJECTIONS, _NEGLIGIBLE = 1000, 1e-6


@pytree_dataclass
class UncertainVolatility:
    """dS_i = (r - q_i) S_i dt + σ_i S_i dW_i, where σ and ρ may be anything inside their bounds at any time.

    It has no single law, so nothing simulates it: an engine bounds prices over all admissible laws
    (Avellaneda, Levy and Paras 1995).

    Attributes:
        spot: prices today, (d,).
        min_volatility: lower bounds per square root of a year, (d,).
        max_volatility: upper bounds, (d,).
        min_correlation: lower bounds, (d, d), symmetric with ones on the diagonal.
        max_correlation: upper bounds, (d, d), likewise.
        rate: continuously compounded, per year, ().
        dividend: continuous yield per year, (d,).
    """

    spot: Float[Array, " d"]
    min_volatility: Float[Array, " d"]
    max_volatility: Float[Array, " d"]
    min_correlation: Float[Array, "d d"]
    max_correlation: Float[Array, "d d"]
    rate: Scalar
    dividend: Float[Array, " d"]

    @property
    def n_assets(self) -> int:
        """Number of assets d."""
        return self.spot.shape[-1]

    @property
    def mid_volatility(self) -> Float[Array, " d"]:
        """Middle of the bounds."""
        return 0.5 * (self.min_volatility + self.max_volatility)

    def log_drift(self, volatility: Float[Array, " d"]) -> Float[Array, " d"]:
        """Of log-prices per year at volatilities within the bounds."""
        return self.rate - self.dividend - 0.5 * volatility**2

    def validate(self) -> None:
        """Raises `ValueError` for numbers that are no market, for bounds that cross or hold no correlation matrix."""
        if self.spot.ndim != 1 or self.spot.shape[0] == 0:
            raise ValueError(f"UncertainVolatility.spot: expected shape (n_assets,), got {tuple(self.spot.shape)}")
        validation.check_finite(self, "UncertainVolatility")
        for name in ("min_volatility", "max_volatility", "dividend"):
            validation.check_shape(f"UncertainVolatility.{name}", getattr(self, name), self.spot.shape)
        for name in ("min_correlation", "max_correlation"):
            validation.check_correlation_entries(f"UncertainVolatility.{name}", getattr(self, name), self.n_assets)
        validation.check_shape("UncertainVolatility.rate", self.rate, ())
        validation.check_positive("UncertainVolatility.spot", self.spot)
        validation.check_non_negative("UncertainVolatility.min_volatility", self.min_volatility)
        validation.check_ordered("min_volatility", self.min_volatility, "max_volatility", self.max_volatility)
        validation.check_ordered("min_correlation", self.min_correlation, "max_correlation", self.max_correlation)
        self._check_some_correlation()

    def _check_some_correlation(self) -> None:
        if not (is_concrete(self.min_correlation) and is_concrete(self.max_correlation)):
            return
        lower, upper = (np.asarray(part, np.float64) for part in (self.min_correlation, self.max_correlation))
        matrix = 0.5 * (lower + upper)
        # Projections in turn on the cone and on the bounds converge to a matrix in both where there is one.
        for _ in range(_N_PROJECTIONS):
            value, vector = np.linalg.eigh(matrix)
            if value[0] >= -_NEGLIGIBLE:
                return
            matrix = np.clip((vector * np.maximum(value, 0.0)) @ vector.T, lower, upper)
        raise ValueError(
            "min_correlation and max_correlation: there is no positive semi-definite matrix between them, the nearest "
            f"found has an eigenvalue of {value[0]:.3g}; widen the bounds"
        )
