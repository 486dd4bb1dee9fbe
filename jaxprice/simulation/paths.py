"""Paths of a model at the times a product looks at."""

import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.models.model import Model

_STEPS_OF_INEXACT_MODELS = 32


def substeps(model: Model, n_times: int, n_substeps: int | None) -> int:
    """Time steps between two observations: as asked, else one for an exact model, 32 or more in all for another."""
    if n_substeps is not None:
        return n_substeps
    return 1 if model.is_exact else -(-_STEPS_OF_INEXACT_MODELS // n_times)


def refine(time: Float[Array, " n"], n_substeps: int) -> Float[Array, " n_steps"]:
    """The times, with each interval cut into equal steps."""
    start = jnp.concatenate([jnp.zeros(1, time.dtype), time[:-1]])
    share = jnp.arange(1, n_substeps + 1, dtype=time.dtype) / n_substeps
    return (start[:, None] + (time - start)[:, None] * share[None]).ravel()


def simulate(
    model: Model, normal: Float[Array, "n_steps m"], time: Float[Array, " n"], n_substeps: int = 1
) -> Float[Array, "n d"]:
    """Prices at `time` along one path; `normal` has n_substeps rows for each time."""
    state = model.path(normal, refine(time, n_substeps))
    return model.observe(state)[n_substeps - 1 :: n_substeps]
