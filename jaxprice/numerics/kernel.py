"""Covariance functions of Gaussian processes, of unit variance, as functions of squared scaled distances."""

import enum
import functools

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float


class Kernel(enum.StrEnum):
    """How smooth a process is."""

    MATERN_32 = "matern_32"
    """Once differentiable: (1 + √3 r) exp(-√3 r)."""
    MATERN_52 = "matern_52"
    """Twice differentiable: (1 + √5 r + 5 r² / 3) exp(-√5 r)."""
    SQUARED_EXPONENTIAL = "squared_exponential"
    """Smooth: exp(-r² / 2)."""


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def profile(kernel: Kernel, square: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Covariance at a squared scaled distance r²; its derivative by r² is finite at 0, which r itself has none of."""
    if kernel == Kernel.SQUARED_EXPONENTIAL:
        return jnp.exp(-0.5 * square)
    if kernel == Kernel.MATERN_32:
        root = jnp.sqrt(3.0 * square)
        return (1.0 + root) * jnp.exp(-root)
    root = jnp.sqrt(5.0 * square)
    return (1.0 + root + root**2 / 3.0) * jnp.exp(-root)


@profile.defjvp
def _profile_jvp(kernel: Kernel, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (square,), (change,) = primals, tangents
    return profile(kernel, square), _slope(kernel, square) * change


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _slope(kernel: Kernel, square: Array) -> Array:
    if kernel == Kernel.SQUARED_EXPONENTIAL:
        return -0.5 * jnp.exp(-0.5 * square)
    if kernel == Kernel.MATERN_32:
        return -1.5 * jnp.exp(-jnp.sqrt(3.0 * square))
    root = jnp.sqrt(5.0 * square)
    return (-5.0 / 6.0) * (1.0 + root) * jnp.exp(-root)


@_slope.defjvp
def _slope_jvp(kernel: Kernel, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (square,), (change,) = primals, tangents
    value = _slope(kernel, square)
    if kernel == Kernel.SQUARED_EXPONENTIAL:
        return value, -0.5 * value * change
    if kernel == Kernel.MATERN_52:
        return value, (25.0 / 12.0) * jnp.exp(-jnp.sqrt(5.0 * square)) * change
    # Infinite at 0, where a path through it has a change of 0: the product is.
    root = jnp.sqrt(3.0 * jnp.where(square > 0.0, square, 1.0))
    return value, jnp.where(square > 0.0, -1.5 * value / root * change, 0.0)


def squared_distances(x: Float[Array, "n m"], other: Float[Array, "k m"]) -> Float[Array, "n k"]:
    """Squared Euclidean distances between two sets of points, by one matrix product; right to 1e-15 of |x|²."""
    square = jnp.sum(x**2, axis=1)[:, None] + jnp.sum(other**2, axis=1)[None] - 2.0 * (x @ other.T)
    return jnp.maximum(square, 0.0)


def covariance(
    kernel: Kernel, lengthscale: Float[Array, " m"], x: Float[Array, "n m"], other: Float[Array, "k m"]
) -> Float[Array, "n k"]:
    """Covariances of a unit process between two sets of points, with one length scale for each input."""
    scale = lengthscale[None]
    return profile(kernel, squared_distances(x / scale, other / scale))
