"""Black-Scholes: law of the paths, characteristic function, score, validation."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxprice.models import BlackScholes, Model

needs_x64 = pytest.mark.x64
N_SIGMA = 4.0
TIME = (0.3, 0.5, 1.7)


def skewed(dtype=None):
    dtype = dtype or jnp.result_type(float)
    return BlackScholes(
        spot=jnp.array([100.0, 90.0, 115.0], dtype),
        volatility=jnp.array([0.2, 0.35, 0.15], dtype),
        correlation=jnp.array([[1.0, 0.3, -0.2], [0.3, 1.0, 0.5], [-0.2, 0.5, 1.0]], dtype),
        rate=jnp.array(0.05, dtype),
        dividend=jnp.array([0.01, 0.03, 0.0], dtype),
    )


def single():
    return BlackScholes.equicorrelated(n_assets=1, spot=100.0, volatility=0.3, rate=0.04, dividend=0.02)


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


@pytest.mark.parametrize("name", MODELS)
def test_law_of_paths(name):
    """Forwards, and the mean and the covariance of log-prices between any two times and assets."""
    model, time = MODELS[name](), jnp.array(TIME)
    assert isinstance(model, Model)
    assert model.is_exact
    state = paths(model, draw(2**16, model), time)
    forward = np.asarray(model.forward(time))
    np.testing.assert_allclose(
        forward,
        np.asarray(model.spot) * np.exp(np.outer(TIME, float(model.rate) - np.asarray(model.dividend))),
        rtol=1e-5,
    )
    mean, error = mean_and_error(state)
    np.testing.assert_array_less(np.abs(mean - forward), N_SIGMA * error)
    np.testing.assert_array_less(error, 2e-3 * forward)
    volatility = np.asarray(model.volatility)
    drift = float(model.rate) - np.asarray(model.dividend) - 0.5 * volatility**2
    log_return = np.log(np.asarray(state) / np.asarray(model.spot)) - np.multiply.outer(TIME, drift)
    covariance = np.asarray(model.correlation) * np.outer(volatility, volatility)
    expected = np.einsum("st,ij->sitj", np.minimum.outer(TIME, TIME), covariance)
    mean, error = mean_and_error(np.einsum("psi,ptj->psitj", log_return, log_return))
    np.testing.assert_array_less(np.abs(mean - expected), N_SIGMA * error)
    assert error.max() < 0.01 * expected.max()


@pytest.mark.parametrize("name", MODELS)
def test_log_characteristic_fn(name):
    """Real and complex frequencies, against the mean over paths."""
    model, time = MODELS[name](), jnp.array(TIME)
    log_price = np.log(np.asarray(paths(model, draw(2**15, model), time)[:, -1], np.float64))
    log_cf = jax.jit(model.log_characteristic_fn)
    for frequency in ([1.3, -0.4, 0.7], [0.2 - 0.5j, 0.9 + 0.1j, -0.3 + 0.2j], [-1j, 0.0, 0.0]):
        u = jnp.array(frequency[: model.n_assets])
        wave = np.exp(1j * log_price @ np.asarray(u, np.complex128))
        exact = np.exp(np.asarray(log_cf(u, time[-1]), np.complex128))
        for sample, part in ((wave.real, exact.real), (wave.imag, exact.imag)):
            mean, error = mean_and_error(sample)
            assert abs(mean - part) <= N_SIGMA * error + 1e-4 * abs(exact)
            assert error < 0.01 * abs(exact)
    forward = np.exp(np.asarray(log_cf(jnp.array([-1j, 0.0, 0.0][: model.n_assets]), time[-1])))
    np.testing.assert_allclose(forward, model.forward(time)[-1, 0], rtol=1e-4)


@needs_x64
@pytest.mark.parametrize("name", MODELS)
def test_score(name):
    """It has mean zero, and its sensitivities agree with pathwise ones on the same paths, for every number."""
    model, time = MODELS[name](), jnp.array(TIME)
    weight = jnp.array([0.5, 0.2, 0.3])[: model.n_assets]

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
    for field in dataclasses.fields(BlackScholes):
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
    frozen = jax.grad(lambda model: jnp.sum(model.likelihood_path(normal, time)[0]))(model)
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(frozen))


@needs_x64
def test_log_density_is_normal():
    """Up to a constant in the numbers of the model, the density of the log-returns that scipy computes."""
    from scipy.stats import multivariate_normal

    model, time, normal = skewed(), jnp.array(TIME), draw(2, skewed())[0]
    dt = np.diff(TIME, prepend=0.0)
    log_price = np.log(np.asarray(model.path(normal, time)))

    def expected(model):
        returns = np.diff(log_price, axis=0, prepend=np.log(np.asarray(model.spot))[None])
        covariance = np.asarray(model.correlation) * np.outer(model.volatility, model.volatility)
        drift = np.asarray(model.log_drift())
        return sum(
            multivariate_normal.logpdf(step, h * drift, h * covariance) for step, h in zip(returns, dt, strict=True)
        )

    _, here = model.likelihood_path(normal, time)
    shift = expected(model) - float(here)
    np.testing.assert_allclose(shift, -4.5 * np.log(2 * np.pi), rtol=1e-9)


@needs_x64
def test_path_gradients():
    model, normal = skewed(), draw(2, skewed())[0]
    check_grads(jax.jit(lambda m, t: m.path(normal, t)), (model, jnp.array(TIME)), order=1, rtol=1e-5, eps=1e-6)


def test_from_spot():
    model, time, normal = skewed(), jnp.array(TIME), draw(2, skewed())[0]
    spot = jnp.array([80.0, 95.0, 100.0])
    moved = model.from_spot(model.path(normal, time), time, spot)
    np.testing.assert_allclose(moved, dataclasses.replace(model, spot=spot).path(normal, time), rtol=1e-5)


def test_conditional_law():
    model, time, normal = single(), jnp.array(TIME), draw(2, single())[0]
    mean, std = model.conditional_law(normal, time)
    assert mean.shape == std.shape == (3,)
    price = 100 * np.exp(np.cumsum(mean + std * normal[:, -1]))
    np.testing.assert_allclose(model.path(normal, time)[:, 0], price, rtol=1e-5)
    with pytest.raises(ValueError, match="expected one asset, got 3"):
        skewed().conditional_law(normal, time)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_singular_correlation(sign):
    """Perfectly correlated assets move together, and derivatives stay finite."""
    model = BlackScholes.equicorrelated(n_assets=2, spot=100.0, volatility=0.2, correlation=sign)
    time, normal = jnp.array(TIME), draw(64, model)
    log_price = jnp.log(paths(model, normal, time) / 100.0) + 0.5 * 0.04 * time[None, :, None]
    scale = 1e-4 if model.spot.dtype == jnp.float64 else 2e-2
    np.testing.assert_allclose(log_price[..., 1], sign * log_price[..., 0], atol=scale)

    def value(model):
        return model.path(normal[0], time).sum() + model.likelihood_path(normal[0], time)[1]

    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(jax.jit(jax.grad(value))(model)))


def test_single_precision():
    model, time = skewed(jnp.float32), jnp.array(TIME, jnp.float32)
    normal = draw(16, model)
    state, log_density = jax.jit(jax.vmap(lambda z: model.likelihood_path(z, time)))(normal)
    assert state.dtype == log_density.dtype == model.forward(time).dtype == jnp.float32
    assert model.log_characteristic_fn(jnp.ones(3, jnp.float32), time[0]).dtype == jnp.complex64
    if jax.config.jax_enable_x64:
        double = paths(skewed(), normal.astype(jnp.float64), jnp.array(TIME))
        np.testing.assert_allclose(state, double, rtol=1e-5)


def test_equicorrelated():
    spot = jnp.array([100.0, 90.0, 80.0])
    model = BlackScholes.equicorrelated(n_assets=3, spot=spot, volatility=0.2, correlation=0.25)
    np.testing.assert_allclose(model.correlation, 0.25 + 0.75 * np.eye(3))
    np.testing.assert_allclose(model.dividend, np.zeros(3))
    assert model.spot.dtype == jnp.result_type(float)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_assets": 0}, "n_assets: expected a whole number of at least 1, got 0"),
        ({"spot": np.array([1.0, 2.0])}, r"spot: expected shape \(3,\), got \(2,\)"),
        ({"spot": 0.0}, r"BlackScholes\.spot: expected a positive number, got 0"),
        ({"volatility": -0.2}, r"BlackScholes\.volatility: expected a number that is not negative, got -0\.2"),
        ({"correlation": -0.6}, r"BlackScholes\.correlation: expected a positive semi-definite matrix"),
        ({"correlation": 1.5}, r"BlackScholes\.correlation: expected a number between -1 and 1, got 1\.5"),
        ({"rate": np.inf}, r"BlackScholes\.rate: expected finite numbers, got inf"),
    ],
)
def test_factory_validates(change, message):
    numbers = {"n_assets": 3, "spot": 100.0, "volatility": 0.2} | change
    with pytest.raises(ValueError, match=message):
        BlackScholes.equicorrelated(**numbers)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("correlation", [[1.0, 0.3, 0.2], [0.1, 1.0, 0.5], [0.2, 0.5, 1.0]], "expected a symmetric matrix"),
        ("correlation", [[2.0, 0.3, 0.2], [0.3, 1.0, 0.5], [0.2, 0.5, 1.0]], "expected ones on the diagonal"),
        ("correlation", [[1.0]], r"expected shape \(3, 3\), got \(1, 1\)"),
        ("dividend", [0.0], r"BlackScholes\.dividend: expected shape \(3,\), got \(1,\)"),
        ("rate", [0.0], r"BlackScholes\.rate: expected shape \(\), got \(1,\)"),
        ("spot", 100.0, r"BlackScholes\.spot: expected shape \(n_assets,\), got \(\)"),
    ],
)
def test_validation(name, value, message):
    skewed().validate()
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(skewed(), **{name: jnp.array(value)}).validate()
