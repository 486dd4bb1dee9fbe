"""Hermite polynomials, orthonormal under the standard normal law."""

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float


def table(x: Float[Array, "s ..."], order: int) -> Float[Array, "s order ..."]:
    """Normalised probabilists' Hermite polynomials of degree 1 ... order of each number.

    h_n = (x h_{n-1} - √(n-1) h_{n-2}) / √n, so that E[h_m(Z) h_n(Z)] is 1 for m = n and 0 otherwise, and
    h_n' = √n h_{n-1}.

    Args:
        x: standardised coordinates, (s,) and any trailing axes.
        order: highest degree, at least 1.
    """

    def step(two: tuple[Array, Array], n: Array) -> tuple[tuple[Array, Array], Array]:
        before, last = two
        following = (x * last - jnp.sqrt(n - 1.0) * before) / jnp.sqrt(n)
        return (last, following), following

    degree = jnp.arange(1, order + 1, dtype=x.dtype)
    _, found = jax.lax.scan(step, (jnp.zeros_like(x), jnp.ones_like(x)), degree, unroll=1)
    return jnp.moveaxis(found, 0, 1)
