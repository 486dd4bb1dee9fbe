"""One expert in JAX, without a gate: what a price costs when who computes it is known."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks.committee.jaxprice_committee import committee
from experiments.benchmarks.committee.peers import Problem
from jaxprice.core.array import Array
from jaxprice.engines.mixture_of_experts.one_expert import rows
from jaxprice.learning.twin_net import Network, value_and_slope


def prepare(problem: Problem, top_k: int, with_gradient: bool) -> Callable[[np.ndarray], Any]:
    """Prices at points."""
    found = committee(problem, top_k)
    params = jax.tree.map(lambda leaf: leaf[0], found.params["experts"])

    def call(x: np.ndarray) -> Any:
        return jax.block_until_ready(_price(found.network, params, x, with_gradient))

    return call


@functools.partial(jax.jit, static_argnums=(0, 3))
def _price(network: Network, params: Any, x: Array, with_gradient: bool) -> tuple[Array, Array | None]:
    net, x = functools.partial(rows, network, params), x.astype(jnp.float32)
    return value_and_slope(net, x) if with_gradient else (net(x), None)
