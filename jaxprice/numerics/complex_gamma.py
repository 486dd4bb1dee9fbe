"""The gamma function of complex arguments."""

import math

import jax.numpy as jnp

from jaxprice.core.array import Array

# Stirling's series is good to rounding from here on, with terms up to B₁₄.
_LEAST_REAL, _N_SHIFTS = 9.0, 10
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def log_gamma(z: Array) -> Array:
    """A logarithm of Γ(z) for complex z, entry by entry; its imaginary part may differ by a multiple of 2π.

    Relative error of Γ below 1e-13 for Re z > -1, |z| < 10³ in 64 bits; NaN or infinite at the poles 0 and -1.
    Stirling's series after z is moved to the right by Γ(z + 1) = z Γ(z).
    """
    product = jnp.ones_like(z)
    for _ in range(_N_SHIFTS):
        is_small = jnp.real(z) < _LEAST_REAL
        product = jnp.where(is_small, product * z, product)
        z = jnp.where(is_small, z + 1.0, z)
    inverse = 1.0 / z
    square = inverse * inverse
    series = jnp.zeros_like(z)
    for coefficient in _STIRLING[::-1]:
        series = series * square + coefficient
    stirling = (z - 0.5) * jnp.log(z) - z + 0.5 * math.log(2.0 * math.pi)
    return stirling + series * inverse - jnp.log(product)
