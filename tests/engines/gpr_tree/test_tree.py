"""Branches: moments of the full tree, in antithetic pairs."""

import itertools

import jax
import numpy as np
import pytest

from jaxprice.engines.gpr_tree.config import Config
from jaxprice.engines.gpr_tree.tree import branches

pytestmark = pytest.mark.x64


def test_the_full_tree_has_every_sign_once(key):
    found = {tuple(row) for row in np.asarray(branches(key, 3, 8))}
    assert found == set(itertools.product([-1.0, 1.0], repeat=3))


@pytest.mark.parametrize(("d", "n"), [(4, 8), (5, 16), (10, 32), (40, 128)])
def test_samples_have_the_moments_of_the_full_tree_up_to_the_third(d, n):
    sign = np.asarray(branches(jax.random.key(5), d, n))
    assert sign.shape == (n, d) and set(np.unique(sign)) == {-1.0, 1.0}
    np.testing.assert_array_equal(sign.T @ sign / n, np.eye(d))
    np.testing.assert_array_equal(np.einsum("na,nb,nc->abc", sign, sign, sign), 0.0)
    rows = {tuple(row) for row in sign}
    assert len(rows) == n and all(tuple(-np.array(row)) in rows for row in rows)


def test_default_number_of_branches():
    assert [Config().branches_for(d) for d in (1, 2, 5, 6, 10, 40)] == [2, 4, 16, 16, 32, 128]
    for wrong in (3, 12, 8, 2048):
        with pytest.raises(ValueError, match="power of two"):
            Config(n_branches=wrong).branches_for(10 if wrong != 2048 else 4)
