"""Every expert prices only what it has a weight for: pairs of sample and expert, sorted by expert, in blocks.

A block belongs to one expert and is filled up with repeated samples; no pair is dropped, however unevenly the samples
fall. Shapes are static, sized for the most pairs there can be, and a loop runs over the blocks in use only; of a block
that is not full a part is computed, the smallest of a few sizes that holds its pairs. Values and input gradients come
out together, so nothing is differentiated through the loop; `jax.lax.ragged_dot` would do the products, but has no
batching rule for gradients sample by sample.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int, Scalar
from jaxprice.engines.mixture_of_experts.experts import Scaling
from jaxprice.engines.mixture_of_experts.one_expert import value_and_slope
from jaxprice.learning.twin_net import Network


class Plan(NamedTuple):
    """Which pair is where.

    Attributes:
        place: of each pair of expert and sample among the slots; the last slot for pairs without weight, (e, n).
        slot: the same for the first, second, ... k-th expert of each sample, (k, n).
        sample: of each slot, (n_blocks * size,).
        expert: of each block, (n_blocks,).
        n_pairs: in each block, (n_blocks,).
        n_used: blocks that hold pairs, ().
    """

    place: Int[Array, "e n"]
    slot: Int[Array, "k n"]
    sample: Int[Array, " s"]
    expert: Int[Array, " b"]
    n_pairs: Int[Array, " b"]
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
    n_blocks = min(n_experts, n * most_active) + n * most_active // block
    n_slots = n_blocks * block
    rank = jnp.cumsum(is_pair, axis=1, dtype=jnp.int32) - 1
    total = rank[:, -1] + 1
    needed = -(-total // block)
    end = jnp.cumsum(needed, dtype=jnp.int32)
    first = end - needed
    place = jnp.where(is_pair, rank + block * first[:, None], n_slots)

    def take(found: tuple[Array, Array], of_expert: tuple[Array, Array]) -> tuple[tuple[Array, Array], None]:
        (seen, slot), (here, mine) = found, of_expert
        is_next = here[None] & (seen[None] == jnp.arange(most_active, dtype=jnp.int32)[:, None])
        return (seen + here.astype(seen.dtype), jnp.where(is_next, mine[None], slot)), None

    none = (jnp.zeros(n, jnp.int32), jnp.full((most_active, n), n_slots, jnp.int32))
    (_, slot), _ = jax.lax.scan(take, none, (is_pair, place))
    index = jnp.broadcast_to(jnp.arange(n, dtype=jnp.int32), slot.shape)
    sample = jnp.zeros(n_slots, jnp.int32).at[slot.ravel()].set(index.ravel(), mode="drop")
    blocks = jnp.arange(n_blocks, dtype=jnp.int32)
    expert = jnp.minimum(jnp.searchsorted(end, blocks, side="right"), n_experts - 1)
    n_pairs = jnp.clip(total[expert] - block * (blocks - first[expert]), 0, block)
    return Plan(place=place, slot=slot, sample=sample, expert=expert, n_pairs=n_pairs, n_used=end[-1])


def each_and_slope(
    network: Network,
    params: Any,
    scaling: Scaling,
    u: Float[Array, "n q"],
    weights: Float[Array, "e n"],
    *,
    most_active: int,
    sizes: tuple[int, ...],
    with_slope: bool,
) -> tuple[Float[Array, "e n"], Float[Array, "n q"] | None]:
    """Value of every expert where it has a weight, zero elsewhere, and Σ_i w_i ∂f_i/∂u if it is wanted.

    Args:
        network: of every expert.
        params: stacked.
        scaling: stacked.
        u: normalised inputs, samples first.
        weights: of the gate.
        most_active: largest number of them in a column.
        sizes: of the parts of a block that can be computed, rising; the last is the whole.
        with_slope: whether the second is wanted.
    """
    block = sizes[-1]
    found = plan(weights, most_active, block)

    def fill(size: int, i: Scalar, out: tuple[Array, Array | None]) -> tuple[Array, Array | None]:
        owner, start = found.expert[i], i * block
        sample = jax.lax.dynamic_slice_in_dim(found.sample, start, size)
        weight = weights[owner, sample] if with_slope else None
        new = value_and_slope(network, params, scaling, owner, u[sample], weight)
        return jax.tree.map(lambda old, new: jax.lax.dynamic_update_slice_in_dim(old, new, start, axis=0), out, new)

    fills = [functools.partial(fill, size) for size in sizes]

    def step(i: Scalar, out: tuple[Array, Array | None]) -> tuple[Array, Array | None]:
        if len(fills) == 1:
            return fills[0](i, out)
        return jax.lax.switch(jnp.searchsorted(jnp.asarray(sizes, jnp.int32), found.n_pairs[i]), fills, i, out)

    n_slots = found.sample.shape[0]
    # One more slot, of zeros, for the pairs without a weight.
    empty = (jnp.zeros(n_slots + 1, u.dtype), jnp.zeros((n_slots + 1, u.shape[1]), u.dtype) if with_slope else None)
    value, slope = jax.lax.fori_loop(0, found.n_used, step, empty)
    return value[found.place], None if slope is None else sum(slope[place] for place in found.slot)
