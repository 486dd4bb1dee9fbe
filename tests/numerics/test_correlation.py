import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, default_dtype
from problems import skewed_market

from jaxprice.numerics.correlation import cholesky_factor, correlation_factor, equicorrelation, lower_inverse


def test_the_factor_reproduces_the_matrix():
    matrix = skewed_market().correlation
    factor = correlation_factor(matrix)
    assert_close(factor @ factor.T, matrix)
    assert_close(jnp.triu(factor, 1), jnp.zeros((3, 3)))


@pytest.mark.parametrize("correlation", [1.0, -1.0])
def test_perfect_correlation_has_a_finite_factor_and_derivative(correlation):
    matrix = equicorrelation(2, jnp.array(correlation))
    factor = correlation_factor(matrix)
    np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-9 if default_dtype() == jnp.float64 else 2e-5)
    assert np.all(np.isfinite(jax.grad(lambda m: jnp.sum(correlation_factor(m)))(matrix)))


@pytest.mark.x64
def test_our_derivative_of_the_factor_is_that_of_jax():
    matrix = skewed_market().correlation
    direction = jnp.array([[0.0, 0.3, -0.2], [0.3, 0.0, 0.7], [-0.2, 0.7, 0.0]])
    for ours, theirs in ((cholesky_factor, jnp.linalg.cholesky), (lower_inverse, jnp.linalg.inv)):
        at = matrix if ours is cholesky_factor else jnp.linalg.cholesky(matrix)
        along = direction if ours is cholesky_factor else jnp.tril(direction)
        assert_close(jax.jvp(ours, (at,), (along,))[1], jax.jvp(theirs, (at,), (along,))[1], factor=10)
        weight = jnp.asarray(np.random.default_rng(0).normal(size=(3, 3)))
        gradient = [jax.grad(lambda m: jnp.sum(weight * f(m)))(at) for f in (ours, theirs)]  # noqa: B023
        if ours is cholesky_factor:
            gradient = [g + g.T for g in gradient]
        assert_close(jnp.tril(gradient[0]), jnp.tril(gradient[1]), factor=10)


def test_the_diagonal_counts_as_constant_and_pairs_share_their_derivative():
    gradient = jax.grad(lambda m: jnp.sum(correlation_factor(m) ** 3))(skewed_market().correlation)
    assert_close(jnp.diag(gradient), jnp.zeros(3))
    assert_close(gradient, gradient.T)


def test_batched_derivatives_call_no_triangular_solver_per_member():
    """LAPACK wakes its threads for each batched solve: there must be none whose right-hand side is batched."""
    weight = jnp.ones((64, 3, 3))
    program = jax.jit(jax.vmap(jax.grad(lambda m, w: jnp.sum(w * correlation_factor(m))), in_axes=(None, 0)))
    text = program.lower(skewed_market().correlation, weight).as_text()
    assert not [line for line in text.splitlines() if "triangular_solve" in line and "64x" in line]
