import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from jaxprice.reference import bachelier

SPOT = np.array([1.0, 0.9, 1.2])
WEIGHT = np.array([0.5, 0.3, 0.2])
VOLATILITY = np.array([0.1, 0.25, 0.4])
CORRELATION = np.array([[1.0, 0.3, -0.4], [0.3, 1.0, 0.1], [-0.4, 0.1, 1.0]])


@pytest.mark.parametrize("rate", [0.0, 1e-9, 0.03, -0.02])
def test_call_is_the_integral_of_its_payoff(rate):
    spot, strike, volatility, expiry = 1.05, 1.1, 0.22, 1.7
    # The variance of int_0^T e^{r(T-t)} dW by quadrature, so that its closed form is tested too.
    variance = integrate.quad(lambda t: np.exp(2.0 * rate * (expiry - t)), 0.0, expiry, epsabs=1e-14)[0]
    mean, std = spot * np.exp(rate * expiry), volatility * np.sqrt(variance)
    law = stats.norm(mean, std)
    exact = integrate.quad(lambda s: (s - strike) * law.pdf(s), strike, mean + 12 * std, epsabs=1e-14)[0]
    call = bachelier.call(spot, strike, rate, volatility, expiry)
    assert_allclose(call, np.exp(-rate * expiry) * exact, rtol=1e-10)
    put = bachelier.put(spot, strike, rate, volatility, expiry)
    assert_allclose(call - put, spot - strike * np.exp(-rate * expiry), rtol=1e-12, atol=1e-14)


def test_rate_zero_is_a_regular_point(oracle):
    def price(x):
        return bachelier.call(1.05, 1.1, x[0], 0.22, 1.7)

    second = jax.jit(jax.jacfwd(jax.grad(price)))
    assert_allclose(second(jnp.array([0.0])), second(jnp.array([1e-7])), rtol=1e-5)
    slope = oracle.central_difference(price, [0.0], 1e-4)
    assert_allclose(jax.grad(price)(jnp.array([0.0])), slope, rtol=1e-6)
    # The series and the closed form of (e^x - 1)/x meet at x = 0.05, with their derivatives.
    factor = jax.vmap(jax.value_and_grad(bachelier.accumulated_variance), (0, None))
    value, slope = factor(jnp.array([0.025 - 1e-12, 0.025 + 1e-12]), 1.0)
    assert_allclose(value[0], value[1], rtol=1e-11)
    assert_allclose(slope[0], slope[1], rtol=1e-10)


def test_basket_against_simulation(oracle):
    rng = np.random.default_rng(3)
    z = rng.standard_normal((200_000, 3)) @ np.linalg.cholesky(CORRELATION).T
    rate, expiry, strike = 0.04, 2.0, 1.1
    scale = VOLATILITY * np.sqrt(np.expm1(2 * rate * expiry) / (2 * rate))
    terminal = SPOT * np.exp(rate * expiry) + np.stack([z, -z]) * scale
    payoff = np.exp(-rate * expiry) * np.maximum(terminal @ WEIGHT - strike, 0.0)
    mean, error = oracle.mean_and_error(payoff)
    price = bachelier.basket_call(SPOT, WEIGHT, strike, rate, VOLATILITY, CORRELATION, expiry)
    assert abs(price - mean) < 4.0 * error
    assert error < 3e-3 * price


def test_basket_parity_and_one_asset():
    args = (SPOT, WEIGHT, 1.02, 0.04, VOLATILITY, CORRELATION, 1.3)
    parity = SPOT @ WEIGHT - 1.02 * np.exp(-0.04 * 1.3)
    assert_allclose(bachelier.basket_call(*args) - bachelier.basket_put(*args), parity, rtol=1e-12)
    one = bachelier.basket_call(SPOT[:1], np.ones(1), 1.1, 0.02, VOLATILITY[:1], np.ones((1, 1)), 1.0)
    assert_allclose(one, bachelier.call(SPOT[0], 1.1, 0.02, VOLATILITY[0], 1.0), rtol=1e-14)


def test_basket_gradients(oracle):
    def price(x):
        return bachelier.basket_call(x[:3], WEIGHT, x[6], x[7], x[3:6], CORRELATION, x[8])

    x = np.concatenate([SPOT, VOLATILITY, [1.1, 0.03, 1.5]])
    assert_allclose(jax.grad(price)(jnp.asarray(x)), oracle.central_difference(price, x, 1e-5), rtol=1e-6)


def test_degenerate_gradients_are_finite():
    gradient = jax.grad(bachelier.call, (0, 1, 2, 3, 4))
    assert np.all(np.isfinite(gradient(1.0, 0.9, 0.0, 0.0, 1.0)))
    assert np.all(np.isfinite(gradient(1.0, 0.9, 0.02, 0.2, 0.0)))
