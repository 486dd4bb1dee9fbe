"""Present value of one path whose derivative is a right label for the derivative of the price.

Reverse mode through a simulation differentiates what the path pays. Where the payoff jumps that misses the jump, and
the mean of such derivatives is wrong, silently. The estimators here agree in the mean of their values; they differ in
what their derivative with respect to the model means.
"""

import dataclasses
import enum
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr, ndtri

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.models.model import Model
from jaxprice.numerics.safe import smooth_heaviside
from jaxprice.simulation.paths import refine, simulate


class Estimator(enum.StrEnum):
    """What the derivative of a path's value is."""

    PATHWISE = "pathwise"
    """Derivative of what the path pays; unbiased for continuous payoffs, refused for payoffs that jump."""
    LIKELIHOOD_RATIO = "likelihood_ratio"
    """What the path pays times the score of its prices (Broadie and Glasserman 1996); right for any payoff, noisy."""
    SMOOTHED = "smoothed"
    """Pathwise derivative with each jump replaced by a ramp; bias and noise are traded by the ramp's width."""
    CONDITIONAL = "conditional"
    """One-step survival (Glasserman and Staum 2001): the chance to survive each observation is integrated out;
    unbiased and quiet, for payoffs on one asset that declare survival bounds."""


def present_value(
    estimator: Estimator,
    model: Model,
    product: Any,
    normal: Float[Array, "n_steps m"],
    n_substeps: int,
    smoothing_width: float,
) -> Scalar:
    """Discounted cash flows of one path, with the derivative that `estimator` says.

    Args:
        estimator: the kind of derivative.
        model: what moves.
        product: what is paid; European or path-dependent.
        normal: n_substeps rows for each of the product's times.
        n_substeps: time steps between observations.
        smoothing_width: width of the ramps of the smoothed estimator, relative to the level of each jump.
    """
    if estimator == Estimator.LIKELIHOOD_RATIO:
        state, log_density = model.likelihood_path(normal, refine(product.time, n_substeps))
        price = model.observe(state)[n_substeps - 1 :: n_substeps]
        paid = _discounted(model, product, jax.lax.stop_gradient(price))
        return paid * jnp.exp(log_density - jax.lax.stop_gradient(log_density))
    if estimator == Estimator.CONDITIONAL:
        return _one_step_survival(model, product, normal, n_substeps)
    price = simulate(model, normal, product.time, n_substeps)
    exact = _discounted(model, product, price)
    if estimator == Estimator.PATHWISE:
        return exact
    smooth = _discounted(model, product, price, _smoothed(product.payoff, smoothing_width))
    return jax.lax.stop_gradient(exact - smooth) + smooth


def spot_hessian(
    estimator: Estimator,
    model: Any,
    product: Any,
    normal: Float[Array, "n_steps m"],
    n_substeps: int,
    smoothing_width: float,
) -> Float[Array, "d d"]:
    """Second derivatives of one path's value with respect to the spots; their mean is gamma and cross-gamma.

    `PATHWISE` means the mixed estimator: likelihood ratio of the pathwise delta, unbiased for continuous payoffs
    (Broadie and Glasserman 1996, section 3). `SMOOTHED` is the same of the smoothed payoff; a second pathwise
    derivative would miss its kinks. `LIKELIHOOD_RATIO` takes the score twice, for payoffs that jump.
    """

    def value(spot: Array) -> Scalar:
        return present_value(
            estimator, dataclasses.replace(model, spot=spot), product, normal, n_substeps, smoothing_width
        )

    if estimator == Estimator.LIKELIHOOD_RATIO:
        return jax.hessian(value)(model.spot)

    def market(spot: Array) -> tuple[Any, Any]:
        return dataclasses.replace(model, spot=spot), product

    def weighted_delta(spot: Array) -> Array:
        return weighted_gradient(estimator, market, spot, normal, n_substeps, smoothing_width)

    mixed = jax.jacfwd(weighted_delta)(model.spot)
    return 0.5 * (mixed + mixed.T) if mixed.ndim else mixed


def weighted_gradient(
    estimator: Estimator,
    market: Callable[[Array], tuple[Any, Any]],
    x: Float[Array, "*m"],
    normal: Float[Array, "n_steps m"],
    n_substeps: int,
    smoothing_width: float,
) -> Float[Array, "*m"]:
    """Pathwise derivative of one path's value, on prices that stay where they are when it is differentiated again.

    Its value is the pathwise derivative with respect to x. Its derivative in turn is the likelihood ratio of that: an
    unbiased second derivative of the price (Broadie and Glasserman 1996, section 3).

    Args:
        estimator: `PATHWISE`, or `SMOOTHED` for that of the smoothed payoff.
        market: from inputs to model and product, of which x may move the spot alone.
        x: inputs.
        normal: n_substeps rows for each of the product's times.
        n_substeps: time steps between observations.
        smoothing_width: as in `present_value`.
    """
    model, product = market(x)
    payoff = _smoothed(product.payoff, smoothing_width) if estimator == Estimator.SMOOTHED else product.payoff
    time = refine(product.time, n_substeps)
    state, log_density = model.likelihood_path(normal, time)

    def moved(point: Array) -> Scalar:
        path = model.observe(model.from_spot(state, time, market(point)[0].spot))
        return _discounted(model, product, path[n_substeps - 1 :: n_substeps], payoff)

    return jax.grad(moved)(x) * jnp.exp(log_density - jax.lax.stop_gradient(log_density))


