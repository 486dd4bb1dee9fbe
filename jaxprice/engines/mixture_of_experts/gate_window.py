"""The default gate: smooth windows over the map of regimes, times a learned softmax.

A weight is zero, with its first two derivatives, before its expert drops out, so that price, delta and gamma of the
committee pass from regime to regime without a jump; and it is differentiated as it stands, nothing detached.
"""

import jax.numpy as jnp

from jaxprice.core.array import Array, Float

_LARGEST = 2.0
"""Of the logits. Unbounded ones undo the windows: a strip that a logit of 50 squeezes into its edge is a jump to the
eye and to a central difference."""


def weights(logits: Float[Array, "e n"], windows: Float[Array, "e n"]) -> Float[Array, "e n"]:
    """W_i exp(l_i) / Σ_j W_j exp(l_j) with l = 2 tanh(logits / 2); as smooth as windows W and logits are."""
    raw = windows * jnp.exp(_LARGEST * jnp.tanh(logits / _LARGEST))
    return raw / jnp.sum(raw, axis=0, keepdims=True)
