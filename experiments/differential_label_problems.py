"""Problems of growing roughness and size for the study of labels, each with its truth at one point."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr

from experiments.differential_common import BASKET_VOLATILITY, STRIKE, at_spot, bachelier
from experiments.differential_jump_problems import DigitalBasket
from jaxprice import models, products, reference
from jaxprice.core.array import Array
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.simulation import labels

_SPOT, _VOLATILITY, _RATE, _DIVIDEND = 100.0, 0.25, 0.03, 0.01
_DATES, _BARRIER = np.array([0.25, 0.5, 0.75, 1.0]), 90.0
_LEVEL, _COUPON, _PROTECTION, _NOTIONAL = 1.02, 0.03, 0.8, 100.0
_SMALL = 1e-6


@dataclasses.dataclass(frozen=True, kw_only=True)
class PointProblem:
    """A price by its spots, at one point.

    Attributes:
        name: of the payoff.
        market: from spots to model and product.
        spot: the point, (d,).
        exact: from spots to the price.
    """

    name: str
    market: Callable[[Array], tuple[Any, Any]]
    spot: Array
    exact: Callable[[Array], Array]

    def samples(self, key: jax.Array, config: labels.Config, reach: float = _SMALL) -> DifferentialDataset:
        """Labels in a box around the point; second order, if wanted, along all spots together."""
        lower, upper = ((1.0 + sign * reach) * self.spot for sign in (-1.0, 1.0))
        box = Domain(lower=lower, upper=upper, names=tuple(f"spot_{i}" for i in range(self.spot.size)))
        direction = None if config.second_order is None else jnp.ones((1, self.spot.size))
        return labels.make(key, self.market, box, config, direction=direction)

    def truth(self) -> tuple[np.ndarray, np.ndarray]:
        """Gradient, and Hessian times the sum of the axes, (d,) each."""
        slope, curvature = jax.jit(lambda x: jax.jvp(jax.grad(self.exact), (x,), (jnp.ones_like(x),)))(self.spot)
        return np.asarray(slope), np.asarray(curvature)


def on_one_asset(name: str) -> PointProblem:
    """A call, a digital, a down-and-out call on four dates, or an autocallable note, in Black-Scholes."""
    market = (_SPOT, _RATE, _DIVIDEND, _VOLATILITY)
    if name == "call":
        product = products.European(payoff=products.Call(strike=_SPOT), expiry=1.0)

        def exact(x: Array) -> Array:
            return reference.black_scholes.call(x[0], *market, 1.0)
    elif name == "digital":
        product = products.European(payoff=products.Digital(strike=_SPOT), expiry=1.0)

        def exact(x: Array) -> Array:
            return reference.black_scholes.digital(x[0], *market, 1.0)
    elif name == "barrier":
        payoff = products.BarrierCall(strike=_SPOT, barrier=_BARRIER, is_up=False)
        product = products.PathDependent(payoff=payoff, observation_times=_DATES)

        def exact(x: Array) -> Array:
            return reference.discrete_barrier.down_and_out_call(x[0], *market, _DATES, _BARRIER)
    else:
        fixing = jnp.asarray([_SPOT])
        payoff = products.WorstOfAutocallable(
            initial_fixing=fixing,
            autocall_level=_LEVEL,
            protection_level=_PROTECTION,
            coupon=_COUPON,
            notional=_NOTIONAL,
        )
        product = products.PathDependent(payoff=payoff, observation_times=_DATES)

        def exact(x: Array) -> Array:
            numbers = (_VOLATILITY, 0.0, _RATE, _DIVIDEND, _DATES, fixing, _LEVEL, _COUPON, _PROTECTION, _NOTIONAL)
            return reference.autocallable.price(x, *numbers)

    model = models.BlackScholes.equicorrelated(
        n_assets=1, spot=_SPOT, volatility=_VOLATILITY, rate=_RATE, dividend=_DIVIDEND
    )
    return PointProblem(name=name, market=at_spot(model, product), spot=jnp.asarray([_SPOT]), exact=exact)


def on_basket(key: jax.Array, n_assets: int, name: str) -> PointProblem:
    """A "basket call" or a "basket digital" in the Bachelier model of the learning curves, at its spots of 1."""
    call = bachelier(key, n_assets)
    model, product = call.market.args  # type: ignore[attr-defined]
    exact = call.exact
    if name == "basket digital":
        weight = product.payoff.weight
        product = dataclasses.replace(product, payoff=DigitalBasket(strike=product.payoff.strike, weight=weight))

        def exact(x: Array) -> Array:
            return ndtr((weight @ x - STRIKE) / BASKET_VOLATILITY)

    return PointProblem(name=name, market=at_spot(model, product), spot=model.spot, exact=exact)
