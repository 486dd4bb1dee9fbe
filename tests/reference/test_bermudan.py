import jax
import jax.numpy as jnp
import numpy as np
import pytest
import QuantLib as ql
from numpy.testing import assert_allclose
from scipy import integrate, optimize, stats

from jaxprice.reference import bermudan, black_scholes, lattice

TIMES = np.arange(1, 11) / 10


def test_one_date_is_european():
    for name in ("call", "put"):
        price = getattr(bermudan, name)(95.0, 100.0, 0.05, 0.02, 0.3, [1.2])
        exact = getattr(black_scholes, name)(95.0, 100.0, 0.05, 0.02, 0.3, 1.2)
        assert_allclose(price, exact, rtol=1e-13)


def test_two_dates_by_adaptive_quadrature():
    spot, strike, rate, dividend, volatility, first, expiry = 95.0, 100.0, 0.06, 0.01, 0.3, 0.4, 1.0
    drift = (rate - dividend - 0.5 * volatility**2) * first

    def put(s):
        return float(black_scholes.put(s, strike, rate, dividend, volatility, expiry - first))

    boundary = optimize.brentq(lambda s: strike - s - put(s), 40.0, 100.0, xtol=1e-12)

    def integrand(z):
        s = spot * np.exp(drift + volatility * np.sqrt(first) * z)
        return max(strike - s, put(s)) * stats.norm.pdf(z)

    kink = (np.log(boundary / spot) - drift) / (volatility * np.sqrt(first))
    value = sum(integrate.quad(integrand, *ends, epsabs=1e-11)[0] for ends in ((-9.0, kink), (kink, 9.0)))
    price = bermudan.put(spot, strike, rate, dividend, volatility, [first, expiry])
    assert_allclose(price, np.exp(-rate * first) * value, atol=1e-9)


@pytest.mark.parametrize("kind", [ql.Option.Put, ql.Option.Call])
def test_against_quantlib_finite_differences(kind, oracle):
    spot, strike, rate, dividend, volatility = 95.0, 100.0, 0.05, 0.06, 0.3
    process = oracle.process(spot, rate, dividend, volatility)
    days = [73, 146, 219, 292, 365]
    exercise = ql.BermudanExercise([oracle.today() + d for d in days])
    option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, strike), exercise)
    option.setPricingEngine(ql.FdBlackScholesVanillaEngine(process, 1000, 2000))
    fn = bermudan.put if kind == ql.Option.Put else bermudan.call
    price = fn(spot, strike, rate, dividend, volatility, np.array(days) / 365)
    assert_allclose(price, option.NPV(), rtol=2e-4)


def test_unequal_dates_against_lattice_dates():
    # Every other date of ten is a set of five; a repeated fine grid must not change the coarse price.
    coarse = bermudan.put(95.0, 100.0, 0.05, 0.02, 0.3, TIMES[1::2])
    assert_allclose(coarse, lattice.put(95.0, 100.0, 0.05, 0.02, 0.3, 1.0, n_dates=5), atol=3e-4)
    unequal = np.array([0.05, 0.3, 0.35, 0.9, 1.0])
    loose = bermudan.put(95.0, 100.0, 0.05, 0.02, 0.3, unequal, n_panels=30)
    assert_allclose(loose, bermudan.put(95.0, 100.0, 0.05, 0.02, 0.3, unequal, n_panels=60), atol=1e-11)


def test_convergence_and_order():
    args = (95.0, 100.0, 0.05, 0.02, 0.3, TIMES)
    exact = bermudan.put(*args, n_panels=50)
    assert_allclose(bermudan.put(*args), exact, atol=1e-10)
    assert exact > black_scholes.put(*args[:5], 1.0)
    assert exact > bermudan.put(*args[:5], TIMES[1::2])


def test_no_early_exercise_without_carry():
    call = bermudan.call(95.0, 100.0, 0.05, 0.0, 0.3, TIMES)
    assert_allclose(call, black_scholes.call(95.0, 100.0, 0.05, 0.0, 0.3, 1.0), rtol=1e-11)
    put = bermudan.put(95.0, 100.0, 0.0, 0.02, 0.3, TIMES)
    assert_allclose(put, black_scholes.put(95.0, 100.0, 0.0, 0.02, 0.3, 1.0), rtol=1e-11)


@pytest.mark.slow
def test_call_put_symmetry_and_its_gradient():
    # A call is a put with spot and strike, and rate and dividend, exchanged (McDonald and Schroder 1998).
    call = bermudan.call(95.0, 100.0, 0.05, 0.06, 0.25, TIMES)
    assert_allclose(call, bermudan.put(100.0, 95.0, 0.06, 0.05, 0.25, TIMES), rtol=1e-10)
    delta = jax.grad(bermudan.call)(95.0, 100.0, 0.05, 0.06, 0.25, TIMES)
    assert_allclose(delta, jax.grad(bermudan.put, 1)(100.0, 95.0, 0.06, 0.05, 0.25, TIMES), rtol=1e-9)


@pytest.mark.slow
def test_first_and_second_derivatives(oracle):
    def price(x):
        return bermudan.put(*x[:5], x[5] * jnp.asarray(TIMES[:4]), n_panels=12)

    x = np.array([95.0, 100.0, 0.05, 0.06, 0.25, 1.0])
    step = np.array([1e-3, 1e-3, 1e-5, 1e-5, 1e-5, 1e-4])
    gradient = jax.jit(jax.grad(price))
    assert_allclose(gradient(jnp.asarray(x)), oracle.central_difference(price, x, step), rtol=1e-6, atol=1e-6)
    # Gamma, vanna and the cross derivatives of the spot need the implicit derivative of the boundary.
    unit = jnp.zeros(6).at[0].set(1.0)
    second = jax.jit(lambda v: jax.jvp(jax.grad(price), (v,), (unit,))[1])(jnp.asarray(x))
    up, down = (gradient(jnp.asarray(x + sign * step * np.asarray(unit))) for sign in (1.0, -1.0))
    assert_allclose(second, (up - down) / (2.0 * step[0]), rtol=2e-6, atol=1e-5)
