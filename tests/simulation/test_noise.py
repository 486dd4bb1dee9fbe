import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jaxprice.simulation import noise
from jaxprice.simulation.noise import Sampling


def index(start, n):
    return start + jnp.arange(n, dtype=jnp.uint32)


@pytest.mark.parametrize("sampling", [Sampling.PSEUDO, Sampling.ANTITHETIC])
def test_a_path_draws_the_same_normals_in_any_chunk(key, sampling):
    whole = noise.draw(key, sampling, index(jnp.uint32(0), 64), 7)
    parts = [noise.draw(key, sampling, index(jnp.uint32(start), 16), 7) for start in (0, 16, 32, 48)]
    np.testing.assert_array_equal(whole, jnp.concatenate(parts, axis=1))


def test_a_path_draws_the_same_first_normals_however_many_it_takes(key):
    few, many = (noise.draw(key, Sampling.PSEUDO, index(jnp.uint32(5), 8), n) for n in (3, 9))
    np.testing.assert_array_equal(few, many[:3])


def test_antithetic_paths_come_in_exact_pairs(key):
    normal = noise.draw(key, Sampling.ANTITHETIC, index(jnp.uint32(0), 64), 5)
    np.testing.assert_array_equal(normal[:, ::2], -normal[:, 1::2])
    assert len(np.unique(np.asarray(normal[:, ::2]))) == 32 * 5


def test_the_law_is_standard_normal_and_independent(key):
    normal = np.asarray(noise.draw(key, Sampling.PSEUDO, index(jnp.uint32(0), 2**17), 4), np.float64)
    assert stats.kstest(normal.ravel(), "norm").pvalue > 1e-3
    n = normal.shape[1]
    np.testing.assert_allclose(normal @ normal.T / n, np.eye(4), atol=5 * np.sqrt(2 / n))
    squares = normal**2 - 1
    np.testing.assert_allclose(np.corrcoef(squares), np.eye(4), atol=5 / np.sqrt(n))
    # Neighbouring paths are independent too.
    assert np.abs(np.mean(normal[:, 1:] * normal[:, :-1])) < 5 / np.sqrt(4 * n)
    # The tail is there: P(|Z| > 4) = 6.33e-5.
    assert 15 < np.sum(np.abs(normal) > 4.0) < 60


def test_keys_and_late_paths_differ(key):
    one = noise.draw(key, Sampling.PSEUDO, index(jnp.uint32(0), 256), 4)
    other = noise.draw(jax.random.key(1), Sampling.PSEUDO, index(jnp.uint32(0), 256), 4)
    late = noise.draw(key, Sampling.PSEUDO, index(jnp.uint32(2**32 - 256), 256), 4)
    values = np.concatenate([np.asarray(x).ravel() for x in (one, other, late)])
    # A few of 3,072 draws coincide by chance in 32 bits; whole streams do not.
    assert len(np.unique(values)) > values.size - 5


def test_by_path_keeps_each_path_together(key):
    normal = noise.draw(key, Sampling.PSEUDO, index(jnp.uint32(0), 8), 6)
    rows = noise.by_path(normal, 3, jnp.float32)
    assert rows.shape == (8, 3, 2)
    np.testing.assert_array_equal(rows[5].ravel(), normal[:, 5])