def _smoothed(payoff: Any, width: float) -> Callable[[Array], Array]:
    return lambda state: payoff.cash_flow(state, lambda distance: smooth_heaviside(distance, width))


def _discounted(model: Model, product: Any, price: Float[Array, "n d"], payoff: Any = None) -> Scalar:
    return jnp.sum(model.discount_factor(product.time) * product.cash_flow(price, payoff))


def _one_step_survival(model: Any, product: Any, normal: Float[Array, "n_steps m"], n_substeps: int) -> Scalar:
    """Draws each log-return from its law given survival, and weights by the chance of surviving.

    The last normal of a step drives the price given the rest; `Model.conditional_law` gives its Gaussian law.
    """
    payoff = product.payoff
    mean, std = model.conditional_law(normal, refine(product.time, n_substeps))
    n_times = product.time.shape[0]
    lower, upper = payoff.survival_bounds(n_times)
    # Bounds that are not there lie 1,000 log-units away: finite, so that no derivative meets 0 · ∞.
    log_lower = jnp.where(lower > 0, jnp.log(jnp.where(lower > 0, lower, 1.0)), -1e3)
    log_upper = jnp.where(jnp.isfinite(upper), jnp.log(jnp.where(jnp.isfinite(upper), upper, 1.0)), 1e3)
    is_observed = jnp.arange(n_times * n_substeps) % n_substeps == n_substeps - 1
    log_lower = jnp.where(is_observed, jnp.repeat(log_lower, n_substeps), -1e3).astype(normal.dtype)
    log_upper = jnp.where(is_observed, jnp.repeat(log_upper, n_substeps), 1e3).astype(normal.dtype)
    tiny = jnp.finfo(normal.dtype).eps

    def step(log_price: Scalar, law: tuple[Scalar, ...]) -> tuple[Scalar, tuple[Scalar, Scalar]]:
        mean, std, low, high, z = law
        below = ndtr((low - log_price - mean) / std)
        above = ndtr((log_price + mean - high) / std)
        survival = 1.0 - below - above
        share = jnp.clip(below + ndtr(z) * survival, tiny, 1.0 - tiny)
        log_price = log_price + mean + std * ndtri(share)
        return log_price, (log_price, survival)

    start = jnp.log(model.spot.reshape(()))
    _, (log_price, survival) = jax.lax.scan(step, start, (mean, std, log_lower, log_upper, normal[:, -1]))
    price = jnp.exp(log_price)[n_substeps - 1 :: n_substeps, None]
    alive = jnp.prod(survival) * _discounted(model, product, price, payoff.surviving_cash_flow)
    if getattr(payoff, "is_knock_in", False):
        plain = simulate(model, normal, product.time, n_substeps)
        return _discounted(model, product, plain, payoff.surviving_cash_flow) - alive
    return alive


def check_estimator(estimator: Estimator, model: Any, payoff: Any, *, order: int = 1) -> None:
    """Raises `ValueError` where `estimator` would be silently wrong or is not possible, and says what works.

    Args:
        estimator: the kind of derivative.
        model: what moves.
        payoff: what is paid.
        order: 1 for sensitivities, 2 for gamma.
    """
    name = type(payoff).__name__
    jumps = getattr(payoff, "jumps", None)
    can_smooth, can_condition = _can_smooth(payoff), _can_condition(model, payoff)
    options = jump_options(model, payoff, order=order)
    if estimator == Estimator.PATHWISE and jumps:
        raise ValueError(
            f"{name} jumps: its pathwise derivative misses the jump and would be silently wrong; use {options}"
        )
    if estimator == Estimator.SMOOTHED and not can_smooth:
        raise ValueError(
            f"estimator='smoothed' needs a payoff with a method cash_flow(state, step), {name} has none; "
            "use estimator='likelihood_ratio'" + ("" if jumps else ", or 'pathwise' since it does not jump")
        )
    if estimator == Estimator.CONDITIONAL and order > 1:
        raise ValueError("gamma has no conditional estimator; use estimator='likelihood_ratio'")
    if estimator == Estimator.CONDITIONAL and not can_condition:
        raise ValueError(
            f"estimator='conditional' needs a payoff on one asset with survival_bounds and a model with "
            f"conditional_law; {name} in {type(model).__name__} has not both; use estimator='likelihood_ratio'"
        )


def jump_options(model: Any, payoff: Any, *, order: int = 1, levels_move: bool = False) -> str:
    """The estimators that are right for a payoff that jumps, as text.

    Args:
        model: what moves.
        payoff: what is paid.
        order: 1 for sensitivities, 2 for gamma.
        levels_move: whether derivatives by where the payoff jumps are wanted too.
    """
    works = ["likelihood_ratio"] * (not levels_move) + ["smoothed"] * _can_smooth(payoff)
    works += ["conditional"] * (_can_condition(model, payoff) and order == 1)
    return " or ".join(f"estimator='{kind}'" for kind in works)


def _can_smooth(payoff: Any) -> bool:
    return hasattr(payoff, "cash_flow")


def _can_condition(model: Any, payoff: Any) -> bool:
    return hasattr(payoff, "survival_bounds") and hasattr(model, "conditional_law") and model.n_assets == 1


@jax.custom_jvp
def refuse_derivative(number: Array) -> Array:
    """The number itself, until somebody differentiates by it."""
    return number


@refuse_derivative.defjvp
def _refuse_derivative_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    raise ValueError(
        "the payoff jumps: differentiating its price path by path misses the jump and would be silently "
        "wrong; use Config(estimator='likelihood_ratio'), whose price can be differentiated"
    )
