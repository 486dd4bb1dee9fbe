"""Least squares from normal equations that merge."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxprice.core.status import Status
from jaxprice.numerics.least_squares import NormalEquations, solve

pytestmark = pytest.mark.x64


def regression(n_columns, n_rows=400, seed=0, noise=0.1):
    rng = np.random.default_rng(seed)
    column = rng.normal(size=(n_columns, n_rows)) * 10.0 ** rng.uniform(-3, 3, (n_columns, 1))
    target = rng.normal(size=n_columns) @ column + noise * rng.normal(size=n_rows)
    return column, target


def accumulated(column, target, n_chunks=1, weight=None):
    weight = np.ones_like(target) if weight is None else weight
    equations = NormalEquations.empty(len(column))
    for c, t, w in zip(
        np.split(column, n_chunks, axis=1), np.split(target, n_chunks), np.split(weight, n_chunks), strict=True
    ):
        equations = equations.add(jnp.asarray(c), jnp.asarray(t), jnp.asarray(w))
    return equations


@pytest.mark.parametrize("n_columns", [1, 7, 150])
@pytest.mark.parametrize("n_chunks", [1, 4])
def test_it_is_numpys_solution_whatever_the_scales_and_chunks(n_columns, n_chunks):
    column, target = regression(n_columns)
    expected, residual, *_ = np.linalg.lstsq(column.T, target, rcond=None)
    found = solve(accumulated(column, target, n_chunks))
    length = np.linalg.norm(column, axis=1) / np.linalg.norm(target)
    np.testing.assert_allclose(found.coefficient * length, expected * length, atol=1e-9)
    np.testing.assert_allclose(found.residual_share, residual[0] / (target @ target), rtol=1e-5, atol=1e-9)
    assert found.status == Status.OK and 0.05 < found.smallest_pivot <= 1.0 + 1e-9


def test_rows_of_weight_zero_do_not_count_even_if_they_are_nan():
    column, target = regression(5)
    weight = np.ones(400)
    column[:, 300:], target[300:], weight[300:] = np.nan, np.nan, 0.0
    found = solve(accumulated(column, target, 4, weight)).coefficient
    np.testing.assert_allclose(found, np.linalg.lstsq(column[:, :300].T, target[:300], rcond=None)[0], rtol=1e-8)


def test_equations_of_two_devices_add_up():
    column, target = regression(6)
    halves = [accumulated(column[:, i::2], target[i::2]) for i in range(2)]
    summed = jax.tree.map(lambda a, b: a + b, *halves)
    np.testing.assert_allclose(summed.symmetric(), accumulated(column, target).symmetric(), rtol=1e-12)


def test_a_column_of_zeros_gets_no_coefficient_and_harms_nothing():
    column, target = regression(4)
    column[2] = 0.0
    found = solve(accumulated(column, target))
    expected = np.linalg.lstsq(np.delete(column, 2, 0).T, target, rcond=None)[0]
    np.testing.assert_allclose(np.delete(np.asarray(found.coefficient), 2), expected, rtol=1e-8)
    assert found.coefficient[2] == 0.0 and found.status == Status.OK


def test_collinear_columns_are_reported_and_still_predict():
    column, target = regression(4)
    column[3] = 2.0 * column[0] - column[1]
    found = solve(accumulated(column, target))
    expected = column.T @ np.linalg.lstsq(column.T, target, rcond=None)[0]
    assert found.status == Status.RANK_DEFICIENT and found.smallest_pivot < 1e-9
    np.testing.assert_allclose(
        column.T @ np.asarray(found.coefficient), expected, rtol=1e-5, atol=1e-5 * abs(expected).max()
    )


def test_a_matrix_without_a_factor_is_tried_again_with_a_larger_ridge():
    bad = np.array([[1.0, 1.0 + 1e-7, 1.0], [1.0 + 1e-7, 1.0, 1.0], [1.0, 1.0, 1.0]])
    found = solve(NormalEquations(product=jnp.asarray(bad)))
    assert found.status == Status.RANK_DEFICIENT and np.isfinite(found.coefficient).all()


def test_what_cannot_be_solved_says_so():
    column, target = regression(3)
    column[1, 7] = np.nan
    found = solve(accumulated(column, target))
    assert found.status == Status.FACTORISATION_FAILED
    np.testing.assert_array_equal(found.coefficient, 0.0)


def test_single_precision_blocks_are_summed_in_double():
    column, target = regression(140, n_rows=4096)
    equations = NormalEquations.empty(140)
    for c, t in zip(np.split(column, 8, axis=1), np.split(target, 8), strict=True):
        equations = equations.add(jnp.asarray(c, jnp.float32), jnp.asarray(t), jnp.ones(512))
    assert equations.product.dtype == jnp.float64
    exact = accumulated(column, target).symmetric()
    scale = np.sqrt(np.outer(np.diag(exact), np.diag(exact)))
    np.testing.assert_allclose(equations.symmetric() / scale, exact / scale, atol=2e-6)
