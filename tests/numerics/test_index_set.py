"""Sparse index sets and the products they stand for."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, default_dtype

from jaxprice.numerics import hermite
from jaxprice.numerics.index_set import IndexKind, hyperbolic_cross, index_set, total_degree
from jaxprice.reference.literature.glsm import BASIS_SIZE


def brute_force(n_dims, order, keep):
    return {index for index in itertools.product(range(order + 1), repeat=n_dims) if keep(np.array(index))}


@pytest.mark.parametrize(("n_dims", "order", "size"), [row for row in BASIS_SIZE if row[0] * row[1] <= 300])
def test_the_hyperbolic_cross_has_the_published_sizes(n_dims, order, size):
    assert hyperbolic_cross(n_dims, order).size == size


@pytest.mark.parametrize(("n_dims", "order"), [(1, 5), (2, 10), (3, 7), (4, 4)])
def test_the_sets_are_those_of_their_definition(n_dims, order):
    cross = brute_force(n_dims, order, lambda index: np.prod(index + 1) <= order + 1)
    simplex = brute_force(n_dims, order, lambda index: index.sum() <= order)
    for found, expected in ((hyperbolic_cross(n_dims, order), cross), (total_degree(n_dims, order), simplex)):
        rows = [tuple(row) for row in found.indices()]
        assert len(rows) == found.size == len(set(rows))
        assert set(rows) == expected and rows[0] == (0,) * n_dims


@pytest.mark.parametrize("kind", list(IndexKind))
def test_products_follow_the_indices(kind):
    rng = np.random.default_rng(1)
    order, table = 5, rng.normal(size=(3, 5, 4))
    chosen = index_set(kind, 3, order)
    with_one = np.concatenate([np.ones((3, 1, 4)), table], axis=1)
    expected = np.stack([np.prod([with_one[j, a] for j, a in enumerate(index)], axis=0) for index in chosen.indices()])
    assert_close(chosen.products(jnp.asarray(table, default_dtype())), expected)


def test_one_set_is_one_object():
    assert index_set(IndexKind.TOTAL_DEGREE, 3, 2) is total_degree(3, 2)
    assert index_set(IndexKind.HYPERBOLIC_CROSS, 3, 2) is hyperbolic_cross(3, 2)


@pytest.mark.parametrize(("n_dims", "order"), [(0, 3), (3, 0), (2, -1)])
def test_an_empty_set_is_refused(n_dims, order):
    with pytest.raises(ValueError, match="expected"):
        hyperbolic_cross(n_dims, order)


@pytest.mark.x64
def test_hermite_products_are_orthonormal_under_the_normal_law():
    node, weight = np.polynomial.hermite_e.hermegauss(24)
    weight = weight / weight.sum()
    x = np.stack(np.meshgrid(node, node, indexing="ij")).reshape(2, -1)
    w = np.outer(weight, weight).ravel()
    values = np.asarray(hyperbolic_cross(2, 8).products(hermite.table(jnp.asarray(x), 8)))
    np.testing.assert_allclose((values * w) @ values.T, np.eye(len(values)), atol=1e-10)
