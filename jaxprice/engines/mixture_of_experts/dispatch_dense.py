"""Every expert prices every sample, and the weights decide: exact under any transformation, no bookkeeping."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.engines.mixture_of_experts.experts import Scaling, all_experts
from jaxprice.learning.twin_net import Network


def values(
    network: Network, params: Any, scaling: Scaling, u: Float[Array, "q n"], weights: Float[Array, "e n"]
) -> Float[Array, " n"]:
    """Σ_i w_i f_i(u)."""
    return jnp.sum(weights * all_experts(network, params, scaling, u), axis=0)


def values_and_slopes(
    network: Network, params: Any, scaling: Scaling, u: Float[Array, "q n"], weights: Float[Array, "e n"]
) -> tuple[Float[Array, "e n"], Float[Array, "q n"]]:
    """Value of every expert, and Σ_i w_i ∂f_i/∂u."""
    found, pull_back = jax.vjp(lambda u: all_experts(network, params, scaling, u), u)
    return found, pull_back(weights)[0]
