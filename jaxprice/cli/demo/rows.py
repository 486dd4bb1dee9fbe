"""One market, and every problem on it with the engines that price it."""
# Products are written with plain numbers here, as their users write them; engines make arrays of them.
# mypy: disable-error-code="arg-type"

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice import models, products
from jaxprice.cli.demo.run import Row
from jaxprice.core.array import Array, PRNGKey, Scalar
from jaxprice.core.domain import Domain
from jaxprice.core.result import PriceResult
from jaxprice.engines import differential, glsm, monte_carlo
from jaxprice.reference import (
    autocallable,
    basket,
    bermudan_two_asset,
    black_scholes,
    discrete_barrier,
    geometric_basket,
    heston,
    rainbow,
)
from jaxprice.simulation import labels

_CORRELATION = 0.3
_WORST = "call on the worst of 5"


def market() -> models.BlackScholes:
    """Five assets that are alike in nothing but their correlation."""
    return dataclasses.replace(
        models.BlackScholes.equicorrelated(n_assets=5, spot=100.0, volatility=0.2, correlation=_CORRELATION, rate=0.03),
        spot=jnp.asarray([100.0, 95.0, 105.0, 98.0, 102.0]),
        volatility=jnp.asarray([0.20, 0.25, 0.18, 0.30, 0.22]),
        dividend=jnp.asarray([0.01, 0.02, 0.0, 0.03, 0.015]),
    )


def first(model: models.BlackScholes, n_assets: int) -> models.BlackScholes:
    """The first assets of a market."""
    return models.BlackScholes(
        spot=model.spot[:n_assets],
        volatility=model.volatility[:n_assets],
        correlation=model.correlation[:n_assets, :n_assets],
        rate=model.rate,
        dividend=model.dividend[:n_assets],
    )


def rows() -> list[Row]:
    """Every row of the demonstration; an engine that lands later appends its own."""
    five = market()
    two, one = first(five, 2), first(five, 1)
    stochastic = models.Heston(
        spot=one.spot[0],
        rate=one.rate,
        dividend=one.dividend[0],
        variance=one.volatility[0] ** 2,
        mean_reversion=jnp.asarray(1.5),
        long_run_variance=jnp.asarray(0.05),
        vol_of_vol=jnp.asarray(0.5),
        correlation=jnp.asarray(-0.7),
    )
    weight = jnp.full(5, 0.2)
    note = products.WorstOfAutocallable(
        initial_fixing=two.spot, autocall_level=1.0, protection_level=0.7, coupon=0.05, notional=100.0
    )
    half_years, months = jnp.arange(1.0, 5.0) / 2.0, jnp.arange(1.0, 13.0) / 12.0

    def european(payoff: Any) -> products.European:
        return products.European(payoff=payoff, expiry=1.0)

    def worst_call(m: Any) -> Scalar:
        return rainbow.min_call(m.spot, 85.0, m.rate, m.dividend, m.volatility, _CORRELATION, 1.0)

    def rest(m: Any) -> tuple[Array, Array, Array]:
        return m.rate, m.dividend, m.volatility

    return [
        Row(
            name="call on the basket, 5 assets",
            engine="Monte Carlo, control variate",
            model=five,
            price_fn=_simulated(european(products.BasketCall(strike=100.0, weight=weight)), control_variate=True),
            reference_fn=lambda m: basket.call(m.spot, weight, 100.0, *rest(m), m.correlation, 1.0),
            source="quadrature",
        ),
        Row(
            name="put on the geometric mean, 5 assets",
            engine="Monte Carlo, antithetic",
            model=five,
            price_fn=_simulated(european(products.GeometricBasketPut(strike=100.0)), sampling="antithetic"),
            reference_fn=lambda m: geometric_basket.put(m.spot, 100.0, *rest(m), m.correlation, 1.0),
            source="closed form",
        ),
        Row(
            name=_WORST,
            engine="Monte Carlo",
            model=five,
            price_fn=_simulated(european(products.MinCall(strike=85.0))),
            reference_fn=worst_call,
            source="quadrature",
        ),
        Row(
            name=_WORST,
            engine="Monte Carlo, Sobol",
            model=five,
            price_fn=_simulated(european(products.MinCall(strike=85.0)), sampling="sobol"),
            reference_fn=worst_call,
            source="quadrature",
        ),
        Row(
            name="call on the best of 5",
            engine="Monte Carlo",
            model=five,
            price_fn=_simulated(european(products.MaxCall(strike=115.0))),
            reference_fn=lambda m: rainbow.max_call(m.spot, 115.0, *rest(m), _CORRELATION, 1.0),
            source="quadrature",
        ),
        Row(
            name="digital",
            engine="Monte Carlo, likelihood ratio",
            model=one,
            price_fn=_simulated(european(products.Digital(strike=100.0)), estimator="likelihood_ratio"),
            reference_fn=lambda m: black_scholes.digital(m.spot[0], 100.0, m.rate, m.dividend[0], m.volatility[0], 1.0),
            source="closed form",
        ),
        Row(
            name="up-and-out call, monthly",
            engine="Monte Carlo, one-step survival",
            model=one,
            price_fn=_simulated(
                products.PathDependent(
                    payoff=products.BarrierCall(strike=95.0, barrier=125.0), observation_times=months
                ),
                estimator="conditional",
            ),
            reference_fn=lambda m: discrete_barrier.up_and_out_call(
                m.spot[0], 95.0, m.rate, m.dividend[0], m.volatility[0], months, 125.0
            ),
            source="quadrature",
        ),
        Row(
            name="call, stochastic variance",
            engine="Monte Carlo, control variate",
            model=stochastic,
            price_fn=_simulated(european(products.Call(strike=100.0)), control_variate=True, n_substeps=32),
            reference_fn=lambda m: heston.call(
                m.spot, 100.0, m.rate, m.dividend, m.variance, m.mean_reversion, m.long_run_variance, m.vol_of_vol,
                m.correlation, 1.0,
            ),
            source="cosine expansion",
        ),
        Row(
            name="autocallable on the worst of 2",
            engine="Monte Carlo, likelihood ratio",
            model=two,
            price_fn=_simulated(
                products.PathDependent(payoff=note, observation_times=half_years), estimator="likelihood_ratio"
            ),
            reference_fn=lambda m: autocallable.price(
                m.spot, m.volatility, m.correlation[0, 1], m.rate, m.dividend, half_years, two.spot, 1.0, 0.05, 0.7,
                100.0,
            ),
            source="quadrature",
        ),
        Row(
            name="Bermudan put on the geometric mean, 5 assets",
            engine="G-LSM",
            model=five,
            price_fn=_exercised(products.GeometricBasketPut(strike=100.0), months),
            reference_fn=lambda m: geometric_basket.bermudan_put(m.spot, 100.0, *rest(m), m.correlation, months),
            source="quadrature",
        ),
        Row(
            name="Bermudan call on the best of 2",
            engine="G-LSM",
            model=two,
            price_fn=_exercised(products.MaxCall(strike=100.0), half_years),
            reference_fn=lambda m: bermudan_two_asset.max_call(
                m.spot, 100.0, *rest(m), m.correlation[0, 1], half_years, n_sub=34
            ),
            source="grid",
        ),
        Row(
            name="call on the basket, 5 assets",
            engine="differential, twin network",
            model=five,
            price_fn=_learned(european(products.BasketCall(strike=100.0, weight=weight))),
            reference_fn=lambda m: basket.call(m.spot, weight, 100.0, *rest(m), m.correlation, 1.0),
            source="quadrature",
            tolerance=0.03,
        ),
    ]  # fmt: skip


