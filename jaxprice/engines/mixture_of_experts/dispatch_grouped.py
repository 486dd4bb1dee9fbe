"""Every expert prices only what it has a weight for: pairs of sample and expert, sorted by expert, in equal blocks.

A block belongs to one expert and is filled up with repeated samples; no pair is dropped, however unevenly the samples
fall. Shapes are static, sized for the most pairs there can be, and a loop runs over the blocks in use only. Values and
input gradients come out together, so nothing is differentiated through the loop; `jax.lax.ragged_dot` would do the
products, but has no batching rule for gradients sample by sample.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int, Scalar
from jaxprice.engines.mixture_of_experts.experts import Scaling, expert
from jaxprice.learning.twin_net import Network, value_and_slope


class Plan(NamedTuple):
    """Which pair is where.

    Attributes:
        place: of each pair of expert and sample among the slots; the last slot for pairs without weight, (e, n).
        sample: of each slot, (n_blocks * size,).
        expert: of each block, (n_blocks,).
        n_used: blocks that hold pairs, ().
    """

    place: Int[Array, "e n"]
    sample: Int[Array, " s"]
    expert: Int[Array, " b"]
    n_used: Int[Array, ""]


def plan(weights: Float[Array, "e n"], most_active: int, block: int) -> Plan:
    """The pairs with a weight that is not zero, grouped by expert.

    Args:
        weights: of the gate.
        most_active: largest number of them in a column.
        block: pairs in a block.
    """
    n_experts, n = weights.shape
    is_pair = weights != 0.0
    n_blocks = -(-n * most_active // block) + n_experts
    n_slots = n_blocks * block
    rank = jnp.cumsum(is_pair, axis=1) - 1
    needed = -(-(rank[:, -1] + 1) // block)
    end = jnp.cumsum(needed)
    place = jnp.where(is_pair, rank + block * (end - needed)[:, None], n_slots)
    index = jnp.broadcast_to(jnp.arange(n), place.shape)
    sample = jnp.zeros(n_slots, index.dtype).at[place.ravel()].set(index.ravel(), mode="drop")
    owner = jnp.searchsorted(end, jnp.arange(n_blocks), side="right")
    return Plan(place=place, sample=sample, expert=jnp.minimum(owner, n_experts - 1), n_used=end[-1])


def values_and_slopes(
    network: Network,
    params: Any,
    scaling: Scaling,
    u: Float[Array, "q n"],
    weights: Float[Array, "e n"],
    most_active: int,
    block: int,
) -> tuple[Float[Array, "e n"], Float[Array, "q n"]]:
    """Value of every expert where it has a weight, zero elsewhere, and Σ_i w_i ∂f_i/∂u."""
    n_inputs = u.shape[0]
    found = plan(weights, most_active, block)

    def step(i: Scalar, out: tuple[Array, Array]) -> tuple[Array, Array]:
        mine, own = jax.tree.map(lambda leaf: leaf[found.expert[i]], (params, scaling))
        inputs = u[:, jax.lax.dynamic_slice(found.sample, (i * block,), (block,))]
        value, slope = value_and_slope(lambda u: expert(network, mine, own, u), inputs)
        values, slopes = out
        return (
            jax.lax.dynamic_update_slice(values, value, (i * block,)),
            jax.lax.dynamic_update_slice(slopes, slope, (0, i * block)),
        )

    n_slots = found.sample.shape[0]
    # One more slot, of zeros, for the pairs without a weight.
    empty = (jnp.zeros(n_slots + 1, u.dtype), jnp.zeros((n_inputs, n_slots + 1), u.dtype))
    value, slope = jax.lax.fori_loop(0, found.n_used, step, empty)

    def add(total: Array, pair: tuple[Array, Array]) -> tuple[Array, Array]:
        place, weight = pair
        return total + weight[None] * slope[:, place], value[place]

    total, each = jax.lax.scan(add, jnp.zeros_like(u), (found.place, weights))
    return each, total
