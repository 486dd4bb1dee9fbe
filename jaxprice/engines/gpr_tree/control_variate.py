"""A price at fixed volatilities as a function that costs next to nothing: what a regression need not learn."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Float

_N_NODES, _REACH = 256, 6.0
_CHUNK = 16


class ControlVariate(NamedTuple):
    """f(z) ≈ g(z_1) + Σ_j z_j h_j(z_1): a function on the line of the first input, and its slopes across the line.

    Between nodes by cubic convolution (Keys 1981), which is once continuously differentiable; constant beyond them.

    Attributes:
        table: g and h_2 ... h_d at equally spaced nodes, (k, d).
    """

    table: Float[Array, "k d"]

    def __call__(self, z: Float[Array, "n d"]) -> Float[Array, " n"]:
        """At points."""
        place = (jnp.clip(z[:, 0], -_REACH, _REACH) + _REACH) * ((_N_NODES - 1) / (2.0 * _REACH))
        first = jnp.clip(jnp.floor(place), 1.0, _N_NODES - 3.0)
        offset = jnp.arange(-1, 3, dtype=jnp.int32)
        distance = jnp.abs((place - first)[:, None] - offset.astype(z.dtype)[None])
        near = 1.0 + distance**2 * (1.5 * distance - 2.5)
        far = 2.0 + distance * (-4.0 + distance * (2.5 - 0.5 * distance))
        weight = jnp.where(distance <= 1.0, near, jnp.where(distance < 2.0, far, 0.0))
        row = jnp.einsum("nk,nkd->nd", weight, self.table[first.astype(jnp.int32)[:, None] + offset[None]])
        return row[:, 0] + jnp.sum(z[:, 1:] * row[:, 1:], axis=1)


def along_first_direction(price_fn: Callable[[Array], Array], n_inputs: int, dtype: np.dtype) -> ControlVariate:
    """Values and slopes of a function of standard normals (d,) on the line on which all but the first are 0."""
    node = jnp.linspace(-_REACH, _REACH, _N_NODES, dtype=dtype)
    point = jnp.zeros((_N_NODES, n_inputs), dtype).at[:, 0].set(node)

    def row(point: Float[Array, " d"]) -> Float[Array, " d"]:
        value, slope = jax.value_and_grad(price_fn)(point)
        return jnp.concatenate([value[None], slope[1:]])

    return ControlVariate(jax.lax.map(row, point, batch_size=_CHUNK))
