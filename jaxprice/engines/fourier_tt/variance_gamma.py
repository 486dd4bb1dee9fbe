"""The multivariate variance gamma model: Brownian motions on one common gamma clock."""

import jax.numpy as jnp

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass


@pytree_dataclass
class VarianceGamma:
    """log S_j(t) = log S_j + (r - q_j + ω_j) t + θ_j G(t) + σ_j W_j(G(t)), with G gamma of mean t and variance ν t.

    ω_j = log(1 - θ_j ν - σ_j² ν / 2) / ν makes forwards right. It has a characteristic function and no paths here: the
    model that shows what the engine asks of one. Luciano and Schoutens 2006; Bayer et al. 2023, section 2.1.

    Attributes:
        spot: prices today, (d,).
        volatility: σ, per square root of a year of the clock, (d,).
        drift: θ, per year of the clock; negative for a skew to the left, (d,).
        variance_rate: ν, years, ().
        correlation: of the Brownian motions, (d, d).
        rate: continuously compounded, per year, ().
        dividend: continuous yield per year, (d,).
    """

    spot: Float[Array, " d"]
    volatility: Float[Array, " d"]
    drift: Float[Array, " d"]
    variance_rate: Scalar
    correlation: Float[Array, "d d"]
    rate: Scalar
    dividend: Float[Array, " d"]

    @property
    def n_assets(self) -> int:
        """Number of assets d."""
        return self.spot.shape[-1]

    def log_characteristic_fn(self, frequency: Float[Array, " d"], time: Scalar) -> Scalar:
        """Log of E[exp(i u · X_t)] of the log-prices X_t = log S_t, for complex u (d,).

        Its phase is π where the exponential moment that an imaginary u asks for does not exist.
        """
        nu = self.variance_rate
        compensator = jnp.log(1.0 - nu * (self.drift + 0.5 * self.volatility**2)) / nu
        mean = jnp.log(self.spot) + time * (self.rate - self.dividend + compensator)
        scaled = frequency * self.volatility.astype(frequency.dtype)
        square = jnp.sum((scaled @ self.correlation.astype(frequency.dtype)) * scaled)
        exponent = 1j * jnp.sum(frequency * self.drift.astype(frequency.dtype)) - 0.5 * square
        wide = nu.astype(frequency.dtype)
        jumps = -time.astype(frequency.dtype) / wide * jnp.log(1.0 - wide * exponent)
        return 1j * jnp.sum(frequency * mean.astype(frequency.dtype)) + jumps

    def validate(self) -> None:
        """Raises `ValueError` for numbers that are no market."""
        if self.spot.ndim != 1 or self.spot.shape[0] == 0:
            raise ValueError(f"VarianceGamma.spot: expected shape (n_assets,), got {tuple(self.spot.shape)}")
        validation.check_finite(self, "VarianceGamma")
        for name in ("volatility", "drift", "dividend"):
            validation.check_shape(f"VarianceGamma.{name}", getattr(self, name), self.spot.shape)
        for name in ("spot", "volatility", "variance_rate"):
            validation.check_positive(f"VarianceGamma.{name}", getattr(self, name))
        validation.check_shape("VarianceGamma.rate", self.rate, ())
        validation.check_correlation("VarianceGamma.correlation", self.correlation, self.n_assets)
        moment = 1.0 - self.variance_rate * (self.drift + 0.5 * self.volatility**2)
        validation.check_positive("VarianceGamma: 1 - ν (θ + σ² / 2), without which forwards are infinite", moment)
