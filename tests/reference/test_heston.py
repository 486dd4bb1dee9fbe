import jax
import jax.numpy as jnp
import numpy as np
import pytest
import QuantLib as ql
from numpy.testing import assert_allclose
from scipy import integrate

from jaxprice.reference import black_scholes, heston

# variance, mean reversion, long-run variance, vol of vol, correlation
PARAMETERS = [
    (0.0625, 5.0, 0.16, 0.9, 0.1),
    (0.04, 1.5, 0.04, 0.3, -0.9),
    (0.0175, 1.5768, 0.0398, 0.5751, -0.5711),
    (0.04, 0.5, 0.04, 0.8, -0.7),
    (0.09, 1.0, 0.09, 1.0, -0.3),
    (0.01, 3.0, 0.2, 0.6, 0.9),
]


def quantlib(oracle, parameter, strike, kind, days):
    process = oracle.process(100.0, 0.03, 0.01, 0.2)
    variance, reversion, level, nu, rho = parameter
    model = ql.HestonModel(
        ql.HestonProcess(
            process.riskFreeRate(), process.dividendYield(), process.stateVariable(),
            variance, reversion, level, nu, rho,
        )
    )  # fmt: skip
    option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, strike), ql.EuropeanExercise(oracle.today() + days))
    option.setPricingEngine(ql.AnalyticHestonEngine(model, 1e-12, 1_000_000))
    return option.NPV()


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_against_quantlib_from_a_day_to_five_years(parameter, oracle):
    strike = np.array([70.0, 90.0, 100.0, 110.0, 140.0])
    call = jax.vmap(heston.call, (None, 0) + (None,) * 8)
    put = jax.vmap(heston.put, (None, 0) + (None,) * 8)
    for days in (1, 7, 91, 365, 1825):
        market = (0.03, 0.01, *parameter, days / 365)
        expected = [quantlib(oracle, parameter, k, ql.Option.Call, days) for k in strike]
        assert_allclose(call(100.0, strike, *market), expected, atol=2e-9)
        expected = [quantlib(oracle, parameter, k, ql.Option.Put, days) for k in strike]
        assert_allclose(put(100.0, strike, *market), expected, atol=2e-9)


@pytest.mark.parametrize(
    "expiry, published, exact", [(1.0, 5.785155450, 5.785155434376), (10.0, 22.318945791475, 22.318945791154)]
)
def test_published_case_of_fang_and_oosterlee(expiry, published, exact):
    # Fang and Oosterlee 2008, section 5: S = K = 100, r = q = 0. The print is itself off by 1.6e-8 at one year:
    # `exact` is QuantLib's adaptive integration.
    price = heston.call(100.0, 100.0, 0.0, 0.0, 0.0175, 1.5768, 0.0398, 0.5751, -0.5711, expiry)
    assert abs(price - published) < 2e-8
    assert abs(price - exact) < 1e-9


def test_call_by_direct_fourier_integral():
    parameter, expiry = (0.05, 2.0, 0.07, 0.6, -0.6), 0.7
    spot, strike, rate, dividend = 100.0, 104.0, 0.02, 0.03
    forward = spot * np.exp((rate - dividend) * expiry)

    # Lewis 2000 on the line Im u = -1/2, with a direct numpy form of the characteristic function.
    def phi(u):
        v, kappa, theta, nu, rho = parameter
        beta = kappa - rho * nu * 1j * u
        d = np.sqrt(beta**2 + nu**2 * (1j * u + u * u))
        g = (beta - d) / (beta + d)
        e = np.exp(-d * expiry)
        c = kappa * theta / nu**2 * ((beta - d) * expiry - 2 * np.log((1 - g * e) / (1 - g)))
        return np.exp(c + v * (beta - d) / nu**2 * (1 - e) / (1 - g * e))

    moneyness = np.log(forward / strike)
    integral, _ = integrate.quad(
        lambda u: (np.exp(1j * u * moneyness) * phi(u - 0.5j)).real / (u * u + 0.25), 0.0, 200.0, limit=500,
        epsabs=1e-13,
    )  # fmt: skip
    exact = np.exp(-rate * expiry) * (forward - np.sqrt(forward * strike) / np.pi * integral)
    assert_allclose(heston.call(spot, strike, rate, dividend, *parameter, expiry), exact, atol=1e-9)
    u = np.array([-3.0, 0.0, 0.7, 40.0])
    assert_allclose(heston.characteristic_fn(u, *parameter, expiry), phi(u), rtol=1e-10, atol=1e-14)


def test_deterministic_variance_is_black_scholes():
    variance, reversion, level, expiry = 0.09, 2.0, 0.04, 1.3
    mean = level + (variance - level) * -np.expm1(-reversion * expiry) / (reversion * expiry)
    for nu, tolerance in ((0.0, 1e-10), (1e-6, 1e-7)):
        price = heston.put(100.0, 95.0, 0.03, 0.01, variance, reversion, level, nu, -0.5, expiry)
        exact = black_scholes.put(100.0, 95.0, 0.03, 0.01, np.sqrt(mean), expiry)
        assert_allclose(price, exact, atol=tolerance)


@pytest.mark.parametrize("nu", [0.0, 0.6])
def test_gradients_in_every_argument(nu, oracle):
    def price(x):
        return heston.call(*x)

    x = np.array([100.0, 104.0, 0.03, 0.01, 0.04, 1.5, 0.05, nu, -0.7, 0.75])
    numeric = oracle.central_difference(price, x, 1e-4 * np.array([100, 100] + [1] * 8))
    assert_allclose(jax.jit(jax.grad(price))(jnp.asarray(x)), numeric, rtol=1e-5, atol=2e-6)


def test_gamma_and_number_of_terms():
    args = (100.0, 104.0, 0.03, 0.01, 0.04, 1.5, 0.05, 0.6, -0.7, 0.75)
    gamma = jax.jit(jax.jacfwd(jax.jacfwd(heston.call)))(*args)
    bump = [heston.call(100.0 + h, *args[1:]) for h in (-0.01, 0.0, 0.01)]
    assert_allclose(gamma, (bump[0] - 2 * bump[1] + bump[2]) / 1e-4, rtol=1e-4)
    assert_allclose(heston.call(*args), heston.call(*args, n_terms=512), atol=1e-9)


def test_strikes_outside_the_expansion_are_intrinsic():
    args = (0.03, 0.01, 0.04, 1.5, 0.05, 0.3, -0.7, 1 / 365)
    assert_allclose(heston.put(100.0, 1.0, *args), 0.0, atol=1e-12)
    assert_allclose(heston.call(100.0, 1e4, *args), 0.0, atol=1e-10)
