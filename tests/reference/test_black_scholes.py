import jax
import jax.numpy as jnp
import numpy as np
import pytest
import QuantLib as ql
from numpy.testing import assert_allclose
from scipy import integrate

from jaxprice.reference import black_scholes

CASES = [
    (100.0, 95.0, 0.03, 0.015, 0.25, 1.0),
    (80.0, 120.0, -0.01, 0.04, 0.5, 2.0),
    (50.0, 50.0, 0.07, 0.0, 0.1, 30 / 365),
]


@pytest.mark.parametrize("case", CASES)
def test_prices_match_quantlib(case, oracle):
    spot, strike, rate, dividend, volatility, expiry = case
    engine = ql.AnalyticEuropeanEngine(oracle.process(spot, rate, dividend, volatility))
    exercise = ql.EuropeanExercise(oracle.today() + round(expiry * 365))
    payoffs = {
        black_scholes.call: ql.PlainVanillaPayoff(ql.Option.Call, strike),
        black_scholes.put: ql.PlainVanillaPayoff(ql.Option.Put, strike),
        black_scholes.digital: ql.CashOrNothingPayoff(ql.Option.Call, strike, 1.0),
    }
    for fn, payoff in payoffs.items():
        option = ql.VanillaOption(payoff, exercise)
        option.setPricingEngine(engine)
        assert_allclose(fn(*case), option.NPV(), rtol=1e-11, atol=1e-13)
        assert_allclose(jax.grad(fn)(*case), option.delta(), rtol=1e-9)
        assert_allclose(jax.grad(jax.grad(fn))(*case), option.gamma(), rtol=1e-8)
        assert_allclose(jax.grad(fn, 4)(*case), option.vega(), rtol=1e-9)
        assert_allclose(jax.grad(fn, 2)(*case), option.rho(), rtol=1e-9)
        assert_allclose(jax.grad(fn, 5)(*case), -option.theta(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_call_is_the_integral_of_its_payoff(case):
    spot, strike, rate, dividend, volatility, expiry = case
    std = volatility * np.sqrt(expiry)
    drift = (rate - dividend) * expiry - 0.5 * std**2
    kink = (np.log(strike / spot) - drift) / std

    def integrand(z):
        terminal = spot * np.exp(drift + std * z)
        return (terminal - strike) * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)

    exact = np.exp(-rate * expiry) * integrate.quad(integrand, kink, 12.0, epsabs=1e-13)[0]
    assert_allclose(black_scholes.call(*case), exact, rtol=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_parity_and_forward(case):
    spot, strike, rate, dividend, _, expiry = case
    forward = black_scholes.forward(spot, rate, dividend, expiry)
    parity = black_scholes.discount_factor(rate, expiry) * (forward - strike)
    assert_allclose(black_scholes.call(*case) - black_scholes.put(*case), parity, rtol=1e-12, atol=1e-12)


def test_call_spread_tends_to_digital():
    width = 1e-4
    spread = black_scholes.call_spread(100.0, 95.0 - width, 95.0 + width, 0.03, 0.01, 0.2, 1.5) / (2 * width)
    assert_allclose(spread, black_scholes.digital(100.0, 95.0, 0.03, 0.01, 0.2, 1.5), rtol=1e-8)


@pytest.mark.parametrize("fn", [black_scholes.call, black_scholes.put, black_scholes.digital])
@pytest.mark.parametrize(
    "case",
    [
        (100.0, 90.0, 0.03, 0.01, 0.0, 1.0),
        (100.0, 90.0, 0.03, 0.01, 0.2, 0.0),
        (100.0, 0.0, 0.03, 0.01, 0.2, 1.0),
        (100, 90, 0, 0, 1, 1),
    ],
)
def test_degenerate_inputs_have_finite_values_and_gradients(fn, case):
    values = [float(x) for x in case]
    assert np.isfinite(fn(*case))
    assert np.all(np.isfinite(jax.grad(fn, (0, 1, 2, 3, 4, 5))(*values)))


def test_limits():
    assert_allclose(black_scholes.call(100.0, 90.0, 0.03, 0.01, 0.2, 0.0), 10.0)
    assert_allclose(black_scholes.call(100.0, 0.0, 0.03, 0.01, 0.2, 1.0), 100.0 * np.exp(-0.01), rtol=1e-14)
    assert_allclose(black_scholes.put(100.0, 0.0, 0.03, 0.01, 0.2, 1.0), 0.0, atol=1e-14)


def test_jit_vmap_and_dtype():
    strike = jnp.linspace(80.0, 120.0, 5)
    batch = jax.jit(jax.vmap(black_scholes.call, (None, 0, None, None, None, None)))
    value = batch(100.0, strike, 0.02, 0.0, 0.2, 1.0)
    assert value.dtype == jnp.float64
    single = [black_scholes.call(100, float(k), 0.02, 0.0, 0.2, 1) for k in strike]
    assert_allclose(value, np.array(single), rtol=1e-14)


def test_needs_64_bits():
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(RuntimeError, match="x64"):
            black_scholes.call(100.0, 90.0, 0.03, 0.01, 0.2, 1.0)
    finally:
        jax.config.update("jax_enable_x64", True)
