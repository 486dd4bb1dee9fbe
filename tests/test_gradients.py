"""Whatever is called differentiable has a gradient: checked against differences, away from kinks."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from problems import BACHELIER, HESTON, market, skewed_market

from jaxprice import products
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.engines import differential, glsm, monte_carlo
from jaxprice.simulation import simulate

pytestmark = pytest.mark.x64


@dataclasses.dataclass(frozen=True)
class Differentiable:
    """A row: a scalar function of a pytree, differentiated forward and in reverse."""

    name: str
    function: object
    at: object
    order: int = 1
    modes: tuple = ("fwd", "rev")

    def __str__(self):
        return self.name


def smooth(price):
    return jnp.log(jnp.sum(price**2))


def monte_carlo_price(config):
    product = products.European(payoff=products.Function(function=smooth, jumps=False), expiry=1.0)

    def price(model):
        return monte_carlo.price(jax.random.key(3), model, product, config).price

    return price


def path_of(n_substeps):
    times = jnp.array([0.5, 1.25])
    rng = np.random.default_rng(4)

    def function(model):
        normal = jnp.asarray(rng_normal[: 2 * n_substeps, : model.n_factors])
        return jnp.sum(jnp.sin(simulate(model, normal, times, n_substeps)))

    rng_normal = rng.normal(size=(2 * n_substeps, 5))
    return function


@functools.cache
def frozen_policy():
    config = glsm.Config(n_paths=1024, n_price_paths=256, order=2, columns=(), chunk=256, greeks=False)
    product = products.Bermudan(
        payoff=products.BasketPut(strike=120.0, weight=[0.4, 0.3, 0.3]), exercise_times=[0.5, 1.0]
    )
    return glsm.fit(jax.random.key(3), skewed_market(), product, config), config


def what_a_policy_earns(model):
    """The policy is fitted once: the gradient is that of a frozen one."""
    policy, config = frozen_policy()
    return glsm.follow(jax.random.key(3), policy, config, model=model).price


ROWS = [
    Differentiable("black_scholes path", path_of(1), skewed_market()),
    Differentiable("bachelier path", path_of(1), BACHELIER),
    Differentiable("heston path", path_of(4), HESTON, modes=("fwd", "rev")),
    Differentiable(
        "monte_carlo price",
        monte_carlo_price(monte_carlo.Config(n_paths=256, greeks=False)),
        skewed_market(),
        modes=("rev",),
    ),
    Differentiable(
        "monte_carlo price, Heston",
        monte_carlo_price(monte_carlo.Config(n_paths=64, greeks=False, n_substeps=4)),
        HESTON,
        modes=("rev",),
    ),
    Differentiable("what a policy earns", what_a_policy_earns, skewed_market(), modes=("rev",)),
]


HEAVY = {"monte_carlo price, Heston"}


@pytest.mark.parametrize(
    "row", [pytest.param(row, marks=pytest.mark.slow) if row.name in HEAVY else row for row in ROWS], ids=str
)
def test_derivatives_agree_with_differences(row):
    """The correlation is checked along symmetric directions, which keep it a correlation matrix."""

    def function(numbers):
        model = dataclasses.replace(row.at, **{k: v for k, v in numbers.items() if k != "pairs"})
        if "pairs" in numbers:
            d = model.n_assets
            lower = jnp.zeros((d, d)).at[jnp.tril_indices(d, -1)].set(numbers["pairs"])
            model = dataclasses.replace(model, correlation=lower + lower.T + jnp.eye(d))
        return row.function(model)

    numbers = {k: v for k, v in vars(row.at).items() if v.ndim < 2}
    if row.at.n_assets > 1:
        numbers["pairs"] = row.at.correlation[jnp.tril_indices(row.at.n_assets, -1)]
    scaled = jax.tree.map(lambda leaf: jnp.maximum(jnp.abs(leaf), 0.1), numbers)

    def relative(change):
        return function(jax.tree.map(lambda leaf, scale, c: leaf + scale * c, numbers, scaled, change))

    start = jax.tree.map(jnp.zeros_like, numbers)
    check_grads(relative, (start,), order=row.order, modes=row.modes, atol=1e-5, rtol=1e-5, eps=1e-5)


@pytest.mark.parametrize(
    "estimator", ["likelihood_ratio", "smoothed", pytest.param("conditional", marks=pytest.mark.slow)]
)
def test_the_gradient_of_a_jumping_price_is_the_greek_of_its_estimator(estimator):
    product = products.European(payoff=products.Digital(strike=101.0), expiry=1.0)
    key = jax.random.key(5)
    config = monte_carlo.Config(n_paths=512, estimator=estimator)
    gradient = jax.grad(lambda m: monte_carlo.price(key, m, product, dataclasses.replace(config, greeks=False)).price)(
        market(1)
    )
    greeks = monte_carlo.price(key, market(1), product, config).greeks
    np.testing.assert_allclose(gradient.spot, greeks.spot, rtol=1e-9)
    np.testing.assert_allclose(gradient.volatility, greeks.volatility, rtol=1e-9)
    assert float(jnp.abs(greeks.spot[0])) > 1e-3


def test_the_gradient_of_a_jumping_price_without_an_estimator_refuses():
    product = products.European(payoff=products.Digital(strike=101.0), expiry=1.0)
    config = monte_carlo.Config(n_paths=512, greeks=False)
    with pytest.raises(ValueError, match="silently wrong"):
        jax.grad(lambda m: monte_carlo.price(jax.random.key(5), m, product, config).price)(market(1))


def test_product_numbers_have_derivatives_too():
    """Theta and the derivative by the strike, against differences on the same paths."""

    def price(strike, expiry):
        product = products.European(payoff=products.Call(strike=strike), expiry=expiry)
        return monte_carlo.price(
            jax.random.key(6), market(1), product, monte_carlo.Config(n_paths=2**14, greeks=False)
        ).price

    strike, expiry, h = 102.0, 1.0, 1e-5
    by_strike, by_expiry = jax.grad(price, argnums=(0, 1))(strike, expiry)
    np.testing.assert_allclose(by_strike, (price(strike + h, expiry) - price(strike - h, expiry)) / (2 * h), rtol=1e-3)
    np.testing.assert_allclose(by_expiry, (price(strike, expiry + h) - price(strike, expiry - h)) / (2 * h), rtol=1e-3)


def test_reverse_mode_through_the_whole_price_keeps_one_chunk_in_memory():
    """The backward pass recomputes chunks: its temporaries do not grow with the number of paths."""
    product = products.European(payoff=products.Function(function=smooth, jumps=False), expiry=jnp.array(1.0))

    def temporaries(n_paths):
        config = monte_carlo.Config(n_paths=n_paths, greeks=False, chunk=1024)
        gradient = jax.jit(jax.grad(lambda m: monte_carlo.price(jax.random.key(5), m, product, config).price))
        return gradient.lower(skewed_market()).compile().memory_analysis().temp_size_in_bytes

    # What is kept for each chunk is its few merged moments, not its 3,072 normals.
    assert temporaries(2**16) - temporaries(2**12) < 60 * 2_000


def test_a_surrogate_is_differentiable_by_its_inputs_and_a_polynomial_by_its_labels_too():
    """What `predict` returns beside the value is its gradient."""
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (30, 2))
    box = Domain(lower=-jnp.ones(2), upper=jnp.ones(2), names=("a", "b"))
    data = DifferentialDataset(x=jnp.asarray(x), y=jnp.asarray(x[:, 0] ** 3), dydx=jnp.asarray(x**2), domain=box)
    point = jnp.asarray([0.3, -0.2])

    def polynomial(y):
        return differential.fit_polynomial(dataclasses.replace(data, y=y), 3)

    def value(point):
        return differential.predict(polynomial(data.y), point)[0]

    check_grads(value, (point,), order=1, modes=("fwd", "rev"), atol=1e-6, rtol=1e-6)
    np.testing.assert_allclose(jax.grad(value)(point), differential.predict(polynomial(data.y), point)[1], rtol=1e-10)
    check_grads(lambda y: differential.predict(polynomial(y), point)[0], (data.y,), order=1, modes=("rev",))
