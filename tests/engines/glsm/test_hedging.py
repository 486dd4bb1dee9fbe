"""Hedging with the fitted gradient."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxprice import models, products
from jaxprice.engines import glsm

pytestmark = pytest.mark.x64


def put_policy(key, n_substeps):
    model = models.BlackScholes.equicorrelated(n_assets=1, spot=100.0, volatility=0.25, rate=0.06, dividend=0.03)
    product = products.Bermudan.equally_spaced(products.Put(strike=100.0), 1.0, 4)
    return glsm.fit(key, model, product, glsm.Config(n_paths=2**15, order=8, n_substeps=n_substeps))


@pytest.fixture(scope="module")
def fine():
    return put_policy(jax.random.key(1), 16)


def test_the_profit_has_mean_zero_and_little_variance(key, fine):
    found = glsm.hedge(key, fine, n_paths=4096)
    hedged, unhedged = found.std()
    assert hedged < 0.15 * unhedged
    assert abs(found.profit.mean()) < 4.5 * hedged / 64.0 + 0.02 * found.premium
    assert found.profit.shape == (4096,) and jnp.isfinite(found.profit).all()


def test_its_variance_falls_like_one_over_the_number_of_trades(key, fine):
    every = np.array([1, 2, 4, 8, 16])
    std = np.array([float(glsm.hedge(key, fine, n_paths=4096, every=int(n)).std()[0]) for n in every])
    assert (np.diff(std) > 0).all()
    slope = np.polyfit(np.log(every[:4]), np.log(std[:4]), 1)[0]
    assert 0.3 < slope < 0.6


def test_exercise_ends_the_hedge(key, fine):
    found = glsm.hedge(key, fine, n_paths=2048)
    assert set(np.unique(found.step)) <= {0, 16, 32, 48, 64}
    assert (np.unique(found.step).size) > 3
    never = found.step == 0
    np.testing.assert_allclose(found.unhedged[never], found.premium)


def test_a_premium_shifts_the_profit_and_another_market_widens_it(key, fine):
    plain = glsm.hedge(key, fine, n_paths=2048)
    richer = glsm.hedge(key, fine, n_paths=2048, premium=plain.premium + 1.0)
    np.testing.assert_allclose(richer.profit, plain.profit + 1.0, rtol=1e-10, atol=1e-10)
    wild = dataclasses.replace(fine.problem.model, volatility=jnp.array([0.4]))
    moved = glsm.hedge(key, fine, n_paths=2048, model=wild)
    assert moved.std()[0] > plain.std()[0] and moved.profit.mean() < plain.profit.mean() - 1.0


@pytest.mark.slow
def test_a_basket_is_hedged_in_every_asset(key):
    model = models.BlackScholes.equicorrelated(n_assets=3, spot=100.0, volatility=0.3, correlation=0.3, rate=0.05)
    product = products.Bermudan.equally_spaced(products.GeometricBasketPut(strike=100.0), 1.0, 5)
    policy = glsm.fit(key, model, product, glsm.Config(n_paths=2**14, n_substeps=4))
    hedged, unhedged = glsm.hedge(key, policy, n_paths=2048).std()
    assert hedged < 0.4 * unhedged


@pytest.mark.slow
def test_bachelier_is_hedged_too(key):
    model = models.Bachelier(spot=[100.0], volatility=[20.0], correlation=[[1.0]], rate=0.05)
    product = products.Bermudan.equally_spaced(products.Put(strike=100.0), 1.0, 5)
    policy = glsm.fit(key, model, product, glsm.Config(n_paths=2**14, order=6, n_substeps=4))
    hedged, unhedged = glsm.hedge(key, policy, n_paths=2048).std()
    assert hedged < 0.4 * unhedged
