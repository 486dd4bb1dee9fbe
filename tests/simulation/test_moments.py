import itertools

import jax
import jax.numpy as jnp
import numpy as np
from helpers import assert_close, assert_trees_close, default_dtype
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxprice.simulation import Moments, merge_all


def sample(n, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "a": jnp.asarray(rng.normal(3.0, 2.0, n), default_dtype()),
        "b": jnp.asarray(rng.normal(size=(n, 2, 3)), default_dtype()),
    }


def test_unit_weights_give_the_textbook_mean_and_standard_error():
    x = sample(1000)
    moments = Moments.of(x, jnp.ones(1000))
    for name in x:
        assert_close(moments.mean[name], np.mean(x[name], axis=0))
        assert_close(moments.std_error()[name], np.std(x[name], axis=0, ddof=1) / np.sqrt(1000))


@settings(max_examples=6)
@given(cuts=st.lists(st.integers(1, 199), min_size=1, max_size=5))
def test_any_partition_merges_to_the_whole(cuts):
    # Compiled whole: every length of a part would compile each operation by itself.
    of, merge = jax.jit(Moments.of), jax.jit(Moments.merge)
    x = sample(200)
    weight = jnp.asarray(np.random.default_rng(1).integers(0, 3, 200), default_dtype())
    edges = [0, *sorted(set(cuts)), 200]
    total = Moments.zeros_like(jax.eval_shape(lambda: jax.tree.map(lambda leaf: leaf[0], x)))
    for start, end in itertools.pairwise(edges):
        part = jax.tree.map(lambda leaf: np.asarray(leaf)[start:end], x)  # noqa: B023
        total = merge(total, of(part, np.asarray(weight)[start:end]))
    assert_trees_close(total, Moments.of(x, weight), factor=200)


def test_merging_is_accurate_far_from_zero():
    """The naive sum of squares loses every digit here; the merge must not."""
    offset = 1e3 if default_dtype() == jnp.float32 else 1e8
    x = offset + jnp.asarray(np.random.default_rng(2).normal(size=4096), default_dtype())
    stacked = jax.vmap(lambda part: Moments.of(part, jnp.ones(64)))(x.reshape(64, 64))
    merged = merge_all(stacked)
    exact = np.std(np.asarray(x, np.float64), ddof=1) / 64.0
    np.testing.assert_allclose(merged.std_error(), exact, rtol=1e-3)


def test_the_mean_of_groups_has_the_error_of_the_mean_of_paths():
    """Independent paths in groups of 16: weighting by the group's size recovers the same standard error."""
    x = jnp.asarray(np.random.default_rng(3).normal(size=2**16), default_dtype())
    one = Moments.of(x, jnp.ones(2**16))
    grouped = Moments.of(x.reshape(-1, 16).mean(axis=1), jnp.full(2**12, 16.0))
    np.testing.assert_allclose(grouped.mean, one.mean, rtol=0, atol=1e-6)
    np.testing.assert_allclose(grouped.std_error(), one.std_error(), rtol=0.05)


def test_fewer_than_two_samples_have_no_standard_error():
    assert np.isnan(Moments.of(jnp.ones(1), jnp.ones(1)).std_error())
    assert np.isnan(Moments.zeros_like(jnp.ones(())).std_error())


def test_weight_zero_leaves_a_sample_out():
    x = sample(64)
    weight = jnp.concatenate([jnp.ones(50), jnp.zeros(14)])
    assert_trees_close(
        Moments.of(x, weight), Moments.of(jax.tree.map(lambda leaf: leaf[:50], x), jnp.ones(50)), factor=10
    )
