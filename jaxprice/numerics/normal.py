"""The inverse of the normal distribution function: uniform numbers to standard normals.

Without a table or a branch. With x = 1 - 2u and w = -log(4u(1 - u)) the ratio of the normal to x is a smooth
function of w, for which one rational P(w) / Q(w) holds for every u down to 1e-17. The variable w is that of
Giles 2010, "Approximating the erfinv function"; the coefficients are our own weighted least-squares fits in
60 digits. The logarithm is written out too: XLA's of a double is three times slower on the CPU, for special
values that cannot come.

Relative error of the normals, tails included: 6e-7 in single and 1e-14 in double precision. Millions a second
on one core, single and double: `from_bits` 850 and 270, `inverse_cdf` 630 and 210; `jax.scipy.special.ndtri`
270 and 75, `jax.lax.erf_inv` 450 and 88.
"""

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, UInt32

from jaxprice.core.precision import require_x64

_Rational: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]


class _Table(NamedTuple):
    """Constants of one dtype: the layout of its bits, the series of the logarithm, the rationals."""

    integer: DTypeLike
    n_mantissa: int
    half_root: int  # the bits of sqrt(1/2)
    log: _Rational  # log(1 + f) / f for 1 + f in [sqrt(1/2), sqrt(2)]
    centre: _Rational  # in w, for w <= edge
    edge: float
    tail: _Rational  # in sqrt(w), for w > edge


_SINGLE = _Table(
    integer=np.int32,
    n_mantissa=23,
    half_root=0x3F3504F3,
    log=(
        (
            0.999999945,
            -0.500003652,
            0.333350571,
            -0.249699038,
            0.199002181,
            -0.172509542,
            0.162221988,
            -0.101060058,
        ),
        (1.0,),
    ),
    centre=(
        (
            1.25331428,
            0.452898615,
            0.0899883353,
            0.0119023753,
            0.00100251814,
            2.92122795e-05,
        ),
        (
            1.0,
            0.099564274,
            0.0326913159,
            0.00229143323,
            0.000169753756,
            1.0038161e-06,
        ),
    ),
    edge=21.5,
    tail=(
        (
            -0.150904001,
            1.31459682,
            0.0390301756,
            -0.00687971354,
            0.000667146671,
            -3.44382124e-05,
            7.41469131e-07,
        ),
        (1.0,),
    ),
)
_DOUBLE = _Table(
    integer=np.int64,
    n_mantissa=52,
    half_root=0x3FE6A09E667F3BCD,
    log=(
        (
            1.0,
            2.2272867759258492,
            1.695736395147943,
            0.5060611829881648,
            0.04806804057191385,
            0.0003518786763538631,
        ),
        (
            1.0,
            2.7272867759259514,
            2.726046449777786,
            1.2099888158847618,
            0.22620199255538487,
            0.01284419438540079,
        ),
    ),
    centre=(
        (
            1.2533141373154972,
            0.4751414910665296,
            0.13109737978245686,
            0.025755280811683507,
            0.003873817321945341,
            0.0004608925723248193,
            4.356816171564508e-05,
            3.2754961375247137e-06,
            1.973341587396434e-07,
            9.593393002169223e-09,
            3.307375894059576e-10,
            8.698892373356826e-12,
            5.1313398773568904e-14,
            2.8095195442991466e-17,
        ),
        (
            1.0,
            0.11730867211947778,
            0.060857199799203926,
            0.005723472345618123,
            0.001252939921849937,
            8.983651698596445e-05,
            1.0339175953211164e-05,
            5.384535096143286e-07,
            3.591432753530669e-08,
            1.2346348684363692e-09,
            4.430482546831182e-11,
            5.934470780967971e-13,
            1.2829179846394808e-15,
        ),
    ),
    edge=36.8,
    tail=(
        (
            0.5268449675059376,
            1.177817131014333,
            0.8461448254769633,
            1.782064767052902,
            0.6597252277271172,
            0.06798279166932925,
            0.002131782629959383,
            1.6218271424920428e-05,
        ),
        (
            1.0,
            0.9673319719749132,
            1.3260532189865426,
            0.4694926169423951,
            0.048103780073821434,
            0.0015074182609822987,
            1.1468023262733703e-05,
        ),
    ),
)


