"""The directions in which a payoff bends, and what they are good for."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.gpr_tree.test_price import european, market, paper

from jaxprice import products
from jaxprice.engines import gpr_tree
from jaxprice.engines.gpr_tree.problem import Problem

pytestmark = pytest.mark.x64


def problem(key, model, payoff):
    d = model.n_assets
    model = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), model)
    return Problem(
        model=model,
        payoff=payoff,
        expiry=jnp.asarray(1.0),
        mid_correlation=model.min_correlation,
        standard=jax.random.normal(key, (512, d), jnp.float64),
        rotation=jnp.eye(d),
        stretch=jnp.ones(d),
        branch=jnp.ones((2, d)),
        normal=jnp.zeros((0, d)),
        control_normal=jnp.zeros((0, d)),
    )


def test_a_geometric_mean_bends_along_one_line(key):
    payoff = products.GeometricCallSpread(lower_strike=90.0, upper_strike=110.0)
    activity, rotation = problem(key, paper(5), payoff).active_directions()
    np.testing.assert_allclose(jnp.abs(rotation[:, 0]), 1.0 / np.sqrt(5.0), rtol=1e-9)
    assert activity[1] < 1e-12 * activity[0]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(5), atol=1e-12)


def test_an_option_on_a_ratio_bends_along_it_for_correlated_assets_too(key):
    model = market(least=0.4)
    activity, rotation = problem(key, model, products.Outperformer()).active_directions()
    # Log-prices are L z; the log-ratio rises fastest along L'(-1, 1). The payoff is a price times a function of it.
    factor = np.linalg.cholesky(np.asarray(model.min_correlation)) * np.asarray(model.max_volatility)[:, None]
    along = factor.T @ np.array([-1.0, 1.0])
    assert abs(rotation[:, 0] @ along) / np.linalg.norm(along) > 0.98
    assert activity[1] < 0.1 * activity[0]


def test_points_and_coordinates_are_inverse_in_rotated_axes(key):
    one = problem(key, market(3, least=0.2), products.MaxCall(strike=100.0))
    _, rotation = one.active_directions()
    one = dataclasses.replace(one, rotation=rotation)
    time = jnp.asarray(0.7)
    np.testing.assert_allclose(one.inputs(one.design(time), time), one.standard, atol=1e-12)


@pytest.mark.slow
def test_a_payoff_that_never_bends_has_no_direction_and_a_price(key):
    def forward(price):
        return price[0] - price[1]

    activity, rotation = problem(key, paper(2), forward).active_directions()
    assert np.all(np.isfinite(rotation)) and np.all(activity >= 0.0)
    config = gpr_tree.Config(n_steps=2, n_points=20, n_normals=16)
    found = gpr_tree.price(key, paper(2), european(forward), config)
    np.testing.assert_allclose(found.price, 0.0, atol=0.05)


@pytest.mark.slow
def test_extrapolation_is_twice_the_fine_price_less_the_coarse_one(key):
    payoff = products.OutperformerSpread(lower_ratio=0.9, upper_ratio=1.1)
    config = gpr_tree.Config(n_steps=8, n_points=40, n_normals=32)
    plain = [
        gpr_tree.price(key, market(), european(payoff), dataclasses.replace(config, n_steps=n, is_extrapolated=False))
        for n in (8, 4)
    ]
    both = gpr_tree.price(key, market(), european(payoff), config)
    np.testing.assert_allclose(both.price, 2.0 * plain[0].price - plain[1].price, rtol=1e-7)
    for name in ("volatility", "spot", "time"):
        np.testing.assert_allclose(both.diagnostics[name], plain[0].diagnostics[name], atol=1e-4)


@pytest.mark.slow
def test_regression_over_few_points_hardly_depends_on_them(key):
    """In five dimensions 60 points, along the one direction that counts."""
    payoff = products.GeometricCallSpread(lower_strike=90.0, upper_strike=110.0)
    config = gpr_tree.Config(n_steps=16, n_points=60)
    found = [float(gpr_tree.price(jax.random.key(i), paper(5), european(payoff), config).price) for i in range(3)]
    assert np.std(found) < 1e-3 * np.mean(found)
