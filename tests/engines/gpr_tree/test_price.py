"""Worst-case prices against the Black-Scholes-Barenblatt equation, closed forms and what must hold of any."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxprice import models, products, reference
from jaxprice.core.status import Status
from jaxprice.engines import gpr_tree
from jaxprice.reference import uncertain_volatility_pde as pde
from jaxprice.reference.literature import uncertain_volatility as literature

pytestmark = pytest.mark.x64
SMALL = gpr_tree.Config(n_steps=16, n_points=100, n_normals=64)


def market(n_assets=2, low=0.1, high=0.2, least=0.3, most=None, **change):
    """Assets that are not alike; correlations known unless `most` is given."""
    most = least if most is None else most
    eye = np.eye(n_assets)
    numbers = {
        "spot": 100.0 - 3.0 * np.arange(n_assets),
        "min_volatility": np.full(n_assets, low),
        "max_volatility": np.full(n_assets, high) + 0.02 * np.arange(n_assets),
        "min_correlation": least + (1.0 - least) * eye,
        "max_correlation": most + (1.0 - most) * eye,
        "rate": 0.03,
        "dividend": 0.01 * np.arange(n_assets),
    }
    return models.UncertainVolatility(**(numbers | change))


def paper(n_assets, least=0.0, most=None):
    most = least if most is None else most
    eye, same = np.eye(n_assets), np.ones(n_assets)
    return models.UncertainVolatility(
        spot=100.0 * same,
        min_volatility=0.1 * same,
        max_volatility=0.2 * same,
        min_correlation=least + (1.0 - least) * eye,
        max_correlation=most + (1.0 - most) * eye,
        rate=0.0,
        dividend=0.0 * same,
    )


def european(payoff, expiry=1.0):
    return products.European(payoff=payoff, expiry=expiry)


SPREAD = products.OutperformerSpread(lower_ratio=0.9, upper_ratio=1.1)


def spread_by_grid(model, is_lower):
    rho = (model.min_correlation[0, 1], model.max_correlation[0, 1])
    bounds = (model.min_volatility, model.max_volatility, *rho)
    grid = {"n_space": 801, "n_time": 160}
    return float(pde.outperformer_spread(model.spot, model.dividend, *bounds, 1.0, 0.9, 1.1, is_lower=is_lower, **grid))


def test_both_ends_of_the_range_and_the_price_between(key):
    model, config = market(), dataclasses.replace(SMALL, side="both")
    result = gpr_tree.price(key, model, european(SPREAD), config)
    result.raise_for_status()
    assert result.price == result.upper
    np.testing.assert_allclose(result.upper, spread_by_grid(model, False), rtol=0.01)
    np.testing.assert_allclose(result.lower, spread_by_grid(model, True), rtol=0.01)
    inside = dataclasses.replace(model, min_volatility=np.array([0.15, 0.17]), max_volatility=np.array([0.15, 0.17]))
    fixed = gpr_tree.price(key, inside, european(SPREAD), config)
    swapped = (model.spot, model.dividend, [0.15, 0.17], 0.3, 1.0)
    exact = float(reference.margrabe.outperformer_spread(*swapped, 0.9, 1.1))
    np.testing.assert_allclose([fixed.lower, fixed.upper], exact, rtol=0.006)
    assert result.lower < exact < result.upper
    wider = gpr_tree.price(
        key, dataclasses.replace(model, min_volatility=np.array([0.05, 0.05])), european(SPREAD), config
    )
    assert wider.upper > result.upper and wider.lower < result.lower


@pytest.mark.slow
def test_a_convex_payoff_takes_the_largest_volatility_everywhere(key):
    model = market(1, least=0.0)
    result = gpr_tree.price(key, model, european(products.Call(strike=105.0)), dataclasses.replace(SMALL, side="both"))
    for found, volatility in ((result.upper, 0.2), (result.lower, 0.1)):
        exact = reference.black_scholes.call(100.0, 105.0, 0.03, 0.0, volatility, 1.0)
        np.testing.assert_allclose(found, exact, rtol=0.02)
    volatility, spot = result.diagnostics["volatility"], result.diagnostics["spot"]
    near = np.abs(np.log(np.asarray(spot) / 105.0)) < 0.1
    assert np.mean(np.asarray(volatility)[near] > 0.199) > 0.95


@pytest.mark.slow
def test_greeks_are_slopes_of_the_price(key):
    """By the envelope theorem: the bumped prices optimise anew, and find other length scales, hence the tolerances."""
    model, config = market(), dataclasses.replace(SMALL, greeks=True)
    result = gpr_tree.price(key, model, european(SPREAD), config)

    def bumped(name, place, step):
        value = np.array(getattr(model, name), float)
        value[place] += step
        moved = dataclasses.replace(model, **{name: value})
        return float(gpr_tree.price(key, moved, european(SPREAD), SMALL).price)

    def slope(name, place, step):
        return (bumped(name, place, step) - bumped(name, place, -step)) / (2.0 * step)

    for i in range(2):
        np.testing.assert_allclose(result.greeks.spot[i], slope("spot", (i,), 1.0), atol=0.04)
        np.testing.assert_allclose(result.greeks.dividend[i], slope("dividend", (i,), 0.005), atol=4.0)
    both = (slice(None),)
    for name in ("min_volatility", "max_volatility"):
        found = float(jnp.sum(getattr(result.greeks, name)))
        np.testing.assert_allclose(found, slope(name, both, 0.005), rtol=0.1)
    # In units of one asset the spread knows no interest rate.
    np.testing.assert_allclose(result.greeks.rate, 0.0, atol=1e-6)


@pytest.mark.slow
def test_uncertain_correlation_and_its_controls(key):
    model = market(least=-0.5, most=0.5)
    result = gpr_tree.price(key, model, european(products.Outperformer()), SMALL)
    assert result.status in (Status.OK, Status.NOT_CONVERGED)
    # Convex: the largest volatilities and the lowest correlation, a closed form.
    swapped = (model.spot[::-1], model.dividend[::-1], model.max_volatility[::-1], -0.5, 1.0)
    np.testing.assert_allclose(result.price, reference.margrabe.exchange(*swapped), rtol=0.01)
    correlation = np.asarray(result.diagnostics["correlation"])
    assert correlation.shape == (16, 100, 2, 2)
    assert np.median(correlation[:, :, 0, 1]) < -0.49


@pytest.mark.slow
def test_american_exercise(key):
    model, config = market(1, least=0.0, high=0.3), dataclasses.replace(SMALL, is_american=True)
    found = gpr_tree.price(key, model, european(products.Put(strike=105.0)), config)
    exact = reference.lattice.put(100.0, 105.0, 0.03, 0.0, 0.3, 1.0)
    np.testing.assert_allclose(found.price, exact, rtol=0.01)
    assert found.price > reference.black_scholes.put(100.0, 105.0, 0.03, 0.0, 0.3, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.5, None])
def test_outperformer_spread_of_the_paper(key, rho):
    model = paper(2, *((-0.5, 0.5) if rho is None else (rho,)))
    found = gpr_tree.price(key, model, european(SPREAD), gpr_tree.Config())
    found.raise_for_status()
    np.testing.assert_allclose(found.price, literature.OUTPERFORMER_SPREAD[rho].value, rtol=0.002)


@pytest.mark.slow
@pytest.mark.parametrize("d", [2, 5, 10])
def test_geometric_call_spread_of_the_paper(key, d):
    payoff = products.GeometricCallSpread(lower_strike=90.0, upper_strike=110.0)
    found = gpr_tree.price(key, paper(d), european(payoff), gpr_tree.Config())
    found.raise_for_status()
    np.testing.assert_allclose(found.price, literature.GEOMETRIC_CALL_SPREAD[0.0][d], rtol=0.002)


@pytest.mark.slow
def test_batches_jit_and_gradients(key):
    config = dataclasses.replace(SMALL, n_steps=4, n_points=30, is_correlation_uncertain=False)
    model = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), market())

    def price(model):
        return gpr_tree.price(key, model, european(SPREAD), config).price

    batch = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), model)
    batch = dataclasses.replace(batch, spot=batch.spot * jnp.array([1.0, 1.05])[:, None])
    found = jax.jit(jax.vmap(price))(batch)
    np.testing.assert_allclose(found[0], price(model), rtol=1e-6)
    greeks = gpr_tree.price(key, model, european(SPREAD), dataclasses.replace(config, greeks=True)).greeks
    np.testing.assert_allclose(jax.grad(price)(model).spot, greeks.spot, rtol=1e-9)
