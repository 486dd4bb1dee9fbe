"""How the references take their inputs: anything number-like becomes a float64 array."""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxprice.core.precision import require_x64


def as_float64(*values: ArrayLike | tuple[float, ...]) -> tuple[Array, ...]:
    """Float64 arrays of the values given; the gate that every reference passes first.

    Args:
        *values: Python numbers, tuples of them, NumPy or JAX arrays, traced or not.

    Returns:
        As many JAX arrays, each of dtype float64 and of its own shape.

    Raises:
        RuntimeError: if 64-bit mode is off (see `jaxprice.core.precision.require_x64`).
    """
    require_x64()
    return tuple(jnp.asarray(value, dtype=jnp.float64) for value in values)
