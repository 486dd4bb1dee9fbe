"""The loss, and what each error counts in it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, default_dtype

from jaxprice.learning import loss as module
from jaxprice.learning.loss import Balance
from jaxprice.learning.samples import Samples

N = 50
balance = jax.jit(module.balance, static_argnums=(1, 2))
differential_loss = jax.jit(module.differential_loss)
constant_loss = jax.jit(module.constant_loss, static_argnums=(2, 3))
linear_loss = jax.jit(module.linear_loss, static_argnums=(2, 3))


def normalised(n_inputs, n_directions=0, seed=3):
    """Labels of mean zero and size one; derivatives of different sizes, the mean squares within a hundredth."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=N)
    curvature = rng.normal(size=(n_directions, n_inputs, N)) * 7.0 if n_directions else None
    samples = Samples(
        x=rng.normal(size=(n_inputs, N)),
        y=(y - y.mean()) / y.std(),
        slope=rng.normal(size=(n_inputs, N)) * 2.0 ** -np.arange(n_inputs)[:, None],
        weight=np.ones(N),
        curvature=curvature,
    )
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, default_dtype()), samples)


def shares(samples, weights):
    """What each kind of label counts, times its mean square."""
    samples, weights = jax.tree.map(np.asarray, (samples, weights))
    slope = weights.slope * np.mean(samples.slope**2, axis=1)
    if samples.curvature is None:
        return weights.value, slope, None
    return weights.value, slope, np.sum(weights.curvature * np.mean(samples.curvature**2, axis=2), axis=1)


