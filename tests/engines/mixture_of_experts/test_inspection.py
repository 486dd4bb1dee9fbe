"""What a committee tells of itself, and files that hold all of it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.mixture_of_experts.regimes_of_calls import call, committee, dataset, points

from jaxprice.core import storage
from jaxprice.core.storage import StorageError
from jaxprice.engines import mixture_of_experts as moe
from jaxprice.engines.mixture_of_experts import losses

SCHEMA = "mixture_of_experts/1"


def test_usage_is_that_of_the_weights():
    x = points(300)
    for kind, most in (("window", 4), ("top_k", 2), ("softmax", 9)):
        found = committee(kind)
        weights = np.asarray(moe.predict(found, x, return_weights=True)[2], np.float64)
        seen = moe.usage(found, x)
        np.testing.assert_allclose(seen.load, weights.mean(axis=0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(seen.active, (weights > 0.0).mean(axis=0), rtol=1e-6)
        entropy = -np.sum(np.where(weights > 0.0, weights * np.log(np.where(weights > 0.0, weights, 1.0)), 0.0), axis=1)
        np.testing.assert_allclose(seen.entropy, entropy.mean() / np.log(9.0), rtol=1e-4)
        assert 1.0 <= seen.n_active <= most


def test_the_routing_map_is_the_gate_over_the_grid():
    found = committee()
    seen = moe.routing_map(found, 21, 11)
    assert seen.weights.shape == (21, 11, 9) and seen.leader.shape == (21, 11)
    x = jnp.asarray([[seen.log_moneyness[4], seen.root_maturity[7], 0.3]], found.domain.lower.dtype)
    np.testing.assert_allclose(
        seen.weights[4, 7], moe.predict(found, x, return_weights=True)[2][0], rtol=1e-3, atol=1e-5
    )
    corners = [int(seen.leader[i, j]) for i in (0, -1) for j in (0, -1)]
    assert corners == [0, 2, 6, 8]


def test_errors_by_expert_are_theirs_alone():
    found, truth = committee(), dataset(400)
    seen = np.asarray(moe.errors_by_expert(found, truth))
    for e in (0, 4):
        alone = dataclasses.replace(
            found, regimes=found.regimes, gate=dataclasses.replace(found.gate, kind="top_k", top_k=1)
        )
        bias = jnp.where(jnp.arange(9) == e, 100.0, 0.0).astype(jnp.float32)
        gate = found.params["gate"] | {"output": found.params["gate"]["output"] | {"bias": bias}}
        alone = dataclasses.replace(alone, params=found.params | {"gate": gate})
        error = np.asarray(moe.predict(alone, truth.x, dispatch="dense")[0] - truth.y)
        index = np.asarray(found.regimes.index(truth.x))
        for j in (0, 8):
            np.testing.assert_allclose(seen[e, j], np.sqrt(np.mean(error[index == j] ** 2)), rtol=1e-3)


def test_a_committee_without_an_expert_is_worse_where_it_led():
    found, x = committee(), points(300)
    weights = np.asarray(moe.predict(found, x, return_weights=True)[2])
    price, less = (np.asarray(moe.predict(one, x)[0]) for one in (found, moe.without_expert(found, 4)))
    np.testing.assert_allclose(less[weights[:, 4] == 0.0], price[weights[:, 4] == 0.0], rtol=1e-5)
    assert np.abs(less - price)[weights[:, 4] > 0.5].min() > 0.0
    with pytest.raises(ValueError, match="index: expected an expert from 0 to 8, got 9"):
        moe.without_expert(found, 9)


@pytest.mark.x64
def test_breaches_of_a_function_that_is_known():
    """Of exact calls none; of the same upside down in moneyness, all that there should be."""
    x = points(200)
    value, slope = jax.vmap(jax.value_and_grad(call))(x)
    second = jax.vmap(jax.hessian(call))(x)[:, 0, 0]
    kept = losses.arbitrage(value, slope[:, 0], slope[:, 1], second)
    assert max(float(jnp.max(each)) for each in kept) < 1e-12
    broken = losses.arbitrage(value, -slope[:, 0], -slope[:, 1], -second)
    np.testing.assert_allclose(broken.monotone, value + slope[:, 0])
    np.testing.assert_allclose(broken.calendar, slope[:, 1])
    np.testing.assert_allclose(broken.convex, jnp.maximum(second - slope[:, 0], 0.0))


@pytest.mark.x64
def test_breaches_of_a_committee_are_those_of_its_derivatives():
    found, x = committee(dtype=jnp.float64), points(50)
    seen, here = moe.arbitrage(found, x), moe.evaluate(found, x, jnp.eye(3)[:1])
    wanted = losses.arbitrage(here.value, here.dydx[:, 0], here.dydx[:, 1], here.curvature[:, 0, 0])
    for one, other in zip(seen, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-9)


def test_losses_are_what_their_formulas_say():
    rng = np.random.default_rng(0)
    logits, values = rng.normal(size=(3, 50)), rng.normal(size=(3, 50))
    weights = np.exp(logits) / np.exp(logits).sum(axis=0)
    pairs = sum(weights[i] * weights[j] * (values[i] - values[j]) ** 2 for i in range(3) for j in range(i))
    one, other = (jnp.asarray(table) for table in (logits, values))
    share = jnp.asarray(weights)
    np.testing.assert_allclose(losses.agreement_loss(other, share), pairs.mean(), rtol=1e-5)
    np.testing.assert_allclose(losses.logit_loss(one), np.mean(np.log(np.exp(logits).sum(axis=0)) ** 2), rtol=1e-5)
    first = np.bincount(weights.argmax(axis=0), minlength=3) / 50.0
    np.testing.assert_allclose(
        losses.load_loss(one, share), 3.0 * first @ weights.mean(axis=1) - 1.0, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        losses.map_loss(one, share), -np.mean(np.sum(weights * np.log(weights), axis=0)), rtol=1e-5
    )


@pytest.fixture(scope="module")
def measured():
    return moe.measure(committee(), dataset(64, seed=5))


@pytest.mark.parametrize("kind", ["window", "top_k", "softmax"])
def test_a_file_holds_all_of_a_committee(kind, tmp_path):
    found = moe.measure(committee(kind), dataset(64, seed=5))
    moe.save(found, tmp_path / "one.safetensors")
    loaded = moe.load(tmp_path / "one.safetensors")
    assert jax.tree.structure(loaded) == jax.tree.structure(found)
    for one, other in zip(jax.tree.leaves(loaded), jax.tree.leaves(found), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(moe.predict(loaded, points(5))[0], moe.predict(found, points(5))[0])


def test_the_error_is_that_of_the_predictions(measured):
    truth = dataset(64, seed=5)
    value, slope = moe.predict(measured, truth.x)
    np.testing.assert_allclose(measured.error["value"], jnp.sqrt(jnp.mean((value - truth.y) ** 2)), rtol=1e-4)
    np.testing.assert_allclose(measured.error["dydx"], jnp.sqrt(jnp.mean((slope - truth.dydx) ** 2, axis=0)), rtol=1e-4)


def test_what_was_not_measured_or_is_not_finite_is_not_written(measured, tmp_path):
    with pytest.raises(ValueError, match="the committee has no measured error"):
        moe.save(committee(), tmp_path / "no.safetensors")
    scaling = dataclasses.replace(measured.normalisation, y_std=jnp.asarray(jnp.nan))
    with pytest.raises(ValueError, match="finite"):
        moe.save(dataclasses.replace(measured, normalisation=scaling), tmp_path / "no.safetensors")
    assert not (tmp_path / "no.safetensors").exists()


def test_what_does_not_fit_together_is_not_read(measured, tmp_path):
    path = tmp_path / "one.safetensors"
    moe.save(measured, path)
    arrays, header = storage.load(path, SCHEMA)
    for change in ({"scaling/center": np.zeros((9, 2), np.float32)}, {"regimes/moneyness": np.array([0.3, 0.1])}):
        storage.save(path, arrays | change, header, SCHEMA)
        with pytest.raises(StorageError, match="not a committee that this version can trust"):
            moe.load(path)
    with pytest.raises(StorageError):
        moe.load(tmp_path / "none.safetensors")
