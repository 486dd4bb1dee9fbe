"""The certified interval: valid for any policy, and covering the truth as often as it says."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxprice import models, products, reference
from jaxprice.engines import glsm

pytestmark = pytest.mark.x64
CONFIG = glsm.Config(n_paths=2**14, n_price_paths=2**12, n_dual_paths=512, n_inner=64, greeks=False)
DATES = np.arange(1, 6) / 5.0


def put_problem():
    model = models.BlackScholes.equicorrelated(n_assets=1, spot=100.0, volatility=0.25, rate=0.06)
    exact = reference.bermudan.put(100.0, 100.0, 0.06, 0.0, 0.25, DATES)
    return model, products.Bermudan(payoff=products.Put(strike=100.0), exercise_times=DATES), float(exact)


def max_call_problem():
    model = models.BlackScholes.equicorrelated(n_assets=2, spot=100.0, volatility=0.2, rate=0.05, dividend=0.1)
    product = products.Bermudan.equally_spaced(products.MaxCall(strike=100.0), 3.0, 9)
    numbers = (100.0, 100.0), 100.0, 0.05, (0.1, 0.1), (0.2, 0.2), 0.0
    exact = reference.bermudan_two_asset.max_call(*numbers, product.exercise_times, n_sub=34)
    return model, product, float(exact)


@pytest.mark.slow
def test_a_good_policy_has_a_narrow_interval_and_a_quiet_one(key):
    model, product, exact = put_problem()
    policy = glsm.fit(key, model, product, CONFIG)
    found = glsm.bounds(key, policy, CONFIG)
    lower, upper = found.interval()
    assert lower < exact < upper and upper - lower < 0.02 * exact
    plain = glsm.follow(key, policy, dataclasses.replace(CONFIG, n_price_paths=512))
    assert found.lower_std_error < 0.5 * plain.std_error
    assert found.gap_std_error < found.lower_std_error + found.upper_std_error


@pytest.mark.parametrize("spoil", ["never before the end", "always", "nonsense"])
def test_a_bad_policy_makes_the_interval_wide_and_not_wrong(key, spoil):
    model, product, exact = put_problem()
    policy = glsm.fit(key, model, product, CONFIG)
    shape = policy.coefficient.shape
    coefficient = {
        "never before the end": jnp.zeros(shape).at[:, 0].set(1e3),
        "always": jnp.zeros(shape).at[:, 0].set(-1.0),
        "nonsense": jax.random.normal(key, shape),
    }[spoil]
    found = glsm.bounds(key, dataclasses.replace(policy, coefficient=coefficient), CONFIG)
    assert found.lower - 4 * found.lower_std_error < exact < found.upper + 4 * found.upper_std_error
    assert found.upper - found.lower > 0.05 * exact


@pytest.mark.slow
def test_fewer_inner_draws_loosen_the_upper_bound_only(key):
    model, product, _ = put_problem()
    policy = glsm.fit(key, model, product, CONFIG)
    few, many = (glsm.bounds(key, policy, dataclasses.replace(CONFIG, n_inner=n, n_dual_paths=4096)) for n in (2, 256))
    error = np.hypot(few.upper_std_error, many.upper_std_error)
    assert few.upper - many.upper > 4 * error
    assert abs(few.lower - many.lower) < 4.5 * np.hypot(few.lower_std_error, many.lower_std_error)


@pytest.mark.slow
def test_a_rounded_up_number_of_paths_counts_only_those_asked_for(key):
    model, product, _ = put_problem()
    policy = glsm.fit(key, model, product, CONFIG)
    a, b = (glsm.bounds(key, policy, dataclasses.replace(CONFIG, n_dual_paths=n)) for n in (100, 101))
    assert a.lower != b.lower and abs(a.lower - b.lower) < 0.1


def test_no_paths_are_refused(key):
    model, product, _ = put_problem()
    policy = glsm.fit(key, model, product, CONFIG)
    with pytest.raises(ValueError, match="n_dual_paths"):
        glsm.bounds(key, policy, dataclasses.replace(CONFIG, n_dual_paths=0))


@pytest.mark.slow
@pytest.mark.parametrize("problem", [put_problem, max_call_problem])
def test_the_interval_covers_the_truth_as_often_as_it_says(problem):
    model, product, exact = problem()
    config = dataclasses.replace(CONFIG, n_paths=2**15, n_dual_paths=1024, n_price_paths=256, n_inner=128)
    covered, width = 0, []
    for seed in range(100):
        result = glsm.price(jax.random.key(seed), model, product, config)
        covered += bool(result.lower <= exact <= result.upper)
        width.append(float(result.upper - result.lower))
    assert covered >= 93, f"{covered} of 100 intervals hold {exact}"
    assert np.mean(width) < 0.01 * exact
