"""Factors of correlation matrices."""

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular

from jaxprice.core.array import Array, Float, Scalar


@jax.custom_jvp
def cholesky_factor(matrix: Float[Array, "d d"]) -> Float[Array, "d d"]:
    """Lower triangular factor of a positive definite matrix, with a derivative made of products only.

    JAX's own derivative solves triangular systems. Under `vmap` over groups of paths these become one call with
    hundreds of right-hand sides inside the loop over chunks, and the CPU's LAPACK wakes all its threads each time: all
    Greeks of 10⁶ paths in five assets then take over a second instead of 0.05.
    """
    return jnp.linalg.cholesky(matrix)


@cholesky_factor.defjvp
def _cholesky_factor_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    # dL = L Φ(L⁻¹ dA L⁻ᵀ), where Φ keeps the lower triangle and half the diagonal (Murray 2016, equation 8).
    factor = cholesky_factor(primals[0])
    (change,) = tangents
    symmetric = 0.5 * (change + change.T)
    inverse = lower_inverse(factor)
    inner = inverse @ symmetric @ inverse.T
    return factor, factor @ (jnp.tril(inner) - 0.5 * jnp.diag(jnp.diag(inner)))


@jax.custom_jvp
def lower_inverse(factor: Float[Array, "d d"]) -> Float[Array, "d d"]:
    """Inverse of a lower triangular matrix, with a derivative made of products only; see `cholesky_factor`."""
    return solve_triangular(factor, jnp.eye(factor.shape[0], dtype=factor.dtype), lower=True)


@lower_inverse.defjvp
def _lower_inverse_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    inverse = lower_inverse(primals[0])
    return inverse, -inverse @ jnp.tril(tangents[0]) @ inverse


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
    return cholesky_factor((1.0 - weight) * unit_diagonal + weight * eye)


def equicorrelation(n_assets: int, correlation: Scalar) -> Float[Array, "d d"]:
    """Correlation matrix with one number off the diagonal."""
    eye = jnp.eye(n_assets, dtype=correlation.dtype)
    return eye + correlation * (1.0 - eye)


def correlation_between(
    lower: Float[Array, "d d"], upper: Float[Array, "d d"], margin: float = 1e-3, n_projections: int = 200
) -> Float[Array, "d d"]:
    """A correlation matrix between two bounds: their middle where that is one, else one near it.

    Found by projecting in turn on the matrices whose eigenvalues are at least `margin` and on the bounds. Where there
    is none, the result lies within the bounds and is not positive semi-definite.
    """
    d = lower.shape[-1]

    def project(matrix: Array, _: None) -> tuple[Array, None]:
        value, vector = jnp.linalg.eigh(matrix)
        nearest = (vector * jnp.maximum(value, 2.0 * margin)[None]) @ vector.T
        is_inside = value[0] >= margin
        return jnp.where(is_inside, matrix, jnp.clip(0.5 * (nearest + nearest.T), lower, upper)), None

    middle = 0.5 * (lower + upper)
    if d < 3:
        return middle
    correction, _ = jax.lax.scan(project, jax.lax.stop_gradient(middle), None, length=n_projections)
    # The middle stays differentiable where it needs no projection.
    return middle + jax.lax.stop_gradient(correction - middle)
