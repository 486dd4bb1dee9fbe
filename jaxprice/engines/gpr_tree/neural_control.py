"""A second opinion on a worst case: controls by a network, trained on paths, and the price that they make.

Controls that a network chooses from what is known are admissible, so the price that they make is short of the largest
one (or above the smallest) whatever the network has learned: together with the tree it brackets the worst case
(the lower bound of Goudenège, Molent and Zanette 2024, second version; Guyon and Henry-Labordère 2011, section 5).
"""

import dataclasses
import functools
from typing import Any, NamedTuple

import flax.nnx as nnx
import jax
import jax.numpy as jnp
import optax

from jaxprice.core import status
from jaxprice.core.array import Array, Float, PRNGKey, Scalar
from jaxprice.core.random import Stream, stream
from jaxprice.core.result import PriceResult
from jaxprice.core.validation import check_count, check_member
from jaxprice.engines.gpr_tree.config import Side
from jaxprice.engines.gpr_tree.control import Controls
from jaxprice.engines.gpr_tree.path_problem import is_observed
from jaxprice.learning.activation import Activation
from jaxprice.learning.twin_net import TwinNet
from jaxprice.models.uncertain_volatility import UncertainVolatility
from jaxprice.numerics import safe, sqp
from jaxprice.numerics.correlation import correlation_between
from jaxprice.products.exercise import European, PathDependent
from jaxprice.simulation.noise import Sampling, draw

_PILOT_PATHS = 1024
_FIRST_RATE = 0.02
_CHUNK = 2**12


@dataclasses.dataclass(frozen=True, kw_only=True)
class NeuralConfig:
    """Structure and effort; hashable, static under `jit`.

    Attributes:
        n_steps: in time, of equal length, over which controls are frozen.
        side: largest or smallest price, not both.
        n_layers: of the network.
        n_units: of each layer.
        n_iterations: of Adam, each on new paths.
        batch_size: paths of an iteration, in antithetic pairs.
        n_paths: of the price, others than those of training, in antithetic pairs.
        is_correlation_uncertain: as in `Config`.
    """

    n_steps: int = 32
    side: Side = Side.UPPER
    n_layers: int = 2
    n_units: int = 16
    n_iterations: int = 400
    batch_size: int = 1024
    n_paths: int = 2**17
    is_correlation_uncertain: bool | None = None

    def validate(self) -> "NeuralConfig":
        """The same settings with names turned into enumeration members.

        Raises:
            ValueError: for settings that train nothing.
        """
        for name in ("n_steps", "n_layers", "n_units", "n_iterations"):
            check_count(name, getattr(self, name))
        for name in ("batch_size", "n_paths"):
            check_count(name, getattr(self, name), 4)
            if getattr(self, name) % 2:
                raise ValueError(f"{name}: expected an even number, for pairs, got {getattr(self, name)}")
        side = check_member("side", Side, self.side)
        if side == Side.BOTH:
            raise ValueError("side: a network is trained for one end of the range; ask for 'upper' or for 'lower'")
        return dataclasses.replace(self, side=side)


class _Path(NamedTuple):
    """Many of them at once, samples in columns."""

    log_price: Float[Array, "d n"]
    memory: Float[Array, "s n"]


class _Scale(NamedTuple):
    """What brings log-prices and memory, one below the other, to mean 0 and variance 1."""

    centre: Float[Array, " e"]
    width: Float[Array, " e"]


