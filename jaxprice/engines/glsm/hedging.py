"""Hedging a sold option with the fitted gradient: what is left over when its holder follows the policy."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import UInt32

from jaxprice.core.array import Array, Float, Int, PRNGKey, Scalar
from jaxprice.core.precision import full_precision, require_x64
from jaxprice.core.random import Stream, check_key, stream
from jaxprice.core.struct import pytree_dataclass
from jaxprice.core.validation import check_count
from jaxprice.engines.glsm.policy import Policy
from jaxprice.engines.glsm.stopping import follow
from jaxprice.simulation import noise
from jaxprice.simulation.inputs import prepare
from jaxprice.simulation.noise import Sampling, by_path

_CHUNK = 1024


@pytree_dataclass
class Hedge:
    """Profit and loss of the seller, path by path, in money of time 0.

    Attributes:
        profit: premium and gains from holding delta, less what the holder is paid, (n,).
        unhedged: premium less what the holder is paid, (n,).
        step: at which the holder exercises, 0 for never, (n,).
        premium: received now, ().
    """

    profit: Float[Array, " n"]
    unhedged: Float[Array, " n"]
    step: Int[Array, " n"]
    premium: Scalar

    def std(self) -> tuple[Scalar, Scalar]:
        """Standard deviation of the profit, hedged and not."""
        return jnp.std(self.profit), jnp.std(self.unhedged)


def hedge(
    key: PRNGKey, policy: Policy, *, n_paths: int = 2**14, every: int = 1, model: Any = None, premium: Any = None
) -> Hedge:
    """Sells the contract, holds the fitted delta of the prices until it is exercised, and counts.

    Delta is that of the continuation value at the start of a step, of the regression at time 0. Fit the policy with
    `n_substeps` to rebalance between exercise dates. What a model moves beside the prices stays unhedged.

    Args:
        key: the paths differ from those of a fit under the same key.
        policy: as fitted.
        n_paths: of which profit and loss are returned.
        every: steps between two trades.
        model: that moves the prices, if not the one of the fit.
        premium: received now; the fitted value if None.
    """
    check_key(key)
    require_x64("glsm")
    check_count("n_paths", n_paths, 2)
    check_count("every", every)
    model, _ = prepare(policy.problem.model if model is None else model, policy.problem.product)
    premium = policy.initial_value if premium is None else jnp.asarray(premium, policy.initial_value.dtype)
    return _hedge(key, policy, model, premium, jnp.asarray(every), n_paths=n_paths)


@functools.partial(jax.jit, static_argnames=("n_paths",))
@full_precision
def _hedge(key: PRNGKey, policy: Policy, model: Any, premium: Scalar, every: Int[Array, ""], *, n_paths: int) -> Hedge:
    problem = policy.problem
    before, time, n_steps = problem.start, problem.time, problem.n_steps
    # A price over its forward is a martingale: in these units the growth of what is held is its gain.
    spot = model.forward(before[:1])[0]
    growth = model.forward(before) / spot[None]

    def one_chunk(index: UInt32[Array, " n"]) -> tuple[Array, Array, Array]:
        normal = noise.draw(stream(key, Stream.PATHS), Sampling.PSEUDO, index, n_steps * model.n_factors)
        normal = by_path(normal, n_steps, time.dtype)
        path = jax.vmap(model.path, in_axes=(0, None))(normal, time)
        price = jax.vmap(model.observe)(path)
        path, normal = jnp.moveaxis(path, 0, -1), jnp.moveaxis(normal, 0, -1)
        is_stopped = follow(policy, path, normal).is_stopped
        step_of = jnp.where(jnp.any(is_stopped, axis=0), 1 + jnp.argmax(is_stopped, axis=0), 0)
        traded = jnp.moveaxis(price, 0, -1) / (model.forward(time) / spot[None])[..., None]
        traded = jnp.concatenate([jnp.broadcast_to(spot[None, :, None], traded[:1].shape), traded])

        def step(held: Array, x: tuple[Array, ...]) -> tuple[Array, Array]:
            k, start, state, growth, change = x
            new = jax.lax.cond(
                k == 1,
                lambda: jnp.broadcast_to(policy.initial_delta[: spot.shape[0], None], held.shape),
                lambda: _delta(policy, state, k - 1, start)[: spot.shape[0]] * growth[:, None],
            )
            held = jnp.where((k - 1) % every == 0, new, held)
            return held, jnp.sum(held * change, axis=0)

        states = jnp.concatenate([path[:1], path[:-1]])
        xs = (jnp.arange(1, n_steps + 1), before, states, growth, jnp.diff(traded, axis=0))
        _, gain = jax.lax.scan(step, jnp.zeros((spot.shape[0], index.shape[0]), time.dtype), xs)
        number = jnp.arange(1, n_steps + 1)[:, None]
        gain = jnp.sum(jnp.where((step_of > 0)[None] & (number > step_of[None]), 0.0, gain), axis=0)
        pays = jax.vmap(lambda price: jax.vmap(problem.product.payoff)(price))(price).T
        paid = jnp.sum(jnp.where(is_stopped, model.discount_factor(time)[:, None] * pays, 0.0), axis=0)
        return premium + gain - paid, premium - paid, step_of

    n_chunks = -(-n_paths // _CHUNK)
    index = jnp.arange(n_chunks * _CHUNK, dtype=jnp.uint32).reshape(n_chunks, _CHUNK)
    profit, unhedged, step = (leaf.ravel()[:n_paths] for leaf in jax.lax.map(one_chunk, index))
    return Hedge(profit=profit, unhedged=unhedged, step=step, premium=premium)


def _delta(
    policy: Policy, state: Float[Array, "s_model n"], step: Int[Array, ""], time: Scalar
) -> Float[Array, "s_model n"]:
    """Derivative of the fitted continuation value, in money of time 0, by each path's own state."""

    def total(state: Array) -> Scalar:
        return jnp.sum(policy.held(policy.problem.state.of_model(state, time), step, time))

    return jax.grad(total)(state)
