"""Standard normals by global path index.

The normals of a path are a function of the key and of the path's global index, so that neither the chunk nor the
number of devices or hosts changes a draw.
"""

import enum

import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import UInt32

from jaxprice.core.array import Array, Float, PRNGKey
from jaxprice.numerics.normal import from_bits
from jaxprice.numerics.threefry import words


class Sampling(enum.StrEnum):
    """How paths are spread over the space of normals."""

    PSEUDO = "pseudo"
    """Independent draws."""
    ANTITHETIC = "antithetic"
    """Paths 2i and 2i + 1 take normals of opposite sign; the sample is their mean."""
    SOBOL = "sobol"
    """Scrambled Sobol points, first dimensions along the active directions; the sample is one of several replicates."""


def draw(key: PRNGKey, sampling: Sampling, index: UInt32[Array, " n"], n_normals: int) -> Float[Array, "n_normals n"]:
    """Standard normals of paths `index`, independent over paths or antithetic in pairs, paths innermost.

    The j-th normal of path i is a word of Threefry under the counter (i, j). It has 32 random bits and ends at ±6.34.
    It is drawn in 32-bit arithmetic, which is twice as fast, whatever the paths compute in: a price in 32 bits and the
    same price in 64 bits see the same paths.

    Args:
        key: of the stream of paths.
        sampling: pseudo-random or antithetic.
        index: global indices, consecutive; for antithetic paths an even number of them from an even one on.
        n_normals: of each path.
    """
    if sampling == Sampling.ANTITHETIC:
        base = _independent(key, index[::2] // 2, n_normals)
        return jnp.stack([base, -base], axis=-1).reshape(n_normals, index.shape[0])
    return _independent(key, index, n_normals)


def _independent(key: PRNGKey, index: UInt32[Array, " n"], n_normals: int) -> Float[Array, "n_normals n"]:
    # One word of the hash's two: what consumes both runs five times slower in XLA on the CPU. Paths are innermost so
    # that the loop over them is vectorised however few normals a path takes.
    shape = (n_normals, index.shape[0])
    path = jnp.broadcast_to(index[None], shape)
    place = jnp.broadcast_to(jnp.arange(n_normals, dtype=jnp.uint32)[:, None], shape)
    return from_bits(words(key, path, place)[0])


def by_path(normal: Float[Array, "n_normals n"], n_steps: int, dtype: DTypeLike) -> Float[Array, "n n_steps m"]:
    """The normals of each path as rows of steps, in the dtype of the paths."""
    return normal.T.reshape(normal.shape[1], n_steps, -1).astype(dtype)
