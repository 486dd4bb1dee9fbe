"""Values and slopes at all times, against a closed form and the price itself."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.gpr_tree.test_path_dependent import ASIAN
from engines.gpr_tree.test_price import SPREAD, european, market

from jaxprice import products, reference
from jaxprice.engines import gpr_tree

pytestmark = pytest.mark.x64
SMALL = gpr_tree.Config(n_steps=8, n_points=60, n_normals=64, is_extrapolated=False)


@pytest.mark.slow
def test_a_convex_payoff_is_worth_its_price_at_the_largest_volatility(key):
    model = market(1, least=0.0)
    surface = gpr_tree.fit(key, model, european(products.Call(strike=100.0)), dataclasses.replace(SMALL, n_steps=16))
    surface.raise_for_status()
    spot = jnp.linspace(85.0, 120.0, 8)[:, None]
    for step in (1, 8, 12):
        left = 1.0 - step / 16

        def exact(price, left=left):
            return reference.black_scholes.call(price, 100.0, 0.03, 0.0, 0.2, left)

        np.testing.assert_allclose(surface.value(step, spot), jax.vmap(exact)(spot[:, 0]), atol=0.15)
        slope = jax.vmap(jax.grad(exact))(spot[:, 0])
        np.testing.assert_allclose(surface.delta(step, spot)[:, 0], slope, atol=0.03)
    np.testing.assert_allclose(surface.value(16, spot), np.maximum(spot[:, 0] - 100.0, 0.0), atol=1e-9)
    today = jax.grad(lambda price: reference.black_scholes.call(price, 100.0, 0.03, 0.0, 0.2, 1.0))(100.0)
    np.testing.assert_allclose(surface.delta(0, jnp.array([[100.0]]))[0, 0], today, atol=0.02)


@pytest.mark.slow
def test_today_it_is_the_price_and_its_slope(key):
    model, config = market(), dataclasses.replace(SMALL, greeks=True)
    price = gpr_tree.price(key, model, european(SPREAD), config)
    surface = gpr_tree.fit(key, model, european(SPREAD), config)
    np.testing.assert_allclose(surface.price, price.price, rtol=1e-9)
    spot = jnp.asarray(model.spot)[None]
    np.testing.assert_allclose(surface.value(0, spot)[0], price.price, rtol=1e-9)
    np.testing.assert_allclose(surface.delta(0, spot)[0], price.greeks.spot, atol=0.03)
    # Steps may be traced: one program for all of them.
    values = jax.lax.map(lambda step: surface.value(step, spot)[0], jnp.arange(9, dtype=jnp.int32))
    np.testing.assert_allclose(values[0], surface.value(0, spot)[0], rtol=1e-9)
    np.testing.assert_allclose(values[8], SPREAD(spot[0]), rtol=1e-9)


@pytest.mark.slow
def test_a_payoff_that_remembers_asks_for_its_memory(key):
    surface = gpr_tree.fit(key, market(1, least=0.0), ASIAN, SMALL)
    spot = jnp.array([[100.0], [100.0]])
    memory = jnp.array([[95.0, 2.0], [105.0, 2.0]])
    low, high = surface.value(4, spot, memory)
    assert low < high
    # Two of four observations are known, and two more at the same price follow at least on average.
    np.testing.assert_allclose(high - low, 10.0 * 0.5 * 0.5, rtol=0.3)


def test_a_surface_of_both_ends(key):
    with pytest.raises(ValueError, match="one end"):
        gpr_tree.fit(key, market(), european(SPREAD), dataclasses.replace(SMALL, side="both"))
