"""The Threefry-2x32 counter hash, written out so that XLA fuses it with what consumes its words.

`jax.random` runs the same hash as a rolled loop on the CPU, which stores its state five times over, and keeps
one word of the two that `jax.random.bits` computes. Written out, and with a normal number from each word, it
draws twice as many normals a second. XLA on the CPU has no fusion with two outputs: where both words end in
arrays of their own the hash is computed twice, where one expression consumes both it is computed once.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, UInt32

from jaxprice.core.array import PRNGKey

_ROTATION = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def _rotate_left(word: Array, distance: int) -> Array:
    return (word << jnp.uint32(distance)) | (word >> jnp.uint32(32 - distance))


def threefry_2x32(
    key_high: UInt32[Array, "*#shape"],
    key_low: UInt32[Array, "*#shape"],
    count_high: UInt32[Array, "*#shape"],
    count_low: UInt32[Array, "*#shape"],
) -> tuple[UInt32[Array, "*shape"], UInt32[Array, "*shape"]]:
    """Two words of independent uniform bits for each pair of counters, bit-equal to JAX's own hash.

    Reference: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 4.2;
    twenty rounds.

    Args:
        key_high: first word of the key, `jax.random.key_data(key)[0]`; any shape that broadcasts.
        key_low: second word of the key.
        count_high: first counter, such as the global index of the path.
        count_low: second counter, such as the index of the draw within the path.

    Returns:
        The two words, each of the broadcast shape.
    """
    schedule = (key_high, key_low, key_high ^ key_low ^ jnp.uint32(_PARITY))
    first, second = count_high + schedule[0], count_low + schedule[1]
    for group in range(5):
        for distance in _ROTATION[group % 2]:
            first = first + second
            second = first ^ _rotate_left(second, distance)
        first = first + schedule[(group + 1) % 3]
        second = second + schedule[(group + 2) % 3] + jnp.uint32(group + 1)
    return first, second


def words(
    key: PRNGKey, count_high: UInt32[Array, "*#shape"], count_low: UInt32[Array, "*#shape"]
) -> tuple[UInt32[Array, "*shape"], UInt32[Array, "*shape"]]:
    """`threefry_2x32` under a typed key, `jax.random.key(seed)` or one folded from it."""
    data = jax.random.key_data(key)
    return threefry_2x32(data[0], data[1], count_high, count_low)
