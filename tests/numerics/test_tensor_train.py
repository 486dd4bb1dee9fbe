"""Tensor trains against the whole arrays that they stand for."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, default_dtype
from jax.test_util import check_grads

from jaxprice.numerics import tensor_operator as to
from jaxprice.numerics import tensor_train as tt

SHAPE, RANKS = (3, 4, 2, 5), (2, 4, 3)


def random_core(rng, shape, is_complex):
    values = rng.normal(size=shape) + (1j * rng.normal(size=shape) if is_complex else 0.0)
    dtype = np.result_type(default_dtype(), np.complex64) if is_complex else default_dtype()
    return jnp.asarray(values / math.sqrt(shape[0]), dtype)


def random_train(seed, is_complex=False, shape=SHAPE, ranks=RANKS):
    rng = np.random.default_rng(seed)
    bonds = [1, *ranks, 1]
    return tt.TensorTrain(
        cores=tuple(random_core(rng, (bonds[k], n, bonds[k + 1]), is_complex) for k, n in enumerate(shape))
    )


def full(train):
    """By NumPy, independently of `to_full`."""
    whole = np.ones((1,))
    for core in train.cores:
        whole = np.tensordot(whole, np.asarray(core), 1)
    return whole[..., 0]


def all_indices(shape):
    return jnp.asarray(np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1).reshape(-1, len(shape)))


@pytest.mark.parametrize("is_complex", [False, True])
def test_entries_are_those_of_the_whole_array(is_complex):
    train = random_train(0, is_complex)
    assert train.shape == SHAPE and train.ranks == RANKS and train.dtype == train.cores[0].dtype
    assert_close(tt.evaluate(train, all_indices(SHAPE)), full(train).ravel())
    assert_close(tt.to_full(train), full(train))


@pytest.mark.parametrize("is_complex", [False, True])
def test_interpolation_weights_every_mode(is_complex):
    rng = np.random.default_rng(1)
    train = random_train(1, is_complex)
    weights = [rng.normal(size=(7, n)) for n in SHAPE]
    expected = np.einsum("abcd,sa,sb,sc,sd->s", full(train), *weights)
    assert_close(tt.interpolate(train, [jnp.asarray(w, default_dtype()) for w in weights]), expected)
    one = tt.contract(train, [jnp.asarray(w[0], default_dtype()) for w in weights])
    assert_close(one, expected[0])
    assert_close(tt.total(train), full(train).sum())


def test_rows_of_the_identity_are_entries():
    train = random_train(2)
    index = all_indices(SHAPE)
    weights = [jnp.eye(n, dtype=default_dtype())[index[:, mode]] for mode, n in enumerate(SHAPE)]
    assert_close(tt.interpolate(train, weights), tt.evaluate(train, index))


@pytest.mark.parametrize(("one_complex", "other_complex"), [(True, True), (False, True)])
def test_algebra_is_that_of_the_whole_arrays(one_complex, other_complex):
    one, other = random_train(3, one_complex), random_train(4, other_complex, ranks=(3, 2, 2))
    a, b = full(one), full(other)
    assert_close(full(tt.add(one, other)), a + b)
    assert tt.add(one, other).ranks == (5, 6, 5)
    assert_close(full(tt.multiply(one, other)), a * b)
    assert_close(tt.inner(one, other), np.vdot(a, b), factor=10.0)
    assert_close(tt.norm(one), np.linalg.norm(a.ravel()))
    assert_close(full(tt.scale(one, 2.0 - 1.0j)), (2.0 - 1.0j) * a)
    assert_close(full(tt.scale(other, -0.5)), -0.5 * b)


def test_one_mode_is_a_vector():
    one, other = random_train(5, shape=(6,), ranks=()), random_train(6, shape=(6,), ranks=())
    a, b = full(one), full(other)
    assert_close(full(tt.add(one, other)), a + b)
    assert_close(tt.evaluate(one, jnp.arange(6)[:, None]), a)
    assert_close(tt.inner(one, other), a @ b)
    assert_close(full(tt.round(one, 1e-3)), a)


def test_a_rank_one_train_is_an_outer_product():
    vectors = [jnp.arange(1.0, n + 1.0) for n in (2, 3, 4)]
    train = tt.rank_one(vectors)
    assert train.ranks == (1, 1)
    assert_close(full(train), np.einsum("a,b,c->abc", *vectors))


@pytest.mark.parametrize("is_complex", [False, True])
def test_orthogonal_cores_and_the_same_array(is_complex):
    train = random_train(7, is_complex, ranks=(3, 6, 5))
    left, right = tt.left_orthogonal(train), tt.right_orthogonal(train)
    for found in (left, right):
        assert_close(full(found), full(train), factor=10.0)
    for core in left.cores[:-1]:
        matrix = np.asarray(core).reshape(-1, core.shape[2])
        assert_close(matrix.conj().T @ matrix, np.eye(core.shape[2]), factor=10.0)
    for core in right.cores[1:]:
        matrix = np.asarray(core).reshape(len(core), -1)
        assert_close(matrix @ matrix.conj().T, np.eye(len(core)), factor=10.0)
    assert right.ranks == (3, 6, 5) and tt.right_orthogonal(random_train(7, ranks=(3, 6, 9))).ranks == (3, 6, 5)


@pytest.mark.parametrize(("is_complex", "tolerance"), [(False, 0.3), (True, 0.01)])
def test_rounding_keeps_its_error_bound_and_the_ranks_of_the_dense_decomposition(is_complex, tolerance):
    train = random_train(8, is_complex, ranks=(3, 8, 5))
    # Singular values that fall: each bond is scaled by a decaying diagonal.
    cores = [core * jnp.asarray(0.5 ** np.arange(core.shape[2]), core.dtype)[None, None] for core in train.cores[:-1]]
    train = tt.TensorTrain(cores=(*cores, train.cores[-1]))
    whole = full(train)
    found = tt.round(train, tolerance)
    error = np.linalg.norm((full(found) - whole).ravel()) / np.linalg.norm(whole.ravel())
    assert error <= tolerance
    for bond, rank in enumerate(found.ranks, start=1):
        size = np.linalg.svd(whole.reshape(math.prod(SHAPE[:bond]), -1), compute_uv=False)
        tail = np.sqrt(np.cumsum(size[::-1] ** 2))[::-1] / np.linalg.norm(size)
        assert rank <= np.sum(tail > tolerance / math.sqrt(3))
    assert found.ranks != train.ranks


def test_rounding_to_ranks_is_near_the_best_and_can_be_jitted():
    train = random_train(9, ranks=(3, 8, 5))
    whole = full(train)
    found = jax.jit(lambda given: tt.round(given, max_rank=2))(train)
    assert found.ranks == (2, 2, 2)
    sizes = [np.linalg.svd(whole.reshape(math.prod(SHAPE[:b]), -1), compute_uv=False) for b in (1, 2, 3)]
    tails = [np.sum(size[2:] ** 2) for size in sizes]
    error = np.sum((full(found) - whole) ** 2)
    assert max(tails) * (1 - 1e-5) <= error <= sum(tails) * (1 + 1e-5)


def test_rounding_undoes_an_addition():
    train = random_train(10)
    tolerance = 1e-5 if default_dtype() == jnp.float32 else 1e-12
    found = tt.round(tt.add(train, train), tolerance)
    assert found.ranks == RANKS
    assert_close(full(found), 2.0 * full(train), factor=10.0)


def test_a_whole_array_becomes_a_train():
    train = random_train(11)
    tolerance = 1e-5 if default_dtype() == jnp.float32 else 1e-12
    found = tt.from_full(full(train), tolerance)
    assert found.ranks == (2, 4, 3)
    assert_close(full(found), full(train), factor=10.0)
    coarse = tt.from_full(full(train), 0.4)
    assert np.linalg.norm((full(coarse) - full(train)).ravel()) <= 0.4 * np.linalg.norm(full(train).ravel())
    assert tt.from_full(full(train), max_rank=2).ranks == (2, 2, 2)


def test_merged_modes_are_a_reshape():
    train = random_train(12)
    assert_close(full(tt.merge(train, (2, 1, 1))), full(train).reshape(12, 2, 5))
    assert_close(full(tt.merge(train, (1, 3))), full(train).reshape(3, 40))


@pytest.mark.parametrize("is_complex", [False, True])
def test_an_operator_acts_as_the_dense_one(is_complex):
    rng = np.random.default_rng(13)
    train = random_train(13, not is_complex, shape=(3, 4, 2), ranks=(2, 3))
    bonds, out = (1, 2, 3, 1), (2, 5, 3)
    shapes = [(bonds[k], out[k], n, bonds[k + 1]) for k, n in enumerate((3, 4, 2))]
    operator = to.TensorOperator(cores=tuple(random_core(rng, shape, is_complex) for shape in shapes))
    dense = np.einsum("aijb,bklc,cmna->ikmjln", *map(np.asarray, operator.cores))
    found = to.apply(operator, train)
    assert found.shape == out and found.ranks == (4, 9) and operator.ranks == (2, 3)
    assert_close(full(found), np.einsum("ikmjln,jln->ikm", dense, full(train)))


def test_pairs_of_modes_make_an_operator():
    function, weight = random_train(14), random_train(15, True, shape=(3, 2), ranks=(2,))
    found = to.apply(to.from_pairs(function), weight)
    assert_close(full(found), np.einsum("apbq,ab->pq", full(function), full(weight)))


@pytest.mark.x64
def test_derivatives_of_evaluations():
    train, index = random_train(16), jnp.asarray([[0, 3, 1, 2], [2, 1, 0, 4]])
    check_grads(jax.jit(lambda cores: tt.evaluate(tt.TensorTrain(cores=cores), index)), (train.cores,), 1)
    weights = [jnp.asarray(np.random.default_rng(n).normal(size=(2, n))) for n in SHAPE]
    check_grads(jax.jit(lambda w: tt.interpolate(train, w)), (weights,), 2, ["rev"])
    check_grads(jax.jit(lambda cores: tt.norm(tt.TensorTrain(cores=cores))), (train.cores,), 1, ["rev"])


@pytest.mark.x64
def test_weights_that_depend_on_a_number_give_its_derivative():
    node = jnp.linspace(-1.0, 1.0, 4)
    vander = jnp.linalg.inv(jnp.vander(node, increasing=True)).T

    def value(x):
        powers = x[:, None] ** jnp.arange(4.0)[None]
        return tt.interpolate(train, [power[None] @ vander.T for power in powers])[0]

    x, y = jnp.meshgrid(node, node, indexing="ij")
    train = tt.from_full(x**3 * y - 2.0 * y**2, 1e-13)
    at = jnp.asarray([0.3, -0.7])
    assert_close(value(at), 0.3**3 * -0.7 - 2.0 * 0.49)
    assert_close(jax.grad(value)(at), [3.0 * 0.09 * -0.7, 0.027 + 2.8])
    assert_close(jax.hessian(value)(at), [[6.0 * 0.3 * -0.7, 0.27], [0.27, -4.0]])


def test_trains_can_be_mapped_over():
    trains = [random_train(seed) for seed in range(3)]
    stacked = jax.tree.map(lambda *cores: jnp.stack(cores), *trains)
    index = all_indices(SHAPE)
    found = jax.vmap(tt.evaluate, (0, None))(stacked, index)
    assert_close(found, np.stack([full(train).ravel() for train in trains]))
    assert_close(jax.vmap(tt.norm)(stacked), [np.linalg.norm(full(train).ravel()) for train in trains])


def test_new_numbers_compile_nothing():
    index = all_indices(SHAPE)
    tt.evaluate(random_train(17), index)
    n_programs = tt.evaluate._cache_size()
    tt.evaluate(random_train(18), index[::-1])
    assert tt.evaluate._cache_size() == n_programs


def test_what_does_not_fit_is_refused():
    train, other = random_train(19), random_train(19, shape=(3, 4), ranks=(2,))
    for verb in (tt.add, tt.multiply, tt.inner):
        with pytest.raises(ValueError, match="one shape"):
            verb(train, other)
    with pytest.raises(ValueError, match="each of 4 modes, got 2"):
        tt.evaluate(train, jnp.zeros((1, 2), int))
    with pytest.raises(ValueError, match="each of 4 modes, got 1"):
        tt.interpolate(train, [jnp.ones((1, 3))])
    with pytest.raises(ValueError, match="sum to 4 modes"):
        tt.merge(train, (2, 1))
    with pytest.raises(ValueError, match="not known under jit"):
        jax.jit(lambda given: tt.round(given, 0.1))(train)
    with pytest.raises(ValueError, match="input shape"):
        to.apply(to.from_pairs(train), other)
    with pytest.raises(ValueError, match="even number"):
        to.from_pairs(random_train(19, shape=(3, 4, 2), ranks=(2, 3)))
