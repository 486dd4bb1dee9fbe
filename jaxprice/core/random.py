"""Named streams of random keys.

One key enters a verb. Everything random inside it takes its own stream, so that adding a draw in one place never
moves the numbers of another. Inside a stream keys are derived wide, not deep: by one index.
"""

import enum

import jax

from jaxprice.core.array import PRNGKey


class Stream(enum.IntEnum):
    """The streams a verb may draw from; the numbers are part of every reproducible result and never change."""

    PATHS = 0
    PILOT = 1
    SCRAMBLE = 2
    INNER = 3
    INPUTS = 4
    NETWORK = 5
    TRAINING = 6
    PIVOTS = 7
    CHECK = 8


def stream(key: PRNGKey, name: Stream) -> PRNGKey:
    """The key of one named stream of a verb."""
    return jax.random.fold_in(key, int(name))


def check_key(key: PRNGKey) -> None:
    """Raises `TypeError` unless `key` is one typed key, as `jax.random.key(seed)` makes it."""
    is_key = isinstance(key, jax.Array) and jax.dtypes.issubdtype(key.dtype, jax.dtypes.prng_key)
    if not is_key or key.shape != ():
        came = f"{type(key).__name__}" + (f" of shape {key.shape}" if hasattr(key, "shape") else "")
        raise TypeError(f"key: expected one key as made by jax.random.key(seed), got {came}")
    if str(jax.random.key_impl(key)) != "threefry2x32":
        raise TypeError(
            f"key: expected the default threefry2x32 implementation, got {jax.random.key_impl(key)}; "
            "the draw of a path is a function of (key, path index), which only that implementation promises"
        )
