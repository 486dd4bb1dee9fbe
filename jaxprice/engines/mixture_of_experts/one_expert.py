"""One of the stacked experts at work on a block of samples, in the layout that XLA is fastest with.

All give the same numbers to rounding. Measured on one core, values and gradients:

* samples first, as a rule: the pull-back of samples in columns transposes the kernel, 4 ms for one of 1,024 x 1,024, as
  long as the product of 200 samples takes; half the time of columns for a thousand samples of 64 units.
* samples in columns, for wide experts: few samples, or values without gradients. Packing the kernel counts there, and
  is faster this way around; the pull-back turns the samples, not the kernel.
* one sample: nothing is copied out of the stack. The product reads the kernel row by row and so does its pull-back, in
  90 µs for 1,024 x 1,024; down its columns, as XLA would, it takes 4 ms.

The last two are in reverse mode once and for all, and cannot be differentiated again.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int, Scalar
from jaxprice.engines.mixture_of_experts.experts import Scaling
from jaxprice.learning.activation import activate
from jaxprice.learning.twin_net import Network

WIDE = 512
"""Units from which kernels no longer fit the cache of a core, so that reading them counts."""
_FEW = 64
_ROWS = 8


def value_and_slope(
    network: Network,
    params: Any,
    scaling: Scaling,
    owner: Int[Array, ""],
    u: Float[Array, "n q"],
    weight: Float[Array, " n"] | None,
) -> tuple[Float[Array, " n"], Float[Array, "n q"] | None]:
    """f(u), and w ∂f/∂u unless there is no w, by the expert at `owner` of the stack."""
    n = u.shape[0]
    if n == 1:
        layout = _one
    else:
        params = jax.tree.map(lambda leaf: leaf[owner], params)
        is_wide = network.n_units >= WIDE
        layout = _columns if is_wide and (n <= _FEW or weight is None) else _rows
    mine = jax.tree.map(lambda leaf: leaf[owner], scaling)

    def price(u: Array) -> Array:
        x = (u - mine.center[None]) / mine.size[None]
        return mine.shift + x @ mine.tilt + mine.height * layout(network, params, owner, x)

    if weight is None:
        return price(u), None
    value, pull_back = jax.vjp(price, u)
    return value, pull_back(weight)[0]


def rows(network: Network, params: Any, x: Float[Array, "n q"]) -> Float[Array, " n"]:
    """One network on samples first; differentiable as often as wanted."""
    return _rows(network, params, None, x)


def _rows(network: Network, params: Any, owner: Any, x: Array) -> Array:
    def layer(of: dict[str, Array], h: Array) -> Array:
        # Not `h @ kernel.T`, of which XLA makes a copy of the kernel.
        return jnp.einsum("ni,oi->no", h, of["kernel"]) + of["bias"][None]

    return _apply(network, params, layer, x)[:, 0]


def _columns(network: Network, params: Any, owner: Any, x: Array) -> Array:
    def layer(of: dict[str, Array], h: Array) -> Array:
        return _product(of["kernel"], h) + of["bias"][:, None]

    return _apply(network, params, layer, x.T)[0]


def _one(network: Network, params: Any, owner: Array, x: Array) -> Array:
    def layer(of: dict[str, Array], h: Array) -> Array:
        return _product_of_one(of["kernel"], owner, h) + of["bias"][owner]

    return _apply(network, params, layer, x[0])


def _apply(network: Network, params: Any, layer: Callable[[dict[str, Array], Array], Array], h: Array) -> Array:
    for i in range(network.n_layers):
        h = activate(network.activation, layer(params["hidden"][i], h))
    return layer(params["output"], h)


@jax.custom_vjp
def _product(kernel: Float[Array, "o i"], h: Float[Array, "i n"]) -> Float[Array, "o n"]:
    return kernel @ h


def _turned(kernel: Array, cotangent: Array) -> tuple[None, Array]:
    # The barriers keep XLA from turning the kernel instead.
    back = jax.lax.optimization_barrier(jax.lax.optimization_barrier(cotangent.T) @ kernel)
    return None, back.T


_product.defvjp(lambda kernel, h: (_product(kernel, h), kernel), _turned)


@jax.custom_vjp
def _product_of_one(kernel: Float[Array, "e o i"], owner: Int[Array, ""], h: Float[Array, " i"]) -> Float[Array, " o"]:
    return kernel[owner] @ h


def _by_rows(saved: tuple[Array, Array], cotangent: Array) -> tuple[None, None, Array]:
    kernel, owner = saved
    n_out, n_in = kernel.shape[1:]
    size = min(_ROWS, n_out)
    n_groups = n_out // size

    def add(i: Scalar, total: Array) -> Array:
        start = i * size
        rows = jax.lax.dynamic_slice(kernel, (owner, start, jnp.int32(0)), (1, size, n_in))[0]
        return total + jnp.sum(rows * jax.lax.dynamic_slice(cotangent, (start,), (size,))[:, None], axis=0)

    rest = jnp.sum(kernel[owner, n_groups * size :] * cotangent[n_groups * size :, None], axis=0)
    return None, None, jax.lax.fori_loop(jnp.int32(0), jnp.int32(n_groups), add, rest)


_product_of_one.defvjp(lambda kernel, owner, h: (_product_of_one(kernel, owner, h), (kernel, owner)), _by_rows)
