"""Control variates: quantities of known mean, subtracted path by path.

The correction has mean zero for any model near the given one, so its derivative has mean zero too: price and Greeks
stay unbiased, and both become quieter.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, PRNGKey, Scalar
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.engines.monte_carlo.config import Config
from jaxprice.models.model import Model
from jaxprice.simulation import noise
from jaxprice.simulation.estimators import Estimator, present_value
from jaxprice.simulation.noise import Sampling
from jaxprice.simulation.paths import simulate

_PILOT_PATHS = 4096
_RIDGE = 1e-8


@pytree_dataclass
class Control:
    """A payoff on the same times whose present value is known.

    Attributes:
        payoff: what is subtracted; must not jump unless the estimator fits payoffs that jump.
        value_fn: from (model, payoff, times) to its present value, differentiable in the model.
    """

    payoff: Any
    value_fn: Callable[[Any, Any, Array], Scalar] = static_field()


def fit(
    key: PRNGKey, model: Model, product: Any, control: Control | None, config: Config, n_substeps: int
) -> Float[Array, " c"]:
    """Regression coefficients of the product on its controls, from pilot paths that the price never sees."""
    if control is None and not config.control_variate:
        return jnp.zeros(0, model.spot.dtype)  # type: ignore[attr-defined]
    n_steps = product.time.shape[0] * n_substeps
    index = jnp.arange(_PILOT_PATHS, dtype=jnp.uint32)
    dtype = model.spot.dtype  # type: ignore[attr-defined]
    normal = noise.by_path(noise.draw(key, Sampling.PSEUDO, index, n_steps * model.n_factors), n_steps, dtype)

    def sample(normal: Array) -> tuple[Scalar, Array]:
        value = present_value(Estimator.PATHWISE, model, product, normal, n_substeps, config.smoothing_width)
        return value, _deviations(model, product, control, config, Estimator.PATHWISE, normal, n_substeps)

    value, deviation = jax.lax.map(sample, normal, batch_size=512)
    scale = jnp.sqrt(jnp.mean(deviation**2, axis=0))
    scale = jnp.where(scale > 0, scale, 1.0)
    standard = deviation / scale[None]
    gram = standard.T @ standard / _PILOT_PATHS + _RIDGE * jnp.eye(scale.shape[0], dtype=dtype)
    moment = standard.T @ (value - jnp.mean(value)) / _PILOT_PATHS
    coefficient = jax.scipy.linalg.solve(gram, moment, assume_a="pos") / scale
    # The coefficients are constants: any value keeps the estimate unbiased, so their own derivative is noise.
    return jax.lax.stop_gradient(coefficient)


def correction(
    coefficient: Float[Array, " c"],
    model: Model,
    product: Any,
    control: Control | None,
    config: Config,
    normal: Float[Array, "n_steps m"],
    n_substeps: int,
) -> Scalar:
    """What to subtract from the value of one path; its mean is zero."""
    if coefficient.shape[0] == 0:
        return jnp.zeros((), normal.dtype)
    return coefficient @ _deviations(model, product, control, config, config.estimator, normal, n_substeps)


def _deviations(
    model: Any,
    product: Any,
    control: Control | None,
    config: Config,
    estimator: Estimator,
    normal: Float[Array, "n_steps m"],
    n_substeps: int,
) -> Float[Array, " c"]:
    parts = []
    if config.control_variate:
        # Continuous in the path: their own pathwise derivative is right whatever estimator the product takes.
        last = product.time[-1:]
        price = simulate(model, normal, product.time, n_substeps)[-1]
        parts.append(model.discount_factor(last)[0] * (price - model.forward(last)[0]))
    if control is not None:
        substitute = dataclasses.replace(product, payoff=control.payoff)
        kind = Estimator.PATHWISE if estimator == Estimator.SMOOTHED else estimator
        paid = present_value(kind, model, substitute, normal, n_substeps, config.smoothing_width)
        parts.append((paid - control.value_fn(model, control.payoff, product.time))[None])
    return jnp.concatenate(parts)
