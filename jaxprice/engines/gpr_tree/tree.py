"""Branches of a step of the tree: equally likely signs of the independent Brownian increments."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Float, PRNGKey


def branches(key: PRNGKey, n_assets: int, n_branches: int) -> Float[Array, "n d"]:
    """Signs of d increments for each branch: all 2^d of them, or an orthogonal sample of a power of two.

    The sample is a linear orthogonal array of strength 3, its columns drawn at random: every three increments take all
    eight signs equally often, so all moments up to the third are those of the full tree, and the branches come in
    antithetic pairs. Random branches in pairs (Goudenège et al. 2024, remark 2) have wrong covariances instead, of one
    over the root of their number; Ekvall 1996 for the tree.

    Args:
        key: of the columns.
        n_assets: d.
        n_branches: 2^d, or a power of two from 2 d on.
    """
    n_bits = n_branches.bit_length() - 1
    index = jnp.arange(n_branches, dtype=jnp.uint32)
    if n_bits == n_assets:
        mask = jnp.asarray(2 ** np.arange(n_assets), jnp.uint32)
    else:
        # The top bit in every column makes three of them independent, whichever they are.
        half = n_branches // 2
        mask = jax.random.permutation(key, half)[:n_assets].astype(jnp.uint32) | jnp.uint32(half)
    parity = jax.lax.population_count(index[:, None] & mask[None, :]) & jnp.uint32(1)
    return 1.0 - 2.0 * parity.astype(jnp.float64)
