import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import qmc

from jaxprice.numerics import normal, sobol


def as_unit(bits):
    return np.asarray(bits).T.astype(np.float64) * 2.0**-32


points = jax.jit(sobol.points)
table = jax.jit(sobol.table, static_argnums=1)
block = jax.jit(sobol.block)


@functools.cache
def scrambled(n_dims, seed=0):
    return jax.jit(sobol.scrambled, static_argnums=1)(jax.random.key(seed), n_dims)


@pytest.mark.parametrize(("n_dims", "n_points"), [(1, 4096), (21, 1024), (sobol.MAX_DIMS, 256)])
def test_unscrambled_points_are_those_of_scipy(n_dims, n_points):
    got = points(sobol.unscrambled(n_dims), jnp.arange(n_points, dtype=jnp.uint32))
    np.testing.assert_array_equal(as_unit(got), qmc.Sobol(n_dims, scramble=False).random(n_points))


@pytest.mark.parametrize("start", [1_003, 2**20 + 17])
def test_any_index_is_that_of_scipy(start):
    reference = qmc.Sobol(40, scramble=False)
    reference.fast_forward(start)
    got = points(sobol.unscrambled(40), start + jnp.arange(33, dtype=jnp.uint32))
    np.testing.assert_array_equal(as_unit(got), reference.random(33))


@pytest.mark.parametrize("size", [1, 64])
def test_blocks_are_the_points_of_their_indices(size):
    sequence = scrambled(5)
    base = table(sequence, size)
    for number in (0, 1, 5, 2**31 // size + 3):
        index = np.arange(number * size, (number + 1) * size, dtype=np.uint32)
        got = block(sequence, base, jnp.uint32(index[0]))
        np.testing.assert_array_equal(got, points(sequence, jnp.asarray(index)))


def test_index_of_any_shape():
    index = jnp.arange(12, dtype=jnp.uint32).reshape(3, 4)
    sequence = scrambled(5)
    flat = points(sequence, index.ravel())
    np.testing.assert_array_equal(points(sequence, index), flat.reshape(5, 3, 4))
    np.testing.assert_array_equal(points(sequence, index[1, 2]), flat[:, 6])


@pytest.mark.parametrize("seed", [0, 1])
def test_scrambling_keeps_one_point_in_every_elementary_interval(seed):
    n_bits = 10
    unit = as_unit(table(scrambled(2, seed), 2**n_bits))
    for first in range(n_bits + 1):
        cell = np.floor(unit * [2**first, 2 ** (n_bits - first)]).astype(int)
        assert len({tuple(c) for c in cell}) == 2**n_bits


def test_scrambled_points_are_uniform_and_uncorrelated_over_replicates():
    keys = jax.random.split(jax.random.key(5), 4096)
    first = jax.jit(jax.vmap(lambda key: sobol.points(sobol.scrambled(key, 3), jnp.uint32(6))))(keys)
    centred = np.asarray(first, np.float64) * 2.0**-32 - 0.5
    np.testing.assert_allclose(centred.mean(0), 0.0, atol=5 / np.sqrt(12 * 4096))
    np.testing.assert_allclose(12 * centred.T @ centred / 4096, np.eye(3), atol=5 / np.sqrt(4096))


def test_scramble_of_a_dimension_depends_on_the_key_and_not_on_the_others():
    few, many = scrambled(2), scrambled(5)
    np.testing.assert_array_equal(few.word, many.word[:2])
    np.testing.assert_array_equal(few.shift, many.shift[:2])
    assert len(np.unique(many.shift)) == 5
    assert (scrambled(5, seed=1).shift != many.shift).all()


@pytest.mark.x64
@pytest.mark.parametrize(("n_dims", "slope"), [(2, -1.35), (5, -1.1)])
def test_error_of_a_smooth_integral_falls_faster_than_one_over_n(n_dims, slope):
    n_replicates, n_points = 32, 2 ** np.arange(4, 12)

    @jax.jit
    @jax.vmap
    def integrand(key):
        u = sobol.uniform(sobol.table(sobol.scrambled(key, n_dims), int(n_points[-1])), jnp.float64)
        return jnp.prod(1.0 + 0.5 * (jnp.exp(u) - (np.e - 1.0)), axis=0)

    value = np.asarray(integrand(jax.random.split(jax.random.key(7), n_replicates)))
    error = np.stack([value[:, :n].mean(1) - 1.0 for n in n_points])
    rmse = np.sqrt(np.mean(error**2, axis=1))
    assert np.polyfit(np.log(n_points), np.log(rmse), 1)[0] < slope
    assert (np.abs(error.mean(1)) < 5.0 * rmse / np.sqrt(n_replicates)).all()


def test_normals_of_a_block_have_quasi_random_moments():
    value = jax.jit(normal.from_bits)(table(scrambled(5), 4096))
    np.testing.assert_allclose(value.mean(1), 0.0, atol=2e-3)
    np.testing.assert_allclose((value**2).mean(1), 1.0, atol=5e-3)


def test_uniform_numbers_are_strictly_inside():
    bits = jnp.asarray([0, 1, 2**31, 2**32 - 1], jnp.uint32)
    for dtype in (jnp.float32, jnp.float64) if jax.config.jax_enable_x64 else (jnp.float32,):
        u = sobol.uniform(bits, dtype)
        assert u.dtype == dtype and 0.0 < u.min() and u.max() < 1.0
        np.testing.assert_array_equal(sobol.uniform(~bits, dtype), 1.0 - u)


def test_bad_sizes_are_refused():
    for n_dims in (0, sobol.MAX_DIMS + 1):
        with pytest.raises(ValueError, match=f"1 to {sobol.MAX_DIMS}"):
            sobol.unscrambled(n_dims)
    with pytest.raises(ValueError, match="power of two"):
        sobol.table(scrambled(3), 48)
    with pytest.raises(TypeError, match="float16"):
        sobol.uniform(jnp.zeros(2, jnp.uint32), jnp.float16)


def test_double_precision_without_x64_is_refused():
    with jax.enable_x64(False), pytest.raises(RuntimeError, match="JAX_ENABLE_X64=1"):
        sobol.uniform(jnp.zeros(2, jnp.uint32), jnp.float64)
