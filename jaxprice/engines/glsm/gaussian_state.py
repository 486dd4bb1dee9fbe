"""Models that are functions of a Brownian motion: the Brownian motion is the state, rotated onto principal axes.

Its bridge draws a path from its end, so that a backward sweep keeps one date of it; its steps are the exact martingale
increments; and it is standard normal after division by the square root of time. Yang and Li 2025, section 2.
"""

from typing import ClassVar, TypeVar

import jax
import jax.numpy as jnp

from jaxprice import models
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass
from jaxprice.numerics.safe import divide

_Self = TypeVar("_Self", bound="_BrownianState")
_NULL = 1e-12


@pytree_dataclass
class _BrownianState:
    """A standard Brownian motion W under a clock, and the loading of the model's noise on it.

    Attributes:
        model: the market.
        loading: Q √Λ of the covariance Q Λ Qᵀ per unit of the clock, largest eigenvalue first, (d, d).
        inverse: √Λ⁻¹ Qᵀ, with zeros for axes without variance, (d, d).
    """

    model: models.BlackScholes | models.Bachelier
    loading: Float[Array, "d d"]
    inverse: Float[Array, "d d"]

    is_reversible: ClassVar[bool] = True

    @classmethod
    def of(cls: type[_Self], model: models.BlackScholes | models.Bachelier) -> _Self:
        """The state of a model; nothing is differentiated through it."""
        model = jax.lax.stop_gradient(model)
        eye = jnp.eye(model.n_assets, dtype=model.correlation.dtype)
        correlation = jnp.where(eye > 0, eye, model.correlation)
        covariance = model.volatility[:, None] * correlation * model.volatility[None, :]
        value, vector = jnp.linalg.eigh(covariance)
        value, vector = value[::-1], vector[:, ::-1]
        is_null = value <= _NULL * value[0]
        std = jnp.sqrt(jnp.where(is_null, 0.0, value))
        return cls(
            model=model,
            loading=vector * std[None, :],
            inverse=divide(vector.T, jnp.broadcast_to(std[:, None], vector.shape)),
        )

    @property
    def n_state(self) -> int:
        """The number of assets d."""
        return self.model.n_assets

    @property
    def n_normals(self) -> int:
        """The number of assets d."""
        return self.model.n_assets

    def clock(self, time: Scalar) -> Scalar:
        """Variance of each component of W at a time."""
        return time

    def initial(self, n_paths: int) -> Float[Array, "d n"]:
        """Zero."""
        return jnp.zeros((self.n_state, n_paths), self.loading.dtype)

    def forward(
        self, state: Float[Array, "d n"], normal: Float[Array, "d n"], start: Scalar, end: Scalar
    ) -> Float[Array, "d n"]:
        """W + √Δ Z."""
        return state + jnp.sqrt(self.clock(end) - self.clock(start)) * normal

    def backward(
        self, following: Float[Array, "d n"], normal: Float[Array, "d n"], start: Scalar, end: Scalar
    ) -> Float[Array, "d n"]:
        """The Brownian bridge from zero."""
        first, last = self.clock(start), self.clock(end)
        return first / last * following + jnp.sqrt(first / last * (last - first)) * normal

    def increment(
        self,
        state: Float[Array, "d n"],
        following: Float[Array, "d n"],
        normal: Float[Array, "d n"],
        start: Scalar,
        end: Scalar,
    ) -> Float[Array, "d n"]:
        """The step itself."""
        del normal, start, end
        return following - state

    def coordinate(self, state: Float[Array, "d n"], time: Scalar) -> Float[Array, "d n"]:
        """W / √t."""
        return state / jnp.sqrt(self.clock(time))


@pytree_dataclass
class BlackScholesState(_BrownianState):
    """Prices are spot · exp(drift t + Q √Λ W)."""

    model: models.BlackScholes

    def _log_return(self, state: Float[Array, "d n"], time: Scalar) -> Float[Array, "d n"]:
        return (time * self.model.log_drift())[:, None] + self.loading @ state

    def price(self, state: Float[Array, "d n"], time: Scalar) -> Float[Array, "d n"]:
        """Spot times the exponential of the log-return."""
        return self.model.spot[:, None] * jnp.exp(self._log_return(state, time))

    def standard_price(self, state: Float[Array, "d n"], time: Scalar) -> Float[Array, "d n"]:
        """Log-prices less their mean over the assets, in units of their mean deviation."""
        log_spot = jnp.log(self.model.spot)
        center = jnp.mean(log_spot + time * self.model.log_drift())
        width = jnp.sqrt(time * jnp.mean(self.model.volatility**2))
        return (log_spot[:, None] + self._log_return(state, time) - center) / width

    def of_model(self, state: Float[Array, "d n"], time: Scalar) -> Float[Array, "d n"]:
        """W from prices."""
        log_return = jnp.log(state / self.model.spot[:, None])
        return self.inverse @ (log_return - (time * self.model.log_drift())[:, None])


@pytree_dataclass
class BachelierState(_BrownianState):
    """Discounted prices are spot + Q √Λ W; W runs on the clock ∫ exp(-2 r s) ds."""

    model: models.Bachelier

    def clock(self, time: Scalar) -> Scalar:
        """Variance that the discounted price gathers until a time, per unit σ²."""
        return self.model.variance_clock(time[None])[0]

    def price(self, state: Float[Array, "d n"], time: Scalar) -> Float[Array, "d n"]:
        """The discounted prices, grown at the rate."""
        return jnp.exp(self.model.rate * time) * (self.model.spot[:, None] + self.loading @ state)

    def standard_price(self, state: Float[Array, "d n"], time: Scalar) -> Float[Array, "d n"]:
        """Discounted prices less their mean over the assets, in units of their mean deviation."""
        width = jnp.sqrt(self.clock(time) * jnp.mean(self.model.volatility**2))
        return (self.model.spot[:, None] - jnp.mean(self.model.spot) + self.loading @ state) / width

    def of_model(self, state: Float[Array, "d n"], time: Scalar) -> Float[Array, "d n"]:
        """W from prices."""
        return self.inverse @ (state * jnp.exp(-self.model.rate * time) - self.model.spot[:, None])
