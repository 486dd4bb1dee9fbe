"""Regression under Heston: the model that is restarted at every date, against Fourier and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_within_errors

from jaxprice import models, products, reference
from jaxprice.core.status import Status
from jaxprice.engines import glsm
from jaxprice.engines.glsm.state import RestartedState
from jaxprice.reference.literature.glsm import HESTON

pytestmark = pytest.mark.x64

SPOT, STRIKE, RATE, DIVIDEND, EXPIRY, N_DATES = 9.5, 10.0, 0.1, 0.02, 0.25, 6
MARKET = {"spot": SPOT, "rate": RATE, "dividend": DIVIDEND, **HESTON}
FELLER_VIOLATED = MARKET | {"mean_reversion": 0.5, "vol_of_vol": 1.2, "correlation": -0.7}


def heston(**numbers):
    return models.Heston(**{name: jnp.asarray(value, float) for name, value in numbers.items()})


def put(n_dates=N_DATES):
    return products.Bermudan.equally_spaced(products.Put(strike=STRIKE), expiry=EXPIRY, n_dates=n_dates)


def exact(model, times):
    return reference.bermudan_heston.put(
        model.spot,
        STRIKE,
        model.rate,
        model.dividend,
        model.variance,
        model.mean_reversion,
        model.long_run_variance,
        model.vol_of_vol,
        model.correlation,
        times,
        n_price=256,
        n_variance=80,
    )


@pytest.fixture(scope="module")
def truth():
    """Price and derivatives by model and by exercise times."""
    return jax.value_and_grad(exact, argnums=(0, 1))(heston(**MARKET), put().exercise_times)


@pytest.fixture(scope="module")
def found():
    config = glsm.Config(n_paths=2**14, n_price_paths=2**14, n_dual_paths=2**8, n_inner=2**5, n_substeps=4)
    return glsm.price(jax.random.key(3), heston(**MARKET), put(), config)


@pytest.mark.slow
def test_price_and_interval(found, truth):
    price = float(truth[0])
    assert int(found.status) == Status.OK
    # The policy of so few paths costs about 0.2 %; the scheme, 0.1 %.
    assert float(found.price) == pytest.approx(price, abs=4.5 * float(found.std_error) + 0.004 * price)
    assert float(found.std_error) < 0.01 * price
    assert found.lower < price < found.upper
    assert found.upper - found.lower < 0.05 * price


@pytest.mark.slow
def test_greeks(found, truth):
    by_model, by_time = truth[1]
    for name in ("spot", "rate", "dividend", "variance", "mean_reversion", "long_run_variance"):
        estimate, error, value = (
            float(getattr(tree, name)) for tree in (found.greeks, found.greeks_std_error, by_model)
        )
        assert estimate == pytest.approx(value, abs=4.5 * error + 0.01 * abs(value)), name
        assert error < 0.05 * abs(value), name
    # The two that the put hardly feels.
    for name in ("vol_of_vol", "correlation"):
        estimate, error, value = (
            float(getattr(tree, name)) for tree in (found.greeks, found.greeks_std_error, by_model)
        )
        assert estimate == pytest.approx(value, abs=4.5 * error + 0.002), name
    theta = -float(jnp.sum(by_time))
    assert float(found.diagnostics["theta"]) == pytest.approx(theta, rel=0.05)


@pytest.mark.slow
def test_regression_delta(found, truth):
    """By price and by variance, from the one regression at time 0."""
    by_model, _ = truth[1]
    delta = np.asarray(found.diagnostics["regression_delta"])
    assert delta[0] == pytest.approx(float(by_model.spot), rel=0.02)
    assert delta[1] == pytest.approx(float(by_model.variance), rel=0.2)


@pytest.mark.parametrize("length", [0.005, 0.1])
@pytest.mark.parametrize("market", [MARKET, FELLER_VIOLATED], ids=["table_9", "feller_violated"])
@pytest.mark.parametrize("variance", [0.0, 1e-3, 0.1])
def test_increment_is_a_martingale_direction(market, variance, length):
    """Mean zero given the state, whatever it is; and close to the step where that is short."""
    state = RestartedState(model=heston(**market))
    n = 2**15
    normal = jax.random.normal(jax.random.key(0), (2, n))
    start = jnp.broadcast_to(jnp.array([[9.0], [variance]]), (2, n))
    times = jnp.asarray(0.1), jnp.asarray(0.1 + length)

    @jax.jit
    def step(start, normal):
        following = state.forward(start, normal, *times)
        return following, state.increment(start, following, normal, *times)

    following, increment = (np.asarray(x) for x in step(start, normal))
    scale = np.array([9.0, 0.3])
    error = increment.std(axis=1) / np.sqrt(n) + 1e-15
    assert_within_errors(increment.mean(axis=1), error, np.zeros(2), max_relative_error=0.01, scale=scale)
    if variance == 0.1 and length == 0.005:
        correlation = [np.corrcoef(increment[i], following[i])[0, 1] for i in range(2)]
        np.testing.assert_array_less(0.99, correlation)


@pytest.mark.slow
def test_columns_see_the_state():
    """A column may look at the variance, which is no price."""

    def of_variance(observation):
        assert observation.coordinate.shape[0] == 2
        return observation.exercise_value[None] * observation.coordinate[1:]

    config = glsm.Config(n_paths=2**10, order=2, columns=(glsm.columns.payoff, of_variance), n_substeps=1)
    policy = glsm.fit(jax.random.key(0), heston(**MARKET), put(4), config)
    assert policy.coefficient.shape[1] == 4 + 1 + 2
    assert np.all(np.asarray(policy.coefficient)[:-1, -1] != 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("spot", [8.0, 10.0, 12.0])
def test_table_9(spot):
    """50 dates as published: price within errors of the reference, which the interval holds."""
    model, product = heston(**MARKET | {"spot": spot, "dividend": 0.0}), put(50)
    price = float(exact(model, product.exercise_times))
    config = glsm.Config(n_paths=2**16, n_price_paths=2, n_dual_paths=2**10, n_inner=2**6, greeks=False)
    found = glsm.price(jax.random.key(1), model, product, config)
    assert int(found.status) == Status.OK
    assert float(found.price) == pytest.approx(price, abs=4.5 * float(found.std_error) + 0.002 * price)
    assert found.lower < price < found.upper
