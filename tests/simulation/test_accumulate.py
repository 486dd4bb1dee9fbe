import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_trees_close
from problems import market

from jaxprice import products
from jaxprice.engines import monte_carlo
from jaxprice.simulation.accumulate import plan
from jaxprice.simulation.noise import Sampling

PRODUCT = products.European(payoff=products.BasketCall(strike=98.0, weight=jnp.array([0.5, 0.2, 0.3])), expiry=1.0)


@pytest.mark.parametrize(
    "sampling", [Sampling.PSEUDO, pytest.param(Sampling.ANTITHETIC, marks=pytest.mark.slow), Sampling.SOBOL]
)
def test_the_chunk_does_not_change_price_greeks_or_errors(key, sampling):
    results = [
        monte_carlo.price(
            key, market(3), PRODUCT, monte_carlo.Config(n_paths=2**13, sampling=sampling, n_replicates=8, chunk=chunk)
        )
        for chunk in (128, 512, 4096)
    ]
    for other in results[1:]:
        assert_trees_close(
            dataclasses.replace(other, diagnostics=None), dataclasses.replace(results[0], diagnostics=None), factor=50
        )


@pytest.mark.parametrize("n_paths", [2, 3, 1000, 4097])
def test_any_number_of_paths_is_simulated_exactly(key, n_paths):
    result = monte_carlo.price(key, market(3), PRODUCT, monte_carlo.Config(n_paths=n_paths, chunk=256, greeks=False))
    assert int(result.diagnostics["n_paths"]) == n_paths
    assert int(result.diagnostics["n_samples"]) == n_paths


def test_a_run_is_the_beginning_of_a_longer_one(key):
    """The last, partly filled chunk counts its own paths and no others."""

    def total(n_paths):
        config = monte_carlo.Config(n_paths=n_paths, chunk=64, greeks=False)
        return float(monte_carlo.price(key, market(3), PRODUCT, config).price) * n_paths

    one = total(301) - total(300)
    chunked = total(300)
    assert one >= -1e-2
    assert chunked == pytest.approx(total(256) + (total(300) - total(256)))


@pytest.mark.parametrize("n_paths", [2**10, 2**16, 2**20, 10**6 + 1])
@pytest.mark.parametrize("n_steps", [1, 12, 252])
def test_plans_cut_into_powers_of_two_that_divide_each_other(n_paths, n_steps):
    for sampling in (Sampling.PSEUDO, Sampling.ANTITHETIC):
        cut = plan(sampling, n_paths, n_steps, 5)
        assert cut.chunk % cut.group == 0 and cut.chunk & (cut.chunk - 1) == 0
        assert cut.group % cut.unit == 0
        assert cut.n_blocks * cut.chunk >= n_paths > (cut.n_blocks - 1) * cut.chunk


def test_groups_leave_enough_samples_for_an_error():
    assert plan(Sampling.PSEUDO, 2**20, 1, 5).group == 128
    assert plan(Sampling.PSEUDO, 2**14, 1, 5).group == 64
    assert plan(Sampling.PSEUDO, 100, 1, 5).group == 1


def test_greek_errors_from_groups_match_the_spread_over_seeds(key):
    config = monte_carlo.Config(n_paths=2**12)
    runs = [monte_carlo.price(k, market(3), PRODUCT, config) for k in jax.random.split(key, 128)]
    results = jax.tree.map(lambda *leaf: jnp.stack(leaf), *runs)
    for value, error in (
        (results.price, results.std_error),
        (results.greeks.spot, results.greeks_std_error.spot),
        (results.greeks.volatility, results.greeks_std_error.volatility),
        (results.greeks.rate, results.greeks_std_error.rate),
    ):
        np.testing.assert_allclose(np.sqrt(np.mean(np.square(error), axis=0)), np.std(value, axis=0, ddof=1), rtol=0.25)
