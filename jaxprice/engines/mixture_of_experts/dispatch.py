"""Which expert computes which sample, and how many samples at a time: what is fastest, by measurement.

The numbers are those of `python -m experiments committee_latency` on one core; on an accelerator they are a guess.
"""

import enum
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.engines.mixture_of_experts import dispatch_dense, dispatch_grouped
from jaxprice.engines.mixture_of_experts.committee import Committee
from jaxprice.engines.mixture_of_experts.one_expert import WIDE

_GROUPED_FROM = 2**15
"""Samples times units squared from which finding out who prices what costs less than it saves."""
_CHUNK, _LAYER = 8192, 2**19
"""Samples at a time: at most so many, and so many numbers in a layer. More would go through new memory layer by layer,
which is several times as slow as what the cache holds: the gate alone takes 0.1 µs a sample, 0.5 µs in one piece."""
_BLOCK, _BLOCK_WIDE = 256, 512
"""Pairs in a block: kernels of wide experts are read from far for each."""
_FEW, _TAILS_FROM = 4, 256
"""Pairs of an expert below which each is a block; units from which a block that is not full is computed in part."""


class Dispatch(enum.StrEnum):
    """Which expert computes which sample."""

    DENSE = "dense"
    """All of them all samples."""
    GROUPED = "grouped"
    """Each of them the samples it has a weight for, in blocks."""


def default(committee: Committee, n: int, most_active: int) -> Dispatch:
    """The faster one for n points, each priced by at most so many experts."""
    is_sparse = most_active < committee.gate.n_experts
    return Dispatch.GROUPED if is_sparse and n * committee.network.n_units**2 >= _GROUPED_FROM else Dispatch.DENSE


def each_and_slope(
    committee: Committee,
    u: Float[Array, "q n"],
    weights: Float[Array, "e n"],
    *,
    dispatch: Dispatch,
    most_active: int,
    with_slope: bool,
) -> tuple[Float[Array, "e n"], Float[Array, "q n"] | None]:
    """Value of every expert that has a weight, and Σ_i w_i ∂f_i/∂u if it is wanted."""
    problem = (committee.network, committee.params["experts"], committee.scaling, u.T, weights)
    if dispatch == Dispatch.DENSE:
        each, slope = dispatch_dense.each_and_slope(*problem, with_slope=with_slope)
    else:
        sizes = block_sizes(committee.network.n_units, u.shape[1] * most_active / committee.gate.n_experts)
        each, slope = dispatch_grouped.each_and_slope(
            *problem, most_active=most_active, sizes=sizes, with_slope=with_slope
        )
    return each, None if slope is None else slope.T


def block_sizes(n_units: int, n_pairs: float) -> tuple[int, ...]:
    """Sizes of a block and of its parts, for experts that have so many pairs each if the gate is even."""
    if n_pairs < _FEW:
        return (1,)
    block = min(1 << (int(n_pairs) - 1).bit_length(), _BLOCK_WIDE if n_units >= WIDE else _BLOCK)
    if n_units < _TAILS_FROM:
        return (block,)
    # What a block lacks costs more than choosing among four programs.
    return tuple(block * i // 4 for i in (1, 2, 3, 4))


def in_chunks(
    committee: Committee, function: Callable[[Array], Any], x: Float[Array, "n m"], dispatch: Dispatch
) -> Any:
    """What `function` gives for the rows of x, even parts of them one after the other."""
    n = x.shape[0]
    size = _CHUNK if dispatch == Dispatch.GROUPED else min(_CHUNK, max(1, _LAYER // committee.network.n_units))
    if n <= size:
        return function(x)
    n_chunks = -(-n // size)
    size = -(-n // n_chunks)
    x = jnp.pad(x, ((0, n_chunks * size - n), (0, 0)), mode="edge")
    found = jax.lax.map(function, x.reshape(n_chunks, size, -1))
    return jax.tree.map(lambda leaf: leaf.reshape(n_chunks * size, *leaf.shape[2:])[:n], found)
