"""Gaussian steps: their lengths and their densities."""

import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.numerics.correlation import lower_inverse


def intervals(time: Float[Array, " n"]) -> Float[Array, " n"]:
    """Lengths of the steps that end at increasing `time` and start at 0."""
    return jnp.diff(time, prepend=jnp.zeros(1, time.dtype))


def gaussian_log_density(
    deviation: Float[Array, "n d"], diffusion: Float[Array, "d d"], variance_clock: Float[Array, " n"]
) -> Scalar:
    """Log-density of independent Gaussian steps, up to a constant.

    Args:
        deviation: of each step from its mean, (n, d).
        diffusion: lower triangular factor of the covariance per unit of the clock, (d, d).
        variance_clock: what the unit covariance of each step is multiplied by, (n,).
    """
    d = deviation.shape[-1]
    standard = (deviation / jnp.sqrt(variance_clock)[:, None]) @ lower_inverse(diffusion).T
    n = deviation.shape[0]
    log_determinant = n * jnp.sum(jnp.log(jnp.abs(jnp.diag(diffusion)))) + 0.5 * d * jnp.sum(jnp.log(variance_clock))
    return -0.5 * jnp.sum(standard**2) - log_determinant
