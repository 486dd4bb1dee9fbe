"""Which expert computes which sample, and how many samples at a time: what is fastest, by measurement."""

import enum
import os
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.engines.mixture_of_experts import dispatch_dense, dispatch_grouped
from jaxprice.engines.mixture_of_experts.committee import Committee

_BLOCK=int(os.environ.get("BLOCK","0"))
_CHUNK=int(os.environ.get("CHUNK","0"))
class Dispatch(enum.StrEnum):
    """Which expert computes which sample."""

    DENSE = "dense"
    """All of them all samples."""
    GROUPED = "grouped"
    """Each of them the samples it has a weight for, in blocks."""


def default(committee: Committee, n: int, most_active: int) -> Dispatch:
    """The faster one for n points."""
    return Dispatch.GROUPED if most_active < committee.gate.n_experts and n >= 4096 else Dispatch.DENSE


def each_and_slope(
    committee: Committee,
    u: Float[Array, "q n"],
    weights: Float[Array, "e n"],
    *,
    dispatch: Dispatch,
    most_active: int,
    with_slope: bool,
) -> tuple[Float[Array, "e n"], Float[Array, "q n"] | None]:
    """Value of every expert where it has a weight, and Σ_i w_i ∂f_i/∂u if it is wanted."""
    what = (committee.network, committee.params["experts"], committee.scaling, u.T, weights)
    if dispatch == Dispatch.DENSE:
        each, slope = dispatch_dense.each_and_slope(*what, with_slope=with_slope)
    else:
        each, slope = dispatch_grouped.each_and_slope(
            *what, most_active=most_active, sizes=(_BLOCK if isinstance(_BLOCK,tuple) else (_BLOCK,)) if _BLOCK else (block(committee, u.shape[1], most_active),), with_slope=with_slope
        )
    return each, None if slope is None else slope.T


def block(committee, n, most_active):
    even = n * most_active // committee.gate.n_experts
    return min(max(1 << (even - 1).bit_length() if even > 1 else 1, 1), 256)


def chunk(committee: Committee, dispatch: Dispatch) -> int:
    """Samples at a time: so many that what is between layers stays in the cache, which new memory never is."""
    if _CHUNK: return _CHUNK
    if dispatch == Dispatch.GROUPED:
        return 8192
    return min(max(2**20 // (committee.gate.n_experts * committee.network.n_units), 256), 4096)


def in_chunks(function: Callable[[Array], Any], x: Float[Array, "n m"], size: int) -> Any:
    """What `function` gives for the rows of x, as even parts of at most `size` rows, one after the other."""
    n = x.shape[0]
    if n <= size:
        return function(x)
    n_chunks = -(-n // size)
    size = -(-n // n_chunks)
    x = jnp.pad(x, ((0, n_chunks * size - n), (0, 0)), mode="edge")
    found = jax.lax.map(function, x.reshape(n_chunks, size, -1))
    return jax.tree.map(lambda leaf: leaf.reshape(n_chunks * size, *leaf.shape[2:])[:n], found)
