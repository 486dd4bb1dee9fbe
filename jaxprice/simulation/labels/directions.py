"""Directions along which labels are differentiated twice."""

import jax.numpy as jnp

from jaxprice.core.array import Array, Float

N_DIRECTIONS = 3


def unit_axes(n_inputs: int, dtype: jnp.dtype) -> Float[Array, "m m"]:
    """One direction for each input: the second derivatives are then the rows of the Hessian."""
    return jnp.eye(n_inputs, dtype=dtype)


def active(x: Float[Array, "n m"], dydx: Float[Array, "n m"]) -> Float[Array, "3 m"]:
    """The three directions along which the labels change most, each one standard deviation of the inputs long.

    With σ the standard deviations of the inputs, the rows are σ ∘ u for the leading eigenvectors u of the mean outer
    product of σ ∘ dy/dx: differential principal components (Huge and Savine 2020, appendix 2) in inputs of unit
    variance. So u is the direction in normalised inputs z, and σ ∘ (H v) is the Hessian by z times u. The largest
    component of u is positive.
    """
    scale = jnp.std(x, axis=0)
    slope = dydx * scale[None]
    scatter = slope.T @ slope / slope.shape[0]
    axis = jnp.linalg.eigh(scatter)[1][:, ::-1][:, :N_DIRECTIONS].T
    largest = jnp.take_along_axis(axis, jnp.argmax(jnp.abs(axis), axis=1, keepdims=True), axis=1)
    return axis * jnp.sign(largest) * scale[None]
