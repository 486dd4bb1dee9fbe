"""The fitted surrogate: value, gradient and second derivatives at any point, and how far they may be trusted."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int
from jaxprice.core.domain import Domain
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.engines.differential.approximator import Polynomial
from jaxprice.learning.samples import Normalisation
from jaxprice.learning.twin_net import Network, slope_along, value_and_slope


@pytree_dataclass
class Surrogate:
    """A function of the inputs with its derivatives, learned from samples.

    Attributes:
        approximator: what it is, static.
        params: of each member of the ensemble, stacked on the leading axis of every leaf.
        normalisation: of inputs and values.
        domain: the box that the training inputs filled.
        status: of the fit, one of `jaxprice.core.status.Status`.
        diagnostics: of the fit: losses by epoch, restarts, shares of the principal directions.
        error: as `measure` found it; None before.
    """

    approximator: Network | Polynomial = static_field()
    params: Any
    normalisation: Normalisation
    domain: Domain
    status: Int[Array, ""]
    diagnostics: dict[str, Array]
    error: dict[str, Array] | None = None

    @property
    def n_members(self) -> int:
        """Networks of the ensemble."""
        return jax.tree.leaves(self.params)[0].shape[0]


class Evaluation(NamedTuple):
    """What a surrogate knows at points.

    Attributes:
        value: (n,).
        dydx: (n, m).
        curvature: second derivatives times each direction, (n, k, m); None unless asked for.
        value_spread: standard deviation over the members of the ensemble, (n,); None for a single one.
        dydx_spread: likewise, (n, m).
        status: `OUTSIDE_DOMAIN` or that of the fit, (n,).
    """

    value: Float[Array, " n"]
    dydx: Float[Array, "n m"]
    curvature: Float[Array, "n k m"] | None
    value_spread: Float[Array, " n"] | None
    dydx_spread: Float[Array, "n m"] | None
    status: Int[Array, " n"]


@jax.jit
def predict(surrogate: Surrogate, x: Float[Array, "*n m"]) -> tuple[Float[Array, "*n"], Float[Array, "*n m"]]:
    """Value and gradient at points (n, m) or at one (m,): the means over the ensemble.

    The cost is that of two passes through the network. Beyond the domain the numbers are extrapolated; `evaluate` says
    where that is.
    """
    x = jnp.asarray(x)
    points = surrogate.domain.points(x).astype(surrogate.normalisation.center.dtype)
    value, dydx = (jnp.mean(part, axis=0) for part in _members(surrogate, points))
    return (value, dydx) if x.ndim > 1 else (value[0], dydx[0])


@jax.jit
def evaluate(surrogate: Surrogate, x: Float[Array, "n m"], direction: Float[Array, "k m"] | None = None) -> Evaluation:
    """Value, gradient, their spread over the ensemble, and a status for each of the points (n, m).

    Args:
        surrogate: as fitted.
        x: points; those outside the domain are told by their status.
        direction: k directions in which second derivatives are wanted; the identity gives whole Hessians.
    """
    points = surrogate.domain.points(jnp.asarray(x)).astype(surrogate.normalisation.center.dtype)
    value, dydx = _members(surrogate, points)
    curvature = None
    if direction is not None:
        along = jnp.asarray(direction, points.dtype)
        surrogate.domain.check_directions(along)
        curvature = _curvature(surrogate, points, along)
    is_ensemble = surrogate.n_members > 1
    return Evaluation(
        value=jnp.mean(value, axis=0),
        dydx=jnp.mean(dydx, axis=0),
        curvature=curvature,
        value_spread=jnp.std(value, axis=0, ddof=1) if is_ensemble else None,
        dydx_spread=jnp.std(dydx, axis=0, ddof=1) if is_ensemble else None,
        status=jnp.maximum(jax.vmap(surrogate.domain.status)(points), surrogate.status),
    )


def _members(surrogate: Surrogate, x: Float[Array, "n m"]) -> tuple[Float[Array, "e n"], Float[Array, "e n m"]]:
    normalisation = surrogate.normalisation
    inputs = normalisation.inputs(x).astype(_dtype(surrogate))

    def member(params: Any) -> tuple[Array, Array]:
        value, slope = value_and_slope(surrogate.approximator.bind(params), inputs)
        return normalisation.value(value), normalisation.gradient(slope)

    return jax.vmap(member)(surrogate.params)


def _curvature(surrogate: Surrogate, x: Float[Array, "n m"], direction: Float[Array, "k m"]) -> Float[Array, "n k m"]:
    normalisation = surrogate.normalisation
    inputs = normalisation.inputs(x).astype(_dtype(surrogate))
    along = normalisation.direction(direction)

    def member(params: Any) -> Array:
        found = slope_along(surrogate.approximator.bind(params), inputs, along)
        return jax.vmap(normalisation.gradient)(found)

    return jnp.moveaxis(jnp.mean(jax.vmap(member)(surrogate.params), axis=0), 0, 1)


def _dtype(surrogate: Surrogate) -> jnp.dtype:
    return jax.tree.leaves(surrogate.params)[0].dtype
