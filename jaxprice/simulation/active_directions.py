"""The directions in the space of normals along which the value of a path varies most, most first.

Quasi-random points are best in their first dimensions. Which combination of normals these should drive depends on
the model and on what is paid, and one reverse pass over a few pilot paths tells: the eigenvectors of the mean outer
product of the gradients of the value with respect to the normals (the active subspace of Constantine 2015; the
differential principal components of Huge and Savine 2020). A rotation leaves the law of the normals as it is, so the
price stays unbiased whatever the pilot says.
"""

from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, PRNGKey, Scalar
from jaxprice.models.gaussian import intervals
from jaxprice.models.model import Model
from jaxprice.numerics import brownian_bridge
from jaxprice.simulation import noise
from jaxprice.simulation.estimators import Estimator, present_value
from jaxprice.simulation.noise import Sampling
from jaxprice.simulation.paths import refine

_PILOT_PATHS = 1024
_MAX_ROTATED = 256
_WIDTH = 0.1


def arrangement(
    key: PRNGKey, model: Model, product: Any, n_steps: int, n_substeps: int
) -> Float[Array, "n_normals n_normals"] | None:
    """Orthogonal matrix whose columns are the directions; None beyond 256 normals, where it would cost too much."""
    n_normals = n_steps * model.n_factors
    if n_normals > _MAX_ROTATED:
        return None
    jumps = hasattr(product.payoff, "cash_flow")
    kind = Estimator.SMOOTHED if jumps else Estimator.PATHWISE

    def value(normal: Array) -> Scalar:
        return present_value(kind, model, product, normal.reshape(n_steps, -1), n_substeps, _WIDTH)

    dtype = product.time.dtype
    index = jnp.arange(_PILOT_PATHS, dtype=jnp.uint32)
    pilot = noise.draw(key, Sampling.PSEUDO, index, n_normals).T.astype(dtype)
    gradient = jax.lax.map(jax.grad(value), pilot, batch_size=256)
    # A trace of the identity keeps the eigenvectors defined where the payoff never pays.
    scatter = gradient.T @ gradient / _PILOT_PATHS
    scatter = scatter + jnp.finfo(dtype).tiny * jnp.eye(n_normals, dtype=dtype)
    return jax.lax.stop_gradient(jnp.linalg.eigh(scatter)[1][:, ::-1])


def arrange(
    normal: Float[Array, "n n_normals"],
    rotation: Float[Array, "n_normals n_normals"] | None,
    time: Float[Array, " n_times"],
    n_substeps: int,
) -> Float[Array, "n n_steps m"]:
    """Normals in order of importance, first most, to the normals of each step.

    By the rotation where there is one, else by Brownian bridge: the first row of normals decides where the path ends.
    """
    step_time = refine(time, n_substeps)
    n_steps = step_time.shape[0]
    if rotation is not None:
        return (normal @ rotation.T).reshape(normal.shape[0], n_steps, -1)
    length = intervals(step_time)
    rows = normal.reshape(normal.shape[0], n_steps, -1)
    return jax.vmap(lambda row: brownian_bridge.increments(row, step_time) / jnp.sqrt(length)[:, None])(rows)
