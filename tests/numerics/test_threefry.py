import jax
import jax.extend
import jax.numpy as jnp
import numpy as np

from jaxprice.numerics import threefry


def test_published_known_answers():
    # Random123 1.14, tests/kat_vectors: threefry2x32, 20 rounds; counter, key, words.
    known = [
        ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
    ]
    for counter, key, expected in known:
        got = threefry.threefry_2x32(*(jnp.uint32(word) for word in (*key, *counter)))
        assert tuple(int(word) for word in got) == expected


def test_bit_equal_to_the_hash_of_jax():
    key = jax.random.key(20240607)
    first, second = jax.random.bits(jax.random.key(1), (2, 1001), jnp.uint32)
    got = jax.jit(threefry.words)(key, first, second)
    expected = jax.extend.random.threefry_2x32(jax.random.key_data(key), jnp.concatenate([first, second]))
    np.testing.assert_array_equal(jnp.concatenate(got), expected)


def test_words_of_zero_high_counters_are_those_of_random_bits():
    key = jax.random.key(3)
    count = jnp.arange(100, dtype=jnp.uint32)
    with jax.threefry_partitionable(True):
        expected = jax.random.bits(key, (100,), jnp.uint32)
    first, second = threefry.words(key, jnp.zeros_like(count), count)
    np.testing.assert_array_equal(first ^ second, expected)


def test_counters_broadcast_and_keys_map():
    path, draw = jnp.arange(5, dtype=jnp.uint32), jnp.arange(3, dtype=jnp.uint32)
    first, second = threefry.words(jax.random.key(0), path[None, :], draw[:, None])
    assert first.shape == second.shape == (3, 5)
    one = threefry.words(jax.random.key(0), path[2], draw[1])
    assert (first[1, 2], second[1, 2]) == one
    many = jax.vmap(threefry.words, (0, None, None))(jax.random.split(jax.random.key(0), 4), path, path)
    assert many[0].shape == (4, 5) and len(np.unique(np.stack(many))) == 40
