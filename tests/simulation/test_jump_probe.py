import jax
import jax.numpy as jnp
import pytest
from problems import market

from jaxprice import products
from jaxprice.engines import monte_carlo
from jaxprice.simulation.jump_probe import largest_jump


def european(function, jumps=None):
    return products.European(payoff=products.Function(function=function, jumps=jumps), expiry=jnp.array(1.0))


def digital(price):
    return jnp.where(price[0] > 100.0, 1.0, 0.0)


def hidden_jump(price):
    return jnp.maximum(price[0] - 100.0, 0.0) + jnp.where(price[1] > 105.0, 3.0, 0.0)


def kinked(price):
    return jnp.maximum(jnp.max(price) - 100.0, 0.0)


def steep(price):
    return jax.nn.sigmoid((price[0] - 100.0) / 0.5)


@pytest.mark.parametrize("function", [digital, hidden_jump])
def test_jumps_are_found(key, function):
    assert largest_jump(key, market(2), european(function)) > 0.01
    with pytest.raises(ValueError, match="does not declare whether it jumps"):
        monte_carlo.price(key, market(2), european(function), monte_carlo.Config(n_paths=256))


@pytest.mark.parametrize("function", [kinked, steep, jnp.sum])
def test_kinks_and_slopes_are_not_taken_for_jumps(key, function):
    result = monte_carlo.price(key, market(2), european(function), monte_carlo.Config(n_paths=256))
    assert result.greeks is not None


def test_a_declaration_is_believed_and_saves_the_probe(key):
    monte_carlo.price(key, market(2), european(digital, jumps=False), monte_carlo.Config(n_paths=256))
    with pytest.raises(ValueError, match="jumps"):
        monte_carlo.price(key, market(2), european(kinked, jumps=True), monte_carlo.Config(n_paths=256))


def test_a_plain_function_is_a_payoff(key):
    plain = monte_carlo.price(
        key, market(2), products.European(payoff=kinked, expiry=1.0), monte_carlo.Config(n_paths=256)
    )
    noun = products.European(payoff=products.MaxCall(strike=100.0), expiry=1.0)
    assert plain.price == monte_carlo.price(key, market(2), noun, monte_carlo.Config(n_paths=256)).price
