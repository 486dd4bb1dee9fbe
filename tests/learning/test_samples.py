"""The change of variables: what goes in comes out, derivatives with it."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, default_dtype

from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.learning.samples import Normalisation, check_inputs_vary, scale_of

N, SCALE, SHIFT = 64, np.array([20.0, 0.05, 3.0]), np.array([100.0, 0.2, -1.0])
DIRECTION = np.array([[1.0, 0.0, 0.0], [0.5, -2.0, 1.0]])


def dataset(dtype=None):
    """Three inputs of different sizes; labels are noise, as far as the change of variables can tell."""
    rng = np.random.default_rng(7)
    dtype = dtype or default_dtype()
    x = SHIFT + SCALE * rng.uniform(-1.0, 1.0, (N, 3))
    return DifferentialDataset(
        x=jnp.asarray(x, dtype),
        y=jnp.asarray(5.0 + 30.0 * rng.normal(size=N), dtype),
        dydx=jnp.asarray(rng.normal(size=(N, 3)) / SCALE, dtype),
        domain=Domain(
            lower=jnp.asarray(SHIFT - 2.0 * SCALE, dtype),
            upper=jnp.asarray(SHIFT + 2.0 * SCALE, dtype),
            names=("spot", "volatility", "rate"),
        ),
        direction=jnp.asarray(DIRECTION, dtype),
        curvature=jnp.asarray(rng.normal(size=(N, 2, 3)) / SCALE, dtype),
    )


@functools.partial(jax.jit, static_argnames="dtype")
def normalise(data, dtype):
    normalisation = Normalisation.of(data)
    return normalisation, normalisation.apply(data, dtype)


@jax.jit
def undo(normalisation, samples):
    curvature = jax.vmap(normalisation.gradient)(samples.curvature)
    x = (normalisation.backward @ samples.x).T + normalisation.center[None]
    return x, normalisation.value(samples.y), normalisation.gradient(samples.slope), jnp.moveaxis(curvature, 0, 1)


def test_normalised_numbers_have_mean_zero_and_size_one():
    _, samples = normalise(dataset(), default_dtype())
    for each in (np.asarray(samples.x), np.asarray(samples.y)):
        assert_close(each.mean(axis=-1), np.zeros(each.shape[:-1]), factor=10)
        assert_close(each.std(axis=-1), np.ones(each.shape[:-1]), factor=10)
    np.testing.assert_array_equal(samples.weight, 1.0)


def test_what_goes_in_comes_out():
    data = dataset()
    x, y, dydx, curvature = undo(*normalise(data, default_dtype()))
    assert_close(x, data.x)
    assert_close(y, data.y)
    assert_close(np.asarray(dydx) * SCALE, np.asarray(data.dydx) * SCALE)
    assert_close(np.asarray(curvature) * SCALE, np.asarray(data.curvature) * SCALE)


def test_derivatives_of_a_normalised_function_are_those_of_the_function():
    """Slope by slope, and second derivatives along directions: against differentiating through the change."""
    data = dataset()
    normalisation, _ = normalise(data, default_dtype())

    def net(u):
        return jnp.sin(u[0] + 0.5 * u[1] * u[2]) + u[2] ** 3

    def price(x):
        return normalisation.value(net(normalisation.inputs(x[None])[:, 0]))

    @jax.jit
    def through(x):
        u = normalisation.inputs(x)
        slope = jax.vmap(jax.grad(net), 1, 1)(u)
        along = jnp.einsum("nqp,kp->kqn", jax.vmap(jax.hessian(net), 1)(u), normalisation.direction(data.direction))
        return normalisation.gradient(slope), jax.vmap(normalisation.gradient)(along)

    @jax.jit
    def around(x):
        along = jnp.einsum("nml,kl->knm", jax.vmap(jax.hessian(price))(x), data.direction)
        return jax.vmap(jax.grad(price))(x), along

    for found, expected in zip(through(data.x), around(data.x), strict=True):
        assert_close(np.asarray(found) * SCALE, np.asarray(expected) * SCALE, factor=100)


def test_labels_that_are_all_the_same_keep_their_size():
    mean, std = scale_of(jnp.full(7, 3.0))
    assert (mean, std) == (3.0, 1.0)


def test_single_precision_data_are_summed_in_the_widest_numbers():
    data, single = dataset(), dataset(jnp.float32)
    normalisation, samples = normalise(single, jnp.dtype(jnp.float32))
    assert {leaf.dtype for leaf in jax.tree.leaves(normalisation)} == {jnp.dtype(default_dtype())}
    assert {leaf.dtype for leaf in jax.tree.leaves(samples)} == {jnp.dtype(jnp.float32)}
    _, expected = normalise(data, jnp.dtype(jnp.float32))
    for one, other in zip(jax.tree.leaves(samples), jax.tree.leaves(expected), strict=True):
        assert_close(one, other, dtype=jnp.float32)


def test_inputs_that_do_not_vary_are_named():
    data = dataset()
    check_inputs_vary(data)
    dead = dataclasses.replace(data, x=data.x.at[:, 0].set(100.0).at[:, 2].set(0.0))
    with pytest.raises(ValueError, match=r"'spot', 'rate' has the same value in all 64 rows.*leave it out"):
        check_inputs_vary(dead)
    jax.jit(lambda x: (check_inputs_vary(dataclasses.replace(data, x=x)), x)[1])(data.x)
