"""Prices, intervals and Greeks against independent references."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_within_errors
from problems import market

from jaxprice import models, products, reference
from jaxprice.core.status import Status
from jaxprice.engines import glsm

pytestmark = pytest.mark.x64
CONFIG = glsm.Config(n_paths=2**15, n_price_paths=2**16, n_dual_paths=512, n_inner=128)
DATES = np.arange(1, 11) / 10.0


def one_asset(spot=100.0, **change):
    numbers = {"volatility": 0.25, "rate": 0.06, "dividend": 0.02} | change
    return models.BlackScholes.equicorrelated(n_assets=1, spot=spot, **numbers)


def exact_put(spot, strike, rate, dividend, volatility):
    return reference.bermudan.put(spot, strike, rate, dividend, volatility, DATES)


def put(strike=105.0):
    return products.Bermudan(payoff=products.Put(strike=strike), exercise_times=DATES)


def check_interval(result, exact, width):
    assert result.status == Status.OK
    assert result.lower < exact < result.upper
    assert result.upper - result.lower < width * exact


def test_a_put_and_all_its_greeks(key):
    model = one_asset()
    arguments = (100.0, 105.0, 0.06, 0.02, 0.25)
    exact = exact_put(*arguments)
    result = glsm.price(key, model, put(), CONFIG)
    check_interval(result, exact, 0.02)
    assert_within_errors(result.price, result.std_error, exact, max_relative_error=0.002)
    delta, rho, in_dividend, vega = jax.grad(exact_put, argnums=(0, 2, 3, 4))(*arguments)
    found, error = result.greeks, result.greeks_std_error
    assert_within_errors(found.spot[0], error.spot[0], delta, max_relative_error=0.01)
    assert_within_errors(found.volatility[0], error.volatility[0], vega, max_relative_error=0.02)
    assert_within_errors(found.rate, error.rate, rho, max_relative_error=0.02)
    assert_within_errors(found.dividend[0], error.dividend[0], in_dividend, max_relative_error=0.02)
    np.testing.assert_allclose(result.diagnostics["regression_delta"][0], delta, rtol=0.02)

    def shifted(time):
        return reference.bermudan.put(*arguments, DATES + time)

    theta = -jax.grad(shifted)(0.0)
    assert_within_errors(result.diagnostics["theta"], 0.02 * abs(theta), theta, max_relative_error=0.03)


@pytest.mark.slow
def test_gamma_of_a_put(key):
    exact = jax.grad(jax.grad(exact_put))(100.0, 105.0, 0.06, 0.02, 0.25)
    found, error = glsm.gamma(key, one_asset(), put(), CONFIG)
    assert found.shape == (1, 1)
    assert_within_errors(found[0, 0], error[0, 0], exact, max_relative_error=0.05)


@pytest.mark.slow
def test_two_assets_that_are_not_alike(key):
    model = market(2)
    product = products.Bermudan(payoff=products.MaxCall(strike=100.0), exercise_times=DATES[::2])

    def exact(spot, volatility, correlation):
        return reference.bermudan_two_asset.max_call(
            spot, 100.0, model.rate, model.dividend, volatility, correlation, DATES[::2], n_sub=34
        )

    numbers = (model.spot, model.volatility, model.correlation[0, 1])
    truth, (delta, vega, _) = jax.value_and_grad(exact, argnums=(0, 1, 2))(*numbers)
    result = glsm.price(key, model, product, CONFIG)
    check_interval(result, truth, 0.01)
    assert_within_errors(result.price, result.std_error, truth, max_relative_error=0.002)
    assert_within_errors(result.greeks.spot, result.greeks_std_error.spot, delta, max_relative_error=0.02)
    assert_within_errors(result.greeks.volatility, result.greeks_std_error.volatility, vega, max_relative_error=0.02)
    np.testing.assert_allclose(result.diagnostics["regression_delta"], delta, atol=0.03)


@pytest.mark.slow
def test_a_geometric_basket_of_five_in_any_correlation(key):
    model = market(5)
    product = products.Bermudan(payoff=products.GeometricBasketPut(strike=100.0), exercise_times=DATES)
    exact = reference.geometric_basket.bermudan_put(
        model.spot, 100.0, model.rate, model.dividend, model.volatility, model.correlation, DATES
    )
    result = glsm.price(key, model, product, CONFIG)
    check_interval(result, exact, 0.02)
    assert_within_errors(result.price, result.std_error, exact, max_relative_error=0.003)


@pytest.mark.slow
@pytest.mark.parametrize("rule", list(glsm.Rule))
@pytest.mark.parametrize("gradient", [True, False])
def test_every_rule_prices_out_of_sample(key, rule, gradient):
    config = dataclasses.replace(CONFIG, rule=rule, gradient=gradient, n_dual_paths=0, greeks=False)
    result = glsm.price(key, one_asset(), put(), config)
    exact = exact_put(100.0, 105.0, 0.06, 0.02, 0.25)
    # Least squares without martingale columns has no martingale worth the name, so its error bar is wider.
    assert abs(result.price - exact) < 0.004 * exact + 4.0 * result.std_error


@pytest.mark.slow
def test_one_date_is_the_european_option(key):
    model = market(3)
    european = products.European(payoff=products.MinCall(strike=85.0), expiry=1.0)
    numbers = (model.spot, 85.0, model.rate, model.dividend, model.volatility)
    exact = reference.rainbow.min_call(*numbers, model.correlation[0, 1], 1.0)
    result = glsm.price(key, model, european, CONFIG)
    check_interval(result, exact, 0.01)
    again = glsm.price(key, model, products.Bermudan(payoff=european.payoff, exercise_times=[1.0]), CONFIG)
    assert again.price == result.price


@pytest.mark.slow
def test_bachelier_of_one_asset(key):
    model = models.Bachelier(spot=[100.0], volatility=[20.0], correlation=[[1.0]], rate=0.05)
    product = products.Bermudan(payoff=products.Put(strike=105.0), exercise_times=DATES)
    result = glsm.price(key, model, product, CONFIG)
    european = reference.bachelier.put(100.0, 105.0, 0.05, 20.0, 1.0)
    assert result.status == Status.OK
    assert european < result.lower < result.upper < european * 1.2
    assert result.upper - result.lower < 0.02 * result.price


@pytest.mark.slow
def test_perfectly_correlated_assets_are_one_asset(key):
    model = models.BlackScholes.equicorrelated(
        n_assets=2, spot=100.0, volatility=0.25, correlation=1.0, rate=0.06, dividend=0.02
    )
    product = products.Bermudan(payoff=products.BasketPut(strike=105.0, weight=[0.5, 0.5]), exercise_times=DATES)
    result = glsm.price(key, model, product, CONFIG)
    check_interval(result, exact_put(100.0, 105.0, 0.06, 0.02, 0.25), 0.02)


@pytest.mark.slow
def test_an_american_put_is_extrapolated(key):
    exact = reference.lattice.put(100.0, 105.0, 0.06, 0.02, 0.25, 1.0)
    payoff, model = products.Put(strike=105.0), one_asset()
    config = dataclasses.replace(CONFIG, n_dual_paths=256)
    result = glsm.price_american(key, model, payoff, 1.0, config, n_dates=16)
    bermudan = result.diagnostics["bermudan"]
    assert result.upper is None and result.lower < exact
    assert_within_errors(result.price, result.std_error, exact, max_relative_error=0.005)
    assert exact - bermudan > 2.0 * abs(exact - result.price)
    plain = glsm.price_american(key, model, payoff, 1.0, config, n_dates=16, extrapolate=False)
    assert plain.price == bermudan


def test_a_payoff_that_jumps_is_refused_declared_or_not(key):
    def undeclared(state):
        return jnp.where(state[0] > 100.0, 1.0, 0.0)

    for payoff in (products.Digital(strike=100.0), undeclared):
        product = products.Bermudan(payoff=payoff, exercise_times=[0.5, 1.0])
        with pytest.raises(ValueError, match="likelihood_ratio"):
            glsm.price(key, one_asset(95.0), product, CONFIG)
    quiet = dataclasses.replace(CONFIG, n_dual_paths=0, greeks=False)
    product = products.Bermudan(payoff=products.Digital(strike=100.0), exercise_times=[0.5, 1.0])
    with pytest.raises(ValueError, match="silently wrong"):
        jax.grad(lambda spot: glsm.price(key, one_asset(spot), product, quiet).price)(95.0)


@pytest.mark.slow
def test_a_payoff_that_jumps_has_likelihood_ratio_greeks(key):
    product = products.Bermudan(payoff=products.Digital(strike=100.0), exercise_times=[0.5, 1.0])
    config = dataclasses.replace(CONFIG, n_dual_paths=0, n_price_paths=2**17)
    with pytest.raises(ValueError, match="likelihood_ratio"):
        glsm.price(key, one_asset(95.0), product, config)
    found = glsm.price(key, one_asset(95.0), product, dataclasses.replace(config, estimator="likelihood_ratio"))

    def price(spot):
        frozen = dataclasses.replace(config, greeks=False)
        return glsm.follow(key, policy, frozen, model=one_asset(spot)).price

    policy = glsm.fit(key, one_asset(95.0), product, config)
    slope = (price(96.0) - price(94.0)) / 2.0
    assert_within_errors(found.greeks.spot[0], found.greeks_std_error.spot[0], slope, max_relative_error=0.2)


@pytest.mark.slow
def test_the_price_is_the_same_whatever_the_greeks(key):
    config = dataclasses.replace(CONFIG, n_dual_paths=0)
    with_greeks = glsm.price(key, one_asset(), put(), config)
    without = glsm.price(key, one_asset(), put(), dataclasses.replace(config, greeks=False))
    np.testing.assert_allclose(without.price, with_greeks.price, rtol=1e-12)
    assert without.greeks is None
