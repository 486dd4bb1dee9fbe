"""Activations and their derivatives to rounding, at ordinary and at extreme arguments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from jaxprice.learning.activation import Activation, activate, sigmoid, softplus

X = np.array([-100.0, -80.0, -30.0, -5.0, -0.7, -1e-8, 0.0, 1e-8, 0.3, 5.0, 30.0, 80.0, 100.0])
each_dtype = pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.x64)])


def silu(x):
    return activate(Activation.SILU, x)


@jax.jit
def everything(x):
    """Value and derivatives of orders one to three of softplus, those of silu but the third, and the sigmoid."""
    second, third = jax.grad(jax.grad(softplus)), jax.grad(jax.grad(jax.grad(softplus)))
    kinds = (softplus, jax.grad(softplus), second, third, silu, jax.grad(silu), jax.grad(jax.grad(silu)), sigmoid)
    return [jax.vmap(kind)(x) for kind in kinds]


def limits(dtype):
    """X as rounded, the machine's epsilon, and its smallest normal number: below that processors flush to zero."""
    return X.astype(dtype).astype(np.float64), np.finfo(dtype).eps, np.finfo(dtype).tiny


def logistic_derivatives(x):
    """Of the logistic function: itself, its first and its second derivative."""
    share, rest = expit(x), expit(-x)
    return share, share * rest, share * rest * (rest - share)


@each_dtype
def test_softplus_and_its_derivatives_of_orders_one_to_three(dtype):
    """Value and slope to every digit in the far tails too, where rounding is relative."""
    x, eps, tiny = limits(dtype)
    value, first, second, third, *_, share = everything(jnp.asarray(X, dtype))
    expected = logistic_derivatives(x)
    np.testing.assert_allclose(value, np.logaddexp(0.0, x), rtol=4 * eps, atol=tiny)
    np.testing.assert_allclose(first, expected[0], rtol=4 * eps, atol=tiny)
    np.testing.assert_array_equal(share, first)
    np.testing.assert_allclose(second, expected[1], rtol=4 * eps, atol=eps)
    np.testing.assert_allclose(third, expected[2], rtol=4 * eps, atol=eps)


@each_dtype
def test_silu_and_its_derivatives(dtype):
    x, eps, tiny = limits(dtype)
    *_, value, first, second, _ = everything(jnp.asarray(X, dtype))
    share, one, two = logistic_derivatives(x)
    np.testing.assert_allclose(value, x * share, rtol=8 * eps, atol=100 * tiny)
    np.testing.assert_allclose(first, share + x * one, rtol=8 * eps, atol=30 * eps)
    np.testing.assert_allclose(second, 2.0 * one + x * two, rtol=8 * eps, atol=30 * eps)


@each_dtype
def test_softplus_between_the_tails(dtype):
    x = np.linspace(-20.0, 20.0, 20_001).astype(dtype)
    expected = np.logaddexp(0.0, x.astype(np.float64))
    np.testing.assert_allclose(softplus(jnp.asarray(x)), expected, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("kind", list(Activation))
def test_forward_and_reverse_mode_agree(kind):
    x = jnp.asarray(X, jnp.float32)

    def total(x):
        return jnp.sum(activate(kind, x))

    @jax.jit
    def both(x):
        forward = jax.jvp(jax.grad(total), (x,), (jnp.ones_like(x),))[1]
        return forward, jax.grad(lambda x: jnp.sum(jax.grad(total)(x)))(x)

    forward, reverse = both(x)
    np.testing.assert_allclose(forward, reverse, rtol=1e-6, atol=1e-6)


def test_infinity_is_a_limit_and_nan_stays_nan():
    value, slope, *_ = everything(jnp.asarray([-np.inf, np.inf, np.nan], jnp.float32))
    np.testing.assert_array_equal(value, np.float32([0.0, np.inf, np.nan]))
    np.testing.assert_array_equal(slope, np.float32([0.0, 1.0, np.nan]))
    assert value.dtype == slope.dtype == jnp.float32
