"""Problems over a box of spots, and the truth about them: for the experiments on accuracy and on exposure."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from experiments.differential_common import at_spot, bachelier
from jaxprice import models, products, reference
from jaxprice.core.array import Array
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.engines import differential, monte_carlo
from jaxprice.simulation import labels
from jaxprice.simulation.estimators import Estimator

_LOWER, _UPPER = 0.7, 1.3
CORRELATION = ((1.0, 0.6, 0.4, 0.5), (0.6, 1.0, 0.5, 0.3), (0.4, 0.5, 1.0, 0.45), (0.5, 0.3, 0.45, 1.0))
"""Of the four assets of the autocallable and of the netting set."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """What is paid, and the box of spots over which it is learned.

    Attributes:
        name: in tables.
        model: what moves; its spot is what the inputs replace.
        product: what is paid.
        exact: from spots to the value; None where only simulation knows it.
    """

    name: str
    model: Any
    product: Any
    exact: Callable[[Array], Array] | None = None

    @property
    def domain(self) -> Domain:
        """Each spot 30 % up and down."""
        d = self.model.n_assets
        names = tuple(f"spot_{i}" for i in range(d))
        return Domain(lower=jnp.full(d, _LOWER), upper=jnp.full(d, _UPPER), names=names)

    @property
    def estimator(self) -> Estimator:
        """Of unbiased derivatives."""
        return Estimator.LIKELIHOOD_RATIO if self.product.payoff.jumps else Estimator.PATHWISE

    def samples(self, key: jax.Array, n_samples: int, n_paths: int) -> DifferentialDataset:
        """Labels to train on."""
        config = labels.Config(n_samples=n_samples, n_paths=n_paths, estimator=self.estimator)
        return labels.make(key, at_spot(self.model, self.product), self.domain, config)

    def points(self, key: jax.Array, n_points: int) -> Array:
        """Independent points of the box, (n, d)."""
        box = self.domain
        share = jax.random.uniform(key, (n_points, box.n_inputs), jnp.float64)
        return box.lower[None] + (box.upper - box.lower)[None] * share

    def held_out(
        self, key: jax.Array, n_points: int, n_paths: int
    ) -> tuple[DifferentialDataset, DifferentialDataset | None]:
        """Points in the box that no fit has seen, with the truth, or with two independent estimates of it."""
        box, (point_key, *keys) = self.domain, jax.random.split(key, 3)
        x = self.points(point_key, n_points)
        if self.exact is not None:
            value, slope = _exact(jax.tree_util.Partial(self.exact), x)
            return DifferentialDataset(x=x, y=value, dydx=slope, domain=box), None
        found = [simulate(key, self, x, n_paths, "sobol") for key in keys]
        first, second = (DifferentialDataset(x=x, y=one.value, dydx=one.delta, domain=box) for one in found)
        return first, second


class Simulated(NamedTuple):
    """Monte Carlo at many points, with standard errors."""

    value: Array
    delta: Array
    value_error: Array
    delta_error: Array


def simulate(key: jax.Array, problem: Problem, x: Array, n_paths: int, sampling: str) -> Simulated:
    """Values and deltas at points (n, d), each under its own key, by our own Monte Carlo."""
    config = monte_carlo.Config(n_paths=n_paths, estimator=problem.estimator, sampling=sampling)  # type: ignore[arg-type]
    rows = []
    for i, spot in enumerate(x):
        model = dataclasses.replace(problem.model, spot=spot)
        found = monte_carlo.price(jax.random.fold_in(key, i), model, problem.product, config)
        rows.append((found.price, found.greeks.spot, found.std_error, found.greeks_std_error.spot))
    return Simulated(*(jnp.stack(column) for column in zip(*rows, strict=True)))


def profile(key: jax.Array, problem: Problem, surrogate: differential.Surrogate, n_paths: int) -> dict[str, Any]:
    """Value and delta along the first spot, the others at 1: by the surrogate, and by Monte Carlo with errors."""
    box = problem.domain
    line = jnp.ones((61, box.n_inputs)).at[:, 0].set(jnp.linspace(box.lower[0], box.upper[0], 61))
    value, delta = differential.predict(surrogate, line)
    truth = simulate(key, problem, line[::5], n_paths, "sobol")
    points = {"x": line[::5, 0], "value": truth.value, "value_error": truth.value_error}
    points |= {"delta": truth.delta[:, 0], "delta_error": truth.delta_error[:, 0]}
    return {"name": problem.name, "x": line[:, 0], "value": value, "delta": delta[:, 0], "simulated": points}


@jax.jit
def _exact(function: Any, x: Array) -> tuple[Array, Array]:
    return jax.lax.map(jax.value_and_grad(function), x)


def bachelier_basket(key: jax.Array) -> Problem:
    """The basket of seven of the notebooks, over a box instead of the law of the prices in a year."""
    horizon = bachelier(key, 7)
    model, product = horizon.market(horizon.inputs.model.spot)
    return Problem(name="Bachelier basket", model=model, product=product, exact=horizon.exact)


def black_scholes_basket() -> Problem:
    """A call on a weighted mean of seven assets, all of them different; no closed form."""
    share = jnp.linspace(0.0, 1.0, 7)
    model = models.BlackScholes.equicorrelated(
        n_assets=7,
        spot=1.0 + 0.0 * share,
        volatility=0.15 + 0.25 * share,
        correlation=0.4,
        rate=0.03,
        dividend=0.03 * share,
    )
    weight = (1.0 + share) / jnp.sum(1.0 + share)
    payoff = products.BasketCall(strike=jnp.asarray(1.0), weight=weight)
    return Problem(
        name="Black-Scholes basket", model=model, product=products.European(payoff=payoff, expiry=jnp.asarray(1.0))
    )


def market_of_four(n_assets: int = 4) -> models.BlackScholes:
    """The first few of four assets."""
    return models.BlackScholes(
        spot=jnp.ones(n_assets),
        volatility=jnp.array([0.2, 0.25, 0.3, 0.22])[:n_assets],
        correlation=jnp.array(CORRELATION)[:n_assets, :n_assets],
        rate=jnp.asarray(0.03),
        dividend=jnp.array([0.02, 0.01, 0.0, 0.03])[:n_assets],
    )


def note(n_assets: int = 4) -> products.WorstOfAutocallable:
    """Called at the initial fixing with 5 % a period; below 70 % at the end the loss is the holder's."""
    terms = {"autocall_level": 1.0, "protection_level": 0.7, "coupon": 0.05, "notional": 1.0}
    return products.WorstOfAutocallable(
        initial_fixing=jnp.ones(n_assets), **{name: jnp.asarray(number) for name, number in terms.items()}
    )


def autocallable(n_assets: int) -> Problem:
    """The note on the worst of the first few assets, observed every half year for two years; exact for two of them."""
    model, payoff, times = market_of_four(n_assets), note(n_assets), 0.5 * jnp.arange(1.0, 5.0)

    def exact(spot: Array) -> Array:
        market = (model.volatility, model.correlation[0, 1], model.rate, model.dividend, times)
        terms = (payoff.initial_fixing, payoff.autocall_level, payoff.coupon, payoff.protection_level, payoff.notional)
        return reference.autocallable.price(spot, *market, *terms)

    product = products.PathDependent(payoff=payoff, observation_times=times)
    name = f"worst of {n_assets}"
    return Problem(name=name, model=model, product=product, exact=exact if n_assets == 2 else None)


def named(key: jax.Array, name: str) -> Problem:
    """One of "Bachelier", "Black-Scholes" (baskets of seven), "worst of 2", "worst of 4" (notes)."""
    if name.startswith("worst of"):
        return autocallable(int(name.split()[-1]))
    return bachelier_basket(key) if name == "Bachelier" else black_scholes_basket()
