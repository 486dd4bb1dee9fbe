"""Functions whose value and gradient stay finite at the edge of their domain.

`jnp.where(x > 0, jnp.sqrt(x), 0)` has a finite value and a NaN gradient at zero: reverse mode multiplies the
unused branch's infinity by zero. The cure is to guard the argument first, so that no branch ever sees the
edge.

At an edge where the true slope is infinite the gradient here is zero, by convention; where a one-sided slope
exists, it is that one. NaN stays NaN. Jumps and their smooth stand-ins are here too.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float


def sqrt(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Square root; zero with zero gradient where x <= 0. Such as the square root of a variance."""
    is_outside = x <= 0.0
    return jnp.where(is_outside, 0.0, jnp.sqrt(jnp.where(is_outside, 1.0, x)))


def log(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Natural logarithm; below the smallest normal number that number's logarithm, with zero gradient."""
    tiny = jnp.finfo(x.dtype).tiny
    return jnp.log(jnp.where(x <= tiny, tiny, x))


def norm(x: Float[Array, "*shape"], axis: int | tuple[int, ...] | None = None) -> Float[Array, "*rest"]:
    """Euclidean norm over `axis` (all axes by default); its gradient at the origin is zero."""
    return sqrt(jnp.sum(x * x, axis=axis))


def divide(
    numerator: Float[Array, "*#shape"], denominator: Float[Array, "*#shape"], otherwise: float = 0.0
) -> Float[Array, "*shape"]:
    """Quotient; where the denominator is zero the constant `otherwise`, with zero gradient."""
    is_zero = denominator == 0.0
    return jnp.where(is_zero, otherwise, numerator / jnp.where(is_zero, 1.0, denominator))


@jax.custom_jvp
def power(base: ArrayLike, exponent: ArrayLike) -> Float[Array, "*shape"]:
    """Power of a base >= 0, differentiable in both, any number of times.

    At base 0 (a negative base counts as 0) the value is 1 for exponent 0, otherwise 0, also where the true
    value is infinite. The gradient in the base is the one-sided slope where that is finite (exponent 1 or
    more), else zero; the gradient in the exponent is zero.
    """
    base, exponent = jnp.asarray(base), jnp.asarray(exponent)
    is_outside = base <= 0.0
    inside = jnp.where(is_outside, 1.0, base) ** exponent
    return jnp.where(is_outside, jnp.where(exponent == 0.0, 1.0, 0.0).astype(inside.dtype), inside)


@power.defjvp
def _power_jvp(primals: tuple[ArrayLike, ArrayLike], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    base, exponent = (jnp.asarray(primal) for primal in primals)
    value = power(base, exponent)
    in_base = exponent * power(base, exponent - 1.0)
    in_exponent = jnp.where(base <= 0.0, 0.0, value * log(base))
    return value, in_base * tangents[0] + in_exponent * tangents[1]


def heaviside(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The indicator of x >= 0, exactly 0 or 1, and its gradient exactly zero everywhere.

    So a pathwise derivative through it misses the jump, silently; where the jump matters take
    `smooth_heaviside`, or likelihood ratios.
    """
    return jnp.where(jnp.isnan(x), jax.lax.stop_gradient(x), (x >= 0.0).astype(x.dtype))


def smooth_heaviside(x: Float[Array, "*shape"], width: ArrayLike) -> Float[Array, "*shape"]:
    """A ramp of total `width` around 0: exactly 0 for x <= -width/2, exactly 1 for x >= width/2.

    The quintic s^3 (6 s^2 - 15 s + 10) in s = x / width + 1/2: twice continuously differentiable, and
    ramp(x) + ramp(-x) = 1, so that smoothing the jump has no error of first order in the width.

    Args:
        x: distance from the jump.
        width: positive, in the units of x.
    """
    s = jnp.clip(x / width + 0.5, 0.0, 1.0)
    return s * s * s * (s * (s * 6.0 - 15.0) + 10.0)