def convergence_rows() -> list[Row]:
    """The rows whose error is followed as the paths grow: one problem, price only."""
    names = {"Monte Carlo": "pseudo", "Monte Carlo, Sobol": "sobol"}
    option = products.European(payoff=products.MinCall(strike=85.0), expiry=1.0)
    return [
        dataclasses.replace(row, price_fn=_simulated(option, sampling=names[row.engine], greeks=False))
        for row in rows()
        if row.name == _WORST and row.engine in names
    ]


def _exercised(payoff: Any, times: Array) -> Callable[[PRNGKey, Any, int], PriceResult]:
    product = products.Bermudan(payoff=payoff, exercise_times=times)

    def price(key: PRNGKey, model: Any, n_paths: int) -> PriceResult:
        config = glsm.Config(n_paths=n_paths, n_price_paths=n_paths, n_dual_paths=1024)
        return glsm.price(key, model, product, config)

    return price


def _learned(product: Any) -> Callable[[PRNGKey, Any, int], PriceResult]:
    """A network over spots within a fifth of today's, asked at today's."""

    def price(key: PRNGKey, model: Any, n_paths: int) -> PriceResult:
        names = tuple(f"spot_{i}" for i in range(model.n_assets))
        box = Domain(lower=0.8 * model.spot, upper=1.2 * model.spot, names=names)
        market = jax.tree_util.Partial(_at_spot, model, product)
        samples = labels.make(key, market, box, labels.Config(n_samples=n_paths // 4, n_paths=4))
        surrogate = differential.fit(key, samples)
        value, slope = differential.predict(surrogate, model.spot)
        # The spots are the inputs: what else the model has, the network does not know.
        greeks = dataclasses.replace(jax.tree.map(lambda leaf: jnp.full_like(leaf, jnp.nan), model), spot=slope)
        return PriceResult(price=value, greeks=greeks, status=surrogate.status)

    return price


def _at_spot(model: Any, product: Any, spot: Array) -> tuple[Any, Any]:
    return dataclasses.replace(model, spot=spot), product


def _simulated(product: Any, **settings: Any) -> Callable[[PRNGKey, Any, int], PriceResult]:
    def price(key: PRNGKey, model: Any, n_paths: int) -> PriceResult:
        return monte_carlo.price(key, model, product, monte_carlo.Config(n_paths=n_paths, **settings))

    return price
