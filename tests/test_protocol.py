"""What every engine promises, one row each: signature, types, transforms, reproducibility."""

import dataclasses
import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, assert_trees_close, default_dtype
from problems import market, skewed_market

from jaxprice import PriceResult, products
from jaxprice.engines import glsm, monte_carlo


@dataclasses.dataclass(frozen=True)
class Pricer:
    """A row: an engine, a small problem it solves, a config of little effort."""

    engine: Any
    model: Any
    product: Any
    config: Any
    takes_key: bool = True

    def __str__(self):
        return self.engine.__name__.rsplit(".", 1)[-1]

    def price(self, key, model=None, product=None):
        return self.engine.price(key, model or self.model, product or self.product, self.config)


PRICERS = [
    Pricer(
        monte_carlo,
        skewed_market(),
        products.European(payoff=products.MaxCall(strike=jnp.array(100.0)), expiry=jnp.array(1.0)),
        monte_carlo.Config(n_paths=1024),
    ),
    Pricer(
        glsm,
        skewed_market(),
        products.Bermudan(payoff=products.MaxCall(strike=jnp.array(100.0)), exercise_times=jnp.array([0.5, 1.0])),
        glsm.Config(n_paths=1024, n_price_paths=1024, n_dual_paths=0, order=2, columns=(), chunk=256),
    ),
]
each_pricer = pytest.mark.parametrize("pricer", PRICERS, ids=str)
# G-LSM under a transformation compiles for half a minute.
each_pricer_transformed = pytest.mark.parametrize(
    "pricer", [pytest.param(p, marks=pytest.mark.slow) if str(p) == "glsm" else p for p in PRICERS], ids=str
)


@each_pricer
def test_price_takes_key_model_product_config(pricer):
    names = list(inspect.signature(pricer.engine.price).parameters)
    assert names[:4] == ["key", "model", "product", "config"]


@each_pricer
def test_the_config_is_frozen_and_hashable(pricer):
    assert hash(pricer.config) == hash(dataclasses.replace(pricer.config))
    with pytest.raises(dataclasses.FrozenInstanceError):
        pricer.config.n_paths = 3


@each_pricer
def test_the_result_is_a_price_result_of_the_right_shapes_and_dtype(key, pricer):
    result = pricer.price(key)
    assert isinstance(result, PriceResult)
    assert result.raise_for_status() is result
    assert result.price.shape == () and result.price.dtype == default_dtype()
    if result.greeks is not None:
        assert type(result.greeks) is type(pricer.model)
        for greek, number in zip(jax.tree.leaves(result.greeks), jax.tree.leaves(pricer.model), strict=True):
            assert greek.shape == number.shape
        assert jax.tree.structure(result.greeks_std_error) == jax.tree.structure(pricer.model)


@each_pricer
def test_eager_equals_jit(key, pricer):
    jitted = jax.jit(lambda key, model, product: pricer.price(key, model, product))
    assert_trees_close(jitted(key, pricer.model, pricer.product), pricer.price(key), factor=100)


@each_pricer
def test_the_same_key_gives_the_same_bits_and_another_key_others(key, pricer):
    one, again = pricer.price(key), pricer.price(key)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    if pricer.takes_key:
        assert pricer.price(jax.random.key(7)).price != one.price


@each_pricer_transformed
def test_vmap_over_models_products_and_keys_equals_a_loop(key, pricer):
    models = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), pricer.model)
    models = dataclasses.replace(models, spot=models.spot * jnp.array([1.0, 1.1])[:, None])
    batch = jax.vmap(lambda model: pricer.price(key, model))(models)
    assert_close(batch.price[0], pricer.price(key).price, factor=100)
    moved = jax.tree.map(lambda leaf: leaf[1], models)
    assert_close(batch.price[1], pricer.price(key, moved).price, factor=100)

    strikes = jnp.array([95.0, 105.0])
    payoff = pricer.product.payoff

    def at(strike):
        return pricer.price(
            key, product=dataclasses.replace(pricer.product, payoff=dataclasses.replace(payoff, strike=strike))
        )

    batch = jax.vmap(at)(strikes)
    assert_close(batch.price, jnp.stack([at(strike).price for strike in strikes]), factor=100)
    keys = jax.random.split(key, 2)
    batch = jax.vmap(lambda key: pricer.price(key))(keys)
    assert_close(batch.price, jnp.stack([pricer.price(k).price for k in keys]), factor=100)


@each_pricer_transformed
def test_grad_and_jvp_of_the_price_are_the_greeks(key, pricer):
    gradient = jax.grad(lambda model: pricer.price(key, model).price)(pricer.model)
    greeks = pricer.price(key).greeks
    assert_trees_close(gradient, greeks, factor=1e3)
    tangent = jax.tree.map(jnp.ones_like, pricer.model)
    _, slope = jax.jvp(lambda model: pricer.price(key, model).price, (pricer.model,), (tangent,))
    assert_close(slope, sum(jnp.sum(leaf) for leaf in jax.tree.leaves(greeks)), factor=1e4)


@each_pricer
def test_numbers_may_be_plain_python(key, pricer):
    product = jax.tree.map(lambda leaf: leaf.tolist(), pricer.product)
    assert_close(pricer.price(key, product=product).price, pricer.price(key).price, factor=10)


@each_pricer
def test_the_dtype_follows_the_model(key, pricer):
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), market(3))
    double = jax.tree.map(lambda leaf: leaf.astype(default_dtype()), single)
    one = pricer.price(key, single)
    assert one.status == 0
    np.testing.assert_allclose(one.price, pricer.price(key, double).price, rtol=1e-5)
