"""Asking a committee: values and Greeks through the gate, with as few experts as wanted."""

import enum
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Bool, Float, Int
from jaxprice.core.status import Status
from jaxprice.core.validation import check_count, check_member
from jaxprice.engines.mixture_of_experts import dispatch_dense, dispatch_grouped, gate_top_k
from jaxprice.engines.mixture_of_experts.committee import Committee, Parts
from jaxprice.learning.twin_net import slope_along

_BLOCK = 512
_GROUPED_FROM = 4096


class Dispatch(enum.StrEnum):
    """Which expert computes which sample."""

    DENSE = "dense"
    """All of them all samples."""
    GROUPED = "grouped"
    """Each of them the samples it has a weight for, in blocks."""


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
) -> Any:
    """Value and gradient at points (n, m) or at one (m,), and on request the weights of the experts.

    Beyond the domain the numbers are extrapolated; `evaluate` says where that is.

    Args:
        committee: as fitted.
        x: points.
        top_k: keep only so many experts, those with the largest weights; None keeps all that have one. Then, and with
            a tolerance, prices jump where the set changes, whatever the gate.
        tolerance: keep as few experts as bound the distance from the price by all of them, in units of y.
        dispatch: None takes what is faster for this many points.
        return_weights: whether (n, e) weights come third.

    Raises:
        ValueError: for points of another width, k of 0 or above the number of experts, a tolerance with a k.
    """
    x = jnp.asarray(x)
    points = committee.domain.points(x).astype(committee.normalisation.center.dtype)
    wanted = _default(points.shape[0], committee) if dispatch is None else dispatch
    dispatch = check_member("dispatch", Dispatch, wanted)
    _check_choice(committee, top_k, tolerance)
    value, dydx, weights, _ = _predict(committee, points, top_k=top_k, tolerance=tolerance, dispatch=dispatch)
    found = (value, dydx, weights) if return_weights else (value, dydx)
    return found if x.ndim > 1 else tuple(part[0] for part in found)


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
    _check_choice(committee, top_k, tolerance)
    if direction is not None:
        direction = jnp.asarray(direction)
        committee.domain.check_directions(direction)
    points = committee.domain.points(jnp.asarray(x)).astype(committee.normalisation.center.dtype)
    return _evaluate(committee, points, direction, top_k=top_k, tolerance=tolerance)


def chosen(
    weights: Float[Array, "e n"], spread: Float[Array, "e e"], top_k: int | None, tolerance: Float[Array, " n"] | None
) -> tuple[Bool[Array, "e n"], Float[Array, " n"]]:
    """Which experts are kept, and how far the price by these can be from that by all.

    With W the weight of those kept the distance is (1 - W) times that of the others' mean from theirs, so at most
    (1 - W) times the largest distance of two experts.

    Args:
        weights: of the gate.
        spread: largest distance of two experts over the domain.
        top_k: keep so many.
        tolerance: or as few as keep the bound below it, at each sample.
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


@functools.partial(jax.jit, static_argnames=("top_k", "tolerance", "dispatch"))
def _predict(
    committee: Committee, x: Float[Array, "n m"], *, top_k: int | None, tolerance: float | None, dispatch: Dispatch
) -> tuple[Array, Array, Array, Array]:
    parts, normalisation = Parts.of(committee), committee.normalisation
    u = parts.inputs(x).astype(committee.dtype)
    share = _share(committee, x, tolerance)
    weights, pull_back, bound = jax.vjp(lambda u: _weights(committee, parts, u, top_k, share), u, has_aux=True)
    network, experts, scaling = parts.network, committee.params["experts"], parts.scaling
    if dispatch == Dispatch.DENSE:
        each, slope = dispatch_dense.values_and_slopes(network, experts, scaling, u, weights)
    else:
        most = parts.gate.most_active if top_k is None else min(top_k, parts.gate.most_active)
        each, slope = dispatch_grouped.values_and_slopes(network, experts, scaling, u, weights, most, _BLOCK)
    value = jnp.sum(weights * each, axis=0)
    # What experts disagree by times how the gate turns from one to the other.
    slope = slope + pull_back(each)[0]
    seen = normalisation.value(value)
    dydx = committee.chart.gradient(x, seen, normalisation.gradient(slope))
    bound = committee.chart.value(x, normalisation.y_std * bound.astype(normalisation.y_std.dtype))
    return committee.chart.value(x, seen), dydx, weights.T, bound


@functools.partial(jax.jit, static_argnames=("top_k", "tolerance"))
def _evaluate(
    committee: Committee, x: Array, direction: Array | None, *, top_k: int | None, tolerance: float | None
) -> Evaluation:
    parts, normalisation = Parts.of(committee), committee.normalisation
    value, dydx, weights, bound = _predict(
        committee, x, top_k=top_k, tolerance=tolerance, dispatch=_default(x.shape[0], committee)
    )
    curvature = None
    if direction is not None:

        def prices(columns: Array) -> Array:
            x = columns.T
            u = parts.inputs(x).astype(committee.dtype)
            share = _share(committee, x, tolerance)
            weights = _weights(committee, parts, u, top_k, share)[0]
            values = dispatch_dense.values(parts.network, committee.params["experts"], parts.scaling, u, weights)
            return committee.chart.value(x, normalisation.value(values))

        curvature = jnp.moveaxis(slope_along(prices, x.T, direction.astype(x.dtype)), (1, 2), (2, 0))
    is_inside = jax.vmap(committee.domain.contains)(x) & committee.chart.contains(x)
    return Evaluation(
        value=value,
        dydx=dydx,
        curvature=curvature,
        weights=weights,
        n_active=jnp.sum(weights > 0.0, axis=1),
        bound=bound,
        status=jnp.maximum(jnp.where(is_inside, Status.OK, Status.OUTSIDE_DOMAIN).astype(jnp.int32), committee.status),
    )


def _share(committee: Committee, x: Float[Array, "n m"], tolerance: float | None) -> Float[Array, " n"] | None:
    """A tolerance in units of normalised values."""
    if tolerance is None:
        return None
    return (tolerance / (committee.normalisation.y_std * committee.chart.size(x))).astype(committee.dtype)


def _weights(
    committee: Committee, parts: Parts, u: Float[Array, "q n"], top_k: int | None, share: Float[Array, " n"] | None
) -> tuple[Array, Array]:
    """Of the experts that are kept, with their bound."""
    weights = parts.weights(parts.logits(committee.params, u), u)
    kept, bound = chosen(jax.lax.stop_gradient(weights), committee.diagnostics["spread"], top_k, share)
    if top_k is None and share is None:
        return weights, bound
    raw = jnp.where(kept, weights, 0.0)
    return raw / jnp.sum(raw, axis=0, keepdims=True), bound


def _default(n: int, committee: Committee) -> Dispatch:
    is_sparse = committee.gate.most_active < committee.gate.n_experts
    return Dispatch.GROUPED if is_sparse and n >= _GROUPED_FROM else Dispatch.DENSE


def _check_choice(committee: Committee, top_k: int | None, tolerance: float | None) -> None:
    if top_k is not None:
        check_count("top_k", top_k)
        if top_k > committee.gate.n_experts:
            raise ValueError(f"top_k: {top_k} is more than the {committee.gate.n_experts} experts; lower it")
        if tolerance is not None:
            raise ValueError("tolerance: it decides how many experts are kept, and so does top_k; give one of them")
    if tolerance is not None and not 0.0 < tolerance < float("inf"):
        raise ValueError(f"tolerance: expected a positive number, got {tolerance}")
