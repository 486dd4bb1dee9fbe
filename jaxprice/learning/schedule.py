"""Learning rates over a training, from its share that has passed."""

import enum

import jax.numpy as jnp

from jaxprice.core.array import Scalar


class Schedule(enum.StrEnum):
    """How the learning rate moves between nothing, its peak and nothing."""

    ONE_CYCLE = "one_cycle"
    """Piecewise linear through 0, peak at a fifth, a tenth of it at three fifths, 1e-5 of it at nine tenths, as in the
    notebooks of Huge and Savine."""
    COSINE = "cosine"
    """Linear to the peak at a tenth, then half a cosine to zero."""


_SHARE = (0.0, 0.2, 0.6, 0.9, 1.0)
_LEVEL = (1e-7, 1.0, 0.1, 1e-5, 1e-7)
PEAK_SHARE = {Schedule.ONE_CYCLE: 0.2, Schedule.COSINE: 0.1}


def rate(schedule: Schedule, share: Scalar, peak: Scalar) -> Scalar:
    """The learning rate after a share of the training."""
    if schedule == Schedule.ONE_CYCLE:
        return peak * jnp.interp(share, jnp.asarray(_SHARE, share.dtype), jnp.asarray(_LEVEL, share.dtype))
    warm_up = PEAK_SHARE[schedule]
    rest = jnp.clip((share - warm_up) / (1.0 - warm_up), 0.0, 1.0)
    return peak * jnp.minimum((share + 0.01) / (warm_up + 0.01), 0.5 * (1.0 + jnp.cos(jnp.pi * rest)))
