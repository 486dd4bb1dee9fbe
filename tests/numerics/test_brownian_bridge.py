import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxprice.numerics import brownian_bridge

N_STEPS = [1, 2, 7, 13, 32]
RTOL = 1e-12 if jax.config.jax_enable_x64 else 2e-5


path = jax.jit(brownian_bridge.path)
increments = jax.jit(brownian_bridge.increments)


def uneven_dates(n_steps):
    return jnp.cumsum(0.05 + jnp.asarray(np.random.default_rng(n_steps).random(n_steps), float))


def matrix(time):
    return np.asarray(path(jnp.eye(time.size, dtype=time.dtype), time))


@pytest.mark.parametrize("n_steps", N_STEPS)
def test_covariance_is_the_smaller_date(n_steps):
    time = uneven_dates(n_steps)
    bridge = matrix(time)
    np.testing.assert_allclose(bridge @ bridge.T, np.minimum.outer(time, time), rtol=RTOL)


@pytest.mark.parametrize("n_steps", N_STEPS)
def test_first_normal_alone_sets_the_last_value(n_steps):
    time = uneven_dates(n_steps)
    np.testing.assert_allclose(matrix(time)[-1], np.sqrt(time[-1]) * np.eye(n_steps)[0], rtol=RTOL)


def test_second_normal_sets_the_middle_and_the_rest_leaves_it():
    middle = matrix(uneven_dates(8))[3]
    assert (middle[:2] != 0.0).all() and (middle[2:] == 0.0).all()


@pytest.mark.parametrize("n_steps", [1, 13])
def test_increments_are_independent_with_variance_of_the_step(n_steps):
    time = uneven_dates(n_steps)
    step = np.asarray(increments(jnp.eye(n_steps, dtype=time.dtype), time))
    np.testing.assert_allclose(
        step @ step.T, np.diag(np.diff(time, prepend=0.0)), rtol=RTOL, atol=RTOL * float(time[-1])
    )


def test_trailing_axes_ride_along_in_their_dtype():
    normal = jnp.asarray(np.random.default_rng(0).normal(size=(7, 3, 5)), jnp.float32)
    time = uneven_dates(7)
    got = path(normal, time)
    assert got.shape == normal.shape and got.dtype == jnp.float32
    np.testing.assert_allclose(got, np.einsum("ij,jkl->ikl", matrix(time), normal), rtol=1e-4, atol=1e-5)


def test_importance_order_concentrates_the_variance_of_the_average():
    bridge = matrix(jnp.linspace(1 / 16, 1.0, 16))
    share = np.cumsum(bridge.mean(0) ** 2) / np.sum(bridge.mean(0) ** 2)
    assert share[0] > 0.7 and share[1] > 0.9


@pytest.mark.x64
def test_derivatives_in_dates_and_normals():
    normal = jnp.asarray(np.random.default_rng(1).normal(size=(5, 2)))
    check_grads(path, (normal, uneven_dates(5)), order=1)


def test_new_dates_do_not_compile_again():
    n_traces = 0

    @jax.jit
    def traced(normal, time):
        nonlocal n_traces
        n_traces += 1
        return brownian_bridge.path(normal, time)

    for scale in (1.0, 2.0):
        traced(jnp.ones((5, 2)), scale * uneven_dates(5))
    assert n_traces == 1


def test_wrong_number_of_rows_is_refused():
    with pytest.raises((ValueError, TypeError), match=r"expected 4 rows|n_steps"):
        brownian_bridge.path(jnp.zeros((3, 2)), uneven_dates(4))
