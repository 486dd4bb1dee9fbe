import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy import special, stats

from jaxprice.numerics import normal

DTYPES = [
    jnp.float32,
    pytest.param(jnp.float64, marks=pytest.mark.x64),
]
RTOL = {"float32": 6e-7, "float64": 1e-14}
SMALLEST = {"float32": -37.0, "float64": -307.0}


def bits_with_edges():
    random = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint32)
    ends = np.arange(1000, dtype=np.uint32)
    scales = (2.0 ** np.linspace(0.0, 31.99, 1000)).astype(np.uint32)
    return np.sort(np.concatenate([random, ends, ~ends, np.uint32(2**31) - ends, np.uint32(2**31) + ends, scales]))


from_bits = jax.jit(normal.from_bits, static_argnames="dtype")
inverse_cdf = jax.jit(normal.inverse_cdf)


@pytest.mark.parametrize("dtype", DTYPES)
def test_from_bits_is_the_inverse_of_every_bit(dtype):
    bits = bits_with_edges()
    got = from_bits(jnp.asarray(bits), dtype=dtype)
    assert got.dtype == dtype
    expected = special.ndtri((bits.astype(np.float64) + 0.5) * 2.0**-32)
    np.testing.assert_allclose(np.asarray(got, np.float64), expected, rtol=RTOL[jnp.dtype(dtype).name])
    assert np.abs(got).max() < 6.34


@pytest.mark.parametrize("dtype", DTYPES)
def test_from_bits_is_exactly_antithetic_and_increasing(dtype):
    bits = jnp.asarray(bits_with_edges())
    value = np.asarray(from_bits(bits, dtype=dtype))
    np.testing.assert_array_equal(from_bits(~bits, dtype=dtype), -value)
    assert (np.diff(value) >= 0.0).all()


def test_from_bits_of_random_bits_is_normal():
    n = 1 << 18
    value = np.asarray(from_bits(jax.random.bits(jax.random.key(0), (n,), jnp.uint32)), np.float64)
    for power, moment in ((1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)):
        sample = value**power
        assert abs(sample.mean() - moment) < 5.0 * sample.std() / np.sqrt(n)
    assert stats.kstest(value, "norm").pvalue > 1e-3


@pytest.mark.parametrize("dtype", DTYPES)
def test_inverse_cdf_against_scipy_to_the_smallest_number(dtype):
    name = jnp.dtype(dtype).name
    u = np.concatenate(
        [
            10.0 ** np.linspace(SMALLEST[name], -1, 3000),
            np.linspace(0.01, 0.99, 2001),
            1 - 10.0 ** np.linspace(-6, -1, 500),
        ]
    ).astype(dtype)
    got = np.asarray(inverse_cdf(jnp.asarray(u)), np.float64)
    expected = special.ndtri(u.astype(np.float64))
    np.testing.assert_allclose(got, expected, rtol=RTOL[name], atol=RTOL[name] / 10)


@pytest.mark.parametrize("dtype", DTYPES)
def test_inverse_cdf_at_and_beyond_the_ends(dtype):
    got = inverse_cdf(jnp.asarray([0.0, 1.0, 0.5, -0.1, 1.1, jnp.nan], dtype))
    np.testing.assert_array_equal(got, [-jnp.inf, jnp.inf, 0.0, jnp.nan, jnp.nan, jnp.nan])


@pytest.mark.x64
def test_inverse_cdf_derivatives():
    check_grads(inverse_cdf, (jnp.asarray([0.15, 0.3, 0.5, 0.8]),), order=2)


def test_other_dtypes_are_refused():
    with pytest.raises(TypeError, match="expected float32 or float64, got float16"):
        normal.inverse_cdf(jnp.asarray(0.5, jnp.float16))


def test_double_precision_without_x64_is_refused():
    with jax.enable_x64(False), pytest.raises(RuntimeError, match="JAX_ENABLE_X64=1"):
        normal.from_bits(jnp.zeros(2, jnp.uint32), jnp.float64)
