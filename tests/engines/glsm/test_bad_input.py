"""Bad input: a sentence that says what to do, or a status."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import market

from jaxprice import models, products
from jaxprice.core.status import Status, StatusError, raise_for_status
from jaxprice.engines import glsm

pytestmark = pytest.mark.x64
SMALL = glsm.Config(n_paths=2048, n_price_paths=512, n_dual_paths=32, n_inner=8, order=2)
WITHOUT_DUAL = dataclasses.replace(SMALL, n_dual_paths=0)  # one program for the tests that come as far as a fit


def call(strike=100.0, times=(0.5, 1.0)):
    return products.Bermudan(payoff=products.MaxCall(strike=strike), exercise_times=list(times))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_paths": 1}, "n_paths"),
        ({"n_paths": 2**32}, "2\\*\\*32"),
        ({"n_price_paths": 0}, "n_price_paths"),
        ({"n_dual_paths": 1}, "n_dual_paths"),
        ({"n_inner": 48}, "power of two"),
        ({"chunk": 1000}, "power of two"),
        ({"order": 0}, "order"),
        ({"n_substeps": 0}, "n_substeps"),
        ({"rule": "guess"}, "rule: expected one of 'value'"),
        ({"index_kind": "all"}, "index_kind: expected one of"),
        ({"precision": "half"}, "precision: expected one of"),
        ({"estimator": "smoothed"}, "estimator"),
        ({"columns": [glsm.columns.payoff]}, "tuple of functions"),
        ({"columns": (3,)}, "tuple of functions"),
        ({"ridge": -1.0}, "ridge"),
        ({"n_paths": 8, "order": 6}, "lower the order or take more paths"),
    ],
)
def test_settings_that_make_no_estimate(key, change, message):
    with pytest.raises(ValueError, match=message):
        glsm.price(key, market(3), call(), dataclasses.replace(SMALL, **change))


@pytest.mark.parametrize("times", [[], [0.0, 1.0], [0.5, 0.5], [1.0, 0.5], [-1.0], [np.nan], [[0.5, 1.0]]])
def test_exercise_times_that_are_none(key, times):
    product = products.Bermudan(payoff=products.MaxCall(strike=100.0), exercise_times=jnp.asarray(times))
    with pytest.raises(ValueError, match="exercise_times"):
        glsm.price(key, market(2), product, SMALL)


def test_no_dates_to_space_equally():
    with pytest.raises(ValueError, match="n_dates"):
        products.Bermudan.equally_spaced(products.MaxCall(strike=100.0), 1.0, 0)


def test_a_product_without_a_choice_is_sent_to_monte_carlo(key):
    product = products.PathDependent(payoff=products.AsianCall(strike=100.0), observation_times=[0.5, 1.0])
    with pytest.raises(TypeError, match="monte_carlo"):
        glsm.price(key, market(1), product, SMALL)


def test_a_model_that_cannot_be_restarted_is_told_what_to_add(key):
    model = models.UncertainVolatility(
        spot=[100.0], min_volatility=[0.1], max_volatility=[0.2], min_correlation=[[1.0]], max_correlation=[[1.0]],
        rate=0.0, dividend=[0.0],
    )  # fmt: skip
    with pytest.raises(TypeError, match=r"path, restart, coordinate, standard_price"):
        glsm.price(key, model, call(), SMALL)


def test_a_column_of_the_wrong_shape(key):
    def flat(observation):
        return observation.exercise_value

    with pytest.raises(ValueError, match=r"expected \(m, n\) numbers"):
        glsm.price(key, market(2), call(), dataclasses.replace(SMALL, columns=(flat,)))


def test_all_paths_out_of_the_money(key):
    result = glsm.price(key, market(2), call(strike=1e6), WITHOUT_DUAL)
    assert result.status == Status.NO_EXERCISE_REGION and result.price == 0.0
    with pytest.raises(StatusError, match="check the strike"):
        result.raise_for_status()


def test_a_collinear_basis_among_ones_own_columns(key):
    def twice(observation):
        return 2.0 * observation.exercise_value[None]

    def fit(*columns):
        return glsm.fit(key, market(2), call(), dataclasses.replace(SMALL, columns=columns))

    policy, plain = fit(glsm.columns.payoff, twice), fit(glsm.columns.payoff)
    assert policy.status == Status.RANK_DEFICIENT
    with pytest.raises(StatusError, match="fewer basis functions"):
        raise_for_status(policy.status)
    np.testing.assert_allclose(policy.initial_value, plain.initial_value, rtol=1e-4)


@pytest.mark.slow
def test_default_columns_that_repeat_the_polynomials_are_no_finding(key):
    assert glsm.fit(key, market(2), call(), dataclasses.replace(SMALL, order=6)).status == Status.OK


def test_a_payoff_that_is_not_a_number_somewhere(key):
    def payoff(state):
        return jnp.where(state[0] > 120.0, jnp.nan, jnp.maximum(state[0] - 100.0, 0.0))

    product = products.Bermudan(payoff=payoff, exercise_times=[0.5, 1.0])
    result = glsm.fit(key, market(2), product, SMALL)
    assert result.status == Status.NON_FINITE


def test_without_64_bits_it_says_so(key):
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(RuntimeError, match="64-bit"):
            glsm.price(key, market(2), call(), SMALL)
    finally:
        jax.config.update("jax_enable_x64", True)


def test_an_odd_number_of_dates_cannot_be_halved(key):
    with pytest.raises(ValueError, match="even number"):
        glsm.price_american(key, market(1), products.Put(strike=100.0), 1.0, SMALL, n_dates=7)


def test_hedging_without_paths(key):
    policy = glsm.fit(key, market(2), call(), WITHOUT_DUAL)
    for wrong in ({"n_paths": 0}, {"every": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            glsm.hedge(key, policy, **wrong)
