"""Calls on one asset whose gammas are known, for the study of labels of second order."""

import dataclasses
from typing import ClassVar

import jax.numpy as jnp

from experiments.differential_common import WIDER, Problem, at_spot
from jaxprice import models, products, reference
from jaxprice.core import pytree_dataclass
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.reference.literature.differential import GK_PARAMETERS
from jaxprice.simulation import labels

CALL, CALLS = "call", "three calls"
_TERMS = {CALL: ((1.1,), (1.0,)), CALLS: ((0.85, 0.9, 1.15), (1.0, -1.5, 0.75))}
"""Strikes and weights."""
_EXPIRY, _VOLATILITY = GK_PARAMETERS["expiry"], GK_PARAMETERS["volatility"]


@pytree_dataclass
class CallPortfolio:
    """Calls on one asset, each with its weight."""

    strike: Float[Array, " k"]
    weight: Float[Array, " k"]
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " 1"]) -> Scalar:
        """Cash flow at price (1,)."""
        return jnp.sum(self.weight * jnp.maximum(state - self.strike, 0.0))


def calls(name: str) -> Problem:
    """A call, or the portfolio of three, in Black-Scholes with the authors' parameters."""
    strike, weight = _TERMS[name]
    model = models.BlackScholes.equicorrelated(n_assets=1, spot=1.0, volatility=_VOLATILITY)
    wide = dataclasses.replace(model, volatility=WIDER * model.volatility)
    payoff = CallPortfolio(strike=jnp.asarray(strike), weight=jnp.asarray(weight))

    def exact(x: Array) -> Array:
        pairs = zip(strike, weight, strict=True)
        return sum(w * reference.black_scholes.call(x[0], k, 0.0, 0.0, _VOLATILITY, _EXPIRY) for k, w in pairs)

    market = at_spot(model, products.European(payoff=payoff, expiry=_EXPIRY))
    inputs = labels.Horizon(model=wide, time=jnp.asarray(_EXPIRY))
    return Problem(name=name, market=market, inputs=inputs, exact=exact)
