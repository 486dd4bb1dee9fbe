"""What is solved: the market, the payoff, and the laws that design points and control variate follow."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass
from jaxprice.engines.gpr_tree import control_variate
from jaxprice.engines.gpr_tree.control_variate import ControlVariate
from jaxprice.models.uncertain_volatility import UncertainVolatility
from jaxprice.numerics import safe
from jaxprice.numerics.correlation import correlation_factor, lower_inverse

_WIDEST = 2.0


class State(NamedTuple):
    """Where a market stands.

    Attributes:
        log_price: (n, d), or (d,) of one.
        memory: what a path-dependent payoff remembers, (n, s), or (s,); of width 0 for any other.
    """

    log_price: Array
    memory: Array

    def moved(self, move: Float[Array, "k d"]) -> "State":
        """From one state, whose log-prices move by each of these."""
        memory = jnp.broadcast_to(self.memory, (move.shape[0], *self.memory.shape))
        return State(self.log_price[None] + move, memory)


@pytree_dataclass
class Problem:
    """Market and payoff at expiry (Goudenège et al. 2024, section 4).

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
        stretch: of the design points along each direction, (d,).
        branch: signs of the increments, (n_branches, d).
        normal: of unit variance, over which the last step is taken; none for branches there too, (n_normals, d).
        control_normal: of the control variate; none without one, (k, d).
    """

    model: UncertainVolatility
    payoff: Any
    expiry: Scalar
    mid_correlation: Float[Array, "d d"]
    standard: Float[Array, "n d"]
    rotation: Float[Array, "d d"]
    stretch: Float[Array, " d"]
    branch: Float[Array, "k d"]
    normal: Float[Array, "p d"]
    control_normal: Float[Array, "q d"]

    def design(self, time: Scalar) -> State:
        """The design points: all today's prices at time 0."""
        volatility = self.model.max_volatility
        diffusion = (correlation_factor(self.mid_correlation) @ self.rotation) * volatility[:, None]
        centre = jnp.log(self.model.spot) + time * self.model.log_drift(volatility)
        log_price = centre[None] + safe.sqrt(time) * ((self.standard * self.stretch[None]) @ diffusion.T)
        return State(log_price, log_price[:, :0])

    def inputs(self, state: State, time: Scalar) -> Float[Array, "n d"]:
        """States as the standard normals that lead to them, on which the regression works; inverse of `design`."""
        volatility = self.model.max_volatility
        centre = jnp.log(self.model.spot) + time * self.model.log_drift(volatility)
        scale = jnp.where(volatility > 0.0, volatility, 1.0) * safe.sqrt(time)
        inverse = lower_inverse(correlation_factor(self.mid_correlation))
        return ((state.log_price - centre[None]) / scale[None]) @ inverse.T @ self.rotation / self.stretch[None]

    def observed(self, state: State, time: Scalar) -> State:
        """What is remembered after the prices of that time; nothing here."""
        return state

    def pays(self, state: State) -> Float[Array, " n"]:
        """The payoff in each of many states."""
        return jax.vmap(self.payoff)(jnp.exp(state.log_price))

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
            return self.pays(moved.design(self.expiry))

        slope = jax.lax.map(lambda shift: (pays(shift) - pays(-shift)) / 0.5, offset)
        value, vector = jnp.linalg.eigh(jnp.cov(slope).reshape(d, d))
        return jnp.maximum(value[::-1], 0.0), vector[:, ::-1]

    def largest_spread(self) -> Float[Array, " d"]:
        """Standard deviations along the directions at the largest volatilities and the worst correlations, at least 1.

        In units of the design points' own, which have the mid-point correlations.
        """
        volatility = self.model.max_volatility
        scale = jnp.where(volatility > 0.0, volatility, 1.0)
        normal = lower_inverse(correlation_factor(self.mid_correlation)).T @ self.rotation / scale[:, None]
        weight = (volatility[:, None] * normal).T
        product = weight[:, :, None] * weight[:, None, :]
        worst = jnp.where(product > 0.0, self.model.max_correlation[None], self.model.min_correlation[None])
        variance = jnp.sum(product * worst, axis=(1, 2))
        return jnp.sqrt(jnp.clip(variance, 1.0, _WIDEST**2))

    def prepare_control(self, time: Scalar) -> ControlVariate:
        """What the control variate needs to know at a time before expiry: its values and slopes along a line."""
        d = self.standard.shape[1]
        if not self.control_normal.shape[0]:
            return ControlVariate(jnp.zeros((1, d), self.standard.dtype))
        left = self.expiry - time
        volatility = self.model.mid_volatility
        diffusion = (correlation_factor(self.mid_correlation) @ self.rotation) * volatility[:, None]
        move = left * self.model.log_drift(volatility)[None] + safe.sqrt(left) * (self.control_normal @ diffusion.T)
        discount = jnp.exp(-self.model.rate * left)

        def price(point: Float[Array, " d"]) -> Scalar:
            at = dataclasses.replace(self, standard=point[None]).design(time)
            return discount * jnp.mean(self.pays(State(at.log_price + move, at.memory)))

        return control_variate.along_first_direction(price, d, self.standard.dtype)

    def control_variate(self, prepared: Any, state: State, time: Scalar) -> Float[Array, " n"]:
        """Price at mid-point volatilities, to first order in all directions but the first.

        The regression sees the value less this function, whatever it is: its error costs smoothness, not accuracy.
        """
        if not self.control_normal.shape[0]:
            return jnp.zeros_like(state.log_price[:, 0])
        found: Array = prepared(self.inputs(state, time))
        return found
