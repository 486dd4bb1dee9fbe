"""Payoffs that remember the path: the Call Sharpe option of the paper, and Asian options."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.gpr_tree.test_price import market, paper

from jaxprice import models, products
from jaxprice.engines import gpr_tree, monte_carlo
from jaxprice.engines.gpr_tree.path_problem import simulated
from jaxprice.reference.literature import uncertain_volatility as literature

pytestmark = pytest.mark.x64
TIMES = np.arange(1, 5) / 4.0
ASIAN = products.PathDependent(payoff=products.AsianCall(strike=100.0), observation_times=TIMES)
SHARPE = products.PathDependent(
    payoff=products.CallSharpe(strike=100.0, initial_fixing=100.0, observations_per_year=12.0),
    observation_times=np.arange(1, 13) / 12.0,
)
SMALL = gpr_tree.Config(n_steps=8, n_points=60, n_normals=32)


def black_scholes(model, volatility):
    return models.BlackScholes(
        spot=model.spot, volatility=volatility, correlation=np.eye(1), rate=model.rate, dividend=model.dividend
    )


def test_design_points_are_states_of_paths(key):
    model = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), market(1, least=0.0))
    payoff = jax.tree.map(jnp.asarray, products.AsianCall(strike=jnp.asarray(100.0)))
    state, centre, whitening = simulated(key, model, payoff, jnp.asarray(TIMES), jnp.eye(1), 200, 8)
    price = np.exp(state.log_price[..., 0])
    seen = price[[2, 4, 6, 8]]
    np.testing.assert_allclose(price[0], 100.0)
    for step, n in ((0, 0), (1, 0), (2, 1), (5, 2), (8, 4)):
        np.testing.assert_allclose(state.memory[step, :, 1], n)
        np.testing.assert_allclose(state.memory[step, :, 0], seen[:n].mean(axis=0) if n else 0.0, rtol=1e-12)
    joint = np.concatenate([state.log_price, state.memory], axis=2)[8] - np.asarray(centre[8])
    inputs = joint @ np.asarray(whitening[8]).T
    # The number of observations does not vary.
    np.testing.assert_allclose(np.cov(inputs.T, bias=True), np.diag([1.0, 1.0, 0.0]), atol=1e-6)


@pytest.mark.slow
def test_an_asian_call_is_dearest_at_the_largest_volatility(key):
    """It is convex in the path; compared with Monte Carlo at that volatility."""
    model = market(1, least=0.0)
    config = gpr_tree.Config(n_steps=16, side="both", greeks=True)
    found = gpr_tree.price(key, model, ASIAN, config)
    found.raise_for_status()
    for value, volatility in ((found.upper, model.max_volatility), (found.lower, model.min_volatility)):
        fixed = black_scholes(model, volatility)
        exact = monte_carlo.price(key, fixed, ASIAN, monte_carlo.Config(n_paths=2**16))
        np.testing.assert_allclose(value, exact.price, rtol=0.01)
    upper = black_scholes(model, model.max_volatility)
    exact = monte_carlo.price(key, upper, ASIAN, monte_carlo.Config(n_paths=2**16, greeks=True)).greeks
    np.testing.assert_allclose(found.greeks.spot, exact.spot, rtol=0.02)
    np.testing.assert_allclose(found.greeks.max_volatility, exact.volatility, rtol=0.05)
    np.testing.assert_allclose(found.greeks.min_volatility, 0.0, atol=0.05 * float(exact.volatility[0]))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"n_steps": 6}, "multiple of 8"), ({"n_steps": 6, "is_extrapolated": False}, "multiple of 4")],
)
def test_steps_that_miss_an_observation(key, change, message):
    with pytest.raises(ValueError, match=message):
        gpr_tree.price(key, market(1, least=0.0), ASIAN, dataclasses.replace(SMALL, **change))


def test_what_cannot_be_said_of_a_path(key):
    with pytest.raises(ValueError, match="is_american"):
        gpr_tree.price(key, market(1, least=0.0), ASIAN, dataclasses.replace(SMALL, is_american=True))
    barrier = dataclasses.replace(ASIAN, payoff=products.BarrierCall(strike=100.0, barrier=120.0))
    with pytest.raises(TypeError, match="remembers"):
        gpr_tree.price(key, market(1, least=0.0), barrier, SMALL)


@pytest.mark.slow
def test_call_sharpe_of_the_paper(key):
    """At a tenth of the effort of the experiment uvm_call_sharpe, hence the tolerance."""
    found = gpr_tree.price(key, paper(1), SHARPE, gpr_tree.Config(n_steps=24, n_points=250, n_normals=64))
    found.raise_for_status()
    np.testing.assert_allclose(found.price, literature.CALL_SHARPE.value, rtol=0.03)
    # Far above what any constant volatility pays.
    fixed = black_scholes(paper(1), [0.15])
    constant = monte_carlo.price(key, fixed, SHARPE, monte_carlo.Config(n_paths=2**14))
    assert found.price > 1.3 * constant.price
    assert found.diagnostics["memory"].shape == (24, 250, 3)
