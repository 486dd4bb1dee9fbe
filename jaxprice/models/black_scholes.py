"""Correlated geometric Brownian motions."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, Scalar, as_arrays, numeric_dtype
from jaxprice.core.struct import pytree_dataclass
from jaxprice.models.gaussian import gaussian_log_density, intervals
from jaxprice.numerics.correlation import correlation_factor, equicorrelation


@pytree_dataclass
class BlackScholes:
    """dS_i = (r - q_i) S_i dt + σ_i S_i dW_i with d⟨W_i, W_j⟩ = ρ_ij dt.

    Attributes:
        spot: prices today, (d,).
        volatility: per square root of a year, (d,).
        correlation: of the Brownian motions, (d, d); any positive semi-definite one.
        rate: continuously compounded, per year, ().
        dividend: continuous yield per year, (d,).
    """

    spot: Float[Array, " d"]
    volatility: Float[Array, " d"]
    correlation: Float[Array, "d d"]
    rate: Scalar
    dividend: Float[Array, " d"]

    is_exact: ClassVar[bool] = True

    @classmethod
    def equicorrelated(
        cls,
        *,
        n_assets: int,
        spot: float | Array,
        volatility: float | Array,
        correlation: float | Array = 0.0,
        rate: float | Array = 0.0,
        dividend: float | Array = 0.0,
    ) -> "BlackScholes":
        """`n_assets` assets with one correlation between any two; spot, volatility and dividend may be one number.

        Raises:
            ValueError: for numbers that are no model.
        """
        validation.check_count("n_assets", n_assets)
        numbers = {
            "spot": spot,
            "volatility": volatility,
            "correlation": correlation,
            "rate": rate,
            "dividend": dividend,
        }
        given = as_arrays(numbers, numeric_dtype(numbers))
        for name in ("spot", "volatility", "dividend"):
            if given[name].ndim:
                validation.check_shape(name, given[name], (n_assets,))
        validation.check_shape("correlation", given["correlation"], ())
        model = cls(
            spot=jnp.broadcast_to(given["spot"], (n_assets,)),
            volatility=jnp.broadcast_to(given["volatility"], (n_assets,)),
            correlation=equicorrelation(n_assets, given["correlation"]),
            rate=given["rate"],
            dividend=jnp.broadcast_to(given["dividend"], (n_assets,)),
        )
        model.validate()
        return model

    @property
    def n_assets(self) -> int:
        """Number of assets d."""
        return self.spot.shape[-1]

    @property
    def n_factors(self) -> int:
        """Number of normals a step takes: d."""
        return self.n_assets

    def diffusion(self) -> Float[Array, "d d"]:
        """Lower triangular factor of the covariance of the log-returns per year."""
        return correlation_factor(self.correlation) * self.volatility[:, None]

    def log_drift(self) -> Float[Array, " d"]:
        """Mean of the log-returns per year."""
        return self.rate - self.dividend - 0.5 * self.volatility**2

    def path(self, normal: Float[Array, "n d"], time: Float[Array, " n"]) -> Float[Array, "n d"]:
        """Prices at `time`, exact in law."""
        brownian = jnp.cumsum(jnp.sqrt(intervals(time))[:, None] * normal, axis=0)
        return self.spot[None] * jnp.exp(time[:, None] * self.log_drift()[None] + brownian @ self.diffusion().T)

    def observe(self, state: Float[Array, "n d"]) -> Float[Array, "n d"]:
        """The state is the prices."""
        return state

    def discount_factor(self, time: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """exp(-r t)."""
        return jnp.exp(-self.rate * time)

    def forward(self, time: Float[Array, " n"]) -> Float[Array, "n d"]:
        """S_i exp((r - q_i) t)."""
        return self.spot[None] * jnp.exp(time[:, None] * (self.rate - self.dividend)[None])

    def likelihood_path(
        self, normal: Float[Array, "n d"], time: Float[Array, " n"]
    ) -> tuple[Float[Array, "n d"], Scalar]:
        """Frozen prices and the exact Gaussian log-density of their log-returns."""
        state = jax.lax.stop_gradient(self.path(normal, time))
        log_price = jnp.log(state)
        returns = log_price - jnp.concatenate([jnp.log(self.spot)[None], log_price[:-1]])
        dt = intervals(time)
        return state, gaussian_log_density(returns - dt[:, None] * self.log_drift()[None], self.diffusion(), dt)

    def conditional_law(
        self, normal: Float[Array, "n d"], time: Float[Array, " n"]
    ) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
        """Mean and standard deviation of each log-return, independent and Gaussian; one asset only.

        The last normal of a step is the one not used: here, the only one.

        Raises:
            ValueError: for more than one asset.
        """
        del normal
        if self.n_assets != 1:
            raise ValueError(
                f"BlackScholes.conditional_law: expected one asset, got {self.n_assets}; the law of one log-return "
                "says nothing about the others, use likelihood_path instead"
            )
        dt = intervals(time)
        return self.log_drift() * dt, self.volatility * jnp.sqrt(dt)

    def from_spot(
        self, state: Float[Array, "n d"], time: Float[Array, " n"], spot: Float[Array, " d"]
    ) -> Float[Array, "n d"]:
        """Prices are proportional to the spot."""
        del time
        return state * (spot / self.spot)[None]

    def log_characteristic_fn(self, frequency: Float[Array, " d"], time: Scalar) -> Scalar:
        """Log of E[exp(i u · X_t)] of the log-prices X_t = log S_t, for real or complex u (d,)."""
        frequency = jax.lax.complex(jnp.real(frequency), jnp.imag(frequency))
        mean = jnp.log(self.spot) + time * self.log_drift()
        # The same as frequency @ diffusion(), but one product for all points when only volatilities are batched.
        scaled = frequency * self.volatility.astype(frequency.dtype)
        loading = scaled @ correlation_factor(self.correlation).astype(frequency.dtype)
        half_time = (0.5 * time).astype(frequency.dtype)
        return 1j * jnp.sum(frequency * mean.astype(frequency.dtype)) - half_time * jnp.sum(loading**2)

    def validate(self) -> None:
        """Raises `ValueError` for numbers that are no market."""
        if self.spot.ndim != 1 or self.spot.shape[0] == 0:
            raise ValueError(f"BlackScholes.spot: expected shape (n_assets,), got {tuple(self.spot.shape)}")
        validation.check_finite(self, "BlackScholes")
        for name in ("volatility", "dividend"):
            validation.check_shape(f"BlackScholes.{name}", getattr(self, name), self.spot.shape)
        validation.check_shape("BlackScholes.rate", self.rate, ())
        validation.check_positive("BlackScholes.spot", self.spot)
        validation.check_non_negative("BlackScholes.volatility", self.volatility)
        validation.check_correlation("BlackScholes.correlation", self.correlation, self.n_assets)
