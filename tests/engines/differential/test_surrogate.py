"""What a surrogate answers: consistent with itself, under every transformation, with a status for each point."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.differential.known import dataset, untrained
from helpers import assert_close

from jaxprice.core.status import Status
from jaxprice.engines import differential

SCALE, CENTER = np.array([20.0, 0.05, 0.3]), np.array([100.0, 0.2, -1.0])
DIRECTION = np.array([[1.0, 0.0, 0.0], [10.0, -0.1, 0.2]])
EYE = np.diag(SCALE)
"""The Hessian in steps that all inputs take alike: entries of the same size."""


@functools.cache
def data():
    """Inputs of three sizes, so that a scale that is left out shows."""
    rng = np.random.default_rng(8)
    x = CENTER + SCALE * rng.uniform(-1.0, 1.0, (50, 3))
    return dataset(x, 40.0 * rng.normal(size=50), rng.normal(size=(50, 3)) / SCALE)


@functools.cache
def surrogate(n_members=1, dtype=None):
    return untrained(data(), n_members, dtype=dtype)


def single(x):
    return jnp.asarray(x, data().x.dtype)


@pytest.mark.x64
def test_the_gradient_is_the_slope_of_the_value():
    """By differences of `predict` itself, normalisation and all; parameters in 64 bits, so that they show it."""
    one = surrogate(dtype=jnp.float64)
    x = np.asarray(data().x[:20])
    _, dydx = differential.predict(one, x)
    for axis in range(3):
        step = 1e-5 * SCALE * (np.arange(3) == axis)
        up, down = (differential.predict(one, x + sign * step)[0] for sign in (1, -1))
        slope = np.asarray(up - down) / (2e-5 * SCALE[axis])
        np.testing.assert_allclose(dydx[:, axis], slope, rtol=1e-6, atol=1e-8 / SCALE[axis])


@pytest.mark.x64
def test_the_curvature_is_the_slope_of_the_gradient():
    one = surrogate(dtype=jnp.float64)
    x = np.asarray(data().x[:20])
    curvature = np.asarray(differential.evaluate(one, x, DIRECTION).curvature)
    assert curvature.shape == (20, 2, 3)
    for k, direction in enumerate(DIRECTION):
        step = 1e-5 * direction
        up, down = (differential.predict(one, x + sign * step)[1] for sign in (1, -1))
        np.testing.assert_allclose(curvature[:, k] * SCALE, np.asarray(up - down) / 2e-5 * SCALE, rtol=1e-5, atol=1e-7)


def test_the_curvature_along_the_axes_is_the_hessian():
    one, x = surrogate(), data().x[:20]
    hessian = np.asarray(differential.evaluate(one, x, EYE).curvature) * SCALE
    assert_close(hessian, np.swapaxes(hessian, 1, 2), dtype=jnp.float32, factor=10)
    expected = jax.vmap(jax.hessian(lambda x: differential.predict(one, x)[0]))(x)
    assert_close(hessian, np.asarray(expected) * SCALE * SCALE[:, None], dtype=jnp.float32, factor=10)
    assert np.abs(hessian).max() > 1.0


def test_one_point_or_many():
    one, x = surrogate(), data().x[:20]
    value, dydx = differential.predict(one, x)
    assert value.shape == (20,) and dydx.shape == (20, 3)
    alone = differential.predict(one, x[3])
    assert alone[0].shape == () and alone[1].shape == (3,)
    assert_close(alone[0], value[3], dtype=jnp.float32)
    assert_close(alone[1] * SCALE, dydx[3] * SCALE, dtype=jnp.float32)
    listed = differential.predict(one, x[3].tolist())
    np.testing.assert_array_equal(listed[1], alone[1])
    assert differential.evaluate(one, x[3]).value.shape == (1,)
    assert value.dtype == data().x.dtype


def test_it_composes_with_every_transformation():
    one, x = surrogate(), data().x[:20]
    value, dydx = (np.asarray(part) for part in differential.predict(one, x))

    def portfolio(surrogate, x):
        value, dydx = differential.predict(surrogate, x)
        return 2.0 * value, dydx

    jitted = jax.jit(portfolio)(one, x)
    assert_close(jitted[0], 2.0 * value, dtype=jnp.float32)
    mapped = jax.vmap(differential.predict, (None, 0))(one, x)
    assert_close(mapped[0], value, dtype=jnp.float32)
    assert_close(np.asarray(mapped[1]) * SCALE, dydx * SCALE, dtype=jnp.float32)

    def total(x):
        return jnp.sum(differential.predict(one, x)[0])

    assert_close(np.asarray(jax.grad(total)(x)) * SCALE, dydx * SCALE, dtype=jnp.float32, factor=10)
    _, slope = jax.jvp(total, (x,), (jnp.broadcast_to(single(SCALE)[None], x.shape),))
    assert_close(slope, np.sum(dydx * SCALE), dtype=jnp.float32, factor=10)


def test_an_ensemble_answers_with_its_mean_and_its_spread():
    three, x = surrogate(3), data().x[:20]
    each = [jax.tree.map(lambda leaf, i=i: leaf[i : i + 1], three.params) for i in range(3)]
    members = [differential.predict(dataclasses.replace(three, params=params), x) for params in each]
    value, dydx = (np.stack([np.asarray(member[part]) for member in members]) for part in (0, 1))
    found = jax.tree.map(np.asarray, differential.evaluate(three, x, DIRECTION))
    assert_close(found.value, value.mean(axis=0), dtype=jnp.float32)
    assert_close(found.dydx * SCALE, dydx.mean(axis=0) * SCALE, dtype=jnp.float32)
    assert_close(found.value_spread, value.std(axis=0, ddof=1), dtype=jnp.float32, factor=10)
    assert_close(found.dydx_spread * SCALE, dydx.std(axis=0, ddof=1) * SCALE, dtype=jnp.float32, factor=10)
    assert np.all(found.value_spread > 0.0) and found.curvature.shape == (20, 2, 3)
    np.testing.assert_allclose(differential.predict(three, x)[0], found.value, rtol=1e-6)
    assert three.n_members == 3


def test_a_single_network_has_no_spread_and_no_curvature_unless_asked():
    found = differential.evaluate(surrogate(), data().x)
    assert found.value_spread is None and found.dydx_spread is None and found.curvature is None
    value, dydx = differential.predict(surrogate(), data().x)
    np.testing.assert_array_equal(found.value, value)
    np.testing.assert_array_equal(found.dydx, dydx)


def test_points_outside_the_domain_say_so():
    one, box = surrogate(), data().domain
    x = np.stack([CENTER, CENTER, CENTER, np.asarray(box.lower), np.asarray(box.upper), CENTER])
    x[1, 1] = float(box.upper[1]) + 1e-3
    x[2, 0] = float(box.lower[0]) - 1e-3
    x[5, 2] = np.nan
    ok, outside = int(Status.OK), int(Status.OUTSIDE_DOMAIN)
    found = differential.evaluate(one, x)
    assert found.status.tolist() == [ok, outside, outside, ok, ok, outside]
    assert np.all(np.isfinite(found.value[:5])), "extrapolated, not hidden"
    failed = dataclasses.replace(one, status=jnp.int32(Status.NOT_CONVERGED))
    assert set(differential.evaluate(failed, x).status.tolist()) == {int(Status.NOT_CONVERGED)}


@pytest.mark.parametrize("shape", [(), (2,), (4, 2), (2, 4, 3)])
def test_points_of_the_wrong_shape(shape):
    for verb in (differential.predict, differential.evaluate):
        with pytest.raises(ValueError, match=r"x: expected shape \(3,\) or \(n, 3\), the inputs \('input_0'"):
            verb(surrogate(), np.ones(shape))


def test_directions_of_the_wrong_shape():
    for wrong in (np.ones(3), np.ones((1, 2))):
        with pytest.raises(ValueError, match=r"direction: expected shape \(k, 3\), one row for each of k directions"):
            differential.evaluate(surrogate(), data().x, wrong)
