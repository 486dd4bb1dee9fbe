import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close
from problems import BY_NAME, market

from jaxprice import products
from jaxprice.engines import monte_carlo
from jaxprice.simulation import active_directions
from jaxprice.simulation.active_directions import arrange

arrangement = jax.jit(active_directions.arrangement, static_argnums=(3, 4))


@pytest.mark.parametrize("name", ["basket_call", "autocallable", "digital", "heston_call"])
def test_the_rotation_is_orthogonal(key, name):
    problem = BY_NAME[name]
    product = problem.product
    n_times = product.time.shape[0] if hasattr(product, "observation_times") else 1
    if n_times == 1:
        product = products.European(payoff=product.payoff, expiry=jnp.asarray(product.expiry))
    rotation = arrangement(key, problem.model, product, n_times, 1)
    assert_close(rotation @ rotation.T, np.eye(n_times * problem.model.n_factors), factor=100)


def test_the_first_direction_of_a_basket_is_that_of_its_gradient(key):
    model = market(3)
    weight = jnp.array([0.5, 0.2, 0.3])
    product = products.European(
        payoff=products.BasketCall(strike=jnp.array(60.0), weight=weight), expiry=jnp.array(0.01)
    )
    rotation = arrangement(key, model, product, 1, 1)
    # Deep in the money and soon to expire the payoff is linear in the normals.
    gradient = jax.grad(lambda z: weight @ model.path(z[None], jnp.array([0.01]))[0])(jnp.zeros(3))
    cosine = np.abs(rotation[:, 0] @ gradient) / np.linalg.norm(gradient)
    assert cosine > 0.999


def test_long_paths_fall_back_on_the_brownian_bridge(key):
    model = market(2)
    times = jnp.arange(1.0, 201.0) / 200.0
    product = products.PathDependent(
        payoff=products.Function(function=lambda s: jnp.max(s[-1]), jumps=False), observation_times=times
    )
    assert arrangement(key, model, product, 200, 1) is None
    normal = jnp.asarray(np.random.default_rng(0).normal(size=(3, 400)), times.dtype)
    steps = arrange(normal, None, times, 1)
    assert steps.shape == (3, 200, 2)
    # The first normal of each factor alone decides the end.
    assert_close(jnp.sum(steps, axis=1) / jnp.sqrt(200.0), normal[:, :2], factor=100)


def test_a_payoff_that_never_pays_is_priced_at_zero(key):
    product = products.European(payoff=products.Call(strike=1e6), expiry=0.1)
    result = monte_carlo.price(key, market(1), product, monte_carlo.Config(sampling="sobol", n_paths=2**12))
    assert result.price == 0.0 and result.status == 0


@pytest.mark.slow
@pytest.mark.x64
def test_sobol_error_falls_faster_than_the_power_085_on_a_basket(key):
    problem = BY_NAME["basket_call"]
    exponent = np.array([5, 8, 10, 12])
    truth = float(problem.price_fn(problem.model))
    error = []
    for k in exponent:
        config = monte_carlo.Config(sampling="sobol", n_paths=32 * 2 ** int(k), greeks=False)
        keys = jax.random.split(key, 4)
        results = [monte_carlo.price(k, problem.model, problem.product, config).price for k in keys]
        error.append(np.sqrt(np.mean((np.asarray(results) - truth) ** 2)))
    slope = np.polyfit(exponent * np.log(2), np.log(error), 1)[0]
    assert -1.6 < slope < -0.85
