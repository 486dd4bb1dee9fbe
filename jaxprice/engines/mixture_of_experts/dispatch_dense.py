"""Every expert prices every sample, and the weights decide: exact under any transformation, no bookkeeping."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.engines.mixture_of_experts.experts import Scaling, all_experts, expert_of_rows
from jaxprice.learning.twin_net import Network


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
    """Value of every expert, and Σ_i w_i ∂f_i/∂u if it is wanted; samples first."""

    def each(u: Array) -> Array:
        return jax.vmap(lambda p, s: expert_of_rows(network, p, s, u))(params, scaling)

    if not with_slope:
        return each(u), None
    found, pull_back = jax.vjp(each, u)
    return found, pull_back(weights)[0]
