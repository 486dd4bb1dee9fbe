"""Each engine against each oracle that applies: prices, and every Greek of every model."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_within_errors
from problems import BY_NAME, PROBLEMS

from jaxprice import products
from jaxprice.engines import monte_carlo
from jaxprice.reference import basket, geometric_basket

pytestmark = pytest.mark.x64
CONFIG = monte_carlo.Config(n_paths=2**18)


def fold(gradient, problem):
    """Greeks as comparable numbers: a correlation matrix becomes one number per pair, or one for all pairs."""
    numbers = {}
    for name, value in vars(gradient).items():
        value = np.asarray(value, np.float64)
        if value.ndim == 2:
            pairs = (value + value.T)[np.triu_indices(value.shape[0], 1)]
            value = pairs.sum() if problem.symmetric_correlation else pairs
        numbers[name] = value
    return numbers


def reference_greeks(problem):
    gradient = jax.grad(problem.price_fn)(problem.model)
    numbers = fold(gradient, problem)
    if problem.symmetric_correlation:
        # The reference reads one entry for all pairs, so its whole derivative sits there.
        numbers["correlation"] = np.asarray(gradient.correlation, np.float64).sum()
    return numbers


# Half a minute each, or much like another row.
HEAVY = {"heston_call", "autocallable", "basket_put", "min_call_5", "min_call_11", "max_put_2", "spread", "barrier"}
HEAVY |= {"geometric_call_spread", "geometric_outperformer"}


@pytest.mark.parametrize(
    "problem", [pytest.param(p, marks=pytest.mark.slow) if str(p) in HEAVY else p for p in PROBLEMS], ids=str
)
def test_monte_carlo_price_and_greeks_agree_with_the_reference(key, problem):
    config = monte_carlo.Config(n_paths=CONFIG.n_paths, estimator=problem.estimator)
    result = monte_carlo.price(key, problem.model, problem.product, config).raise_for_status()
    truth = float(problem.price_fn(problem.model))
    bias = problem.bias * truth
    assert_within_errors(result.price, result.std_error + bias / 4.5, truth, max_relative_error=0.01)

    expected = reference_greeks(problem)
    actual = fold(result.greeks, problem)
    error = fold(result.greeks_std_error, problem)
    for name, truth in expected.items():
        if truth.size == 0:  # one asset has no pairs
            continue
        scale = max(np.max(np.abs(truth)), 1e-3 * abs(float(problem.price_fn(problem.model))))
        # Entries of a pair are estimated on the same paths: the sum of their errors bounds the error of the sum.
        assert_within_errors(
            actual[name], error[name] + problem.bias * scale, truth, max_relative_error=0.3, scale=scale
        )


@pytest.mark.parametrize(
    "name",
    ["basket_call"] + [pytest.param(n, marks=pytest.mark.slow) for n in ("min_call_5", "barrier", "heston_call")],
)
@pytest.mark.parametrize("sampling", ["antithetic", "sobol"])
def test_every_sampling_gives_the_same_price_and_a_smaller_error(key, name, sampling):
    problem = BY_NAME[name]
    plain = monte_carlo.Config(n_paths=2**16, estimator=problem.estimator, greeks=False)
    better = monte_carlo.Config(n_paths=2**16, estimator=problem.estimator, sampling=sampling)
    reference = monte_carlo.price(key, problem.model, problem.product, plain)
    result = monte_carlo.price(key, problem.model, problem.product, better)
    truth = float(problem.price_fn(problem.model))
    # Thirty-two replicates know their own error to 13 %: six of them are as rare as 4.5 of the normal law.
    assert_within_errors(
        result.price, result.std_error + problem.bias * truth / 6, truth, max_relative_error=0.01, z=6.0
    )
    assert result.std_error < reference.std_error * (1.0 if sampling == "antithetic" else 0.5)
    delta = np.asarray(jax.grad(problem.price_fn)(problem.model).spot)
    assert_within_errors(
        result.greeks.spot, result.greeks_std_error.spot + problem.bias * np.max(np.abs(delta)), delta,
        max_relative_error=0.25, z=6.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["call"]
    + [pytest.param(n, marks=pytest.mark.slow) for n in ("basket_call", "max_call_5", "autocallable", "heston_call")],
)
def test_control_variates_keep_the_mean_and_reduce_the_error(key, name):
    problem = BY_NAME[name]
    plain, controlled = (
        monte_carlo.price(
            key, problem.model, problem.product,
            monte_carlo.Config(n_paths=2**16, estimator=problem.estimator, control_variate=use),
        )
        for use in (False, True)
    )  # fmt: skip
    truth = float(problem.price_fn(problem.model))
    assert_within_errors(
        controlled.price, controlled.std_error + problem.bias * truth / 4.5, truth, max_relative_error=0.01
    )
    assert controlled.std_error < 0.9 * plain.std_error
    delta = np.asarray(jax.grad(problem.price_fn)(problem.model).spot)
    assert_within_errors(
        controlled.greeks.spot, controlled.greeks_std_error.spot + problem.bias * np.max(np.abs(delta)), delta,
        max_relative_error=0.3,
    )  # fmt: skip


def test_a_control_of_known_value_removes_most_of_the_noise(key):
    problem = BY_NAME["basket_call"]
    equal = jnp.full(5, 0.2)
    product = products.European(payoff=products.BasketCall(strike=98.0, weight=equal), expiry=1.0)
    control = monte_carlo.Control(
        payoff=products.GeometricBasketCall(strike=jnp.array(96.0)), value_fn=_geometric_value
    )
    plain = monte_carlo.price(key, problem.model, product, monte_carlo.Config(n_paths=2**14))
    quiet = monte_carlo.price(key, problem.model, product, monte_carlo.Config(n_paths=2**14), control=control)
    m = problem.model
    truth = basket.call(m.spot, equal, 98.0, m.rate, m.dividend, m.volatility, m.correlation, 1.0)
    assert quiet.std_error < 0.1 * plain.std_error
    assert_within_errors(quiet.price, quiet.std_error, truth, max_relative_error=1e-3)
    assert float(jnp.max(quiet.greeks_std_error.spot)) < 0.5 * float(jnp.max(plain.greeks_std_error.spot))


def _geometric_value(model, payoff, time):
    return geometric_basket.call(
        model.spot, payoff.strike, model.rate, model.dividend, model.volatility, model.correlation, time[-1]
    )


@pytest.mark.parametrize(
    ("name", "estimator"),
    [("call", "pathwise"), ("basket_call", "pathwise"), ("bachelier_basket", "pathwise"),
     ("digital", "likelihood_ratio"), ("digital", "smoothed"), ("barrier", "likelihood_ratio"),
     ("call", "likelihood_ratio"), ("heston_call", "pathwise"),
     *(pytest.param(*row, marks=pytest.mark.slow) for row in (("min_call_5", "pathwise"), ("barrier", "smoothed")))],
)  # fmt: skip
def test_gamma_and_cross_gamma_agree_with_the_reference(key, name, estimator):
    problem = BY_NAME[name]
    config = monte_carlo.Config(n_paths=2**18, estimator=estimator)
    gamma, error = monte_carlo.gamma(key, problem.model, problem.product, config)
    truth = jax.hessian(lambda spot: problem.price_fn(dataclasses.replace(problem.model, spot=spot)))(
        problem.model.spot
    )
    assert gamma.shape == truth.shape
    np.testing.assert_allclose(gamma, np.swapaxes(gamma, 0, -1) if gamma.ndim else gamma)
    bias = (0.01 if estimator == "smoothed" else problem.bias) * np.max(np.abs(truth))
    assert_within_errors(gamma, error + bias, truth, max_relative_error=0.2)


@pytest.mark.parametrize("estimator", ["likelihood_ratio", "smoothed", "conditional"])
@pytest.mark.parametrize("name", ["digital", "barrier"])
def test_every_estimator_for_jumps_finds_the_greeks(key, name, estimator):
    problem = BY_NAME[name]
    config = monte_carlo.Config(n_paths=2**19, estimator=estimator, smoothing_width=0.02)
    result = monte_carlo.price(key, problem.model, problem.product, config)
    truth = jax.grad(problem.price_fn)(problem.model)
    for field in ("spot", "volatility", "rate"):
        expected = np.asarray(getattr(truth, field))
        error = np.asarray(getattr(result.greeks_std_error, field))
        bias = 0.003 * np.abs(expected) if estimator == "smoothed" else 0.0
        assert_within_errors(getattr(result.greeks, field), error + bias, expected, max_relative_error=0.25)


@pytest.mark.slow
def test_one_step_survival_is_quieter_than_likelihood_ratios(key):
    problem = BY_NAME["barrier"]
    errors = [
        float(
            monte_carlo.price(
                key, problem.model, problem.product, monte_carlo.Config(n_paths=2**16, estimator=estimator)
            ).greeks_std_error.spot[0]
        )
        for estimator in ("conditional", "likelihood_ratio")
    ]
    assert errors[0] < errors[1]
