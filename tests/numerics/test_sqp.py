"""Sequential quadratic programming against SciPy and against searches that cannot miss."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
from numpy.testing import assert_allclose

from jaxprice.core.status import Status
from jaxprice.numerics import sqp


def test_convex_problems_agree_with_slsqp():
    rng = np.random.default_rng(0)
    n, m = 1000, 4
    factor = rng.normal(size=(n, m, m))
    matrix, linear = factor @ factor.transpose(0, 2, 1) + 0.05 * np.eye(m), 3.0 * rng.normal(size=(n, m))
    lower, upper = -rng.uniform(0.2, 1.0, (n, m)), rng.uniform(0.2, 1.0, (n, m))

    def function(matrix, linear, x):
        return linear @ x + 0.5 * x @ matrix @ x + 0.1 * jnp.sum(jnp.exp(x))

    @jax.jit
    @jax.vmap
    def ours(matrix, linear, lower, upper):
        return sqp.minimise(lambda x: function(matrix, linear, x), jnp.zeros(m), lower, upper)

    found = ours(matrix, linear, lower, upper)
    assert np.all(found.status == Status.OK)
    assert np.all((found.x >= lower) & (found.x <= upper))
    n_worse = 0
    for i in range(n):
        bounds = np.stack([lower[i], upper[i]], axis=1)
        a, b = matrix[i], linear[i]
        theirs = scipy.optimize.minimize(
            lambda x, a=a, b=b: b @ x + 0.5 * x @ a @ x + 0.1 * np.exp(x).sum(),
            np.zeros(m),
            jac=lambda x, a=a, b=b: b + a @ x + 0.1 * np.exp(x),
            bounds=bounds,
            method="SLSQP",
            options={"ftol": 1e-12},
        )
        n_worse += float(found.value[i]) > theirs.fun + 1e-6 * max(1.0, abs(theirs.fun))
    assert n_worse <= n // 1000


def test_linear_objectives_over_three_correlations_against_a_grid():
    rng = np.random.default_rng(1)
    n = 1000
    width = 0.2 + 0.8 * rng.uniform(size=(n, 3))
    linear = rng.normal(size=(n, 3))

    @jax.jit
    @jax.vmap
    def ours(linear, width):
        return sqp.minimise(lambda x: linear @ x, jnp.zeros(3), -width, width, n_correlated=3, tolerance=1e-6)

    found = ours(linear, width)
    assert np.mean(np.asarray(found.status) == Status.OK) >= 0.999
    a, b, c = np.asarray(found.x).T
    assert np.all(1.0 + 2.0 * a * b * c - a**2 - b**2 - c**2 > 0.0)
    axis = np.linspace(-1.0, 1.0, 41)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    n_worse = 0
    for i in range(n):
        a, b, c = (point := grid * width[i]).T
        best = (point @ linear[i])[1.0 + 2.0 * a * b * c - a**2 - b**2 - c**2 >= 0.0].min()
        n_worse += float(found.value[i]) > best + 1e-4 * np.abs(linear[i] * width[i]).sum()
    assert n_worse <= n // 1000


def test_quadratic_forms_from_their_maximum_are_global_over_vertices_and_grid():
    """What a step of the tree solves: Σ A_ij σ_i σ_j ρ_ij with curvature of any sign."""
    rng = np.random.default_rng(2)
    n, d = 1000, 3
    matrix = rng.normal(size=(n, d, d))
    matrix = matrix + matrix.transpose(0, 2, 1)
    low, high = rng.uniform(0.05, 0.2, (n, d)), rng.uniform(0.2, 0.5, (n, d))
    rho = np.eye(d)
    rho[np.tril_indices(d, -1)] = (0.4, -0.3, 0.2)
    rho = np.tril(rho) + np.tril(rho, -1).T

    @jax.jit
    @jax.vmap
    def ours(matrix, low, high):
        form = sqp.QuadraticForm(matrix)
        rhos = (jnp.asarray(rho), jnp.asarray(rho))
        best, _ = sqp.maximise_form(form, sqp.corners(low, high), low, high, *rhos)
        return sqp.minimise(lambda v: -form.value(v, jnp.asarray(rho)), best, low, high)

    found = ours(matrix, low, high)
    share = np.linspace(0.0, 1.0, 11)
    grid = np.array(list(itertools.product(share, repeat=d)))
    n_worse = 0
    for i in range(n):
        volatility = low[i] + grid * (high[i] - low[i])
        best = np.einsum("ni,ij,nj->n", volatility, matrix[i] * rho, volatility).max()
        n_worse += -float(found.value[i]) < best - 1e-9
    assert n_worse <= n // 1000


def test_bounds_that_touch_are_fixed_variables():
    start = jnp.array([0.3, 0.0])
    found = sqp.minimise(lambda x: jnp.sum((x - 1.0) ** 2), start, jnp.array([0.3, -2.0]), jnp.array([0.3, 2.0]))
    assert_allclose(found.x, [0.3, 1.0], atol=1e-4)


def test_a_curved_valley():
    def rosenbrock(x):
        return 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2

    bound = jnp.full((2,), 2.0)
    found = sqp.minimise(rosenbrock, jnp.array([-1.2, 1.0]), -bound, bound, max_iterations=200, tolerance=1e-12)
    assert_allclose(found.x, [1.0, 1.0], atol=1e-3)
    assert found.status == Status.OK
    short = sqp.minimise(rosenbrock, jnp.array([-1.2, 1.0]), -bound, bound, max_iterations=3)
    assert short.status == Status.NOT_CONVERGED and short.n_iterations == 3


def test_a_start_without_a_value_is_reported():
    one = jnp.ones(1)
    assert sqp.minimise(lambda x: jnp.log(x[0]), -one, -one, one).status == Status.NON_FINITE


def test_correlation_matrices_and_their_entries():
    entries = jnp.arange(1.0, 7.0) / 10.0
    matrix = sqp.correlation_matrix(entries, 4)
    assert_allclose(matrix, matrix.T)
    assert_allclose(jnp.diagonal(matrix), 1.0)
    assert_allclose(sqp.correlation_entries(matrix), entries)
    assert sqp.correlation_entries(jnp.eye(1)).shape == (0,)
