"""Problems whose price is a low-dimensional integral: equal correlations, a European on the worst of the assets."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice import models, products
from jaxprice.engines import fourier_tt
from jaxprice.reference import rainbow

SMALL = fourier_tt.Config(n_nodes=8)
CORRELATION = 0.4


def market(n_assets=2, correlation=CORRELATION):
    skew = jnp.arange(n_assets) / max(n_assets - 1, 1)
    base = models.BlackScholes.equicorrelated(
        n_assets=n_assets, spot=100.0, volatility=0.2, correlation=correlation, rate=0.02
    )
    return models.BlackScholes(
        spot=100.0 + 5.0 * skew,
        volatility=0.2 + 0.05 * skew,
        correlation=base.correlation,
        rate=base.rate,
        dividend=0.01 + 0.01 * skew,
    )


def problem(model=None, payoff=None, **bounds):
    model = market() if model is None else model
    payoff = products.MinCall(strike=100.0) if payoff is None else payoff
    return fourier_tt.Problem(
        model=model,
        product=products.European(payoff=payoff, expiry=1.0),
        domain=fourier_tt.box(model, **(bounds or {"volatility": (0.15, 0.25)})),
    )


@functools.cache
def two_assets():
    """Learned once for all tests of a worker: volatilities, spots, rate, expiry and strike of a call on the worst."""
    bounds = {"volatility": (0.15, 0.25), "spot": (90.0, 120.0)}
    bounds |= {"rate": (0.0, 0.04), "expiry": (0.75, 1.25), "strike": (95.0, 105.0)}
    return fourier_tt.fit(jax.random.key(0), problem(**bounds), fourier_tt.Config(n_nodes=12))


def points(domain, n=40, seed=0):
    lower, upper = np.asarray(domain.lower), np.asarray(domain.upper)
    return jnp.asarray(np.random.default_rng(seed).uniform(lower, upper, (n, len(lower))))


def min_call(domain, model, correlation=CORRELATION):
    """Exact price and gradient as a function of a row of inputs."""

    def number(row, name, base):
        return row[domain.names.index(name)] if name in domain.names else jnp.asarray(base, float)

    def column(row, field):
        base = getattr(model, field)
        return jnp.stack([number(row, f"{field}[{j}]", base[j]) for j in range(model.n_assets)])

    def price(row):
        return rainbow.min_call(
            column(row, "spot"),
            number(row, "strike", 100.0),
            number(row, "rate", model.rate),
            column(row, "dividend"),
            column(row, "volatility"),
            correlation,
            number(row, "expiry", 1.0),
        )

    return price


def exact(price, x):
    """Values (n,) and gradients (n, m)."""
    return jax.lax.map(jax.value_and_grad(price), x)


def relative_errors(found, expected):
    """Root mean square of each column's error over that of the column."""
    return np.sqrt(np.mean((found - expected) ** 2, axis=0) / np.mean(np.asarray(expected) ** 2, axis=0))
