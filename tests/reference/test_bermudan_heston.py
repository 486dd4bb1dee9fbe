import jax
import numpy as np
import pytest
import QuantLib as ql
from numpy.testing import assert_allclose

from jaxprice.reference import bermudan, bermudan_heston, heston
from jaxprice.reference.literature import glsm

EXAMPLE = glsm.TABLE_1.row[4]
STRIKE, EXPIRY = EXAMPLE.strike, EXAMPLE.expiry
HESTON = (EXAMPLE.rate, EXAMPLE.dividend, *glsm.HESTON.values())
TIMES = EXPIRY * np.arange(1, EXAMPLE.n_dates + 1) / EXAMPLE.n_dates
# A tenth of the default cost; the slow tests hold the default itself.
QUICK = {"n_price": 256, "n_variance": 80}
SKEWED = (0.03, 0.05, 0.09, 2.0, 0.04, 0.3, -0.5)


@pytest.mark.parametrize("kind", ["put", pytest.param("call", marks=pytest.mark.slow)])
def test_one_date_is_european(kind):
    for spot in EXAMPLE.spot[::2]:
        price = getattr(bermudan_heston, kind)(spot, STRIKE, *HESTON, [EXPIRY])
        assert_allclose(price, getattr(heston, kind)(spot, STRIKE, *HESTON, EXPIRY), atol=1e-5)
    price = getattr(bermudan_heston, kind)(95.0, 100.0, *SKEWED, [1.5])
    assert_allclose(price, getattr(heston, kind)(95.0, 100.0, *SKEWED, 1.5), atol=1e-4)


@pytest.mark.slow
def test_constant_variance_is_black_scholes():
    times = [0.1, 0.35, 0.6, 1.0]
    flat = (0.05, 0.02, 0.09, 5.0, 0.09, 0.01, 0.0)
    for kind in ("put", "call"):
        price = getattr(bermudan_heston, kind)(95.0, 100.0, *flat, times)
        exact = getattr(bermudan, kind)(95.0, 100.0, 0.05, 0.02, 0.3, times)
        assert_allclose(price, exact, atol=5e-4)


@pytest.mark.slow
def test_against_quantlib_finite_differences(oracle):
    rate, dividend, *variance = SKEWED
    days = [73, 146, 219, 292, 365]
    curve = [
        ql.YieldTermStructureHandle(ql.FlatForward(oracle.today(), x, ql.Actual365Fixed())) for x in (rate, dividend)
    ]
    process = ql.HestonProcess(*curve, ql.QuoteHandle(ql.SimpleQuote(95.0)), *variance)
    exercise = ql.BermudanExercise([oracle.today() + d for d in days])
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Put, 100.0), exercise)
    option.setPricingEngine(ql.FdHestonVanillaEngine(ql.HestonModel(process), 100, 300, 80))
    price = bermudan_heston.put(95.0, 100.0, *SKEWED, np.array(days) / 365, **QUICK)
    assert_allclose(price, option.NPV(), atol=5e-3)


def test_published_american_put_at_the_money():
    exact = next(row.price[2] for row in glsm.TABLE_9.row if row.method == "Fang and Oosterlee 2011, COS")
    price = bermudan_heston.american_put(10.0, STRIKE, *HESTON, EXPIRY, n_dates=16, **QUICK)
    assert_allclose(price, exact, atol=2e-4)


@pytest.mark.slow
def test_published_american_puts():
    table = {row.method: row.price for row in glsm.TABLE_9.row}
    exact = table["Fang and Oosterlee 2011, COS"]
    price = [bermudan_heston.american_put(spot, STRIKE, *HESTON, EXPIRY) for spot in EXAMPLE.spot]
    assert_allclose(price, exact, atol=1.5e-5)


@pytest.mark.slow
def test_fifty_dates_between_european_and_american():
    price = np.array([bermudan_heston.put(spot, STRIKE, *HESTON, TIMES) for spot in EXAMPLE.spot])
    fine = [bermudan_heston.put(s, STRIKE, *HESTON, TIMES, n_price=768, n_variance=240) for s in EXAMPLE.spot[1:3]]
    assert_allclose(price[1:3], fine, atol=1e-5)
    for row in glsm.TABLE_9.row:
        if row.method == "Fang and Oosterlee 2011, COS":
            assert np.all(price < row.price)
    european = [heston.put(spot, STRIKE, *HESTON, EXPIRY) for spot in EXAMPLE.spot]
    assert np.all(price > european)


def test_no_early_exercise_without_carry():
    call = bermudan_heston.call(11.0, STRIKE, *HESTON, TIMES[9::10], **QUICK)
    assert_allclose(call, heston.call(11.0, STRIKE, *HESTON, EXPIRY), atol=5e-5)


@pytest.mark.slow
def test_american_call_under_a_dividend():
    # A call is a put with spot and strike, and rate and dividend, exchanged, in the variance that the asset as a
    # numeraire sees (Schroder 1999).
    rate, dividend, variance, speed, level, vol, rho = SKEWED
    other = speed - rho * vol
    call = bermudan_heston.american_call(95.0, 100.0, *SKEWED, 1.0, n_dates=32)
    dual = (dividend, rate, variance, other, speed * level / other, vol, -rho)
    assert_allclose(call, bermudan_heston.american_put(100.0, 95.0, *dual, 1.0, n_dates=32), atol=1e-3)


@pytest.mark.slow
def test_derivatives():
    args = (9.5, STRIKE, 0.1, 0.02, *HESTON[2:])
    every = tuple(range(9))
    gradient = jax.grad(bermudan_heston.put, argnums=every)(*args, [EXPIRY])
    exact = jax.grad(heston.put, argnums=every)(*args, EXPIRY)
    for i, tolerance in enumerate((1e-5, 1e-5, 5e-3, 5e-3, 1e-4, 1e-5, 1e-5, 1e-5, 1e-5)):
        assert_allclose(gradient[i], exact[i], atol=tolerance)
    # With exercise: against the same on twice the grid, for spot and variance.
    times = TIMES[9::10]
    value = jax.grad(bermudan_heston.put, argnums=(0, 4))(*args, times)
    fine = jax.grad(bermudan_heston.put, argnums=(0, 4))(*args, times, n_price=768, n_variance=240)
    assert_allclose(value, fine, atol=3e-4)
