"""The gates: shares that add up, sparsity as promised, and which of them make prices jump."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.mixture_of_experts.regimes_of_calls import committee, points

from jaxprice.engines import mixture_of_experts as moe
from jaxprice.engines.mixture_of_experts import gate_top_k, gate_window

KINDS = list(moe.GateKind)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_shares_of_few_experts(kind):
    found = committee(kind)
    weights = np.asarray(moe.predict(found, points(500), return_weights=True)[2])
    assert weights.shape == (500, 9) and weights.min() >= 0.0
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    assert (weights > 0.0).sum(axis=1).max() == {"window": 4, "top_k": 2, "softmax": 9}[kind]
    assert found.gate.most_active == (weights > 0.0).sum(axis=1).max()


def test_the_k_largest_are_kept_and_of_equal_ones_the_first():
    score = jnp.asarray([[3.0, 1.0, 1.0], [2.0, 1.0, 5.0], [1.0, 1.0, 4.0]])
    np.testing.assert_array_equal(gate_top_k.largest(score, 2), [[1, 1, 0], [1, 1, 1], [0, 0, 1]])
    np.testing.assert_allclose(gate_top_k.weights(score, 1), [[1, 1, 0], [0, 0, 1], [0, 0, 0]])


def test_windows_rule_however_large_the_logits():
    windows = jnp.asarray([[0.5, 1.0], [0.5, 0.0], [0.0, 0.0]])
    logits = jnp.asarray([[1.0, -900.0], [0.0, 900.0], [900.0, 900.0]])
    first, second = np.asarray(gate_window.weights(logits, windows)).T
    learned = np.exp(2.0 * np.tanh(0.5))
    np.testing.assert_allclose(first, [learned / (1.0 + learned), 1.0 / (1.0 + learned), 0.0], rtol=1e-6)
    np.testing.assert_array_equal(second, [1.0, 0.0, 0.0])


@functools.cache
def scan(kind, column):
    """Prices and derivatives of experts that disagree, along a line across the borders."""
    x = np.tile([[0.013, 0.613, 0.3]], (40_001, 1))
    low, high = ((-0.35, 0.35), (0.15, 1.35))[column]
    x[:, column] = np.linspace(low, high, x.shape[0])
    value, slope = moe.predict(committee(kind, dtype=jnp.float64, gate_size=20.0), jnp.asarray(x), dispatch="dense")
    return x[:, column], np.asarray(value), np.asarray(slope)[:, column]


@pytest.mark.x64
@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("kind", ["window", "softmax"])
def test_prices_do_not_jump_and_delta_is_the_slope_of_the_price(kind, column):
    place, value, slope = scan(kind, column)
    step = place[1] - place[0]
    assert np.abs(np.diff(value) - step * 0.5 * (slope[1:] + slope[:-1])).max() < 1e-9
    central = (value[2:] - value[:-2]) / (2.0 * step)
    np.testing.assert_allclose(slope[1:-1], central, atol=1e-4 * np.abs(slope).max())


@pytest.mark.x64
def test_the_gate_of_the_seed_makes_prices_jump_where_the_set_changes():
    jumps = 0
    for column in (0, 1):
        place, value, slope = scan("top_k", column)
        rest = np.abs(np.diff(value) - (place[1] - place[0]) * 0.5 * (slope[1:] + slope[:-1]))
        jumps += (rest > 1e-3).sum()
    assert jumps > 0


@pytest.mark.x64
def test_gamma_goes_through_the_gate():
    found, x = committee(dtype=jnp.float64), points(40, seed=3)
    gamma = moe.evaluate(found, x, jnp.eye(3)).curvature
    price = jax.jit(lambda x: moe.predict(found, x, dispatch="dense")[1])
    for j in range(3):
        up, down = (price(x + sign * 1e-5 * jnp.eye(3)[j][None]) for sign in (1.0, -1.0))
        np.testing.assert_allclose(gamma[:, j], (up - down) / 2e-5, atol=1e-6 * float(jnp.max(jnp.abs(gamma))))
