"""The gate of the seed article: the k largest logits are kept, and a softmax is taken of these.

Where the set of experts changes, so does the price, at once: by the weight of the smallest kept expert times what the
two that change places disagree by. Derivatives by AD are those of one side and do not know of the jump. It is here to
be compared with.
"""

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Bool, Float


def weights(logits: Float[Array, "e n"], top_k: int) -> Float[Array, "e n"]:
    """Softmax over the k largest logits, zero elsewhere."""
    kept = largest(logits, top_k)
    peak = jax.lax.stop_gradient(jnp.max(logits, axis=0, keepdims=True))
    raw = jnp.where(kept, jnp.exp(logits - peak), 0.0)
    return raw / jnp.sum(raw, axis=0, keepdims=True)


def largest(score: Float[Array, "e n"], top_k: int) -> Bool[Array, "e n"]:
    """Where the k largest numbers of each column are; of equal ones the first.

    By comparing all pairs: for nine experts that is faster than sorting, and samples stay innermost.
    """
    place = jnp.arange(score.shape[0])
    is_above = score[None] > score[:, None]
    is_before = (score[None] == score[:, None]) & (place[None, :] < place[:, None])[..., None]
    return jnp.sum(is_above | is_before, axis=1) < top_k
