"""Problems with known prices: the rows of the agreement matrix, the protocol and the gradient tests.

A row is a model, a product, and the true price as a differentiable function of the model. Inputs are skewed: unequal
spots, volatilities and weights, dividends, so that sign and transposition errors show.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from jaxprice import models, products
from jaxprice.reference import (
    autocallable,
    bachelier,
    basket,
    black_scholes,
    discrete_barrier,
    geometric_basket,
    heston,
    margrabe,
    rainbow,
    two_asset,
)


@dataclasses.dataclass(frozen=True)
class Problem:
    """A row: `price_fn(model)` is the reference; `jumps` says whether pathwise derivatives are refused."""

    name: str
    model: Any
    product: Any
    price_fn: Callable[[Any], Any]
    estimator: str = "pathwise"
    symmetric_correlation: bool = False
    bias: float = 0.0

    def __str__(self):
        return self.name


def market(n_assets, correlation=0.3):
    """Unequal spots, volatilities and dividends."""
    i = jnp.arange(n_assets, dtype=float)
    return models.BlackScholes.equicorrelated(
        n_assets=n_assets,
        spot=100.0 + 6.0 * jnp.cos(2.0 * i),
        volatility=0.2 + 0.06 * jnp.sin(1.0 + i),
        correlation=correlation,
        rate=0.05,
        dividend=0.02 + 0.01 * jnp.cos(i),
    )


def skewed_market():
    """Three assets with three different correlations, one of them negative."""
    plain = market(3)
    correlation = jnp.array([[1.0, 0.5, -0.2], [0.5, 1.0, 0.1], [-0.2, 0.1, 1.0]])
    return dataclasses.replace(plain, correlation=correlation)


WEIGHT = jnp.array([0.1, 0.3, 0.15, 0.25, 0.2])
MONTHS = jnp.arange(1.0, 7.0) / 12.0
QUARTERS = jnp.arange(1.0, 5.0) / 4.0


def _one(fn, *args):
    """A reference on one asset as a function of a model with arrays of length one."""
    return lambda m: fn(m.spot[0], *args[:1], m.rate, m.dividend[0], m.volatility[0], *args[1:])


def _many(fn, strike, expiry):
    return lambda m: fn(m.spot, strike, m.rate, m.dividend, m.volatility, m.correlation, expiry)


def _equal(fn, strike, expiry):
    return lambda m: fn(m.spot, strike, m.rate, m.dividend, m.volatility, m.correlation[0, 1], expiry)


HESTON = models.Heston(
    spot=jnp.array(100.0), rate=jnp.array(0.03), dividend=jnp.array(0.01), variance=jnp.array(0.05),
    mean_reversion=jnp.array(1.8), long_run_variance=jnp.array(0.06), vol_of_vol=jnp.array(0.5),
    correlation=jnp.array(-0.6),
)  # fmt: skip
BACHELIER = models.Bachelier(
    spot=jnp.array([100.0, 95.0, 104.0]), volatility=jnp.array([15.0, 22.0, 18.0]),
    correlation=skewed_market().correlation, rate=jnp.array(0.03),
)  # fmt: skip
BACHELIER_WEIGHT = jnp.array([0.5, 0.2, 0.3])
NOTE = products.WorstOfAutocallable(
    initial_fixing=jnp.array([102.0, 96.0]), autocall_level=jnp.array(1.0), protection_level=jnp.array(0.75),
    coupon=jnp.array(0.03), notional=jnp.array(100.0),
)  # fmt: skip

PROBLEMS = [
    Problem("call", market(1), products.European(payoff=products.Call(strike=104.0), expiry=1.3),
            _one(black_scholes.call, 104.0, 1.3)),
    Problem("put", market(1), products.European(payoff=products.Put(strike=104.0), expiry=1.3),
            _one(black_scholes.put, 104.0, 1.3)),
    Problem("call_spread", market(1),
            products.European(payoff=products.CallSpread(lower_strike=95.0, upper_strike=115.0), expiry=0.7),
            lambda m: black_scholes.call_spread(m.spot[0], 95.0, 115.0, m.rate, m.dividend[0], m.volatility[0], 0.7)),
    Problem("digital", market(1), products.European(payoff=products.Digital(strike=104.0), expiry=1.3),
            _one(black_scholes.digital, 104.0, 1.3), estimator="likelihood_ratio"),
    Problem("basket_call", market(5),
            products.European(payoff=products.BasketCall(strike=98.0, weight=WEIGHT), expiry=1.0),
            lambda m: basket.call(m.spot, WEIGHT, 98.0, m.rate, m.dividend, m.volatility, m.correlation, 1.0)),
    Problem("basket_put", skewed_market(),
            products.European(payoff=products.BasketPut(strike=103.0, weight=jnp.array([0.6, 0.1, 0.3])), expiry=1.0),
            lambda m: basket.put(m.spot, jnp.array([0.6, 0.1, 0.3]), 103.0, m.rate, m.dividend, m.volatility,
                                 m.correlation, 1.0)),
    Problem("geometric_call", skewed_market(),
            products.European(payoff=products.GeometricBasketCall(strike=98.0), expiry=1.5),
            _many(geometric_basket.call, 98.0, 1.5)),
    Problem("geometric_put", market(5), products.European(payoff=products.GeometricBasketPut(strike=98.0), expiry=0.5),
            _many(geometric_basket.put, 98.0, 0.5)),
    Problem("geometric_call_spread", skewed_market(),
            products.European(payoff=products.GeometricCallSpread(lower_strike=92.0, upper_strike=108.0), expiry=1.0),
            lambda m: geometric_basket.call_spread(m.spot, 92.0, 108.0, m.rate, m.dividend, m.volatility,
                                                   m.correlation, 1.0)),
    Problem("min_call_5", market(5), products.European(payoff=products.MinCall(strike=85.0), expiry=1.0),
            _equal(rainbow.min_call, 85.0, 1.0), symmetric_correlation=True),
    Problem("min_call_11", market(11), products.European(payoff=products.MinCall(strike=80.0), expiry=1.0),
            _equal(rainbow.min_call, 80.0, 1.0), symmetric_correlation=True),
    Problem("max_call_5", market(5), products.European(payoff=products.MaxCall(strike=110.0), expiry=1.0),
            _equal(rainbow.max_call, 110.0, 1.0), symmetric_correlation=True),
    Problem("max_put_2", market(2, -0.4), products.European(payoff=products.MaxPut(strike=105.0), expiry=1.0),
            lambda m: two_asset.max_put(m.spot, 105.0, m.rate, m.dividend, m.volatility, m.correlation[0, 1], 1.0),
            symmetric_correlation=True),
    Problem("min_put_2", market(2, -0.4), products.European(payoff=products.MinPut(strike=95.0), expiry=1.0),
            lambda m: two_asset.min_put(m.spot, 95.0, m.rate, m.dividend, m.volatility, m.correlation[0, 1], 1.0),
            symmetric_correlation=True),
    Problem("outperformer", market(2), products.European(payoff=products.Outperformer(), expiry=1.0),
            lambda m: margrabe.exchange(m.spot[::-1], m.dividend[::-1], m.volatility[::-1], m.correlation[0, 1], 1.0),
            symmetric_correlation=True),
    Problem("spread", market(2), products.European(payoff=products.Spread(strike=4.0), expiry=1.0),
            lambda m: basket.spread_call(m.spot, 4.0, m.rate, m.dividend, m.volatility, m.correlation[0, 1], 1.0),
            symmetric_correlation=True),
    Problem("geometric_outperformer", skewed_market(),
            products.European(payoff=products.GeometricOutperformer(), expiry=1.0),
            lambda m: geometric_basket.outperformer(m.spot, m.dividend, m.volatility, m.correlation, 1.0)),
    Problem("bachelier_basket", BACHELIER,
            products.European(payoff=products.BasketCall(strike=101.0, weight=BACHELIER_WEIGHT), expiry=1.0),
            lambda m: bachelier.basket_call(m.spot, BACHELIER_WEIGHT, 101.0, m.rate, m.volatility, m.correlation, 1.0)),
    Problem("heston_call", HESTON, products.European(payoff=products.Call(strike=105.0), expiry=1.0),
            lambda m: heston.call(m.spot, 105.0, m.rate, m.dividend, m.variance, m.mean_reversion,
                                  m.long_run_variance, m.vol_of_vol, m.correlation, 1.0), bias=0.002),
    Problem("barrier", market(1),
            products.PathDependent(payoff=products.BarrierCall(strike=98.0, barrier=125.0), observation_times=MONTHS),
            lambda m: discrete_barrier.up_and_out_call(m.spot[0], 98.0, m.rate, m.dividend[0], m.volatility[0], MONTHS,
                                                       125.0), estimator="likelihood_ratio"),
    Problem("autocallable", market(2), products.PathDependent(payoff=NOTE, observation_times=QUARTERS),
            lambda m: autocallable.price(m.spot, m.volatility, m.correlation[0, 1], m.rate, m.dividend, QUARTERS,
                                         NOTE.initial_fixing, 1.0, 0.03, 0.75, 100.0),
            estimator="likelihood_ratio", symmetric_correlation=True),
]  # fmt: skip

BY_NAME = {problem.name: problem for problem in PROBLEMS}
