"""Differential principal components: what matters is kept, what does not is left out, and both are undone."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.differential.known import Basket, dataset
from helpers import assert_close, default_dtype

from jaxprice.engines.differential import principal_components

TOLERANCE = 1e-8


@functools.partial(jax.jit, static_argnames="tolerance")
def components(data, tolerance=TOLERANCE):
    """The change of variables, the shares, the normalised derivatives, and these brought back."""
    normalisation, share = principal_components.differential_components(data, tolerance)
    samples = normalisation.apply(data, default_dtype())
    return normalisation, share, samples, normalisation.gradient(samples.slope)


def n_live(normalisation):
    return int(np.sum(np.any(np.asarray(normalisation.forward) != 0.0, axis=1)))


def correlated(n, d, seed=3):
    """Inputs of different sizes that move together."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) * 10.0 ** rng.uniform(-1.0, 1.0, d) + 5.0


def angle(one, other):
    """The sine of the largest angle between two spaces spanned by rows."""
    one, other = (np.linalg.svd(np.asarray(rows), full_matrices=False)[2] for rows in (one, other))
    return np.sqrt(max(0.0, 1.0 - np.linalg.svd(one @ other.T, compute_uv=False).min() ** 2))


def test_a_basket_has_one_direction_and_that_is_its_weights():
    """Twenty assets, noisy labels: the published notebook finds one component equal to the weights."""
    basket = Basket.of(20)
    data = basket.samples(2048, seed=1)
    normalisation, share, samples, gradient = components(data)
    assert n_live(normalisation) == 1 and share[0] > 1.0 - 1e-6 and np.all(np.asarray(share[1:]) < 1e-6)
    found = np.asarray(normalisation.forward)[0]
    np.testing.assert_allclose(
        found / found.sum(), basket.weight, rtol=1e-5 if default_dtype() == jnp.float64 else 0.02
    )
    assert_close(gradient, data.dydx, factor=100)
    assert np.std(samples.x[0]) == pytest.approx(1.0, rel=1e-4)


def test_three_baskets_have_three_directions_of_the_same_span():
    rng = np.random.default_rng(5)
    x = correlated(2048, 20)
    weight = rng.uniform(0.1, 1.0, (3, 20)) / x.std(axis=0)
    distance = (x - x.mean(axis=0)) @ weight.T
    y, dydx = np.maximum(distance, 0.0).sum(axis=1), (distance > 0.0) @ weight
    normalisation, _, _, gradient = components(dataset(x, y, dydx))
    assert n_live(normalisation) == 3
    rows = np.asarray(normalisation.forward)[:3]
    assert angle(rows * x.std(axis=0), weight * x.std(axis=0)) < (1e-6 if default_dtype() == jnp.float64 else 0.01)
    assert_close(gradient, dydx, factor=100)


def test_the_most_relevant_comes_first_and_the_inputs_are_white():
    rng = np.random.default_rng(5)
    x = correlated(1024, 4)
    normalisation, share, samples, gradient = components(dataset(x, rng.normal(size=1024), rng.normal(size=(1024, 4))))
    assert n_live(normalisation) == 4 and np.all(np.diff(share) <= 0.0) and np.sum(share) == pytest.approx(1.0)
    u, slope = np.asarray(samples.x), np.asarray(samples.slope)
    assert_close(u @ u.T / 1024, np.eye(4), factor=1e3)
    relevance = slope @ slope.T / 1024
    assert_close(relevance, np.diag(np.diag(relevance)), factor=100)
    np.testing.assert_allclose(np.diag(relevance) / np.trace(relevance), share, rtol=1e-3)
    assert gradient.shape == (1024, 4)
    identity = np.asarray(normalisation.forward @ normalisation.backward)
    assert_close(identity, np.eye(4), factor=1e3)


@pytest.mark.x64
def test_what_varies_little_but_matters_is_kept():
    """Ordinary components would drop the spread of two rates that move almost together, which is all that is paid."""
    rng = np.random.default_rng(6)
    level, spread = rng.normal(size=(2, 1024))
    x = np.stack([level + 0.01 * spread, level - 0.01 * spread], axis=1)
    y, dydx = np.maximum(x[:, 0] - x[:, 1], 0.0), (x[:, :1] > x[:, 1:]) * np.array([1.0, -1.0])
    normalisation, *_, gradient = components(dataset(x, y, dydx))
    assert n_live(normalisation) == 1
    assert angle(normalisation.forward[:1], [[1.0, -1.0]]) < 1e-6
    np.testing.assert_allclose(gradient, dydx, atol=1e-9)


@pytest.mark.parametrize("n_copies", [1, 2])
def test_inputs_that_move_together_exactly(n_copies):
    """A direction without variance is left out; derivatives along the points are kept."""
    rng = np.random.default_rng(5)
    x = correlated(1024, 3)
    copied = np.concatenate([x] + [2.0 * x[:, :1]] * n_copies, axis=1)
    dydx = rng.normal(size=copied.shape)
    normalisation, _, samples, gradient = components(dataset(copied, rng.normal(size=1024), dydx))
    assert n_live(normalisation) == 3
    for leaf in jax.tree.leaves((normalisation, samples)):
        assert np.all(np.isfinite(leaf))
    move = np.concatenate([np.eye(3), 2.0 * np.eye(3)[:, :1] @ np.ones((1, n_copies))], axis=1)
    found, expected = np.asarray(gradient) @ move.T, dydx @ move.T
    np.testing.assert_allclose(found, expected, atol=1e-6 if default_dtype() == jnp.float64 else 2e-2)


def test_the_tolerance_bounds_what_is_lost():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1024, 3))
    size = np.array([1.0, 0.1, 0.01])
    data = dataset(x, rng.normal(size=1024), rng.normal(size=(1024, 3)) * size)
    for tolerance, expected in ((1e-6, 3), (1e-3, 2), (0.05, 1)):
        normalisation, share, _, gradient = components(data, tolerance)
        assert n_live(normalisation) == expected
        lost = np.mean((np.asarray(gradient) - np.asarray(data.dydx)) ** 2) / np.mean(np.asarray(data.dydx) ** 2)
        assert lost <= 1.2 * np.sum(np.asarray(share)[expected:]) + 1e-9


def test_labels_without_derivatives_have_no_direction():
    x = correlated(256, 3)
    normalisation, share, *_ = components(dataset(x, x[:, 0], np.zeros((256, 3))))
    assert n_live(normalisation) == 0
    np.testing.assert_array_equal(share, 0.0)
