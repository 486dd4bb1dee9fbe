"""Every expert prices only what it has a weight for: pairs of sample and expert, sorted by expert, in equal blocks.

A block belongs to one expert and is filled up with repeated samples; no pair is dropped, however unevenly the samples
fall. Shapes are static, sized for the most pairs there can be, and a loop runs over the blocks in use only. Values and
input gradients come out together, so nothing is differentiated through the loop; `jax.lax.ragged_dot` would do the
products, but has no batching rule for gradients sample by sample.
"""

import functools
import os
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int, Scalar
from jaxprice.engines.mixture_of_experts.experts import Scaling, expert as expert_cols, expert_m1, expert_of_one, expert_of_rows
from jaxprice.learning.twin_net import Network


_MODE=os.environ.get("MODE","")
class Plan(NamedTuple):
    """Which pair is where.

    Attributes:
        place: of each pair of expert and sample among the slots; the last slot for pairs without weight, (e, n).
        slot: the same, pair by pair of each sample, (k, n).
        sample: of each slot, (n_blocks * size,).
        expert: of each block, (n_blocks,).
        count: pairs in each block, (n_blocks,).
        n_used: blocks that hold pairs, ().
    """

    place: Int[Array, "e n"]
    slot: Int[Array, "k n"]
    sample: Int[Array, " s"]
    expert: Int[Array, " b"]
    count: Int[Array, " b"]
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
    needed = -(-(rank[:, -1] + 1) // block)
    end = jnp.cumsum(needed, dtype=jnp.int32)
    place = jnp.where(is_pair, rank + block * (end - needed)[:, None], n_slots)
    # Of the pairs of one sample the first, the second, ...: as many sums over a few experts, samples innermost.
    before = jnp.cumsum(is_pair, axis=0, dtype=jnp.int32) - 1
    slot = jnp.stack([jnp.min(jnp.where(before == j, place, n_slots), axis=0) for j in range(most_active)])
    index = jnp.broadcast_to(jnp.arange(n, dtype=jnp.int32), slot.shape)
    sample = jnp.zeros(n_slots, jnp.int32).at[slot.ravel()].set(index.ravel(), mode="drop")
    blocks = jnp.arange(n_blocks, dtype=jnp.int32)
    expert = jnp.minimum(jnp.searchsorted(end, blocks, side="right"), n_experts - 1)
    count = jnp.clip((rank[:, -1] + 1)[expert] - block * (blocks - (end - needed)[expert]), 0, block)
    return Plan(place=place, slot=slot, sample=sample, expert=expert, count=count, n_used=end[-1])


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
    """Value of every expert where it has a weight, zero elsewhere, and Σ_i w_i ∂f_i/∂u if it is wanted."""
    found = plan(weights, most_active, sizes[-1])

    def fill(size: int, i: Scalar, out: tuple[Array, Array | None]) -> tuple[Array, Array | None]:
        owner, start = found.expert[i], i * sizes[-1]
        sample = jax.lax.dynamic_slice_in_dim(found.sample, start, size)
        values, slopes = out

        def expert(u: Array) -> Array:
            if size == 1:
                return expert_of_one(network, params, scaling, owner, u[0])[None]
            mine = jax.tree.map(lambda leaf: leaf[owner], (params, scaling))
            if network.n_units>=512 and (slopes is None or size <= 64): return expert_m1(network, *mine, u.T)
            return expert_of_rows(network, *mine, u)

        value, pull_back = jax.vjp(expert, u[sample])
        if slopes is not None:
            slope = pull_back(weights[owner, sample])[0]
            slopes = jax.lax.dynamic_update_slice_in_dim(slopes, slope, start, axis=0)
        return jax.lax.dynamic_update_slice_in_dim(values, value, start, axis=0), slopes

    fills = [functools.partial(fill, size) for size in sizes]

    def step(i: Scalar, out: tuple[Array, Array | None]) -> tuple[Array, Array | None]:
        if len(sizes) == 1:
            return fills[0](i, out)
        return jax.lax.switch(jnp.searchsorted(jnp.asarray(sizes, jnp.int32), found.count[i]), fills, i, out)

    n_slots = found.sample.shape[0]
    # One more slot, of zeros, for the pairs without a weight.
    empty = (jnp.zeros(n_slots + 1, u.dtype), jnp.zeros((n_slots + 1, u.shape[1]), u.dtype) if with_slope else None)
    value, slope = jax.lax.fori_loop(0, found.n_used, step, empty)
    return value[found.place], None if slope is None else sum(slope[place] for place in found.slot)
