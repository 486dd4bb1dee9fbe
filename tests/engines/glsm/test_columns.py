"""Columns beside the Hermite polynomials."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import HESTON, market

from jaxprice import models, products, reference
from jaxprice.engines import glsm
from jaxprice.engines.glsm import columns
from jaxprice.engines.glsm.columns import Observation
from jaxprice.engines.glsm.default_columns import default_columns

pytestmark = pytest.mark.x64
PRICE = np.array([[90.0, 100.0, 130.0], [120.0, 80.0, 110.0], [105.0, 95.0, 140.0]])


def observe(payoff, model=None, price=PRICE, expiry=3.0):
    price = jnp.asarray(price)
    return Observation(
        model=model or market(len(price)),
        payoff=jax.tree.map(jnp.asarray, payoff),
        expiry=jnp.array(expiry),
        price=price,
        standard_price=jnp.log(price / 100.0) / 0.2,
        exercise_value=jax.vmap(payoff, in_axes=-1)(price),
        coordinate=jnp.log(price / 100.0) / 0.2,
    )


@pytest.mark.parametrize("largest", [True, False])
def test_order_statistics_are_polynomials_of_sorted_prices(largest):
    seen = observe(products.MaxCall(strike=100.0))
    found = columns.OrderStatistics(count=2, degree=2, payoff_degree=1, largest=largest)(seen)
    x = np.sort(np.asarray(seen.standard_price) * (1 if largest else -1), axis=0)[::-1][:2]
    second = (x**2 - 1.0) / np.sqrt(2.0)
    pays = np.asarray(seen.exercise_value)
    expected = {tuple(row) for row in np.round([*x, *second, x[0] * x[1], *(pays * x)], 9)}
    assert {tuple(row) for row in np.round(np.asarray(found), 9)} == expected


def test_a_column_has_the_derivative_of_its_own_code():
    seen = observe(products.MaxCall(strike=100.0))
    column = columns.OrderStatistics(count=3, degree=3, payoff_degree=2)

    def function(x):
        return column(seen._replace(standard_price=x))

    direction, h = jnp.asarray(np.random.default_rng(0).normal(size=(3, 3))), 1e-6
    _, slope = jax.jvp(function, (seen.standard_price,), (direction,))
    difference = function(seen.standard_price + h * direction) - function(seen.standard_price - h * direction)
    np.testing.assert_allclose(slope, difference / (2 * h), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("geometric", [True, False])
def test_a_basket_column_is_a_polynomial_of_the_basket(geometric):
    weight = jnp.array([0.2, 0.3, 0.5])
    payoff = products.GeometricBasketPut(strike=100.0) if geometric else products.BasketPut(strike=100.0, weight=weight)
    seen = observe(payoff)
    found = columns.Basket(degree=3, payoff_degree=1, geometric=geometric)(seen)
    x = np.log(PRICE / 100.0).mean(axis=0) if geometric else np.asarray(weight) @ PRICE / 100.0 - 1.0
    np.testing.assert_allclose(found, [x, x**2, x**3, seen.exercise_value * x], rtol=1e-12, atol=1e-12)


def test_products_of_the_payoff_with_the_state():
    seen = observe(products.MaxCall(strike=100.0))
    found = columns.PayoffProducts(degree=1)(seen)
    np.testing.assert_allclose(found, seen.exercise_value[None] * seen.coordinate, rtol=1e-12)


KINDS = [
    (products.MaxCall, reference.rainbow.max_call),
    (products.MinCall, reference.rainbow.min_call),
    (products.MaxPut, reference.rainbow.max_put),
    (products.MinPut, reference.rainbow.min_put),
]


@pytest.mark.parametrize(("kind", "exact"), KINDS, ids=[kind.__name__ for kind, _ in KINDS])
def test_a_european_column_is_close_to_the_european_value(kind, exact):
    model, price = market(3), np.array([[95.0], [110.0], [100.0]])
    found = glsm.EuropeanExtreme(horizon=(1.0 / 3.0,))(observe(kind(strike=100.0), model, price))
    numbers = (price[:, 0], 100.0, model.rate, model.dividend, model.volatility, model.correlation[0, 1])
    value = exact(*numbers, 1.0) * np.exp(model.rate)
    np.testing.assert_allclose(100.0 * found[0, 0], value, atol=0.4, rtol=0.03)


def test_a_european_column_elsewhere_is_refused():
    with pytest.raises(TypeError, match="leave it out"):
        glsm.EuropeanExtreme()(observe(products.BasketPut(strike=100.0, weight=jnp.ones(3) / 3.0)))


def test_defaults_suit_the_payoff():
    strike, three = jnp.array(100.0), market(3)
    max_call = default_columns(three, products.MaxCall(strike=strike), 3)
    assert columns.payoff in max_call and any(isinstance(c, glsm.EuropeanExtreme) for c in max_call)
    min_put = default_columns(three, products.MinPut(strike=strike), 3)
    assert any(isinstance(c, columns.OrderStatistics) and not c.largest for c in min_put)
    bachelier = models.Bachelier(
        spot=three.spot, volatility=20.0 * jnp.ones(3), correlation=three.correlation, rate=three.rate
    )
    assert not any(
        isinstance(c, glsm.EuropeanExtreme) for c in default_columns(bachelier, products.MaxCall(strike=strike), 3)
    )
    geometric = default_columns(three, products.GeometricBasketPut(strike=strike), 3)
    assert any(isinstance(c, columns.Basket) and c.geometric for c in geometric)
    for model, n_state in ((market(1), 1), (HESTON, 2)):
        found = default_columns(model, products.Put(strike=strike), n_state)
        assert any(isinstance(c, columns.PayoffProducts) for c in found)
    assert default_columns(three, lambda state: state[0], 3) == (columns.payoff,)
