"""Every expert prices every sample, and the weights decide: exact under any transformation, no bookkeeping."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.engines.mixture_of_experts.experts import Scaling, all_experts, expert
from jaxprice.engines.mixture_of_experts.one_expert import WIDE, rows
from jaxprice.learning.twin_net import Network

_SMALL = 2**14
"""Samples times units squared up to which all experts at once are faster than one after the other."""


def values(
    network: Network, params: Any, scaling: Scaling, u: Float[Array, "q n"], weights: Float[Array, "e n"]
) -> Float[Array, " n"]:
    """Σ_i w_i f_i(u)."""
    return jnp.sum(weights * all_experts(network, params, scaling, u), axis=0)


def each_and_slope(
    network: Network,
    params: Any,
    scaling: Scaling,
    u: Float[Array, "n q"],
    weights: Float[Array, "e n"],
    *,
    with_slope: bool,
) -> tuple[Float[Array, "e n"], Float[Array, "n q"] | None]:
    """Value of every expert, and Σ_i w_i ∂f_i/∂u if it is wanted."""

    def price(mine: Any, own: Scaling, u: Array) -> Array:
        # Why in which layout: see `one_expert`.
        if network.n_units >= WIDE and not with_slope:
            return expert(network, mine, own, u.T)
        x = (u - own.center[None]) / own.size[None]
        return own.shift + x @ own.tilt + own.height * rows(network, mine, x)

    if u.shape[0] == 1 or u.shape[0] * network.n_units**2 <= _SMALL:

        def all_at_once(u: Array) -> Array:
            return jax.vmap(lambda mine, own: price(mine, own, u))(params, scaling)

        if not with_slope:
            return all_at_once(u), None
        each, pull_back = jax.vjp(all_at_once, u)
        return each, pull_back(weights)[0]

    def add(total: Array | None, one: tuple[Any, Scaling, Array]) -> tuple[Array | None, Array]:
        mine, own, weight = one
        if total is None:
            return None, price(mine, own, u)
        value, pull_back = jax.vjp(lambda u: price(mine, own, u), u)
        return total + pull_back(weight)[0], value

    slope, each = jax.lax.scan(add, jnp.zeros_like(u) if with_slope else None, (params, scaling, weights))
    return each, slope
