"""How far predictions are from the truth, over points that no training has seen."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Float
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain


def check_held_out(domain: Domain, held_out: DifferentialDataset, again: DifferentialDataset | None) -> None:
    """Raises `ValueError` for points that two sets do not share, that lie outside the domain, or of other inputs."""
    held_out.validate()
    if held_out.domain.names != domain.names:
        raise ValueError(
            f"held_out: expected the inputs {domain.names} of the surrogate in their order, got {held_out.domain.names}"
        )
    if again is not None:
        again.validate()
        if again.x.shape != held_out.x.shape or not np.array_equal(again.x, held_out.x):
            raise ValueError("again: expected labels at the same points as held_out; make both from the same inputs")
    outside = int(jnp.sum(~jax.vmap(domain.contains)(held_out.x)))
    if outside:
        raise ValueError(
            f"held_out: {outside} of {held_out.n_samples} points lie outside the surrogate's domain; leave them out, "
            "or fit on a wider domain"
        )


def errors(
    value: Float[Array, " n"], dydx: Float[Array, "n m"], first: DifferentialDataset, second: DifferentialDataset
) -> dict[str, Array]:
    """Root mean squared errors of predictions at the points of two sets of labels, which may be the same set.

    Returns:
        "value" () and "dydx" (m,), "value_std_error" and "dydx_std_error", "relative_value" and "relative_dydx", and
        "n_points".
    """

    def found(name: str, predicted: Array, one: Array, other: Array) -> dict[str, Array]:
        one, other = one.astype(predicted.dtype), other.astype(predicted.dtype)
        product = (predicted - one) * (predicted - other)
        square, square_error = jnp.mean(product, axis=0), jnp.std(product, axis=0) / product.shape[0] ** 0.5
        error = jnp.sqrt(jnp.maximum(square, 0.0))
        is_seen = error**2 > square_error
        std_error = jnp.where(is_seen, 0.5 * square_error / jnp.where(is_seen, error, 1.0), jnp.sqrt(square_error))
        scale = jnp.sqrt(jnp.maximum(jnp.mean(one * other, axis=0), jnp.finfo(one.dtype).tiny))
        return {name: error, f"{name}_std_error": std_error, f"relative_{name}": error / scale}

    parts = found("value", value, first.y, second.y) | found("dydx", dydx, first.dydx, second.dydx)
    return parts | {"n_points": jnp.asarray(first.n_samples, jnp.int32)}
