"""The bivariate normal distribution function, to rounding, with its exact derivatives.

Phi_2(a, b; rho) = Phi(a) Phi(b) + 1/(2 pi) int_0^{asin rho} exp(-(a^2 + b^2 - 2 a b sin t) / (2 cos^2 t))
dt, with pi/2 - t = (pi/2) e^{-x}: in x the integrand has no boundary layer, however close rho is to one.

Stated error: 1e-14 for |rho| <= 0.99, 1e-12 up to 1 - 1e-8. Source: Sheppard 1900; Drezner and Wesolowsky
1990 for the integral.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jax.scipy.special import ndtr
from jax.typing import ArrayLike

from jaxprice.reference.inputs import as_float64
from jaxprice.reference.quadrature import gauss_legendre

_N_NODES = 96
# Arguments beyond this are as good as infinite, and stay finite in the exponent.
_FAR = 40.0


@jax.custom_jvp
def _bivariate_cdf(a: Array, b: Array, correlation: Array) -> Array:
    sign = jnp.where(correlation < 0.0, -1.0, 1.0)
    size = jnp.minimum(jnp.abs(correlation), 1.0)
    node, weight = gauss_legendre(_N_NODES)
    # acos(size) as asin(sqrt((1 - size)(1 + size))) keeps its digits near size = 1.
    gap = jnp.where(size > 0.5, jnp.arcsin(jnp.sqrt((1.0 - size) * (1.0 + size))), jnp.arccos(size))
    length = jnp.log(0.5 * jnp.pi / jnp.maximum(gap, 1e-12))
    angle = 0.5 * jnp.pi * jnp.exp(-length * node)
    a, b = jnp.clip(a, -_FAR, _FAR), jnp.clip(b, -_FAR, _FAR)
    # (a^2 + b^2 - 2 a b sin t) / cos^2 t without cancellation: sin t = 1 - 2 sin^2(angle / 2).
    exponent = ((a - sign * b) / jnp.sin(angle)) ** 2 + sign * a * b / jnp.cos(0.5 * angle) ** 2
    correction = length * jnp.sum(weight * angle * jnp.exp(-0.5 * exponent)) / (2.0 * jnp.pi)
    return jnp.clip(ndtr(a) * ndtr(b) + sign * correction, 0.0, 1.0)


@_bivariate_cdf.defjvp
def _bivariate_cdf_jvp(primals, tangents):
    a, b, correlation = primals
    da, db, dcorrelation = tangents
    rest = jnp.sqrt(jnp.maximum((1.0 - correlation) * (1.0 + correlation), 1e-24))
    # Clipped: an argument at infinity has density zero, and infinity times zero would be NaN.
    a, b = jnp.clip(a, -_FAR, _FAR), jnp.clip(b, -_FAR, _FAR)
    density_a = jnp.exp(-0.5 * a * a) / jnp.sqrt(2.0 * jnp.pi)
    density_b = jnp.exp(-0.5 * b * b) / jnp.sqrt(2.0 * jnp.pi)
    conditional = (b - correlation * a) / rest
    joint = density_a * jnp.exp(-0.5 * conditional * conditional) / (jnp.sqrt(2.0 * jnp.pi) * rest)
    slope = density_a * ndtr(conditional) * da + density_b * ndtr((a - correlation * b) / rest) * db
    return _bivariate_cdf(a, b, correlation), slope + joint * dcorrelation


def bivariate_normal_cdf(a: ArrayLike, b: ArrayLike, correlation: ArrayLike) -> Array:
    """P(X <= a, Y <= b) for standard normals with the given correlation; error 1e-14 (see the module).

    Args:
        a: first limit, shape (); infinite limits are allowed.
        b: second limit, shape ().
        correlation: in [-1, 1]; derivatives need the open interval.
    """
    return _bivariate_cdf(*as_float64(a, b, correlation))
