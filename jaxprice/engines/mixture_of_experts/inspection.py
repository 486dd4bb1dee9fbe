"""What a committee does: who prices what, how evenly, how much depends on each expert, and static arbitrage."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int, Scalar
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.engines.mixture_of_experts import losses
from jaxprice.engines.mixture_of_experts.committee import Committee, Parts
from jaxprice.engines.mixture_of_experts.experts import all_experts


class Usage(NamedTuple):
    """How the work is shared over points.

    Attributes:
        load: mean weight of each expert, (e,).
        active: share of the points at which each has a weight, (e,).
        entropy: mean entropy of the weights, in units of that of equal ones, ().
        n_active: mean number of experts at a point, ().
    """

    load: Float[Array, " e"]
    active: Float[Array, " e"]
    entropy: Scalar
    n_active: Scalar


class RoutingMap(NamedTuple):
    """The gate over a grid of the two axes of the map, the other inputs in the middle of the domain.

    Attributes:
        log_moneyness: (k,).
        root_maturity: (l,).
        weights: (k, l, e).
        leader: the expert with the largest weight, (k, l).
    """

    log_moneyness: Float[Array, " k"]
    root_maturity: Float[Array, " l"]
    weights: Float[Array, "k l e"]
    leader: Int[Array, "k l"]


@jax.jit
def usage(committee: Committee, x: Float[Array, "n m"]) -> Usage:
    """Loads and entropy of the gate at points (n, m)."""
    weights = _weights(committee, x)
    n_experts = weights.shape[0]
    entropy = -jnp.sum(jnp.where(weights > 0.0, weights * jnp.log(jnp.where(weights > 0.0, weights, 1.0)), 0.0), axis=0)
    return Usage(
        load=jnp.mean(weights, axis=1),
        active=jnp.mean(weights > 0.0, axis=1),
        entropy=jnp.mean(entropy) / jnp.log(float(n_experts)),
        n_active=jnp.mean(jnp.sum(weights > 0.0, axis=0)),
    )


def routing_map(committee: Committee, n_moneyness: int = 101, n_maturity: int = 101) -> RoutingMap:
    """The gate's weights over the map."""
    box, (first, second) = committee.domain, committee.regimes.inputs
    moneyness = jnp.linspace(box.lower[first], box.upper[first], n_moneyness)
    maturity = jnp.linspace(box.lower[second], box.upper[second], n_maturity)
    x = jnp.broadcast_to(0.5 * (box.lower + box.upper), (n_moneyness, n_maturity, box.n_inputs))
    x = x.at[..., first].set(jnp.broadcast_to(moneyness[:, None], x.shape[:2]))
    x = x.at[..., second].set(jnp.broadcast_to(maturity[None], x.shape[:2]))
    weights = jax.jit(_weights)(committee, x.reshape(-1, box.n_inputs)).T.reshape(n_moneyness, n_maturity, -1)
    return RoutingMap(moneyness, maturity, weights, jnp.argmax(weights, axis=-1))


@jax.jit
def errors_by_expert(committee: Committee, held_out: DifferentialDataset) -> Float[Array, "e e"]:
    """Root mean squared error of each expert (row), by itself, in each regime (column); NaN where no point fell."""
    parts = Parts.of(committee)
    u = parts.inputs(held_out.x).astype(committee.dtype)
    seen = jax.vmap(committee.normalisation.value)(
        all_experts(parts.network, committee.params["experts"], parts.scaling, u)
    )
    values = jax.vmap(committee.chart.value, in_axes=(None, 0))(held_out.x, seen)
    place = jax.nn.one_hot(committee.regimes.index(held_out.x), parts.gate.n_experts, dtype=values.dtype)
    square = (values - held_out.y.astype(values.dtype)[None]) ** 2
    return jnp.sqrt(square @ place / jnp.sum(place, axis=0)[None])


def without_expert(committee: Committee, index: int) -> Committee:
    """The committee with one expert replaced by the mean of all values: how much the others depend on it."""
    if not 0 <= index < committee.gate.n_experts:
        raise ValueError(f"index: expected an expert from 0 to {committee.gate.n_experts - 1}, got {index}")
    silent = {name: getattr(committee.scaling, name).at[index].set(0.0) for name in ("shift", "tilt", "height")}
    return dataclasses.replace(committee, scaling=dataclasses.replace(committee.scaling, **silent))


@jax.jit
def arbitrage(committee: Committee, x: Float[Array, "n m"]) -> losses.Arbitrage:
    """By how much static bounds are broken at points (n, m), in shares of the strike."""
    return losses.breaches(Parts.of(committee), committee.params, x.astype(committee.normalisation.center.dtype))


def _weights(committee: Committee, x: Float[Array, "n m"]) -> Float[Array, "e n"]:
    parts = Parts.of(committee)
    u = parts.inputs(x.astype(committee.normalisation.center.dtype)).astype(committee.dtype)
    return parts.weights(parts.logits(committee.params, u), u)