@pytest.mark.parametrize("gradient_weight", [0.25, 1.0, 3.0])
def test_a_value_and_each_derivative_count_alike_whatever_the_number_of_samples(gradient_weight):
    """α = 1 / (1 + λ n) with n the inputs: with the samples for n, the value would hardly count."""
    n_inputs = 3
    samples = normalised(n_inputs)
    value, slope, _ = shares(samples, balance(samples, gradient_weight, 0.0))
    total = 1.0 + gradient_weight * n_inputs
    assert_close(value, 1.0 / total)
    assert_close(slope, np.full(n_inputs, gradient_weight / total))
    half = jax.tree.map(lambda leaf: np.asarray(leaf)[..., : N // 2], samples)
    assert_close(balance(half, gradient_weight, 0.0).value, 1.0 / total)


def test_one_input_with_gamma_counts_two_two_one():
    """Glasserman and Karmarkar 2025: .4, .4 and .2; without gamma .5 and .5."""
    samples = normalised(1, 1)
    value, slope, curvature = shares(samples, balance(samples, 1.0, 0.5))
    assert_close([value, slope[0], curvature[0]], [0.4, 0.4, 0.2])
    value, slope, _ = shares(dataclasses.replace(samples, curvature=None), balance(samples, 1.0, 0.0))
    assert_close([value, slope[0]], [0.5, 0.5])


def test_second_order_labels_count_alike_together_whatever_the_number_of_directions():
    samples = normalised(3, 2)
    value, slope, curvature = shares(samples, balance(samples, 2.0, 0.5))
    total = 1.0 + 2.0 * 3 + 0.5
    assert_close(value, 1.0 / total)
    assert_close(slope, np.full(3, 2.0 / total))
    assert_close(curvature, np.full(2, 0.5 / 2 / total))


def test_a_derivative_that_hardly_moves_the_value_counts_less():
    """Its errors are measured by a tenth of the largest derivative, not by its own size."""
    samples = normalised(2)
    small = dataclasses.replace(samples, slope=samples.slope.at[1].multiply(1e-2))
    slope = shares(small, balance(small, 1.0, 0.0))[1]
    ratio = np.mean(small.slope[1] ** 2) / np.mean(small.slope[0] ** 2)
    assert ratio < 1e-3
    np.testing.assert_allclose(slope, [1.0 / 3.0, ratio / 1e-2 / 3.0], rtol=1e-5)


def test_an_input_whose_derivative_is_always_zero_keeps_its_labels():
    samples = normalised(3)
    zero = dataclasses.replace(samples, slope=samples.slope.at[1].set(0.0))
    weights = balance(zero, 1.0, 0.0)
    assert_close(weights.value, 0.25)
    assert weights.slope[1] == weights.slope[0] and weights.slope[2] > weights.slope[0]
    wrong = zero.slope.at[1].set(1.0)
    assert differential_loss(weights, zero, zero.y, wrong) > 0.0


def test_derivatives_that_are_all_zero_make_no_infinity():
    samples = dataclasses.replace(normalised(2), slope=jnp.zeros((2, N)))
    weights = balance(samples, 1.0, 0.0)
    np.testing.assert_array_equal(weights.slope, weights.value)
    assert jnp.isfinite(differential_loss(weights, samples, samples.y, samples.slope + 100.0))


def test_a_direction_that_was_left_out_does_not_count():
    """Its inputs, derivatives and second derivatives are rows of zeros."""
    samples = normalised(3, 2)
    out = dataclasses.replace(
        samples,
        x=samples.x.at[1].set(0.0),
        slope=samples.slope.at[1].set(0.0),
        curvature=samples.curvature.at[:, 1].set(0.0),
    )
    rest = jax.tree.map(lambda leaf: np.asarray(leaf)[..., [0, 2], :] if leaf.ndim > 1 else leaf, samples)
    weights, expected = balance(out, 1.0, 0.5), balance(rest, 1.0, 0.5)
    assert_close(weights.value, expected.value)
    assert_close(weights.slope, np.insert(expected.slope, 1, 0.0))
    assert_close(weights.curvature, np.insert(expected.curvature, 1, 0.0, axis=1))
    nothing = dataclasses.replace(out, x=jnp.zeros_like(out.x), slope=jnp.zeros_like(out.slope))
    assert balance(dataclasses.replace(nothing, curvature=None), 1.0, 0.0).value == 1.0


def test_the_loss_is_the_weighted_mean_of_squares():
    samples = normalised(2, 1)
    weights = Balance(value=jnp.array(0.3), slope=jnp.array([0.2, 0.5]), curvature=jnp.array([[0.1, 0.4]]))
    value, slope, curvature = samples.y + 1.0, samples.slope - 2.0, samples.curvature + 3.0
    assert differential_loss(weights, samples, samples.y, samples.slope, samples.curvature) == 0.0
    assert_close(differential_loss(weights, samples, value), 0.3)
    assert_close(differential_loss(weights, samples, value, slope), 0.3 + 0.7 * 4.0)
    assert_close(differential_loss(weights, samples, value, slope, curvature), 0.3 + 0.7 * 4.0 + 0.5 * 9.0)


def test_samples_of_weight_zero_do_not_count():
    samples = normalised(2)
    weights = balance(samples, 1.0, 0.0)
    filled = jax.tree.map(lambda leaf: np.concatenate([leaf, np.asarray(leaf)[..., :5]], axis=-1), samples)
    filled.weight[N:] = 0.0
    plain = differential_loss(weights, samples, samples.y + 1.0, samples.slope)
    wrong = filled.y + np.where(filled.weight > 0.0, 1.0, 1e6).astype(filled.y.dtype)
    assert_close(differential_loss(weights, filled, wrong, filled.slope), plain)
    nobody = dataclasses.replace(filled, weight=0.0 * filled.weight)
    assert differential_loss(weights, nobody, wrong, filled.slope) == 0.0


def test_no_constant_has_a_smaller_loss_than_the_constant_one():
    """It is one: every label was divided by its mean square."""
    samples = normalised(3, 2)
    weights = balance(samples, 1.0, 0.5)
    loss = constant_loss(weights, samples, True, True)
    assert_close(loss, 1.0)
    for constant in (-0.1, 0.1):
        value, nothing = jnp.full(N, constant), 0.0 * samples.slope
        assert differential_loss(weights, samples, value, nothing, 0.0 * samples.curvature) > loss
    assert_close(constant_loss(weights, samples, False, False), weights.value)
    assert_close(constant_loss(weights, samples, True, False), weights.value + 3.0 * weights.value)


@pytest.mark.parametrize("has_slope", [False, True])
def test_no_line_has_a_smaller_loss_than_the_linear_one(has_slope):
    """Against least squares of the stacked rows; an input that was left out and a copy of another do no harm."""
    samples = normalised(4)
    x = np.array(samples.x)
    x[1], x[3] = 0.0, x[0]
    samples = dataclasses.replace(samples, x=jnp.asarray(x), slope=samples.slope + 0.3)
    weights = jax.tree.map(np.float64, balance(samples, 2.0, 0.0))
    rows = [np.sqrt(weights.value) * np.concatenate([x, np.ones((1, N))]).T]
    target = [np.sqrt(weights.value) * np.float64(samples.y)]
    for j in range(4 * has_slope):
        rows.append(np.sqrt(weights.slope[j]) * np.tile(np.arange(5) == j, (N, 1)))
        target.append(np.sqrt(weights.slope[j]) * np.float64(samples.slope[j]))
    rows, target = np.concatenate(rows), np.concatenate(target)
    residual = target - rows @ np.linalg.lstsq(rows, target, rcond=None)[0]
    found = linear_loss(balance(samples, 2.0, 0.0), samples, has_slope, False)
    np.testing.assert_allclose(found, residual @ residual / N, rtol=1e-5)
    assert found < 0.99 * constant_loss(balance(samples, 2.0, 0.0), samples, has_slope, False)


def test_nothing_to_go_by_is_a_constant():
    samples = jax.tree.map(jnp.zeros_like, normalised(2))
    samples = dataclasses.replace(samples, y=normalised(2).y, weight=jnp.ones(N))
    weights = balance(samples, 1.0, 0.0)
    assert_close(linear_loss(weights, samples, True, False), constant_loss(weights, samples, True, False))


def test_a_line_has_no_curvature():
    samples = normalised(2, 1)
    weights = balance(samples, 1.0, 0.5)
    with_, without = (linear_loss(weights, samples, True, has) for has in (True, False))
    assert_close(with_ - without, shares(samples, weights)[2][0])
