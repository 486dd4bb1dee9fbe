"""The exact solve of what is linear, by itself and as the last step of a training."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from engines.differential.known import Basket
from helpers import default_dtype

from jaxprice.core.status import Status
from jaxprice.engines import differential
from jaxprice.engines.differential import engine
from jaxprice.engines.differential.output_layer import solve_linear
from jaxprice.learning.loss import balance, differential_loss
from jaxprice.learning.samples import Samples


def features(x):
    return jnp.stack([x[0], x[1], x[0] * x[1], jnp.sin(x[0])])


def noisy(n):
    rng = np.random.default_rng(n)
    samples = Samples(x=rng.normal(size=(2, n)), y=rng.normal(size=n), slope=rng.normal(size=(2, n)), weight=np.ones(n))
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, default_dtype()), samples)


def test_it_is_numpys_solution_whatever_the_chunks(n=1500):
    """Samples that do not fill a chunk are padded; padding does not count."""
    samples = noisy(n)
    weights = jax.jit(balance, static_argnums=(1, 2))(samples, 2.0, 0.0)
    found = jax.jit(functools.partial(solve_linear, features))(samples, weights)
    a, b = np.asarray(samples.x, np.float64)
    one, zero = np.ones(n), np.zeros(n)
    columns = np.stack([a, b, a * b, np.sin(a), one])
    by_a, by_b = np.stack([one, zero, b, np.cos(a), zero]), np.stack([zero, one, a, zero, zero])
    root = np.sqrt(np.float64([weights.value, *weights.slope]))
    rows = np.concatenate([root[0] * columns, root[1] * by_a, root[2] * by_b], axis=1)
    target = np.concatenate([root[0] * samples.y, root[1] * samples.slope[0], root[2] * samples.slope[1]])
    expected = np.linalg.lstsq(rows.T, target, rcond=None)[0]
    tolerance = 1e-8 if default_dtype() == jnp.float64 else 1e-3
    np.testing.assert_allclose(found.coefficient, expected, atol=tolerance)
    assert found.status == Status.OK and found.coefficient.dtype == default_dtype()


WIDE = differential.Config(
    n_layers=2,
    n_units=8,
    is_wide=True,
    final_solve=True,
    component_tolerance=None,
    training=differential.Training(n_epochs=20),
)


def test_the_final_solve_is_no_worse_than_the_training_nor_than_regression_on_the_powers(key):
    """What App. 4 of Huge and Savine promises of a wide network, if the output layer reaches its optimum."""
    config, data = WIDE.validate(), Basket.of(3).samples(1500, seed=1)
    prepared, state = engine._prepare(key, data, config=config)
    state = engine._advance(prepared, state, jnp.int32(engine._END), config=config)
    surrogate = engine._finish(prepared, state, data.domain, config=config)
    network = surrogate.approximator

    @jax.jit
    def loss(params):
        only = jax.tree.map(lambda leaf: leaf[0], params)
        return prepared.loss(only, prepared.samples, network, config)

    def powers(x):
        return jnp.concatenate([x, x**2, x**3])

    @jax.jit
    def regression():
        samples = jax.tree.map(lambda leaf: leaf.astype(default_dtype()), prepared.samples)
        found = solve_linear(powers, samples, prepared.weights).coefficient

        def value(x):
            return found[:-1] @ powers(x) + found[-1]

        y, pull_back = jax.vjp(value, samples.x)
        weights = jax.tree.map(lambda leaf: leaf.astype(default_dtype()), prepared.weights)
        return differential_loss(weights, samples, y, pull_back(jnp.ones_like(y))[0])

    solved = float(loss(surrogate.params))
    assert surrogate.status == Status.OK and surrogate.diagnostics["final_solve_pivot"].shape == (1,)
    assert solved < 0.999 * float(loss(state.best))
    assert solved <= float(regression()) * (1.0 + 1e-5)
    hidden = [jax.tree.leaves(params["hidden"]) for params in (surrogate.params, state.best)]
    for one, other in zip(*hidden, strict=True):
        np.testing.assert_array_equal(one, other)
