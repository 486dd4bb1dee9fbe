"""What must hold for any numbers: parity, monotonicity, convexity, bounds. Common random numbers make each exact."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxprice import models, products
from jaxprice.engines import monte_carlo

KEY = jax.random.key(11)
CONFIG = monte_carlo.Config(n_paths=2048, greeks=False)
number = st.floats(0.0, 1.0, allow_nan=False)
TOLERANCE = 1e-9 if jnp.result_type(float) == jnp.float64 else 2e-3


def model_of(numbers):
    a, b, c, d, e = numbers
    return models.BlackScholes.equicorrelated(
        n_assets=3,
        spot=jnp.array([60.0 + 80.0 * a, 100.0, 60.0 + 80.0 * b]),
        volatility=jnp.array([0.05 + 0.5 * c, 0.2, 0.05 + 0.5 * d]),
        correlation=-0.45 + 1.4 * e,
        rate=0.1 * a,
        dividend=0.1 * b,
    )


def price(model, payoff, expiry=1.0):
    return float(monte_carlo.price(KEY, model, products.European(payoff=payoff, expiry=expiry), CONFIG).price)


market = st.tuples(number, number, number, number, number).map(model_of)
strike = st.floats(50.0, 150.0)


@given(model=market, strike=strike)
def test_calls_less_puts_are_forwards_path_by_path(model, strike):
    weight = jnp.array([0.5, 0.2, 0.3])
    parity = price(model, products.BasketCall(strike=strike, weight=weight)) - price(
        model, products.BasketPut(strike=strike, weight=weight)
    )
    forward = price(model, products.Function(function=_basket, jumps=False))
    np.testing.assert_allclose(parity, forward - strike * float(jnp.exp(-model.rate)), atol=100 * TOLERANCE)


def _basket(state):
    return jnp.sum(jnp.array([0.5, 0.2, 0.3]) * state)


@given(model=market, strike=strike)
def test_max_and_min_bracket_the_geometric_basket(model, strike):
    low = price(model, products.MinCall(strike=strike))
    middle = price(model, products.GeometricBasketCall(strike=strike))
    high = price(model, products.MaxCall(strike=strike))
    assert -TOLERANCE <= low <= middle + TOLERANCE and middle <= high + TOLERANCE


@given(model=market, strike=strike, step=st.floats(0.5, 20.0))
def test_calls_fall_and_are_convex_in_the_strike(model, strike, step):
    below, here, above = (price(model, products.MaxCall(strike=k)) for k in (strike - step, strike, strike + step))
    assert below >= here - TOLERANCE and here >= above - TOLERANCE
    assert below + above >= 2 * here - TOLERANCE
    assert below - here <= step * float(jnp.exp(-model.rate)) + 10 * TOLERANCE


@given(model=market, factor=st.floats(0.5, 2.0))
def test_prices_are_homogeneous_in_spot_and_strike(model, factor):
    scaled = dataclasses.replace(model, spot=factor * model.spot)
    np.testing.assert_allclose(
        price(scaled, products.MaxCall(strike=factor * 95.0)),
        factor * price(model, products.MaxCall(strike=95.0)),
        rtol=1e-4 if TOLERANCE > 1e-6 else 1e-10, atol=10 * TOLERANCE,
    )  # fmt: skip


@settings(max_examples=10)
@given(model=market)
def test_the_order_of_the_assets_does_not_matter_to_a_symmetric_payoff_in_law(model):
    """A permutation gives other paths but the same law: equal within the errors."""
    order = jnp.array([2, 0, 1])
    permuted = models.BlackScholes(
        spot=model.spot[order], volatility=model.volatility[order], dividend=model.dividend[order], rate=model.rate,
        correlation=model.correlation[order][:, order],
    )  # fmt: skip
    product = products.European(payoff=products.MaxCall(strike=100.0), expiry=1.0)
    one, other = (monte_carlo.price(KEY, m, product, CONFIG) for m in (model, permuted))
    error = float(jnp.hypot(one.std_error, other.std_error))
    assert abs(float(one.price - other.price)) <= 5 * error + TOLERANCE


@settings(max_examples=10)
@given(barrier=st.floats(90.0, 200.0), strike=strike, is_up=st.booleans())
def test_knock_in_and_knock_out_make_the_plain_call(barrier, strike, is_up):
    model = models.BlackScholes.equicorrelated(n_assets=1, spot=100.0, volatility=0.3, rate=0.02, dividend=0.01)
    times = jnp.arange(1.0, 5.0) / 4.0

    def value(payoff):
        product = products.PathDependent(payoff=payoff, observation_times=times)
        return float(monte_carlo.price(KEY, model, product, CONFIG).price)

    parts = sum(
        value(products.BarrierCall(strike=strike, barrier=barrier, is_up=is_up, is_knock_in=is_in))
        for is_in in (True, False)
    )
    out_of_reach = products.BarrierCall(strike=strike, barrier=1e9 if is_up else 1e-9, is_up=is_up)
    np.testing.assert_allclose(parts, value(out_of_reach), atol=10 * TOLERANCE)
