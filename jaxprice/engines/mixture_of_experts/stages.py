"""The stages of training a committee: every expert by itself, the gate, all together."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int, PRNGKey, Scalar
from jaxprice.core.precision import full_precision
from jaxprice.core.struct import pytree_dataclass
from jaxprice.engines.mixture_of_experts import losses
from jaxprice.engines.mixture_of_experts.committee import Parts
from jaxprice.engines.mixture_of_experts.config import Config, Stages
from jaxprice.engines.mixture_of_experts.experts import Scaling, all_experts
from jaxprice.engines.mixture_of_experts.gate import GateKind
from jaxprice.learning import training
from jaxprice.learning.loss import Balance, balance, constant_loss, differential_loss, linear_loss
from jaxprice.learning.samples import Samples
from jaxprice.learning.training import Training, TrainingState
from jaxprice.learning.twin_net import value_and_slope

_END = 2**30
Stage = Callable[..., tuple[dict[str, Any], TrainingState]]
"""From a key, the problem and parameters to better parameters, and how the training went."""


@pytree_dataclass
class Problem:
    """What all stages share.

    Attributes:
        parts: the committee without parameters.
        samples: normalised.
        windows: of the map at the samples, (e, n).
        weights: of the loss.
    """

    parts: Parts
    samples: Samples
    windows: Float[Array, "e n"]
    weights: Balance


@pytree_dataclass
class _Mapped:
    """What a gate that learns the map is trained on: inputs (q, n), windows (e, n) and weights (n,)."""

    x: Float[Array, "q n"]
    windows: Float[Array, "e n"]
    weight: Float[Array, " n"]


def _train(
    loss: Any, params: Any, batches: Any, simple: tuple[Scalar, Scalar], config: Training, noise: PRNGKey | None = None
) -> TrainingState:
    state = training.begin(params, config)
    return training.advance(loss, state, batches, None, *simple, config, jnp.int32(_END), noise)


@functools.partial(jax.jit, static_argnames=("config", "n_each"))
@full_precision
def train_experts(key: PRNGKey, problem: Problem, params: Any, *, config: Config, n_each: int) -> Any:
    """Every expert by itself on the samples of its regime and strips, each expert as many of them."""
    network, effort = problem.parts.network, config.expert_training
    has_slope = config.gradient_weight > 0.0

    def one(key: PRNGKey, params: Any, scaling: Scaling, window: Array) -> TrainingState:
        chosen = _members(key, window > 0.0, n_each)
        samples = scaling.samples(jax.tree.map(lambda leaf: leaf[..., chosen], problem.samples))
        weights = balance(samples, config.gradient_weight, 0.0)
        simple = _simple_losses(weights, samples, has_slope)

        def loss(params: Any, batch: Samples) -> Scalar:
            return _price_loss(network.bind(params), weights, batch, has_slope)

        return _train(loss, params, training.batches(key, samples, effort), simple, effort)

    keys = jax.random.split(key, problem.windows.shape[0])
    state = jax.vmap(one)(keys, params["experts"], problem.parts.scaling, problem.windows)
    return params | {"experts": state.best}, state


def _members(key: PRNGKey, is_member: Array, n: int) -> Int[Array, " n"]:
    """Indices of n members in random order; fewer come again and again."""
    count = jnp.maximum(jnp.sum(is_member), 1)
    order = jnp.argsort(jnp.where(is_member, jax.random.uniform(key, is_member.shape), 2.0))
    return order[jnp.arange(n) % count]


def _simple_losses(weights: Balance, samples: Samples, has_slope: bool) -> tuple[Scalar, Scalar]:
    """Of a constant and of the best line: what a training is held against."""
    return constant_loss(weights, samples, has_slope, False), linear_loss(weights, samples, has_slope, False)


def _price_loss(net: Any, weights: Balance, batch: Samples, has_slope: bool) -> Scalar:
    if not has_slope:
        return differential_loss(weights, batch, net(batch.x))
    return differential_loss(weights, batch, *value_and_slope(net, batch.x))


@functools.partial(jax.jit, static_argnames=("config", "n_each"))
@full_precision
def train_gate(key: PRNGKey, problem: Problem, params: Any, *, config: Config, n_each: int) -> Any:
    """The gate alone, experts as they are; a gate without windows learns the map instead."""
    parts, effort = problem.parts, config.gate_training
    experts, has_slope = params["experts"], config.gradient_weight > 0.0
    if config.gate == GateKind.WINDOW:
        simple = _simple_losses(problem.weights, problem.samples, has_slope)
        batches = training.batches(key, problem.samples, effort)

        def loss(gate: Any, batch: Any) -> Scalar:
            now = {"experts": experts, "gate": gate}
            price = _price_loss(functools.partial(parts.values, now), problem.weights, batch, has_slope)
            return price + config.logit_weight * losses.logit_loss(parts.logits(now, batch.x))

    else:
        simple = (jnp.asarray(jnp.inf, problem.samples.y.dtype),) * 2
        samples = _Mapped(x=problem.samples.x, windows=problem.windows, weight=problem.samples.weight)
        batches = training.batches(key, samples, effort)

        def loss(gate: Any, batch: Any) -> Scalar:
            return losses.map_loss(parts.logits({"gate": gate}, batch.x), batch.windows)

    state = _train(loss, params["gate"], batches, simple, effort)
    return params | {"gate": state.best}, state


@functools.partial(jax.jit, static_argnames=("config", "n_each"))
@full_precision
def train_together(key: PRNGKey, problem: Problem, params: Any, *, config: Config, n_each: int) -> Any:
    """Experts and gate together, with all that is asked of a committee beside prices."""
    parts, effort, has_slope = problem.parts, config.joint_training, config.gradient_weight > 0.0
    simple = _simple_losses(problem.weights, problem.samples, has_slope)
    is_noisy = config.stages == Stages.AT_ONCE and config.logit_noise > 0.0

    def loss(params: Any, batch: Samples, noise: PRNGKey | None = None) -> Scalar:
        shape = (parts.gate.n_experts, batch.x.shape[1])
        extra = 0.0 if noise is None else config.logit_noise * jax.random.normal(noise, shape, batch.x.dtype)

        def net(u: Array) -> Array:
            weights = parts.weights(parts.logits(params, u) + extra, u)
            return jnp.sum(weights * all_experts(parts.network, params["experts"], parts.scaling, u), axis=0)

        return _price_loss(net, problem.weights, batch, has_slope) + _penalties(parts, params, batch, config)

    batches = training.batches(key, problem.samples, effort)
    state = _train(loss, params, batches, simple, effort, jax.random.fold_in(key, 1) if is_noisy else None)
    return state.best, state


def _penalties(parts: Parts, params: Any, batch: Samples, config: Config) -> Scalar:
    logits = parts.logits(params, batch.x)
    weights = parts.weights(logits, batch.x)
    total = config.logit_weight * losses.logit_loss(logits)
    if parts.gate.kind != GateKind.WINDOW and config.load_weight > 0.0:
        total = total + config.load_weight * losses.load_loss(logits, weights)
    if config.agreement_weight > 0.0:
        values = all_experts(parts.network, params["experts"], parts.scaling, batch.x)
        total = total + config.agreement_weight * losses.agreement_loss(values, weights)
    if config.arbitrage_weight > 0.0 or config.calendar_weight > 0.0:
        points = parts.points(batch.x)
        breach = losses.breaches(parts, params, points)
        # A curvature is of the size of one over the root maturity: hours would outweigh years.
        root = points[:, parts.regimes.inputs[1]]
        strike, calendar = jnp.mean(breach.monotone + root * breach.convex), jnp.mean(breach.calendar)
        total = total + (config.arbitrage_weight * strike + config.calendar_weight * calendar).astype(total.dtype)
    return total
