"""Finds jumps in a payoff that declares none.

Along a curve through the space of normals the value of a path is followed with its derivative. Over a short piece the
change of a continuous value is the integral of its derivative, up to an error that shrinks with the piece, a kink
included; over a jump it is not, however short the piece.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, PRNGKey, Scalar, is_concrete
from jaxprice.core.random import Stream, stream
from jaxprice.models.model import Model
from jaxprice.simulation import noise
from jaxprice.simulation.estimators import Estimator, present_value
from jaxprice.simulation.noise import Sampling
from jaxprice.simulation.paths import substeps

_N_CURVES = 64
_N_POINTS = 1024
_SHARE_OF_RANGE = 0.01


@functools.partial(jax.jit, static_argnames=("n_points",))
def largest_jump(key: PRNGKey, model: Model, product: Any, n_points: int = _N_POINTS) -> Scalar:
    """Largest unexplained change between neighbouring points of random curves, relative to the range of the values."""
    n_steps = product.time.shape[0] * substeps(model, product.time.shape[0], 1)
    index = jnp.arange(2 * _N_CURVES, dtype=jnp.uint32)
    dtype = model.spot.dtype  # type: ignore[attr-defined]
    ends = noise.by_path(noise.draw(key, Sampling.PSEUDO, index, n_steps * model.n_factors), n_steps, dtype)
    angle = jnp.linspace(0.0, 0.5 * jnp.pi, n_points, dtype=dtype)

    def value(angle: Scalar, start: Array, end: Array) -> Scalar:
        # A quarter of a circle between two draws: every point on it is as likely as the ends.
        normal = jnp.cos(angle) * start + jnp.sin(angle) * end
        return present_value(Estimator.PATHWISE, model, product, normal, 1, 0.0)

    def curve(ends: tuple[Array, Array]) -> tuple[Scalar, Scalar, Scalar]:
        start, end = ends
        values, slope = jax.vmap(jax.value_and_grad(value), in_axes=(0, None, None))(angle, start, end)
        expected = 0.5 * (slope[1:] + slope[:-1]) * jnp.diff(angle)
        return jnp.max(jnp.abs(jnp.diff(values) - expected)), jnp.max(values), jnp.min(values)

    unexplained, top, bottom = jax.lax.map(curve, (ends[:_N_CURVES], ends[_N_CURVES:]))
    spread = jnp.max(top) - jnp.min(bottom)
    return jnp.max(unexplained) / jnp.where(spread > 0, spread, 1.0)


def check_declared(key: PRNGKey, estimator: Estimator, model: Any, product: Any) -> None:
    """Raises `ValueError` if pathwise derivatives are wanted of a payoff that declares nothing and jumps.

    Looks at numbers, so it does nothing while JAX traces; declare `jumps` on a payoff to be safe there too, and to
    save the probe.
    """
    if estimator != Estimator.PATHWISE or getattr(product.payoff, "jumps", None) is not None:
        return
    if not all(is_concrete(leaf) for leaf in jax.tree.leaves((model, product))):
        return
    key = stream(key, Stream.PILOT)
    coarse = float(np.asarray(largest_jump(key, model, product)))
    if coarse < _SHARE_OF_RANGE:
        return
    fine = float(np.asarray(largest_jump(key, model, product, 4 * _N_POINTS)))
    if fine > 0.5 * coarse:
        raise ValueError(
            f"{type(product.payoff).__name__}: the payoff does not declare whether it jumps, and changes by {fine:.1%} "
            "of its range between neighbouring states; use estimator='likelihood_ratio', or declare "
            "products.Function(function=..., jumps=False) if it is only steep"
        )
