"""Fourier surrogates against exact prices: models, payoffs, parameters, grids."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.fourier_tt.known import CORRELATION, SMALL, exact, market, min_call, points, problem, relative_errors
from engines.fourier_tt.known import two_assets as two_assets_

from jaxprice import Status, products
from jaxprice.engines import fourier_tt
from jaxprice.reference import basket, black_scholes, rainbow

pytestmark = pytest.mark.x64
KEY = 20_261_121
WEIGHT = np.asarray([0.4, 0.6])


def test_every_parameter_of_two_assets_at_once():
    """Volatilities, spots, rate, expiry and strike: price within 1e-4, each derivative within 1e-3."""
    surrogate = two_assets_().raise_for_status()
    x = points(surrogate.domain)
    value, dydx = fourier_tt.predict(surrogate, x)
    price, gradient = exact(min_call(surrogate.domain, market()), x)
    assert np.mean(np.abs(value - price)) < 1e-4
    assert relative_errors(dydx, gradient).max() < 1e-3
    found = surrogate.diagnostics
    assert 0.0 < found["grid_error"] < 1e-4 and 0.0 < found["train_error"] < 1e-4
    assert found["node_error"].shape == (4,) and found["node_error"].max() < 1e-4


@pytest.mark.slow
def test_three_assets_and_their_volatilities():
    model = market(3)
    surrogate = fourier_tt.fit(jax.random.key(KEY), problem(model), SMALL).raise_for_status()
    x = points(surrogate.domain)
    value, dydx = fourier_tt.predict(surrogate, x)
    price, gradient = exact(min_call(surrogate.domain, model), x)
    assert np.mean(np.abs(value - price)) < 1e-4
    assert relative_errors(dydx, gradient).max() < 1e-3
    # The saw-tooth of the paper's figure 2: wide within an asset, narrow between two of them.
    ranks = surrogate.diagnostics["law_ranks"]
    assert ranks[2] > 3 * max(ranks[1], ranks[3])
    again = fourier_tt.fit(jax.random.key(KEY), problem(model), SMALL)
    for one, other in zip(surrogate.train.cores, again.train.cores, strict=True):
        np.testing.assert_array_equal(one, other)


def call(row):
    return black_scholes.call(row[0], 100.0, 0.02, 0.01, 0.2, 1.0)


def put(row):
    return black_scholes.put(row[0], 100.0, 0.02, 0.01, 0.2, 1.0)


def digital(row):
    return black_scholes.digital(row[0], 100.0, 0.02, 0.01, 0.2, 1.0)


@pytest.mark.parametrize(
    ("payoff", "price", "damping"),
    [
        (products.Call, call, "optimised"),
        (products.Put, put, "optimised"),
        (products.Digital, digital, "optimised"),
        (products.Call, call, "rule"),
    ],
)
def test_payoffs_on_one_asset(payoff, price, damping):
    """Without correlation there is nothing to learn but the transform: error of the grid and of the nodes alone."""
    given = problem(market(1), payoff(strike=100.0), spot=(80.0, 125.0))
    config = fourier_tt.Config(n_nodes=20, damping=damping, grid_tolerance=1e-10, tolerance=1e-9, rounding=1e-10)
    surrogate = fourier_tt.fit(jax.random.key(KEY), given, config).raise_for_status()
    x = points(surrogate.domain)
    value, dydx = fourier_tt.predict(surrogate, x)
    expected, gradient = exact(price, x)
    np.testing.assert_allclose(value, expected, atol=1e-6)
    np.testing.assert_allclose(dydx, gradient, atol=1e-6)


def worst_put(domain, model):
    def price(row):
        return rainbow.max_put(row[2:], 100.0, model.rate, model.dividend, row[:2], CORRELATION, 1.0)

    return price


def weighted_put(domain, model):
    def price(row):
        return basket.put(row[2:], WEIGHT, 100.0, model.rate, model.dividend, row[:2], model.correlation, 1.0)

    return price


def spread(domain, model):
    def price(row):
        return basket.spread_call(row[2:], 10.0, model.rate, model.dividend, row[:2], CORRELATION, 1.0)

    return price


@pytest.mark.slow
@pytest.mark.parametrize(
    ("payoff", "reference", "spots"),
    [
        (products.MaxPut(strike=100.0), worst_put, ((90.0, 90.0), (110.0, 110.0))),
        (products.BasketPut(strike=100.0, weight=WEIGHT), weighted_put, ((90.0, 90.0), (110.0, 110.0))),
        (products.Spread(strike=10.0), spread, ((95.0, 75.0), (110.0, 90.0))),
    ],
)  # fmt: skip
def test_payoffs_on_two_assets(payoff, reference, spots):
    model = market()
    given = problem(model, payoff, volatility=(0.15, 0.25), spot=spots)
    surrogate = fourier_tt.fit(jax.random.key(KEY), given).raise_for_status()
    x = points(surrogate.domain, 10)
    price, gradient = exact(reference(surrogate.domain, model), x)
    value, dydx = fourier_tt.predict(surrogate, x)
    np.testing.assert_allclose(value, price, atol=1e-4)
    assert relative_errors(dydx, gradient).max() < 1e-3


@pytest.mark.parametrize("damping", [*fourier_tt.Damping])
def test_the_grid_is_as_good_as_it_says(damping):
    """One asset, so that the train is exact: error of the frequency grid against what `grid_error` allows."""
    given = problem(market(1), spot=(90.0, 120.0))
    for tolerance in (1e-3, 1e-5):
        config = fourier_tt.Config(
            n_nodes=24, damping=damping, grid_tolerance=tolerance, tolerance=1e-9, rounding=1e-11
        )
        surrogate = fourier_tt.fit(jax.random.key(KEY), given, config)
        x = points(surrogate.domain)
        worst = np.max(np.abs(fourier_tt.predict(surrogate, x)[0] - exact(call, x)[0]))
        assert 1e-4 * surrogate.diagnostics["grid_error"] < worst < surrogate.diagnostics["grid_error"]


@pytest.mark.slow
def test_a_levy_model():
    """Variance gamma: given the clock the returns are Gaussian, so the exact price is a mean over the clock."""
    model = fourier_tt.VarianceGamma(
        spot=jnp.asarray([100.0, 104.0]),
        volatility=jnp.asarray([0.2, 0.25]),
        drift=jnp.asarray([-0.1, -0.15]),
        variance_rate=jnp.asarray(0.2),
        correlation=jnp.asarray([[1.0, CORRELATION], [CORRELATION, 1.0]]),
        rate=jnp.asarray(0.02),
        dividend=jnp.asarray([0.01, 0.0]),
    )
    given = problem(model, volatility=(0.18, 0.25), spot=(95.0, 110.0))
    surrogate = fourier_tt.fit(jax.random.key(KEY), given).raise_for_status()
    node, weight = (jnp.asarray(part) for part in np.polynomial.laguerre.laggauss(40))
    weight = weight * node**4 / 24.0  # a gamma clock of shape T / ν = 5

    def price(row):
        volatility, spot = row[:2], row[2:]
        shift = jnp.log(1.0 - 0.2 * (model.drift + 0.5 * volatility**2)) / 0.2

        def given_clock(clock):
            forward = spot * jnp.exp(0.02 - model.dividend + shift + (model.drift + 0.5 * volatility**2) * clock)
            return rainbow.min_call(forward, 100.0, 0.0, 0.0, volatility, CORRELATION, clock)

        return jnp.exp(-0.02) * jnp.sum(weight * jax.lax.map(given_clock, 0.2 * node))

    x = points(surrogate.domain, 6)
    expected, gradient = exact(price, x)
    value, dydx = fourier_tt.predict(surrogate, x)
    np.testing.assert_allclose(value, expected, atol=2e-4)
    assert relative_errors(dydx, gradient).max() < 1e-3


@pytest.mark.slow
def test_the_papers_uniform_table():
    model = market()
    config = fourier_tt.Config(nodes="uniform", n_nodes=40)
    surrogate = fourier_tt.fit(jax.random.key(KEY), problem(model), config).raise_for_status()
    share = jnp.asarray([[0.0, 0.0], [39.0, 0.0], [7.0, 21.0], [39.0, 39.0]]) / 39.0
    lower, upper = surrogate.domain.lower, surrogate.domain.upper
    rows = lower[None] + (upper - lower)[None] * share
    price, _ = exact(min_call(surrogate.domain, model), rows)
    np.testing.assert_allclose(fourier_tt.price(surrogate, rows), price, atol=1e-4)


def test_a_rank_cap_is_reported():
    config = dataclasses.replace(SMALL, max_rank=4)
    surrogate = fourier_tt.fit(jax.random.key(KEY), problem(), config)
    assert surrogate.status in (Status.RANK_CAP, Status.NOT_CONVERGED, Status.GLOBAL_CHECK_FAILED)
    assert (fourier_tt.evaluate(surrogate, points(surrogate.domain, 3)).status == surrogate.status).all()


@pytest.mark.slow
@pytest.mark.parametrize("n_assets", [5, 8])
def test_the_papers_experiment(n_assets):
    """Volatilities and spots of its table II at once; mean error at most 1e-4, Greeks of five assets within 1e-3."""
    model = dataclasses.replace(market(n_assets, 0.5), dividend=jnp.zeros(n_assets))
    given = problem(model, volatility=(0.15, 0.25), spot=(90.0, 120.0))
    surrogate = fourier_tt.fit(jax.random.key(KEY), given).raise_for_status()
    x = points(surrogate.domain, 100)
    price, gradient = exact(min_call(surrogate.domain, model, 0.5), x)
    value, dydx = fourier_tt.predict(surrogate, x)
    assert np.mean(np.abs(value - price)) < 1e-4
    assert relative_errors(dydx, gradient).max() < (1e-3 if n_assets == 5 else 2e-3)
