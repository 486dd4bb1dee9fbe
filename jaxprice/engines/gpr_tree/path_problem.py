"""What is solved where a payoff remembers: the same as `Problem`, on simulated states."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Bool, Float, PRNGKey, Scalar
from jaxprice.core.random import Stream, stream
from jaxprice.core.struct import pytree_dataclass
from jaxprice.engines.gpr_tree.problem import State
from jaxprice.models.uncertain_volatility import UncertainVolatility
from jaxprice.numerics import safe
from jaxprice.numerics.correlation import correlation_factor

_NEGLIGIBLE, _RIDGE = 1e-9, 1e-8


@pytree_dataclass
class PathProblem:
    """Market and a payoff that remembers a few numbers (Goudenège et al. 2024, section 5.3).

    Design points are states of simulated paths, each at its own constant volatilities, drawn evenly between the bounds,
    where the paper's all have the mid-point ones: what the worst case leads to lies among them.

    Attributes:
        model: bounds.
        payoff: one that remembers, see `products.payoff.RememberingPayoff`.
        observation_times: years, the last one the expiry, (m,).
        mid_correlation: the middle of the correlation bounds, or a correlation matrix near it, (d, d).
        point: states of the paths on a uniform grid of times from 0 to expiry, log-prices (n_times, n, d).
        centre: mean of the states at each time, (n_times, d + s).
        whitening: lower factor that gives the states unit variance, (n_times, d + s, d + s).
        branch: signs of the increments, (n_branches, d).
        normal: of unit variance, over which the last step is taken; none for branches there too, (n_normals, d).
        control_normal: of the control variate, by observation time; none without one, (k, m, d).
    """

    model: UncertainVolatility
    payoff: Any
    observation_times: Float[Array, " m"]
    mid_correlation: Float[Array, "d d"]
    point: State
    centre: Float[Array, "t e"]
    whitening: Float[Array, "t e e"]
    branch: Float[Array, "k d"]
    normal: Float[Array, "p d"]
    control_normal: Float[Array, "q m d"]

    @property
    def expiry(self) -> Scalar:
        """The last observation."""
        return self.observation_times[-1]

    @property
    def rotation(self) -> Float[Array, "d d"]:
        """Of the tree: none."""
        return jnp.eye(self.model.n_assets, dtype=self.centre.dtype)

    def design(self, time: Scalar) -> State:
        """The design points at a time of the grid: all the state of today at time 0."""
        index = self._index(time)
        return jax.tree.map(lambda leaf: leaf[index], self.point)

    def inputs(self, state: State, time: Scalar) -> Float[Array, "n e"]:
        """States with the mean of the design points taken off and uncorrelated there, on which the regression works."""
        index = self._index(time)
        joint = jnp.concatenate([state.log_price, state.memory], axis=1) - self.centre[index][None]
        return joint @ self.whitening[index].T

    def observed(self, state: State, time: Scalar) -> State:
        """What is remembered after the prices of that time, if they are observed."""
        is_seen = is_observed(self.observation_times, time)
        memory = jax.lax.cond(is_seen, lambda: _remember(self.payoff, state), lambda: state.memory)
        return State(state.log_price, memory)

    def pays(self, state: State) -> Float[Array, " n"]:
        """The payoff in each of many states, after the last observation."""
        return jax.vmap(self.payoff.pay)(state.memory, jnp.exp(state.log_price))

    def prepare_control(self, time: Scalar) -> tuple[()]:
        """Nothing."""
        return ()

    def control_variate(self, prepared: Any, state: State, time: Scalar) -> Float[Array, " n"]:
        """Price at mid-point volatilities over a fixed sample of normals, one step from observation to observation.

        The regression sees the value less this function, whatever it is: its error costs smoothness, not accuracy.
        """
        if not self.control_normal.shape[0]:
            return jnp.zeros_like(state.log_price[:, 0])
        k, n, model = self.control_normal.shape[0], state.log_price.shape[0], self.model
        volatility = model.mid_volatility
        diffusion = correlation_factor(self.mid_correlation) * volatility[:, None]

        def to_observation(at: State, given: tuple[Array, Array, Array]) -> tuple[State, None]:
            normal, before, now = given

            def ahead() -> State:
                length = now - jnp.maximum(before, time)
                move = length * model.log_drift(volatility)[None] + safe.sqrt(length) * (normal @ diffusion.T)
                moved = State(at.log_price + jnp.tile(move, (n, 1)), at.memory)
                return State(moved.log_price, _remember(self.payoff, moved))

            return jax.lax.cond(now > time + _NEGLIGIBLE * self.expiry, ahead, lambda: at), None

        before = jnp.concatenate([jnp.zeros_like(self.observation_times[:1]), self.observation_times[:-1]])
        start = jax.tree.map(lambda leaf: jnp.repeat(leaf, k, axis=0), state)
        end, _ = jax.lax.scan(
            to_observation, start, (jnp.swapaxes(self.control_normal, 0, 1), before, self.observation_times)
        )
        return jnp.exp(-model.rate * (self.expiry - time)) * jnp.mean(self.pays(end).reshape(n, k), axis=1)

    def _index(self, time: Scalar) -> Array:
        n_steps = self.point.log_price.shape[0] - 1
        return jnp.rint(time / self.expiry * n_steps).astype(jnp.int32)


def is_observed(observation_times: Float[Array, " m"], time: Scalar) -> Bool[Array, ""]:
    """Whether a time is one of them."""
    return jnp.any(jnp.abs(observation_times - time) < _NEGLIGIBLE * observation_times[-1])


def _remember(payoff: Any, state: State) -> Array:
    return jax.vmap(payoff.remember)(state.memory, jnp.exp(state.log_price))


def simulated(
    key: PRNGKey,
    model: UncertainVolatility,
    payoff: Any,
    observation_times: Float[Array, " m"],
    mid_correlation: Float[Array, "d d"],
    n_points: int,
    n_steps: int,
) -> tuple[State, Float[Array, "t e"], Float[Array, "t e e"]]:
    """States of paths at constant volatilities on a uniform grid of times, their means, and what whitens them.

    Args:
        key: of volatilities and increments, one for each path.
        model: bounds.
        payoff: what remembers.
        observation_times: all of them on the grid.
        mid_correlation: of the increments.
        n_points: paths.
        n_steps: of the grid.
    """
    d, dtype = model.n_assets, model.spot.dtype
    length = observation_times[-1] / n_steps
    factor = correlation_factor(mid_correlation)

    def path(key: PRNGKey) -> State:
        share = jax.random.uniform(jax.random.fold_in(key, 0), (d,), dtype)
        volatility = model.min_volatility + share * (model.max_volatility - model.min_volatility)
        normal = jax.random.normal(jax.random.fold_in(key, 1), (n_steps, d), dtype)
        move = length * model.log_drift(volatility)[None] + safe.sqrt(length) * volatility[None] * (normal @ factor.T)
        log_price = jnp.log(model.spot)[None] + jnp.concatenate([jnp.zeros((1, d), dtype), jnp.cumsum(move, axis=0)])

        def look(memory: Array, given: tuple[Array, Array]) -> tuple[Array, Array]:
            price, time = given
            memory = jnp.where(is_observed(observation_times, time), payoff.remember(memory, price), memory)
            return memory, memory

        time = length * jnp.arange(n_steps + 1, dtype=dtype)
        first = payoff.initial_memory().astype(dtype)
        return State(log_price, jax.lax.scan(look, first, (jnp.exp(log_price), time))[1])

    keys = jax.vmap(lambda i: jax.random.fold_in(stream(key, Stream.PATHS), i))(jnp.arange(n_points))
    # Points stay where they are when the model moves: all but those of today, which are the model's.
    state = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), jax.vmap(path)(keys))
    is_today = (jnp.arange(n_steps + 1) == 0)[:, None, None]
    state = jax.tree.map(lambda leaf: jnp.where(is_today, leaf, jax.lax.stop_gradient(leaf)), state)
    joint = jax.lax.stop_gradient(jnp.concatenate([state.log_price, state.memory], axis=2))
    centre = jnp.mean(joint, axis=1)
    return state, centre, jax.vmap(_whitening)(joint - centre[:, None])


def _whitening(deviation: Float[Array, "n e"]) -> Float[Array, "e e"]:
    """Inverse Cholesky factor of the covariance; what does not vary becomes 0."""
    n, e = deviation.shape
    scale = jnp.sqrt(jnp.mean(deviation**2, axis=0))
    varies = scale > _NEGLIGIBLE
    inverse = jnp.where(varies, 1.0 / jnp.where(varies, scale, 1.0), 0.0)
    unit = deviation * inverse[None]
    eye = jnp.eye(e, dtype=deviation.dtype)
    correlation = unit.T @ unit / n + jnp.diag(jnp.where(varies, _RIDGE, 1.0))
    factor = jnp.linalg.cholesky(correlation)
    return jax.scipy.linalg.solve_triangular(factor, eye, lower=True) * inverse[None, :]
