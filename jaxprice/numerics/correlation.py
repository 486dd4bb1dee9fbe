"""Factors of correlation matrices."""

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float


def correlation_factor(correlation: Float[Array, "d d"]) -> Float[Array, "d d"]:
    """Lower triangular factor L with L Lᵀ = correlation, differentiable, also where the matrix is singular.

    The diagonal counts as the constant one: its derivative is zero. A matrix that is positive semi-definite but has no
    Cholesky factor in floating point (perfectly correlated assets) is first shrunk towards the identity by 1e-10 in
    64 bits and by 1e-5 in 32 bits, which moves every correlation by no more than that.
    """
    d = correlation.shape[-1]
    eye = jnp.eye(d, dtype=correlation.dtype)
    unit_diagonal = jnp.where(eye > 0, eye, correlation)
    shrinkage = 1e-10 if correlation.dtype == jnp.float64 else 1e-5
    has_factor = jnp.all(jnp.isfinite(jnp.linalg.cholesky(jax.lax.stop_gradient(unit_diagonal))))
    weight = jnp.where(has_factor, 0.0, shrinkage).astype(correlation.dtype)
    return jnp.linalg.cholesky((1.0 - weight) * unit_diagonal + weight * eye)


def equicorrelation(n_assets: int, correlation: Float[Array, ""]) -> Float[Array, "d d"]:
    """Correlation matrix with one number off the diagonal."""
    eye = jnp.eye(n_assets, dtype=correlation.dtype)
    return eye + correlation * (1.0 - eye)
