"""Differential principal components: the directions of the inputs that move the value, most first.

Ordinary components keep what varies; these keep what matters. The inputs are whitened, then turned into the
eigenvectors of the mean outer product of the gradients (Huge and Savine 2020, appendix 2): for a basket that is one
direction, whatever the number of assets.
"""

import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.precision import accumulator_dtype
from jaxprice.learning.samples import Normalisation, scale_of


def differential_components(dataset: DifferentialDataset, tolerance: float) -> tuple[Normalisation, Float[Array, " m"]]:
    """The change of variables, and the share of the mean squared derivative that each direction has.

    Args:
        dataset: labels whose derivatives are unbiased; their noise only makes directions look more relevant.
        tolerance: share below which a direction is left out, as a row of zeros, so that shapes do not depend on the
            data. The relative error of the gradient that this makes is at most its root, on the training inputs.
    """
    wide = accumulator_dtype()
    x, dydx = dataset.x.astype(wide), dataset.dydx.astype(wide)
    n, n_inputs = x.shape
    rounding = n_inputs * jnp.finfo(wide).eps
    center = jnp.mean(x, axis=0)
    std = jnp.std(x, axis=0)
    standard = (x - center[None]) / std[None]
    variance, axes = jnp.linalg.eigh(standard.T @ standard / n)
    # Inputs that move together exactly have directions without variance: nothing can be learned along them.
    is_there = variance > 10.0 * rounding * jnp.max(variance)
    size = jnp.where(is_there, jnp.sqrt(jnp.where(is_there, variance, 1.0)), 0.0)
    backward = std[:, None] * axes * size[None]
    slope = dydx @ backward
    relevance, turn = jnp.linalg.eigh(slope.T @ slope / n)
    relevance, turn = jnp.maximum(relevance[::-1], 0.0), turn[:, ::-1]
    share = relevance / jnp.maximum(jnp.sum(relevance), jnp.finfo(wide).tiny)
    is_kept = share > jnp.maximum(tolerance, rounding)
    inverse = jnp.where(is_there, 1.0 / jnp.where(is_there, size, 1.0), 0.0)
    forward = turn.T @ (inverse[:, None] * axes.T / std[None])
    y_mean, y_std = scale_of(dataset.y)
    normalisation = Normalisation(
        center=center,
        forward=jnp.where(is_kept[:, None], forward, 0.0),
        backward=jnp.where(is_kept[None], backward @ turn, 0.0),
        y_mean=y_mean,
        y_std=y_std,
    )
    return normalisation, share
