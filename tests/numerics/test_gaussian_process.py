"""Gaussian-process regression against formulas written out with NumPy and SciPy."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
from numpy.testing import assert_allclose

from jaxprice.core.status import Status
from jaxprice.numerics import gaussian_process
from jaxprice.numerics.gaussian_process import Config, Hyperparameters, default_start
from jaxprice.numerics.kernel import Kernel

KERNELS = list(Kernel)
LENGTHSCALE = np.array([0.7, 1.5, 2.5])


def correlation(kernel, x, other, lengthscale):
    r = np.sqrt((((x[:, None] - other[None]) / lengthscale) ** 2).sum(axis=-1))
    return {
        Kernel.MATERN_32: (1.0 + np.sqrt(3.0) * r) * np.exp(-np.sqrt(3.0) * r),
        Kernel.MATERN_52: (1.0 + np.sqrt(5.0) * r + 5.0 * r**2 / 3.0) * np.exp(-np.sqrt(5.0) * r),
        Kernel.SQUARED_EXPONENTIAL: np.exp(-0.5 * r**2),
    }[kernel]


def cost(kernel, x, y, lengthscale, noise):
    """Minus the log-likelihood at the best signal variance, by determinant and inverse."""
    matrix = correlation(kernel, x, x, lengthscale) + noise * np.eye(len(y))
    n, signal = len(y), y @ np.linalg.solve(matrix, y) / len(y)
    return 0.5 * (n * np.log(2.0 * np.pi * signal) + np.linalg.slogdet(matrix)[1] + n)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 3))
    y = 5.0 + 3.0 * np.sin(x @ [1.0, 0.5, 0.1]) + 0.05 * rng.normal(size=60)
    return x, y, rng.normal(size=(7, 3))


def test_further_inputs_share_the_last_length_scale(data):
    x, y, _ = data
    shared = gaussian_process.fit(x, y, default_start(3), Config(is_ard=True, max_lengthscales=2)).hyperparameters
    assert shared.lengthscale[1] == shared.lengthscale[2] != shared.lengthscale[0]
    # Turned about, the length scales are those of the first input and of the other two.
    turned = gaussian_process.fit(x[:, [0, 2, 1]], y, default_start(3), Config(is_ard=True, max_lengthscales=2))
    assert_allclose(turned.hyperparameters.lengthscale, shared.lengthscale, rtol=1e-3)
    one = gaussian_process.fit(x, y, default_start(3), Config(is_ard=True, max_lengthscales=1)).hyperparameters
    assert_allclose(one.lengthscale, gaussian_process.fit(x, y, default_start(3)).hyperparameters.lengthscale)


@pytest.mark.parametrize("kernel", KERNELS)
def test_posterior_is_the_formula(data, kernel):
    x, y, at = data
    noise = 0.01
    given = Hyperparameters(lengthscale=jnp.asarray(LENGTHSCALE), noise=jnp.asarray(noise))
    process = gaussian_process.condition(x, y, given, Config(kernel=kernel, is_linear=False))
    standard = (y - y.mean()) / np.sqrt(np.mean((y - y.mean()) ** 2))
    scale = y.std()
    inverse = np.linalg.inv(correlation(kernel, x, x, LENGTHSCALE) + noise * np.eye(60))
    cross = correlation(kernel, at, x, LENGTHSCALE)
    assert_allclose(process.mean(at), y.mean() + scale * cross @ inverse @ standard, rtol=1e-9)
    signal = scale * np.sqrt(standard @ inverse @ standard / 60)
    assert_allclose(process.signal, signal, rtol=1e-9)
    variance = signal**2 * (1.0 - np.einsum("ij,jk,ik->i", cross, inverse, cross))
    assert_allclose(process.variance(at), variance, rtol=1e-7)
    assert_allclose(process.log_likelihood, -cost(kernel, x, standard, LENGTHSCALE, noise), rtol=1e-9)
    step = 1e-5
    numeric = [(process.mean(at + e) - process.mean(at - e)) / (2.0 * step) for e in step * np.eye(3)]
    assert_allclose(process.gradient(at), np.stack(numeric, axis=1), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("kernel", "is_ard"),
    [
        (Kernel.MATERN_32, False),
        (Kernel.MATERN_52, True),
        pytest.param(Kernel.MATERN_32, True, marks=pytest.mark.slow),
        pytest.param(Kernel.MATERN_52, False, marks=pytest.mark.slow),
    ],
)
def test_likelihood_is_maximal_by_an_independent_search(data, kernel, is_ard):
    x, y, _ = data
    config = Config(kernel=kernel, is_ard=is_ard, is_linear=False, max_iterations=100, tolerance=1e-10)
    starts = Hyperparameters(
        lengthscale=jnp.array([[0.7], [2.0], [6.0]]) * jnp.ones((3, 3)), noise=jnp.full((3,), 1e-3)
    )
    process = gaussian_process.fit(x, y, starts, config)
    standard = (y - y.mean()) / y.std()

    def of(vector):
        return cost(kernel, x, standard, np.broadcast_to(np.exp(vector[:-1]), 3), np.exp(vector[-1]))

    starts = np.random.default_rng(2).normal(size=(4, 4 if is_ard else 2)) - [*([0.0] * (3 if is_ard else 1)), 4.0]
    best = min(scipy.optimize.minimize(of, start, method="L-BFGS-B").fun for start in starts)
    assert -float(process.log_likelihood) <= best + 1e-3
    assert process.status == Status.OK


def test_straight_line_is_taken_off_and_put_back(data):
    x, _, at = data
    process = gaussian_process.fit(x, 2.0 + x @ [1.0, -2.0, 0.5], default_start(3))
    assert_allclose(process.mean(at), 2.0 + at @ [1.0, -2.0, 0.5], atol=1e-6)
    far = 50.0 * at
    assert_allclose(process.mean(far), 2.0 + far @ [1.0, -2.0, 0.5], rtol=1e-5)


def test_constant_targets_and_zeros(data):
    x, _, at = data
    for value in (0.0, 3.0):
        process = gaussian_process.fit(x, jnp.full((60,), value), default_start(3))
        assert_allclose(process.mean(at), value, atol=1e-8)


def test_batches_are_vmap_and_restarts_take_the_best(data):
    x, y, at = data
    targets = jnp.stack([jnp.asarray(y), 2.0 * y - 1.0])
    batch = jax.vmap(lambda y: gaussian_process.fit(x, y, default_start(3)).mean(at))(targets)
    for target, values in zip(targets, batch, strict=True):
        assert_allclose(gaussian_process.fit(x, target, default_start(3)).mean(at), values, rtol=1e-7)
    bad = Hyperparameters(
        lengthscale=jnp.full((2, 3), 1.0) * jnp.array([40.0, 1.0])[:, None], noise=jnp.array([0.9, 1e-3])
    )
    several = gaussian_process.fit(x, y, bad)
    for i in range(2):
        one = gaussian_process.fit(x, y, jax.tree.map(lambda leaf, i=i: leaf[i], bad))
        assert several.log_likelihood >= one.log_likelihood - 1e-9


def test_repeated_points_get_jitter_and_bounds_are_reported():
    x = jnp.asarray(np.repeat(np.linspace(-1.0, 1.0, 20), 2)[:, None])
    y = jnp.sin(2.0 * x[:, 0])
    config = Config(kernel=Kernel.SQUARED_EXPONENTIAL, noise_bounds=(1e-18, 1e-18))
    given = Hyperparameters(lengthscale=jnp.ones(1), noise=jnp.asarray(1e-18))
    process = gaussian_process.condition(x, y, given, config)
    assert process.status == Status.OK and process.hyperparameters.noise > 1e-13
    assert_allclose(process.mean(x), y, atol=1e-4)
    assert gaussian_process.fit(x, y, default_start(1), Config(lengthscale_bounds=(0.1, 0.1))).is_at_bound


def test_a_target_that_is_no_number_does_not_pass(data):
    x, y, at = data
    process = gaussian_process.fit(x, jnp.asarray(y).at[3].set(jnp.nan), default_start(3))
    assert not np.all(np.isfinite(process.mean(at)))


@pytest.mark.parametrize(
    "change",
    [
        {"lengthscale_bounds": (1.0, 0.5)},
        {"noise_bounds": (0.0, 1.0)},
        {"max_iterations": 0},
        {"max_lengthscales": 0},
        {"tolerance": 0.0},
        {"kernel": "cubic"},
    ],
)
def test_settings_that_fit_nothing(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        dataclasses.replace(Config(), **change).validate()
