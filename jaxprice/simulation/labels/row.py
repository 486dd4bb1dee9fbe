"""What one path says of one row: value, derivatives, and second derivatives along directions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.simulation.estimators import Estimator, present_value, weighted_gradient
from jaxprice.simulation.inputs import prepare
from jaxprice.simulation.labels.config import Config, SecondOrder
from jaxprice.simulation.paths import substeps

Market = Callable[[Array], tuple[Any, Any]]
"""From one point of inputs (m,) to a model and a product."""


class Label(NamedTuple):
    """Value, derivatives and Hessian-vector products; of many rows, their axis comes first."""

    y: Scalar
    dydx: Float[Array, " m"]
    curvature: Float[Array, "k m"] | None


def market_at(market: Market, x: Float[Array, " m"]) -> tuple[Any, Any]:
    """Model and product at one point, checked, with every number an array of the inputs' dtype.

    Raises:
        TypeError: for what is not a model and a product that can be simulated; ValueError: for bad numbers.
    """
    pair = market(x)
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError(f"market: expected a function from inputs to (model, product), it gave {type(pair).__name__}")
    model, product = prepare(*pair, x.dtype)
    if not hasattr(product, "cash_flow"):
        raise TypeError(
            f"labels are of what pays without a choice, got {type(product).__name__}; make those of an early-exercise "
            "product from the policy that an engine for early exercise finds"
        )
    if not hasattr(model, "path"):
        raise TypeError(f"labels simulate one law, {type(model).__name__} has none; use an engine that bounds prices")
    return model, product


def label(
    market: Market,
    x: Float[Array, " m"],
    normal: Float[Array, "n_steps f"],
    direction: Float[Array, "k m"] | None,
    config: Config,
) -> Label:
    """Value of one path of the market at x, with its derivatives through the market by x.

    Args:
        market: the market.
        x: inputs.
        normal: n_substeps rows for each of the product's times.
        direction: along which to differentiate twice, if `config` asks for it.
        config: the estimators.
    """
    width = config.smoothing_width

    def here(x: Array) -> tuple[Any, Any]:
        return market_at(market, x)

    def value(x: Array, estimator: Estimator = config.estimator) -> Scalar:
        model, product = here(x)
        return present_value(estimator, model, product, normal, n_substeps_of(model, product, config), width)

    def slope(x: Array) -> Array:
        if config.second_order == SecondOrder.LIKELIHOOD_RATIO:
            return jax.grad(value)(x, Estimator.LIKELIHOOD_RATIO)
        return weighted_gradient(config.estimator, here, x, normal, n_substeps_of(*here(x), config), width)

    y, dydx = jax.value_and_grad(value)(x)
    if config.second_order is None:
        return Label(y, dydx, None)
    return Label(y, dydx, jax.vmap(lambda v: jax.jvp(slope, (x,), (v,))[1])(direction))


def sizes(market: Market, x: Float[Array, " m"], config: Config) -> tuple[int, int]:
    """Steps of a path and normals of a step."""
    model, product = market_at(market, x)
    return product.time.shape[0] * n_substeps_of(model, product, config), model.n_factors


def n_substeps_of(model: Any, product: Any, config: Config) -> int:
    """Time steps between two observations."""
    return substeps(model, product.time.shape[0], config.n_substeps)
