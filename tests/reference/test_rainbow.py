import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from jaxprice.reference import black_scholes, literature, rainbow, two_asset

NAMES = ["max_call", "min_call", "max_put", "min_put"]
SPOT, DIVIDEND, VOLATILITY = np.array([100.0, 92.0]), np.array([0.01, 0.04]), np.array([0.35, 0.15])


@pytest.mark.parametrize("name", NAMES)
def test_one_asset_is_black_scholes(name):
    price = getattr(rainbow, name)([100.0], 95.0, 0.03, 0.02, 0.2, 0.4, 1.5)
    exact = getattr(black_scholes, name[4:])(100.0, 95.0, 0.03, 0.02, 0.2, 1.5)
    assert_allclose(price, exact, atol=1e-10)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.95])
@pytest.mark.parametrize("name", NAMES)
def test_two_assets_are_stulz(name, rho):
    args = (SPOT, 97.0, 0.05, DIVIDEND, VOLATILITY, rho, 2.0)
    assert_allclose(getattr(rainbow, name)(*args), getattr(two_asset, name)(*args), atol=1e-9)


@pytest.mark.parametrize("name", ["max_call", "min_put"])
@pytest.mark.parametrize("rho", [0.0, 0.4])
def test_first_derivatives_are_those_of_stulz(name, rho):
    args = tuple(jnp.asarray(a) for a in (SPOT, 97.0, 0.05, DIVIDEND, VOLATILITY, rho, 2.0))
    every = tuple(range(7))
    ours = jax.grad(getattr(rainbow, name), every)(*args)
    closed = jax.grad(getattr(two_asset, name), every)(*args)
    for a, b in zip(ours, closed, strict=True):
        assert_allclose(a, b, atol=2e-8, rtol=1e-8)


@pytest.mark.parametrize("n_assets", [5, 11])
def test_many_assets_against_sobol(n_assets):
    spot = np.linspace(85.0, 110.0, n_assets)
    dividend = np.linspace(0.0, 0.06, n_assets)
    volatility = np.linspace(0.4, 0.12, n_assets)
    rho, rate, expiry, strike = 0.35, 0.04, 1.5, 98.0
    root = np.linalg.cholesky(np.full((n_assets, n_assets), rho) + (1 - rho) * np.eye(n_assets))
    drift = (rate - dividend - 0.5 * volatility**2) * expiry
    replicas = []
    for seed in range(8):
        u = stats.qmc.Sobol(n_assets, seed=seed).random_base2(14)
        z = stats.norm.ppf(np.clip(u, 1e-12, 1 - 1e-12)) @ root.T
        terminal = spot * np.exp(drift + volatility * np.sqrt(expiry) * z)
        best, worst = terminal.max(axis=1), terminal.min(axis=1)
        payoffs = [best - strike, worst - strike, strike - best, strike - worst]
        replicas.append([np.exp(-rate * expiry) * np.maximum(p, 0.0).mean() for p in payoffs])
    mean, error = np.mean(replicas, axis=0), np.std(replicas, axis=0, ddof=1) / np.sqrt(8)
    for name, m, e in zip(NAMES, mean, error, strict=True):
        price = getattr(rainbow, name)(spot, strike, rate, dividend, volatility, rho, expiry)
        assert abs(price - m) < 5.0 * e
        assert e < 2e-3 * price + 2e-3


@pytest.mark.parametrize("name", NAMES)
def test_convergence_in_nodes(name):
    args = (np.linspace(80.0, 110.0, 7), 90.0, 0.04, 0.02, np.linspace(0.4, 0.1, 7), 0.6, 1.0)
    coarse, fine = getattr(rainbow, name)(*args), getattr(rainbow, name)(*args, n_panels=48, n_factor_nodes=301)
    assert_allclose(coarse, fine, atol=1e-9)


@pytest.mark.parametrize("strike", [1e-6, 20.0, 100.0, 400.0, 5000.0])
def test_parity_at_every_strike(strike):
    args = (np.array([100.0, 90.0, 110.0]), 0.04, np.array([0.01, 0.03, 0.0]), np.array([0.4, 0.2, 0.15]), 0.3, 1.0)

    def price(name, k):
        return getattr(rainbow, name)(args[0], k, *args[1:])

    for kind in ("max", "min"):
        mean = price(f"{kind}_call", 0.0)
        parity = mean - strike * np.exp(-0.04)
        assert_allclose(price(f"{kind}_call", strike) - price(f"{kind}_put", strike), parity, atol=2e-9)


def test_max_calls_of_the_gpr_tree_case():
    for row in literature.uncertain_volatility.GPR_TREE.row[:5]:
        price = rainbow.max_call(np.full(row.n_assets, 100.0), 100.0, 0.05, 0.0, 0.2, 0.2, 1.0)
        # The half width is 1.96 standard errors of an independent simulation printed to two digits.
        assert abs(price - row.max_call) < 2.0 * row.max_call_half_width + 0.005


def test_one_asset_grid_sum_of_the_fourier_paper():
    price = rainbow.min_call([100.0], 100.0, 0.01, 0.0, 0.2, 0.5, 1.0)
    published = literature.fourier_tt.ONE_ASSET_EXACT
    assert abs(price - published.value) < published.tolerance + 1e-9
