"""What the experiments on differential machine learning share: the notebooks' problems, errors over seeds."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice import models, products, reference
from jaxprice.core.array import Array
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.engines import differential
from jaxprice.simulation import labels

STRIKE, BASKET_VOLATILITY, HORIZON, WIDER = 1.1, 0.2, 1.0, 1.5
"""Of Huge and Savine's notebooks; labels run for one year more than the horizon, at which they start."""
N_TEST = 4096


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """A value to be learned whose truth is known.

    Attributes:
        name: in tables.
        market: from inputs to model and product.
        inputs: the law of the inputs.
        exact: from one point to the value.
        test_box: from where to where each input is drawn, on its own, for the notebooks' test points.
    """

    name: str
    market: Callable[[Array], tuple[Any, Any]]
    inputs: Any
    exact: Callable[[Array], Array]
    test_box: tuple[float, float] = (0.35, 1.65)

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return self.inputs.n_inputs

    def samples(self, key: jax.Array, config: labels.Config) -> DifferentialDataset:
        """Labels to train on."""
        return labels.make(key, self.market, self.inputs, config)

    def truth(self, key: jax.Array, n_points: int = N_TEST) -> tuple[Array, Array, Array]:
        """Points with the law of the inputs that no fit has seen, and value and gradient there."""
        x = labels.make(jax.random.fold_in(key, 1 << 20), self.market, self.inputs, labels.Config(n_samples=n_points)).x
        return self.truth_at(x)

    def truth_in_box(self, key: jax.Array, n_points: int = N_TEST) -> tuple[Array, Array, Array]:
        """Points as the notebooks test with, whatever the law of the inputs, and value and gradient there."""
        key = jax.random.fold_in(key, 1 << 20)
        return self.truth_at(jax.random.uniform(key, (n_points, self.n_inputs), jnp.float64, *self.test_box))

    def truth_at(self, x: Array) -> tuple[Array, Array, Array]:
        """Points (n, m), and value and gradient there."""
        return x, *_exact(jax.tree_util.Partial(self.exact), x)


@jax.jit
def _exact(function: Any, x: Array) -> tuple[Array, Array]:
    return jax.lax.map(jax.value_and_grad(function), x, batch_size=256)


def _moved(model: Any, product: Any, x: Array) -> tuple[Any, Any]:
    return dataclasses.replace(model, spot=x), product


def at_spot(model: Any, product: Any) -> Callable[[Array], tuple[Any, Any]]:
    """The market whose inputs are the spots."""
    return jax.tree_util.Partial(_moved, model, product)


def black_scholes() -> Problem:
    """A call on one asset, seen from the horizon on (Huge and Savine, DifferentialML.ipynb)."""
    model = models.BlackScholes.equicorrelated(n_assets=1, spot=1.0, volatility=BASKET_VOLATILITY)
    wide = dataclasses.replace(model, volatility=WIDER * model.volatility)
    product = products.European(payoff=products.Call(strike=STRIKE), expiry=1.0)

    def exact(x: Array) -> Array:
        return reference.black_scholes.call(x[0], STRIKE, 0.0, 0.0, BASKET_VOLATILITY, 1.0)

    inputs = labels.Horizon(model=wide, time=HORIZON)
    return Problem(name="Black-Scholes", market=at_spot(model, product), inputs=inputs, exact=exact)


def bachelier(key: jax.Array, n_assets: int) -> Problem:
    """A call on a basket with random weights, volatilities and correlations (the same notebook).

    The correlation is that of random factors; the volatilities are scaled so that the basket has its own.
    """
    factor_key, weight_key, volatility_key = jax.random.split(key, 3)
    factors = jax.random.uniform(factor_key, (2 * n_assets, n_assets), jnp.float64, -1.0, 1.0)
    gram = factors.T @ factors
    scale = jnp.sqrt(jnp.diagonal(gram))
    weight = jax.random.uniform(weight_key, (n_assets,), jnp.float64, 1.0, 10.0)
    weight = weight / jnp.sum(weight)
    volatility = jax.random.uniform(volatility_key, (n_assets,), jnp.float64, 5.0, 50.0)
    correlation = gram / scale[:, None] / scale[None, :]
    correlation = jnp.where(jnp.eye(n_assets, dtype=bool), 1.0, 0.5 * (correlation + correlation.T))
    exposure = weight * volatility
    volatility = volatility * BASKET_VOLATILITY / jnp.sqrt(exposure @ correlation @ exposure)
    model = models.Bachelier(
        spot=jnp.ones(n_assets), volatility=volatility, correlation=correlation, rate=jnp.zeros(())
    )
    payoff = products.BasketCall(strike=jnp.asarray(STRIKE), weight=weight)
    product = products.European(payoff=payoff, expiry=jnp.asarray(1.0))
    wide = dataclasses.replace(model, volatility=WIDER * volatility)

    def exact(x: Array) -> Array:
        return reference.bachelier.call(weight @ x, STRIKE, 0.0, BASKET_VOLATILITY, 1.0)

    inputs = labels.Horizon(model=wide, time=jnp.asarray(HORIZON))
    reach = 0.5 + 0.25 * ((n_assets - 1) / 12.0) ** 0.5
    box = (1.0 - reach, 1.0 + reach)
    return Problem(name="Bachelier", market=at_spot(model, product), inputs=inputs, exact=exact, test_box=box)


def errors(surrogate: differential.Surrogate, truth: tuple[Array, Array, Array]) -> tuple[float, float]:
    """Root mean squared errors of value and gradient, the latter over all inputs."""
    x, value, dydx = truth
    found = differential.predict(surrogate, x)
    return tuple(float(jnp.sqrt(jnp.mean((a - b) ** 2))) for a, b in zip(found, (value, dydx), strict=True))  # type: ignore[return-value]


def over_seeds(values: Sequence[float]) -> tuple[float, float]:
    """Root mean square over seeds of errors, and its standard error."""
    square = np.asarray(values, np.float64) ** 2
    mean = square.mean()
    error = square.std(ddof=1) / np.sqrt(square.size) if square.size > 1 else np.nan
    return float(np.sqrt(mean)), float(0.5 * error / np.sqrt(mean))
