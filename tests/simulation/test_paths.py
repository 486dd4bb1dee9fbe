import jax
import jax.numpy as jnp
import numpy as np
from helpers import assert_close
from problems import HESTON, market

from jaxprice.simulation import refine, simulate, substeps


def test_refine_cuts_each_interval_equally_and_keeps_the_times():
    time = jnp.array([0.5, 2.0, 2.3])
    fine = refine(time, 4)
    assert fine.shape == (12,)
    assert_close(fine[3::4], time)
    assert_close(jnp.diff(fine[3:8]), jnp.full(4, 0.375))
    assert_close(refine(time, 1), time)


def test_exact_models_take_one_step_and_others_at_least_32():
    assert substeps(market(2), 3, None) == 1
    assert substeps(HESTON, 1, None) == 32
    assert substeps(HESTON, 5, None) * 5 >= 32
    assert substeps(HESTON, 5, 2) == 2


def test_simulate_returns_the_observed_prices_only():
    time = jnp.array([0.5, 1.0])
    normal = jnp.asarray(np.random.default_rng(0).normal(size=(8, 2)), time.dtype)
    prices = simulate(HESTON, normal, time, 4)
    assert prices.shape == (2, 1)
    assert_close(prices, HESTON.path(normal, refine(time, 4))[3::4, :1])


def test_an_exact_model_has_the_same_law_with_and_without_substeps():
    """The sum of the substeps' Brownian increments drives the same path."""
    time = jnp.array([0.5, 2.0])
    fine = jnp.asarray(np.random.default_rng(1).normal(size=(6, 2)), time.dtype)
    coarse = fine.reshape(2, 3, 2).sum(axis=1) / jnp.sqrt(3.0)
    assert_close(simulate(market(2), fine, time, 3), simulate(market(2), coarse, time), factor=10)


def test_paths_are_written_for_one_and_batched_by_the_caller():
    time = jnp.array([0.5, 1.0])
    normal = jnp.asarray(np.random.default_rng(2).normal(size=(7, 2, 3)), time.dtype)
    batch = jax.vmap(lambda z: simulate(market(3), z, time))(normal)
    assert_close(batch[4], simulate(market(3), normal[4], time), factor=10)