@functools.partial(jax.jit, static_argnames=("config",))
def neural_price(
    key: PRNGKey, model: UncertainVolatility, product: European | PathDependent, *, config: NeuralConfig
) -> PriceResult:
    """The price under trained controls: arguments as checked by `engine.neural_bound`."""
    d = model.n_assets
    middle = 0.5 * (model.min_correlation + model.max_correlation)
    if config.is_correlation_uncertain:
        middle = correlation_between(model.min_correlation, model.max_correlation)
    controls = Controls.of(model, middle, bool(config.is_correlation_uncertain))
    sign = 1.0 if config.side == Side.UPPER else -1.0

    def normals(key: PRNGKey, index: Array) -> Array:
        half = draw(key, Sampling.PSEUDO, index, config.n_steps * d).reshape(config.n_steps, d, -1)
        half = half.astype(model.spot.dtype)
        return jnp.concatenate([half, -half], axis=2)

    pilot = normals(stream(key, Stream.PILOT), jnp.arange(_PILOT_PATHS // 2, dtype=jnp.uint32))
    scale = _scale(model, product, controls, pilot)
    memory = _first(model, product, 1).memory.shape[0]
    network = TwinNet(
        d + memory + 1,
        config.n_layers,
        config.n_units,
        Activation.SILU,
        is_wide=False,
        n_outputs=controls.lower.shape[0],
        rngs=nnx.Rngs(stream(key, Stream.NETWORK)),
    )
    graph, params = nnx.split(network)
    params = jax.tree.map(lambda leaf: leaf.astype(model.spot.dtype), params)

    def payoffs(params: Any, normal: Float[Array, "t d n"]) -> Float[Array, " n"]:
        net = nnx.merge(graph, params)

        def choose(at: _Path, share: Scalar) -> Float[Array, "m n"]:
            seen = (jnp.concatenate([at.log_price, at.memory]) - scale.centre[:, None]) / scale.width[:, None]
            seen = jnp.concatenate([seen, jnp.full_like(seen[:1], 2.0 * share - 1.0)])
            place = jax.nn.sigmoid(4.0 * net.outputs(seen))
            return controls.lower[:, None] + place * (controls.upper - controls.lower)[:, None]

        return _payoffs(model, product, controls, choose, normal)

    def loss(params: Any, normal: Array) -> Scalar:
        return -sign * jnp.mean(payoffs(params, normal))

    rates = optax.cosine_decay_schedule(_FIRST_RATE, config.n_iterations)
    optimiser = optax.adam(rates)

    def improve(carry: tuple[Any, Any], i: Array) -> tuple[tuple[Any, Any], Scalar]:
        params, moments = carry
        index = jnp.arange(config.batch_size // 2, dtype=jnp.uint32) + i * jnp.uint32(config.batch_size // 2)
        value, slope = jax.value_and_grad(loss)(params, normals(stream(key, Stream.TRAINING), index))
        with jax.numpy_dtype_promotion("standard"):
            update, moments = optimiser.update(slope, moments)
        params = jax.tree.map(lambda p, u: p + u.astype(p.dtype), params, update)
        return (params, moments), value

    iterations = jnp.arange(config.n_iterations, dtype=jnp.uint32)
    (params, _), losses = jax.lax.scan(improve, (params, optimiser.init(params)), iterations)

    n_pairs = config.n_paths // 2
    chunk = min(_CHUNK, n_pairs)
    n_chunks = -(-n_pairs // chunk)

    def pair_means(start: Array) -> Float[Array, " n"]:
        index = start + jnp.arange(chunk, dtype=jnp.uint32)
        return jnp.mean(payoffs(params, normals(stream(key, Stream.PATHS), index)).reshape(2, -1), axis=0)

    sample = jax.lax.map(pair_means, jnp.uint32(chunk) * jnp.arange(n_chunks, dtype=jnp.uint32)).ravel()[:n_pairs]
    price = jnp.mean(sample)
    return PriceResult(
        price=price,
        std_error=jnp.std(sample, ddof=1) / jnp.sqrt(jnp.asarray(n_pairs, sample.dtype)),
        status=status.non_finite(price, losses),
        diagnostics={"loss": losses},
    )


def _first(model: UncertainVolatility, product: European | PathDependent, n: int) -> _Path:
    """States of today."""
    memory = jnp.zeros((0,), model.spot.dtype)
    if isinstance(product, PathDependent):
        memory = product.payoff.initial_memory().astype(model.spot.dtype)
    return _Path(*(jnp.broadcast_to(leaf[:, None], (leaf.size, n)) for leaf in (jnp.log(model.spot), memory)))


def _moved(
    model: UncertainVolatility,
    product: European | PathDependent,
    controls: Controls,
    at: _Path,
    control: Float[Array, "m n"],
    normal: Float[Array, "d n"],
    end: Scalar,
    length: Scalar,
) -> _Path:
    """One step under frozen controls, and what is remembered after it."""

    def move(control: Float[Array, " m"], normal: Float[Array, " d"]) -> Float[Array, " d"]:
        d = controls.n_assets
        if controls.is_uncertain and d > 2:
            # Of two assets every correlation in the bounds makes a matrix.
            entries = control - jnp.concatenate([control[:d], controls.middle[d:]])
            share = sqp.room_in_cone(controls.middle, entries, d)
            control = control - (1.0 - share) * entries
        drift = length * model.log_drift(controls.volatility(control))
        return drift + safe.sqrt(length) * (controls.diffusion(control) @ normal)

    log_price = at.log_price + jax.vmap(move, in_axes=1, out_axes=1)(control, normal)
    if not isinstance(product, PathDependent):
        return _Path(log_price, at.memory)

    def remembered() -> Array:
        return jax.vmap(product.payoff.remember, in_axes=1, out_axes=1)(at.memory, jnp.exp(log_price))

    is_seen = is_observed(product.observation_times, end)
    return _Path(log_price, jax.lax.cond(is_seen, remembered, lambda: at.memory))


def _payoffs(
    model: UncertainVolatility,
    product: European | PathDependent,
    controls: Controls,
    choose: Any,
    normal: Float[Array, "t d n"],
) -> Float[Array, " n"]:
    """Discounted payoffs along paths whose controls are chosen from state and share of time gone."""
    n_steps, _, n = normal.shape
    expiry = product.time[-1]
    length = expiry / n_steps

    def step(at: _Path, given: tuple[Array, Array]) -> tuple[_Path, None]:
        index, normal = given
        control = choose(at, index / n_steps)
        return _moved(model, product, controls, at, control, normal, (index + 1.0) * length, length), None

    index = jnp.arange(n_steps, dtype=normal.dtype)
    end, _ = jax.lax.scan(step, _first(model, product, n), (index, normal))
    price = jnp.exp(end.log_price)
    if isinstance(product, PathDependent):
        pays = jax.vmap(product.payoff.pay, in_axes=1)(end.memory, price)
    else:
        pays = jax.vmap(product.payoff, in_axes=1)(price)
    return jnp.exp(-model.rate * expiry) * pays


def _scale(
    model: UncertainVolatility, product: European | PathDependent, controls: Controls, normal: Float[Array, "t d n"]
) -> _Scale:
    """Mean and standard deviation of the states over all times of paths at the middle of the bounds."""
    n_steps, _, n = normal.shape
    length = product.time[-1] / n_steps
    middle = jnp.broadcast_to(controls.middle[:, None], (controls.middle.size, n))

    def step(at: _Path, given: tuple[Array, Array]) -> tuple[_Path, Array]:
        index, normal = given
        at = _moved(model, product, controls, at, middle, normal, (index + 1.0) * length, length)
        return at, jnp.concatenate([at.log_price, at.memory])

    index = jnp.arange(n_steps, dtype=normal.dtype)
    _, state = jax.lax.scan(step, _first(model, product, n), (index, normal))
    state = jax.lax.stop_gradient(jnp.moveaxis(state, 1, 0).reshape(state.shape[1], -1))
    width = jnp.std(state, axis=1)
    return _Scale(jnp.mean(state, axis=1), jnp.where(width > 0.0, width, 1.0))
