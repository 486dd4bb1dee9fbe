"""Payoffs that jump, with their closed forms: the problems of Glasserman and Karmarkar, arXiv 2512.05301.

What the paper leaves open is as in the authors' code (github.com/diff-ml-with-a-difference/options-pricing @ bfaf55b):
spot 1, strike 1.1, inputs with the law of prices after a third of a year at 1.5 times the volatility, errors on a grid
of spots and, of the basket, on uniform points; the barrier call is monitored once, at half its life, and its strike
is 0. In that code the digitals run for a year from inputs one year away; here for a third, as in the paper.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr

from experiments.differential_common import N_TEST, WIDER, at_spot
from experiments.greeks_discontinuous import Undeclared
from jaxprice import models, products, reference
from jaxprice.core import pytree_dataclass
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.numerics.safe import heaviside
from jaxprice.products.payoff import Step
from jaxprice.reference.literature.differential import GK_PARAMETERS
from jaxprice.simulation import labels

EXPIRY, VOLATILITY = GK_PARAMETERS["expiry"], GK_PARAMETERS["volatility"]
STRIKE, BARRIER = 1.1, 0.85
REACH = 1.96 * WIDER * VOLATILITY * math.sqrt(EXPIRY)
"""Of the logarithms of the inputs on either side of 0, nearly: 95 % of them."""
DIGITAL, BASKET, KNOCK_OUT = "digital", "digital basket, 20 assets", "barrier"
_N_ASSETS = 20


@pytree_dataclass
class DigitalBasket:
    """One unit of cash if the weighted sum of the prices is at the strike or above."""

    strike: Scalar
    weight: Float[Array, " d"]
    jumps: ClassVar[bool] = True

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        return self.cash_flow(state, heaviside)

    def cash_flow(self, state: Float[Array, " d"], step: Step) -> Scalar:
        """The same with `step` of the relative distance to the strike for the indicator."""
        return step(jnp.sum(self.weight * state) / self.strike - 1.0)


@pytree_dataclass
class KnockedOutOnce:
    """The last price, if the first one is at the barrier or above: a down-and-out call with strike 0."""

    barrier: Scalar
    jumps: ClassVar[bool] = True

    def __call__(self, state: Float[Array, "n 1"]) -> Scalar:
        """Cash flow at the last time."""
        return self.cash_flow(state, heaviside)

    def cash_flow(self, state: Float[Array, "n 1"], step: Step) -> Scalar:
        """The same with `step` of the relative distance to the barrier for the indicator."""
        return step(state[0, 0] / self.barrier - 1.0) * state[-1, 0]

    def survival_bounds(self, n_times: int) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
        """Prices between which the option stays alive: it is looked at once."""
        is_first = jnp.arange(n_times) == 0
        return jnp.where(is_first, self.barrier, 0.0), jnp.full((n_times,), jnp.inf, self.barrier.dtype)

    def surviving_cash_flow(self, state: Float[Array, "n 1"]) -> Scalar:
        """What is paid if it is not knocked out."""
        return state[-1, 0]


@dataclasses.dataclass(frozen=True, kw_only=True)
class JumpProblem:
    """A value with a jump in its payoff, to be learned.

    Attributes:
        name: as in the table of published numbers.
        model: what moves; its spot is the input.
        product: what is paid.
        exact: from one point to the value.
        x: points at which errors are measured, (n, m).
    """

    name: str
    model: Any
    product: Any
    exact: Callable[[Array], Array]
    x: Array

    def samples(self, key: jax.Array, config: labels.Config, *, is_declared: bool = True) -> DifferentialDataset:
        """Labels to train on; a payoff that is not declared says, falsely, that it does not jump."""
        product = self.product
        if not is_declared:
            product = dataclasses.replace(product, payoff=Undeclared(payoff=product.payoff))
        wide = dataclasses.replace(self.model, volatility=WIDER * self.model.volatility)
        inputs = labels.Horizon(model=wide, time=jnp.asarray(EXPIRY))
        return labels.make(key, at_spot(self.model, product), inputs, config)

    def truth(self, x: Array | None = None) -> tuple[Array, Array, Array]:
        """Points, those of the table if none are given, and value and gradient there."""
        x = self.x if x is None else x
        return x, *jax.vmap(jax.value_and_grad(self.exact))(x)

    def inside(self, key: jax.Array) -> tuple[Array, Array, Array]:
        """The same at points with the law of the inputs."""
        config = labels.Config(n_samples=N_TEST, estimator=labels.Estimator.LIKELIHOOD_RATIO)
        return self.truth(self.samples(key, config).x)


def problem(name: str) -> JumpProblem:
    """One of the three by its name."""
    return {DIGITAL: _digital, BASKET: _basket, KNOCK_OUT: _knock_out}[name]()


def _one_asset() -> models.BlackScholes:
    return models.BlackScholes.equicorrelated(n_assets=1, spot=1.0, volatility=VOLATILITY)


def _digital() -> JumpProblem:
    def exact(x: Array) -> Array:
        return reference.black_scholes.digital(x[0], STRIKE, 0.0, 0.0, VOLATILITY, EXPIRY)

    product = products.European(payoff=products.Digital(strike=STRIKE), expiry=EXPIRY)
    grid = jnp.linspace(0.4, 1.6, 100)[:, None]
    return JumpProblem(name=DIGITAL, model=_one_asset(), product=product, exact=exact, x=grid)


def _knock_out() -> JumpProblem:
    def exact(x: Array) -> Array:
        # The asset is a martingale: what it is worth at the barrier's date if it survives that.
        market = (x[0], BARRIER, 0.0, 0.0, VOLATILITY, EXPIRY)
        return reference.black_scholes.call(*market) + BARRIER * reference.black_scholes.digital(*market)

    payoff, times = KnockedOutOnce(barrier=jnp.asarray(BARRIER)), jnp.asarray([EXPIRY, 2.0 * EXPIRY])
    product = products.PathDependent(payoff=payoff, observation_times=times)
    grid = jnp.linspace(0.35, 1.65, 100)[:, None]
    return JumpProblem(name=KNOCK_OUT, model=_one_asset(), product=product, exact=exact, x=grid)


def _basket() -> JumpProblem:
    weight = jnp.full(_N_ASSETS, 1.0 / _N_ASSETS)

    def exact(x: Array) -> Array:
        return ndtr((jnp.sum(weight * x) - STRIKE) / (VOLATILITY * math.sqrt(EXPIRY)))

    # Uncorrelated and alike, with the volatility that gives the basket its own.
    volatility = jnp.full(_N_ASSETS, VOLATILITY * math.sqrt(_N_ASSETS))
    correlation, rate = jnp.eye(_N_ASSETS), jnp.zeros(())
    model = models.Bachelier(spot=jnp.ones(_N_ASSETS), volatility=volatility, correlation=correlation, rate=rate)
    product = products.European(payoff=DigitalBasket(strike=jnp.asarray(STRIKE), weight=weight), expiry=EXPIRY)
    reach = 0.5 * (1.0 + 0.5 * math.sqrt((_N_ASSETS - 1) / 12.0))
    x = jax.random.uniform(jax.random.key(42), (N_TEST, _N_ASSETS), jnp.float64, 1.0 - reach, 1.0 + reach)
    return JumpProblem(name=BASKET, model=model, product=product, exact=exact, x=x)
