"""Asking a surrogate: prices, gradients, second derivatives, and whether the question was inside the box."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int
from jaxprice.core.precision import full_precision
from jaxprice.engines.fourier_tt.surrogate import Surrogate

_T = TypeVar("_T")
# Points that are answered at once: more of them leave the cache.
_BLOCK = 1024


class Evaluation(NamedTuple):
    """What a surrogate knows at points.

    Attributes:
        value: (n,).
        dydx: (n, m).
        curvature: second derivatives times each direction, (n, k, m); None unless asked for.
        status: `OUTSIDE_DOMAIN` or that of the learning, (n,).
    """

    value: Float[Array, " n"]
    dydx: Float[Array, "n m"]
    curvature: Float[Array, "n k m"] | None
    status: Int[Array, " n"]


@jax.jit
@full_precision
def price(surrogate: Surrogate, x: Float[Array, "*n m"]) -> Float[Array, "*n"]:
    """The value alone, at points (n, m) or at one (m,): a third of the cost of `predict`."""
    x = jnp.asarray(x)
    value = _in_blocks(surrogate.values, _points(surrogate, x))
    return value if x.ndim > 1 else value[0]


@jax.jit
@full_precision
def predict(surrogate: Surrogate, x: Float[Array, "*n m"]) -> tuple[Float[Array, "*n"], Float[Array, "*n m"]]:
    """Value and gradient at points (n, m) or at one (m,).

    The gradient is the derivative of the train, exact to rounding. Beyond the domain the numbers are extrapolated by
    polynomials of high degree and soon mean nothing; `evaluate` says where that is.
    """
    x = jnp.asarray(x)
    value, dydx = _in_blocks(lambda points: _value_and_gradient(surrogate, points), _points(surrogate, x))
    return (value, dydx) if x.ndim > 1 else (value[0], dydx[0])


@jax.jit
@full_precision
def evaluate(surrogate: Surrogate, x: Float[Array, "n m"], direction: Float[Array, "k m"] | None = None) -> Evaluation:
    """Value, gradient, second derivatives and a status for each of the points (n, m).

    Args:
        surrogate: as learned.
        x: points; those outside the domain are told by their status.
        direction: k directions in which second derivatives are wanted; the identity gives whole Hessians.
    """
    points = _points(surrogate, jnp.asarray(x))
    value, dydx = _value_and_gradient(surrogate, points)
    curvature = None
    if direction is not None:
        direction = jnp.asarray(direction, points.dtype)
        surrogate.domain.check_directions(direction)

        def along(one: Array) -> Array:
            moved = jnp.broadcast_to(one[None], points.shape)
            return jax.jvp(lambda x: _value_and_gradient(surrogate, x)[1], (points,), (moved,))[1]

        curvature = jnp.moveaxis(jax.lax.map(along, direction), 0, 1)
    status = jnp.maximum(jax.vmap(surrogate.domain.status)(points), surrogate.status)
    return Evaluation(value=value, dydx=dydx, curvature=curvature, status=status)


def _in_blocks(function: Callable[[Array], _T], points: Float[Array, "n m"]) -> _T:
    """A function of points to arrays with a row for each, called for some of them at a time."""
    n = len(points)
    if n <= _BLOCK:
        return function(points)
    n_blocks = -(-n // _BLOCK)
    padded = jnp.concatenate([points, jnp.repeat(points[:1], n_blocks * _BLOCK - n, axis=0)])
    found = jax.lax.map(function, padded.reshape(n_blocks, _BLOCK, -1))
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[:n], found)


def _value_and_gradient(surrogate: Surrogate, x: Float[Array, "n m"]) -> tuple[Float[Array, " n"], Float[Array, "n m"]]:
    value, pull_back = jax.vjp(surrogate.values, x)
    return value, pull_back(jnp.ones_like(value))[0]


def _points(surrogate: Surrogate, x: Array) -> Float[Array, "n m"]:
    return surrogate.domain.points(x).astype(surrogate.lower.dtype)
