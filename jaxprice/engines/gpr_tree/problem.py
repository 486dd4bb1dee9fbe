"""What is solved: the market, the payoff, and the laws that design points and control variate follow."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass
from jaxprice.models.uncertain_volatility import UncertainVolatility
from jaxprice.numerics import safe
from jaxprice.numerics.correlation import correlation_factor, lower_inverse


@pytree_dataclass
class Problem:
    """Market and payoff (Goudenège et al. 2024, section 4).

    Design points follow the law of the largest volatilities, where the paper's follow that of the mid-point ones
    (equations 4.5 to 4.8): prices that the worst case leads to then lie among them, and no regression is asked about
    what is beyond its points.

    Attributes:
        model: bounds.
        payoff: from prices (d,) to a cash flow at expiry.
        expiry: years.
        mid_correlation: the middle of the correlation bounds, or a correlation matrix near it, (d, d).
        standard: design points as independent standard normals, the first one 0, (n_points, d).
        rotation: orthogonal; its columns are the directions of the standard normals, the most active first, (d, d).
        branch: signs of the increments, (n_branches, d).
        control_normal: normals of the control variate, (n_control_paths, d).
    """

    model: UncertainVolatility
    payoff: Any
    expiry: Scalar
    mid_correlation: Float[Array, "d d"]
    standard: Float[Array, "n d"]
    rotation: Float[Array, "d d"]
    branch: Float[Array, "k d"]
    control_normal: Float[Array, "p d"]

    @property
    def mid_volatility(self) -> Float[Array, " d"]:
        """Middle of the bounds."""
        return 0.5 * (self.model.min_volatility + self.model.max_volatility)

    def log_drift(self, volatility: Float[Array, " d"]) -> Float[Array, " d"]:
        """Of log-prices, per year."""
        return self.model.rate - self.model.dividend - 0.5 * volatility**2

    def exercise_value(self, log_price: Float[Array, "n d"]) -> Float[Array, " n"]:
        """The payoff at each of many points."""
        return jax.vmap(self.payoff)(jnp.exp(log_price))

    def design(self, time: Scalar) -> Float[Array, "n d"]:
        """Log-prices of the design points: all today's at time 0."""
        volatility = self.model.max_volatility
        diffusion = (correlation_factor(self.mid_correlation) @ self.rotation) * volatility[:, None]
        centre = jnp.log(self.model.spot) + time * self.log_drift(volatility)
        return centre[None] + safe.sqrt(time) * (self.standard @ diffusion.T)

    def coordinate(self, log_price: Float[Array, "n d"], time: Scalar) -> Float[Array, "n d"]:
        """Points as the standard normals that lead to them, on which the regression works; inverse of `design`."""
        volatility = self.model.max_volatility
        centre = jnp.log(self.model.spot) + time * self.log_drift(volatility)
        scale = jnp.where(volatility > 0.0, volatility, 1.0) * safe.sqrt(time)
        inverse = lower_inverse(correlation_factor(self.mid_correlation))
        return ((log_price - centre[None]) / scale[None]) @ inverse.T @ self.rotation

    def active_directions(self) -> tuple[Float[Array, " d"], Float[Array, "d d"]]:
        """Curvature of the payoff in orthogonal directions of the standard normals, the largest first, and these.

        Principal axes of the covariance of the slope over the design points at expiry; slopes by differences half a
        standard deviation wide, which see jumps and kinks.
        """
        d = self.standard.shape[1]
        offset = 0.25 * jnp.eye(d, dtype=self.standard.dtype)
        plain = dataclasses.replace(self, rotation=jnp.eye(d, dtype=self.standard.dtype))

        def pays(shift):
            moved = dataclasses.replace(plain, standard=plain.standard + shift[None])
            return self.exercise_value(moved.design(self.expiry))

        slope = jax.lax.map(lambda shift: (pays(shift) - pays(-shift)) / 0.5, offset)
        value, vector = jnp.linalg.eigh(jnp.cov(slope).reshape(d, d))
        return jnp.maximum(value[::-1], 0.0), vector[:, ::-1]

    def control_variate(self, log_price: Float[Array, "n d"], time: Scalar) -> Float[Array, " n"]:
        """Price at mid-point volatilities over a fixed sample of normals; at expiry the payoff itself.

        Whatever the sample, it is a function, and the regression sees the value less this function: its error costs
        smoothness, not accuracy.
        """
        if not self.control_normal.shape[0]:
            return jnp.where(time < self.expiry, 0.0, self.exercise_value(log_price))
        left = self.expiry - time
        volatility = self.mid_volatility
        diffusion = (correlation_factor(self.mid_correlation) @ self.rotation) * volatility[:, None]
        move = left * self.log_drift(volatility)[None] + safe.sqrt(left) * (self.control_normal @ diffusion.T)
        n, d = log_price.shape
        pays = self.exercise_value((log_price[:, None] + move[None]).reshape(-1, d))
        return jnp.exp(-self.model.rate * left) * jnp.mean(pays.reshape(n, -1), axis=1)
