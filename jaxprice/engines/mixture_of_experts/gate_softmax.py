"""The dense gate: every expert has a share of every price. The reference for what sparsity costs."""

import jax

from jaxprice.core.array import Array, Float


def weights(logits: Float[Array, "e n"]) -> Float[Array, "e n"]:
    """Softmax over all experts."""
    return jax.nn.softmax(logits, axis=0)
