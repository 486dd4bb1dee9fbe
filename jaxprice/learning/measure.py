"""How far predictions are from the truth, over points that no training has seen."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain


def measured(
    predictor: Any, predict: Callable[..., Any], held_out: DifferentialDataset, again: DifferentialDataset | None
) -> Any:
    """The predictor with its error, root mean squares over held-out points, in its field `error`.

    Exact labels tell the error by themselves. Of noisy ones give two sets at the same points, made under different
    keys: the mean product of the two residuals is then an unbiased estimate of the mean squared error, however large
    the noise. One noisy set alone gives error and noise together, an upper estimate.

    Args:
        predictor: as fitted, with a domain.
        predict: from the predictor and points to values and gradients.
        held_out: points in the domain, with labels that did not enter the fit.
        again: a second set of labels at the same points.

    Returns:
        The predictor, whose `error` has "value" () and "dydx" (m,); their standard errors "value_std_error" and
        "dydx_std_error", from the spread over the points; the errors divided by the root mean squares of the labels,
        "relative_value" and "relative_dydx"; and "n_points". Where noise makes a squared error negative the error
        counts as zero, and its standard error is the root of that of its square: make more paths for each label.

    Raises:
        ValueError: for points that the two sets do not share, that lie outside the predictor's domain, or that have
            other inputs.
    """
    _check_held_out(predictor.domain, held_out, again)
    error = _errors(predictor, held_out, held_out if again is None else again, predict=predict)
    return dataclasses.replace(predictor, error=error)


def _check_held_out(domain: Domain, held_out: DifferentialDataset, again: DifferentialDataset | None) -> None:
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


@functools.partial(jax.jit, static_argnames="predict")
def _errors(
    predictor: Any, first: DifferentialDataset, second: DifferentialDataset, *, predict: Callable[..., Any]
) -> dict[str, Array]:
    value, dydx = predict(predictor, first.x)

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
