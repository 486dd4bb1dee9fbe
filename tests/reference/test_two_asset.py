import jax
import jax.numpy as jnp
import numpy as np
import pytest
import QuantLib as ql
from numpy.testing import assert_allclose

from jaxprice.reference import black_scholes, two_asset

SPOT, DIVIDEND, VOLATILITY = np.array([100.0, 92.0]), np.array([0.01, 0.04]), np.array([0.35, 0.15])


@pytest.mark.parametrize("rho", [-0.7, 0.0, 0.4, 0.95])
def test_against_quantlib_stulz(rho, oracle):
    first = oracle.process(SPOT[0], 0.05, DIVIDEND[0], VOLATILITY[0])
    second = oracle.process(SPOT[1], 0.05, DIVIDEND[1], VOLATILITY[1])
    exercise = ql.EuropeanExercise(oracle.today() + 730)
    for name, kind, basket in [
        ("max_call", ql.Option.Call, ql.MaxBasketPayoff),
        ("min_call", ql.Option.Call, ql.MinBasketPayoff),
        ("max_put", ql.Option.Put, ql.MaxBasketPayoff),
        ("min_put", ql.Option.Put, ql.MinBasketPayoff),
    ]:
        option = ql.BasketOption(basket(ql.PlainVanillaPayoff(kind, 97.0)), exercise)
        option.setPricingEngine(ql.StulzEngine(first, second, rho))
        price = getattr(two_asset, name)(SPOT, 97.0, 0.05, DIVIDEND, VOLATILITY, rho, 2.0)
        assert_allclose(price, option.NPV(), rtol=1e-8)


def test_identities():
    args = (SPOT, 97.0, 0.05, DIVIDEND, VOLATILITY, 0.3, 2.0)
    vanilla = sum(black_scholes.call(SPOT[i], 97.0, 0.05, DIVIDEND[i], VOLATILITY[i], 2.0) for i in range(2))
    assert_allclose(two_asset.max_call(*args) + two_asset.min_call(*args), vanilla, rtol=1e-13)
    vanilla = sum(black_scholes.put(SPOT[i], 97.0, 0.05, DIVIDEND[i], VOLATILITY[i], 2.0) for i in range(2))
    assert_allclose(two_asset.max_put(*args) + two_asset.min_put(*args), vanilla, rtol=1e-12)


def test_one_asset_far_away_leaves_the_other():
    spot = np.array([100.0, 1e6])
    price = two_asset.min_call(spot, 97.0, 0.05, DIVIDEND, VOLATILITY, 0.3, 2.0)
    assert_allclose(price, black_scholes.call(100.0, 97.0, 0.05, 0.01, 0.35, 2.0), rtol=1e-11)


@pytest.mark.parametrize("name", ["max_call", "min_put"])
def test_gradients(name, oracle):
    def price(x):
        return getattr(two_asset, name)(x[:2], x[2], x[3], x[4:6], x[6:8], x[8], x[9])

    x = np.concatenate([SPOT, [97.0, 0.05], DIVIDEND, VOLATILITY, [0.0, 2.0]])
    numeric = oracle.central_difference(price, x, 1e-5)
    assert_allclose(jax.grad(price)(jnp.asarray(x)), numeric, rtol=1e-6, atol=1e-7)