def _table(dtype: DTypeLike) -> _Table:
    if dtype == jnp.float32:
        return _SINGLE
    if dtype == jnp.float64:
        require_x64("a normal number in float64")
        return _DOUBLE
    raise TypeError(f"expected float32 or float64, got {jnp.dtype(dtype).name}; cast first")


def _polynomial(coefficient: tuple[float, ...], x: Array) -> Array:
    value = jnp.full_like(x, coefficient[-1])
    for c in reversed(coefficient[:-1]):
        value = value * x + c
    return value


def _rational(pair: _Rational, x: Array) -> Array:
    numerator, denominator = pair
    value = _polynomial(numerator, x)
    return value / _polynomial(denominator, x) if len(denominator) > 1 else value


def _log(y: Array, table: _Table) -> Array:
    """Log of a positive normal number, within a few units in the last place of max(1, |log y|)."""
    shift = jnp.asarray(table.half_root, table.integer)
    mantissa = jnp.asarray(2**table.n_mantissa - 1, table.integer)
    bits = lax.bitcast_convert_type(y, table.integer) - shift
    exponent = (bits >> table.n_mantissa).astype(jnp.int32).astype(y.dtype)
    f = lax.bitcast_convert_type((bits & mantissa) + shift, y.dtype) - 1.0
    return exponent * float(np.log(2.0)) + f * _rational(table.log, f)


def from_bits(bits: UInt32[Array, "*shape"], dtype: DTypeLike = jnp.float32) -> Float[Array, "*shape"]:
    """Standard normals from words of 32 random bits: the inverse distribution at u = (bits + 1/2) / 2^32.

    Every bit is used, so the extremes are -6.34 and 6.34; nothing is infinite. Exactly antithetic:
    `from_bits(~bits) == -from_bits(bits)`. The map is increasing, as quasi-random points need it.

    Args:
        bits: words, pseudo-random or of a Sobol sequence.
        dtype: float32 or float64.
    """
    table = _table(dtype)
    signed = lax.bitcast_convert_type(bits ^ jnp.uint32(0x80000000), jnp.int32)
    # Both signs pass through the same positive numbers: size counts from the centre, rest from the end.
    size = signed ^ (signed >> 31)
    rest = jnp.int32(0x7FFFFFFF) - size
    x = (size.astype(dtype) + 0.5) * 2.0**-31
    u = (rest.astype(dtype) + 0.5) * 2.0**-32
    w = -_log(4.0 * u * (1.0 - u), table)
    # The sign goes to x: a quotient with two users would split the fusion, and compute the words again.
    return jnp.where(signed < 0, -x, x) * _rational(table.centre, w)


@jax.custom_jvp
def inverse_cdf(u: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The z with P(Z <= z) = u, differentiable in u; minus infinity at 0, infinity at 1, NaN outside [0, 1].

    A subnormal u counts as the smallest normal number, or as 0 where the device flushes it. From words of
    random bits take `from_bits`: it keeps in single precision the digits of the upper tail, which a u near
    one has lost.
    """
    table = _table(u.dtype)
    near = jnp.minimum(u, 1.0 - u)
    x = 1.0 - 2.0 * u
    tiny = float(jnp.finfo(u.dtype).tiny)
    w = jnp.maximum(-_log(jnp.maximum(4.0 * near * (1.0 - near), 4.0 * tiny), table), 0.0)
    value = jnp.where(w > table.edge, _rational(table.tail, jnp.sqrt(w)), _rational(table.centre, w))
    value = jnp.where(near == 0.0, jnp.inf, value)
    return jnp.where((u >= 0.0) & (u <= 1.0), -x * value, jnp.nan)


@inverse_cdf.defjvp
def _inverse_cdf_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    value = inverse_cdf(primals[0])
    return value, float(np.sqrt(2.0 * np.pi)) * jnp.exp(0.5 * value * value) * tangents[0]
