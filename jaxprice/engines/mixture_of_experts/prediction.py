"""Asking a committee: values and Greeks through the gate, with as few experts as wanted."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Bool, Float, Int, Scalar, is_concrete
from jaxprice.core.validation import check_count, check_member
from jaxprice.engines.mixture_of_experts import dispatch_dense, gate_top_k
from jaxprice.engines.mixture_of_experts.committee import Committee, Parts
from jaxprice.engines.mixture_of_experts.dispatch import Dispatch, default, each_and_slope, in_chunks
from jaxprice.learning.twin_net import slope_along


class Evaluation(NamedTuple):
    """What a committee knows at points.

    Attributes:
        value: (n,).
        dydx: (n, m).
        curvature: second derivatives times each direction, (n, k, m); None unless asked for.
        weights: of the experts, (n, e).
        n_active: experts with a weight, (n,).
        bound: largest possible distance from the price by all experts, in units of y, (n,); zero if none was left out.
        status: `OUTSIDE_DOMAIN` or that of the fit, (n,).
    """

    value: Float[Array, " n"]
    dydx: Float[Array, "n m"]
    curvature: Float[Array, "n k m"] | None
    weights: Float[Array, "n e"]
    n_active: Int[Array, " n"]
    bound: Float[Array, " n"]
    status: Int[Array, " n"]


def predict(
    committee: Committee,
    x: Float[Array, "*n m"],
    *,
    top_k: int | None = None,
    tolerance: float | None = None,
    dispatch: Dispatch | None = None,
    return_weights: bool = False,
    return_gradient: bool = True,
) -> Any:
    """Value and gradient at points (n, m) or at one (m,), and on request the weights of the experts.

    Beyond the domain the numbers are extrapolated; `evaluate` says where that is.

    Args:
        committee: as fitted.
        x: points.
        top_k: keep only so many experts, those with the largest weights; None keeps all that have one. Then, and with
            a tolerance, prices jump where the set changes, whatever the gate.
        tolerance: keep as few experts as bound the distance from the price by all of them, in units of y.
        dispatch: None takes what is faster for this many points; inside transformations, `jit` included, that which can
            be differentiated again, `DENSE`.
        return_weights: whether (n, e) weights come third.
        return_gradient: False gives None in its place, in half the time for large batches.

    Raises:
        ValueError: for points of another width, k of 0 or above the number of experts, a tolerance with a k.
    """
    x = x if isinstance(x, (jax.Array, np.ndarray)) else jnp.asarray(x)
    _check_points(committee, x)
    _check_choice(committee, top_k, tolerance)
    found = _predict(
        committee,
        x,
        top_k=top_k,
        tolerance=tolerance,
        dispatch=_dispatch(committee, x, top_k, dispatch),
        with_gradient=return_gradient,
    )
    return found if return_weights else found[:2]


def evaluate(
    committee: Committee,
    x: Float[Array, "n m"],
    direction: Float[Array, "k m"] | None = None,
    *,
    top_k: int | None = None,
    tolerance: float | None = None,
) -> Evaluation:
    """Value, gradient, second derivatives, weights, and a status for each of the points (n, m).

    Args:
        committee: as fitted.
        x: points; those outside the domain are told by their status.
        direction: k directions in which second derivatives are wanted; the identity gives whole Hessians.
        top_k: as in `predict`.
        tolerance: as in `predict`.
    """
    x = jnp.asarray(x)
    _check_points(committee, x)
    _check_choice(committee, top_k, tolerance)
    if direction is not None:
        direction = jnp.asarray(direction)
        if direction.ndim != 2 or direction.shape[1] != committee.domain.n_inputs:
            raise ValueError(
                f"direction: expected shape (k, {committee.domain.n_inputs}), one row for each of k directions, got "
                f"{tuple(direction.shape)}"
            )
    dispatch = _dispatch(committee, x, top_k, None)
    points = _points(committee, x)
    return _evaluate(committee, points, direction, top_k=top_k, tolerance=tolerance, dispatch=dispatch)


def chosen(
    weights: Float[Array, "e n"], spread: Float[Array, "e e"], top_k: int | None, tolerance: Scalar | None
) -> tuple[Bool[Array, "e n"], Float[Array, " n"]]:
    """Which experts are kept, and how far the price by these can be from that by all.

    With W the weight of those kept the distance is (1 - W) times that of the others' mean from theirs, so at most
    (1 - W) times the largest distance of two experts.

    Args:
        weights: of the gate.
        spread: largest distance of two experts over the domain.
        top_k: keep so many.
        tolerance: or as few as keep the bound below it.
    """
    n_experts = weights.shape[0]
    largest_spread = jnp.max(spread)
    if top_k is None and tolerance is None:
        return weights > 0.0, jnp.zeros(weights.shape[1], weights.dtype)

    def bound(k: int) -> tuple[Array, Array]:
        kept = gate_top_k.largest(weights, k) & (weights > 0.0)
        return kept, (1.0 - jnp.sum(jnp.where(kept, weights, 0.0), axis=0)) * largest_spread

    if tolerance is None:
        return bound(top_k or n_experts)
    kept, error = bound(n_experts)
    for k in range(n_experts - 1, 0, -1):
        fewer, wider = bound(k)
        is_enough = wider <= tolerance
        kept, error = jnp.where(is_enough[None], fewer, kept), jnp.where(is_enough, wider, error)
    return kept, jnp.maximum(error, 0.0)


@functools.partial(jax.jit, static_argnames=("top_k", "tolerance", "dispatch", "with_gradient"))
def _predict(
    committee: Committee,
    x: Float[Array, "*n m"],
    *,
    top_k: int | None,
    tolerance: float | None,
    dispatch: Dispatch,
    with_gradient: bool = True,
) -> tuple[Array, Array | None, Array]:
    """All in one program: each operation outside of it would cost a price of one point a tenth of its time."""
    parts, normalisation = Parts.of(committee), committee.normalisation

    def some(x: Float[Array, "n m"]) -> tuple[Array, Array | None, Array]:
        u = normalisation.inputs(x).astype(committee.dtype)
        weights, pull_back = jax.vjp(lambda u: _weights(committee, parts, u, top_k, tolerance)[0], u)
        most = _most_active(committee, top_k)
        each, slope = each_and_slope(
            committee, u, weights, dispatch=dispatch, most_active=most, with_slope=with_gradient
        )
        value = normalisation.value(jnp.sum(weights * each, axis=0))
        if slope is None:
            return value, None, weights.T
        # What experts disagree by times how the gate turns from one to the other.
        return value, normalisation.gradient(slope + pull_back(each)[0]), weights.T

    found = in_chunks(committee, some, _points(committee, x), dispatch)
    return found if x.ndim > 1 else jax.tree.map(lambda leaf: leaf[0], found)


@functools.partial(jax.jit, static_argnames=("top_k", "tolerance", "dispatch"))
def _evaluate(
    committee: Committee,
    x: Array,
    direction: Array | None,
    *,
    top_k: int | None,
    tolerance: float | None,
    dispatch: Dispatch,
) -> Evaluation:
    parts, normalisation = Parts.of(committee), committee.normalisation
    value, dydx, weights = _predict(committee, x, top_k=top_k, tolerance=tolerance, dispatch=dispatch)
    u = normalisation.inputs(x).astype(committee.dtype)
    bound = _weights(committee, parts, u, top_k, tolerance)[1]
    curvature = None
    if direction is not None:

        def net(u: Array) -> Array:
            weights = _weights(committee, parts, u, top_k, tolerance)[0]
            return dispatch_dense.values(parts.network, committee.params["experts"], parts.scaling, u, weights)

        second = slope_along(net, u, normalisation.direction(direction.astype(x.dtype)))
        curvature = jnp.moveaxis(jax.vmap(normalisation.gradient)(second), 0, 1)
    return Evaluation(
        value=value,
        dydx=dydx,
        curvature=curvature,
        weights=weights,
        n_active=jnp.sum(weights > 0.0, axis=1),
        bound=normalisation.y_std * bound.astype(normalisation.y_std.dtype),
        status=jnp.maximum(jax.vmap(committee.domain.status)(x), committee.status),
    )


def _weights(
    committee: Committee, parts: Parts, u: Float[Array, "q n"], top_k: int | None, tolerance: float | None
) -> tuple[Array, Array]:
    weights = parts.weights(parts.logits(committee.params, u), u)
    share = None if tolerance is None else (tolerance / committee.normalisation.y_std).astype(u.dtype)
    kept, bound = chosen(jax.lax.stop_gradient(weights), committee.diagnostics["spread"], top_k, share)
    if top_k is None and tolerance is None:
        return weights, bound
    raw = jnp.where(kept, weights, 0.0)
    return raw / jnp.sum(raw, axis=0, keepdims=True), bound


def _most_active(committee: Committee, top_k: int | None) -> int:
    most = committee.gate.most_active
    return most if top_k is None else min(top_k, most)


def _dispatch(committee: Committee, x: Array, top_k: int | None, wanted: Dispatch | None) -> Dispatch:
    if wanted is not None:
        return check_member("dispatch", Dispatch, wanted)
    if not all(is_concrete(leaf) for leaf in (x, *jax.tree.leaves(committee.params))):
        return Dispatch.DENSE
    n = x.shape[0] if x.ndim > 1 else 1
    return default(committee, n, _most_active(committee, top_k))


def _check_choice(committee: Committee, top_k: int | None, tolerance: float | None) -> None:
    if top_k is not None:
        check_count("top_k", top_k)
        if top_k > committee.gate.n_experts:
            raise ValueError(f"top_k: {top_k} is more than the {committee.gate.n_experts} experts; lower it")
        if tolerance is not None:
            raise ValueError("tolerance: it decides how many experts are kept, and so does top_k; give one of them")
    if tolerance is not None and not 0.0 < tolerance < float("inf"):
        raise ValueError(f"tolerance: expected a positive number, got {tolerance}")


def _check_points(committee: Committee, x: Array) -> None:
    n_inputs = committee.domain.n_inputs
    if x.ndim not in (1, 2) or x.shape[-1] != n_inputs:
        raise ValueError(
            f"x: expected shape ({n_inputs},) or (n, {n_inputs}), the inputs {committee.domain.names}, got "
            f"{tuple(x.shape)}"
        )


def _points(committee: Committee, x: Array) -> Float[Array, "n m"]:
    return jnp.asarray(x, committee.normalisation.center.dtype).reshape(-1, committee.domain.n_inputs)
