"""Bachelier: law of the paths, characteristic function, score, validation."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxprice.models import Bachelier, Model

needs_x64 = pytest.mark.x64
N_SIGMA = 4.0
TIME = (0.3, 0.5, 1.7)


def skewed(rate=0.08, dtype=None):
    dtype = dtype or jnp.result_type(float)
    return Bachelier(
        spot=jnp.array([100.0, -5.0, 30.0], dtype),
        volatility=jnp.array([20.0, 3.0, 11.0], dtype),
        correlation=jnp.array([[1.0, 0.3, -0.2], [0.3, 1.0, 0.5], [-0.2, 0.5, 1.0]], dtype),
        rate=jnp.array(rate, dtype),
    )


def single(rate=0.08):
    return Bachelier(
        spot=jnp.array([100.0]), volatility=jnp.array([20.0]), correlation=jnp.ones((1, 1)), rate=jnp.array(rate)
    )


MODELS = {"three": skewed, "one": single}


@jax.jit
def paths(model, normal, time):
    return jax.vmap(lambda z: model.path(z, time))(normal)


def draw(n_paths, model):
    """Antithetic: the second half mirrors the first."""
    half = jax.random.normal(jax.random.key(7), (n_paths // 2, 3, model.n_factors), model.spot.dtype)
    return jnp.concatenate([half, -half])


def mean_and_error(sample):
    """Mean over antithetic pairs and its standard error, over the leading axis."""
    sample = np.asarray(sample, np.float64)
    pair = 0.5 * (sample[: len(sample) // 2] + sample[len(sample) // 2 :])
    return pair.mean(axis=0), pair.std(axis=0) / np.sqrt(len(pair))


def covariance_of(model):
    """Between any two times and assets: Σ e^{r(s+t)} (1 - e^{-2 r min(s,t)}) / (2r)."""
    rate, time = float(model.rate), np.asarray(TIME)
    first = np.minimum.outer(time, time)
    clock = first if rate == 0.0 else -np.expm1(-2 * rate * first) / (2 * rate)
    clock = clock * np.exp(rate * np.add.outer(time, time))
    volatility = np.asarray(model.volatility, np.float64)
    return np.einsum("st,ij->sitj", clock, np.asarray(model.correlation) * np.outer(volatility, volatility))


@pytest.mark.parametrize("rate", [0.08, 0.0, -0.05])
@pytest.mark.parametrize("name", MODELS)
def test_law_of_paths(name, rate):
    """Forwards, and covariances between any two times and assets."""
    model, time = MODELS[name](rate), jnp.array(TIME)
    assert isinstance(model, Model)
    assert model.is_exact
    forward = np.asarray(model.spot) * np.exp(rate * np.asarray(TIME))[:, None]
    np.testing.assert_allclose(model.forward(time), forward, rtol=1e-5)
    np.testing.assert_allclose(model.discount_factor(time), np.exp(-rate * np.asarray(TIME)), rtol=1e-5)
    state = np.asarray(paths(model, draw(2**15, model), time), np.float64)
    # Antithetic pairs average to the forward exactly: the path is linear in its normals.
    np.testing.assert_allclose(state.mean(axis=0), forward, rtol=1e-5, atol=1e-4)
    expected = covariance_of(model)
    mean, error = mean_and_error(np.einsum("psi,ptj->psitj", state - forward, state - forward))
    np.testing.assert_array_less(np.abs(mean - expected), N_SIGMA * error)
    assert error.max() < 0.02 * expected.max()


def test_small_rates_join_zero():
    """The clock has no hole at rate 0, nor has its derivative."""
    time = jnp.array(TIME)

    def clock(rate):
        return skewed(rate).variance_clock(time)

    zero, slope = jax.jvp(clock, (jnp.zeros(()),), (jnp.ones(()),))
    for rate in (1e-7, 2e-5, 1e-3):
        np.testing.assert_allclose(clock(rate), zero + rate * slope, atol=4 * rate**2 + 1e-6)
    np.testing.assert_allclose(zero, np.diff(TIME, prepend=0.0), rtol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_log_characteristic_fn(name):
    """Gaussian with the moments of `test_law_of_paths`, for real and complex frequencies; and that of the paths."""
    model, time = MODELS[name](), jnp.array(TIME)
    price = np.asarray(paths(model, draw(2**15, model), time)[:, -1], np.float64)
    mean = np.asarray(model.forward(time)[-1], np.float64)
    covariance = covariance_of(model)[-1, :, -1]
    for frequency in ([0.03, -0.1, 0.04], [0.02 - 0.01j, 0.1 + 0.1j, -0.03 + 0.02j]):
        u = np.array(frequency[: model.n_assets])
        expected = 1j * u @ mean - 0.5 * u @ covariance @ u
        value = model.log_characteristic_fn(jnp.array(frequency[: model.n_assets]), time[-1])
        np.testing.assert_allclose(value, expected, rtol=1e-4)
        wave = np.exp(1j * (price - mean) @ u)
        exact = np.exp(-0.5 * u @ covariance @ u)
        for sample, part in ((wave.real, exact.real), (wave.imag, exact.imag)):
            average, error = mean_and_error(sample)
            assert abs(average - part) <= N_SIGMA * error + 1e-5
            assert error < 0.02 * abs(exact)


@needs_x64
@pytest.mark.parametrize("name", MODELS)
def test_score(name):
    """It has mean zero, and its sensitivities agree with pathwise ones on the same paths, for every number."""
    model, time = MODELS[name](), jnp.array(TIME)
    weight = jnp.array([0.5, 2.0, 0.3])[: model.n_assets]

    strike = weight @ model.spot

    def payoff(state):
        return jnp.maximum(jnp.mean(state, axis=0) @ weight - strike, 0.0)

    def log_density(model, z):
        state, value = model.likelihood_path(z, time)
        return value, state

    def both(model, z):
        score, state = jax.grad(log_density, has_aux=True)(model, z)
        ratio = jax.tree.map(lambda leaf: payoff(state) * leaf, score)
        return score, ratio, jax.grad(lambda model: payoff(model.path(z, time)))(model)

    score, ratio, pathwise = jax.jit(jax.vmap(both, (None, 0)))(model, draw(2**15, model))
    for field in dataclasses.fields(Bachelier):
        mean, error = mean_and_error(getattr(score, field.name))
        np.testing.assert_array_less(np.abs(mean), N_SIGMA * error + 1e-10, err_msg=field.name)
        one, other = getattr(ratio, field.name), getattr(pathwise, field.name)
        mean, error = mean_and_error(one - other)
        np.testing.assert_array_less(np.abs(mean), N_SIGMA * error + 1e-10, err_msg=field.name)
        size = np.abs(mean_and_error(other)[0]).max()
        assert error.max() < 0.2 * size or size == 0.0, field.name


def test_likelihood_path_is_the_path():
    model, time, normal = skewed(), jnp.array(TIME), draw(2, skewed())[0]
    state, _ = model.likelihood_path(normal, time)
    np.testing.assert_array_equal(state, model.path(normal, time))


@needs_x64
def test_path_gradients():
    model, normal = skewed(), draw(2, skewed())[0]
    check_grads(jax.jit(lambda m, t: m.path(normal, t)), (model, jnp.array(TIME)), order=1, rtol=1e-5, eps=1e-6)


def test_from_spot():
    model, time, normal = skewed(), jnp.array(TIME), draw(2, skewed())[0]
    spot = jnp.array([80.0, 9.0, -10.0])
    moved = model.from_spot(model.path(normal, time), time, spot)
    there = dataclasses.replace(model, spot=spot).path(normal, time)
    np.testing.assert_allclose(moved, there, rtol=1e-4, atol=1e-4)


def test_singular_correlation():
    """Perfectly correlated assets move together, and derivatives stay finite."""
    model = Bachelier(
        spot=jnp.array([10.0, 20.0]),
        volatility=jnp.array([1.0, 2.0]),
        correlation=jnp.array([[1.0, -1.0], [-1.0, 1.0]]),
        rate=jnp.array(0.0),
    )
    model.validate()
    time, normal = jnp.array(TIME), draw(64, model)
    state = paths(model, normal, time)
    scale = 1e-3 if model.spot.dtype == jnp.float64 else 0.1
    np.testing.assert_allclose(state[..., 1] - 20.0, -2.0 * (state[..., 0] - 10.0), atol=scale)

    def value(model):
        return model.path(normal[0], time).sum() + model.likelihood_path(normal[0], time)[1]

    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(jax.jit(jax.grad(value))(model)))


def test_single_precision():
    model, time = skewed(dtype=jnp.float32), jnp.array(TIME, jnp.float32)
    normal = draw(16, model)
    state, log_density = jax.jit(jax.vmap(lambda z: model.likelihood_path(z, time)))(normal)
    assert state.dtype == log_density.dtype == model.forward(time).dtype == jnp.float32
    assert model.log_characteristic_fn(jnp.ones(3, jnp.float32), time[0]).dtype == jnp.complex64
    if jax.config.jax_enable_x64:
        double = paths(skewed(), normal.astype(jnp.float64), jnp.array(TIME))
        np.testing.assert_allclose(state, double, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("spot", 100.0, r"Bachelier\.spot: expected shape \(n_assets,\), got \(\)"),
        ("spot", [1.0, np.nan, 2.0], r"Bachelier\.spot: expected finite numbers, got nan in 1 of 3 places"),
        ("volatility", [1.0, 2.0], r"Bachelier\.volatility: expected shape \(3,\), got \(2,\)"),
        ("volatility", [1.0, -2.0, 1.0], r"Bachelier\.volatility: expected a number that is not negative, got -2"),
        ("correlation", [[1.0]], r"Bachelier\.correlation: expected shape \(3, 3\), got \(1, 1\)"),
        ("rate", [0.0], r"Bachelier\.rate: expected shape \(\), got \(1,\)"),
    ],
)
def test_validation(name, value, message):
    skewed().validate()
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(skewed(), **{name: jnp.array(value)}).validate()
