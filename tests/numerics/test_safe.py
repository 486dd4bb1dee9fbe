import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxprice.numerics import safe

DTYPES = [
    jnp.float32,
    pytest.param(jnp.float64, marks=pytest.mark.x64),
]
EDGES = [0.0, -0.0, -1.0, 1e-30]
UNARY = [safe.sqrt, safe.log, lambda x: safe.power(x, 0.3), lambda x: safe.norm(x[None])]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", UNARY)
def test_value_and_gradients_are_finite_at_the_edge(function, dtype):
    value_and_slope = jax.jit(jax.value_and_grad(function))
    for edge in EDGES:
        value, slope = value_and_slope(jnp.asarray(edge, dtype))
        assert value.dtype == dtype
        assert np.isfinite(value) and np.isfinite(slope)
        if edge != 1e-30 and function is not UNARY[3]:
            assert slope == 0.0


@pytest.mark.parametrize("function", UNARY)
def test_nan_stays_nan(function):
    assert np.isnan(function(jnp.asarray(jnp.nan)))


def test_values_and_derivatives_inside_are_those_of_numpy():
    x = jnp.asarray([0.3, 1.0, 7.5])
    rtol = 1e-6
    np.testing.assert_allclose(safe.sqrt(x), np.sqrt(x), rtol)
    np.testing.assert_allclose(safe.log(x), np.log(x), rtol, atol=1e-7)
    np.testing.assert_allclose(safe.norm(x), np.linalg.norm(x), rtol)
    np.testing.assert_allclose(safe.divide(x, 1.0 + x), x / (1.0 + x), rtol)
    exponent = jnp.asarray([2.0, -0.5, 0.1])
    np.testing.assert_allclose(safe.power(x, exponent), np.power(x, exponent), rtol)


@pytest.mark.x64
def test_derivatives_inside_match_finite_differences():
    @jax.jit
    def all_of_them(x, y):
        return safe.sqrt(x), safe.log(x), safe.norm(y), safe.divide(x, y), safe.power(x, y)

    check_grads(all_of_them, (jnp.asarray([0.3, 1.2, 4.0]), jnp.asarray([0.5, -1.5, 2.0])), order=2)


power_and_slopes = jax.jit(jax.value_and_grad(safe.power, (0, 1)))
AT_ZERO = [(0.0, 1, 0), (0.5, 0, 0), (1.0, 0, 1), (2.0, 0, 0), (-1.0, 0, 0)]


@pytest.mark.parametrize(("exponent", "value", "slope"), AT_ZERO)
def test_power_at_zero(exponent, value, slope):
    got, slopes = power_and_slopes(jnp.asarray(0.0), jnp.asarray(exponent))
    assert (got, *slopes) == (value, slope, 0.0)


def test_second_derivative_of_the_square_at_zero():
    assert jax.grad(jax.grad(lambda x: safe.power(x, 2.0)))(0.0) == 2.0


def test_divide_by_zero_gives_the_constant_with_no_gradient():
    value, slopes = jax.jit(jax.value_and_grad(lambda a, b: safe.divide(a, b, 3.0), (0, 1)))(1.0, 0.0)
    assert (value, *slopes) == (3.0, 0.0, 0.0)


def test_norm_of_the_origin_over_an_axis():
    x = jnp.asarray([[0.0, 0.0], [3.0, 4.0]])
    np.testing.assert_allclose(safe.norm(x, axis=1), [0.0, 5.0])
    slope = jax.grad(lambda x: safe.norm(x, axis=1).sum())(x)
    np.testing.assert_allclose(slope, [[0.0, 0.0], [0.6, 0.8]], rtol=1e-6)


def test_heaviside_is_the_indicator_without_a_gradient():
    x = jnp.asarray([-1.0, -1e-9, 0.0, 2.0])
    np.testing.assert_array_equal(safe.heaviside(x), [0.0, 0.0, 1.0, 1.0])
    np.testing.assert_array_equal(jax.vmap(jax.grad(safe.heaviside))(x), 0.0)
    assert np.isnan(safe.heaviside(jnp.asarray(jnp.nan)))


@pytest.mark.parametrize("width", [0.3, 1.0, 7.0])
def test_smooth_heaviside_is_exact_outside_and_symmetric_inside(width):
    half = width / 2
    x = jnp.asarray([-1e6, -2 * half, -half, half, 2 * half, 1e6])
    np.testing.assert_array_equal(safe.smooth_heaviside(x, width), [0, 0, 0, 1, 1, 1])
    inside = jnp.linspace(-half, half, 101)
    ramp = safe.smooth_heaviside(inside, width)
    assert (np.diff(ramp) >= 0).all()
    np.testing.assert_allclose(ramp + ramp[::-1], 1.0, rtol=1e-6)


def test_smooth_heaviside_is_twice_differentiable_at_its_ends():
    first = jax.jit(jax.grad(safe.smooth_heaviside))
    second = jax.jit(jax.grad(jax.grad(safe.smooth_heaviside)))
    for end in (-0.5, 0.5):
        for x in (end - 1e-6, end, end + 1e-6):
            np.testing.assert_allclose([first(x, 1.0), second(x, 1.0)], 0.0, atol=1e-4)
    assert first(0.0, 1.0) == 1.875


@pytest.mark.x64
def test_smooth_heaviside_derivatives_match_finite_differences():
    check_grads(jax.jit(safe.smooth_heaviside), (jnp.asarray([-0.7, -0.3, 0.1, 0.4]), jnp.asarray(1.1)), order=2)
