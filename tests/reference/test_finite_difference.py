import jax
import jax.numpy as jnp
import numpy as np
import pytest
import QuantLib as ql
from numpy.testing import assert_allclose

from jaxprice.reference import bermudan, black_scholes, discrete_barrier, finite_difference

MARKET = (95.0, 0.05, 0.02, 0.3, 1.0)
OPTION = (95.0, 100.0, 0.05, 0.02, 0.3, 1.0)
DATES = np.arange(1, 11) / 10


def put_payoff(price):
    return jnp.maximum(100.0 - price, 0.0)


def call_payoff(price):
    return jnp.maximum(price - 98.0, 0.0)


def digital_payoff(price):
    return jnp.where(price >= 100.0, 1.0, 0.0)


def american(oracle):
    exercise = ql.AmericanExercise(oracle.today(), oracle.today() + 365)
    process = oracle.process(95.0, 0.05, 0.02, 0.3)
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Put, 100.0), exercise)
    option.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme()))
    return option.NPV()


def slope(errors, sizes):
    return np.polyfit(np.log(sizes), np.log(errors), 1)[0]


def test_european_is_second_order():
    exact = black_scholes.put(*OPTION)
    sizes = np.array([301, 601])
    errors = [abs(finite_difference.price(put_payoff, *MARKET, n_space=n, n_time=n // 4) - exact) for n in sizes]
    assert -2.2 < slope(errors, sizes) < -1.8
    assert_allclose(finite_difference.price(put_payoff, *MARKET), exact, atol=1e-4)


def test_digital_and_its_greeks():
    price = finite_difference.price
    assert_allclose(price(digital_payoff, *MARKET), black_scholes.digital(*OPTION), atol=1e-4)
    ours = jax.jit(jax.grad(lambda x: price(digital_payoff, *x)))(jnp.array(MARKET))
    exact = jax.grad(black_scholes.digital, (0, 2, 3, 4, 5))(*OPTION)
    assert_allclose(ours, exact, atol=2e-4)


def test_delta_gamma_and_strike_of_a_put():
    def by_spot(spot):
        return finite_difference.price(put_payoff, spot, *MARKET[1:])

    gamma = jax.jit(jax.jacfwd(jax.jacfwd(by_spot)))(95.0)
    assert_allclose(gamma, jax.grad(jax.grad(black_scholes.put))(*OPTION), rtol=1e-4)

    def by_strike(strike):
        return finite_difference.price(lambda s: jnp.maximum(strike - s, 0.0), *MARKET)

    assert_allclose(jax.jit(jax.grad(by_strike))(100.0), jax.grad(black_scholes.put, 1)(*OPTION), atol=1e-4)


def test_american(oracle):
    exact = american(oracle)
    sizes = np.array([301, 601])
    errors = [
        abs(finite_difference.price(put_payoff, *MARKET, is_american=True, n_space=n, n_time=n // 2) - exact)
        for n in sizes
    ]
    assert slope(errors, sizes) < -1.3
    assert_allclose(finite_difference.price(put_payoff, *MARKET, is_american=True), exact, atol=3e-4)


def test_bermudan():
    price = finite_difference.price(put_payoff, *MARKET, is_bermudan=True, event_times=DATES[:-1])
    assert_allclose(price, bermudan.put(*OPTION[:5], DATES), atol=3e-4)


@pytest.mark.parametrize("barrier", [{"upper_barrier": 125.0}, {"lower_barrier": 92.0}])
def test_discrete_barriers(barrier):
    times = np.arange(1, 13) / 12
    price = finite_difference.price(call_payoff, 100.0, 0.05, 0.02, 0.25, 1.0, event_times=times, **barrier)
    both = {"lower_barrier": 0.0, "upper_barrier": np.inf} | barrier
    exact = discrete_barrier.knock_out_call(100.0, 98.0, 0.05, 0.02, 0.25, times, **both)
    assert_allclose(price, exact, atol=1e-3)


def test_linear_claim_is_a_forward():
    price = finite_difference.price(lambda s: s - 90.0, *MARKET)
    assert_allclose(price, 95.0 * np.exp(-0.02) - 90.0 * np.exp(-0.05), atol=2e-4)
