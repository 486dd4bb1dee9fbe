"""Correlated arithmetic Brownian motions that grow at the interest rate."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass
from jaxprice.models.gaussian import gaussian_log_density, intervals
from jaxprice.numerics.correlation import correlation_factor


@pytree_dataclass
class Bachelier:
    """dS_i = r S_i dt + σ_i dW_i with d⟨W_i, W_j⟩ = ρ_ij dt.

    Attributes:
        spot: prices today, (d,); may be negative.
        volatility: absolute, in units of the price per square root of a year, (d,).
        correlation: of the Brownian motions, (d, d).
        rate: continuously compounded, per year, ().
    """

    spot: Float[Array, " d"]
    volatility: Float[Array, " d"]
    correlation: Float[Array, "d d"]
    rate: Scalar

    is_exact: ClassVar[bool] = True

    @property
    def n_assets(self) -> int:
        """Number of assets d."""
        return self.spot.shape[-1]

    @property
    def n_factors(self) -> int:
        """Number of normals a step takes: d."""
        return self.n_assets

    def diffusion(self) -> Float[Array, "d d"]:
        """Lower triangular factor of the covariance per year of the discounted prices at time 0."""
        return correlation_factor(self.correlation) * self.volatility[:, None]

    def variance_clock(self, time: Float[Array, " n"]) -> Float[Array, " n"]:
        """Variance, per unit σ², that the discounted price gathers in each step: ∫ exp(-2 r s) ds."""
        dt = intervals(time)
        return jnp.exp(-2.0 * self.rate * (time - dt)) * dt * _mean_decay(2.0 * self.rate * dt)

    def path(self, normal: Float[Array, "n d"], time: Float[Array, " n"]) -> Float[Array, "n d"]:
        """Prices at `time`, exact in law: the discounted prices are a martingale with Gaussian steps."""
        steps = jnp.sqrt(self.variance_clock(time))[:, None] * normal
        discounted = self.spot[None] + jnp.cumsum(steps, axis=0) @ self.diffusion().T
        return jnp.exp(self.rate * time)[:, None] * discounted

    def observe(self, state: Float[Array, "n d"]) -> Float[Array, "n d"]:
        """The state is the prices."""
        return state

    def discount_factor(self, time: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """exp(-r t)."""
        return jnp.exp(-self.rate * time)

    def forward(self, time: Float[Array, " n"]) -> Float[Array, "n d"]:
        """S_i exp(r t)."""
        return self.spot[None] * jnp.exp(self.rate * time)[:, None]

    def likelihood_path(
        self, normal: Float[Array, "n d"], time: Float[Array, " n"]
    ) -> tuple[Float[Array, "n d"], Scalar]:
        """Frozen prices and the exact Gaussian log-density of their steps."""
        state = jax.lax.stop_gradient(self.path(normal, time))
        discounted = state * self.discount_factor(time)[:, None]
        steps = jnp.diff(discounted, axis=0, prepend=self.spot[None])
        # The Jacobian of the discounting, which depends on the rate.
        jacobian = -self.n_assets * jnp.sum(self.rate * time)
        return state, gaussian_log_density(steps, self.diffusion(), self.variance_clock(time)) + jacobian

    def from_spot(
        self, state: Float[Array, "n d"], time: Float[Array, " n"], spot: Float[Array, " d"]
    ) -> Float[Array, "n d"]:
        """A shift of the spot grows at the rate."""
        return state + jnp.exp(self.rate * time)[:, None] * (spot - self.spot)[None]

    def log_characteristic_fn(self, frequency: Float[Array, " d"], time: Scalar) -> Scalar:
        """Log of E[exp(i u · S_t)] of the prices, for real or complex u (d,)."""
        frequency = jax.lax.complex(jnp.real(frequency), jnp.imag(frequency))
        clock = time * jnp.exp(2.0 * self.rate * time) * _mean_decay(2.0 * self.rate * time)
        loading = frequency @ self.diffusion().astype(frequency.dtype)
        mean = (self.spot * jnp.exp(self.rate * time)).astype(frequency.dtype)
        half_clock = (0.5 * clock).astype(frequency.dtype)
        return 1j * jnp.sum(frequency * mean) - half_clock * jnp.sum(loading**2)

    def validate(self) -> None:
        """Raises `ValueError` for numbers that are no market."""
        if self.spot.ndim != 1 or self.spot.shape[0] == 0:
            raise ValueError(f"Bachelier.spot: expected shape (n_assets,), got {tuple(self.spot.shape)}")
        validation.check_finite(self, "Bachelier")
        validation.check_shape("Bachelier.volatility", self.volatility, self.spot.shape)
        validation.check_shape("Bachelier.rate", self.rate, ())
        validation.check_non_negative("Bachelier.volatility", self.volatility)
        validation.check_correlation("Bachelier.correlation", self.correlation, self.n_assets)


def _mean_decay(x: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """(1 - exp(-x)) / x, smooth through x = 0."""
    is_small = jnp.abs(x) < 1e-4
    safe = jnp.where(is_small, 1.0, x)
    series = 1.0 - x / 2.0 + x**2 / 6.0 - x**3 / 24.0
    return jnp.where(is_small, series, -jnp.expm1(-safe) / safe)
