"""Normalised Hermite polynomials."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, default_dtype

from jaxprice.numerics import hermite


@pytest.mark.parametrize("order", [1, 2, 10])
def test_values_are_those_of_numpy(order):
    x = np.linspace(-3.0, 3.0, 7)
    found = hermite.table(jnp.asarray(x[None], default_dtype()), order)
    assert found.shape == (1, order, 7)
    for n in range(1, order + 1):
        expected = np.polynomial.hermite_e.hermeval(x, [0] * n + [1]) / math.sqrt(math.factorial(n))
        assert_close(found[0, n - 1], expected, factor=100)


def test_the_derivative_is_the_polynomial_of_lower_degree():
    x = jnp.asarray(np.array([[-1.3, 0.2], [0.0, 2.1]]), default_dtype())
    value, slope = jax.jvp(lambda x: hermite.table(x, 6), (x,), (jnp.ones_like(x),))
    lower = jnp.concatenate([jnp.ones_like(value[:, :1]), value[:, :-1]], axis=1)
    assert_close(slope, np.sqrt(np.arange(1.0, 7.0))[None, :, None] * np.asarray(lower), factor=100)


def test_one_point_needs_no_trailing_axis():
    assert hermite.table(jnp.ones(3, default_dtype()), 4).shape == (3, 4)
