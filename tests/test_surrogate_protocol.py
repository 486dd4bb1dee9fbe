"""What every engine that learns promises, one row each: signature, shapes, transforms, reproducibility, files."""

import dataclasses
import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import default_dtype
from jax.test_util import check_grads

from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.core.status import Status
from jaxprice.engines import differential, fourier_tt, mixture_of_experts

LITTLE = {"n_epochs": 2}


@dataclasses.dataclass(frozen=True)
class Learner:
    """A row: an engine and a config of little effort; whether it learns from samples or from the function itself."""

    engine: Any
    config: Any
    from_samples: bool = True

    def __str__(self):
        return self.engine.__name__.rsplit(".", 1)[-1]

    @property
    def verb(self):
        return self.engine.fit if self.from_samples else self.engine.learn

    @property
    def names(self):
        return ["key", "dataset"] if self.from_samples else ["key", "function", "domain"]

    def learn(self):
        given = (dataset(),) if self.from_samples else (jax.vmap(price), dataset().domain)
        return self.verb(jax.random.key(1), *given, self.config)


LEARNERS = [
    Learner(differential, differential.Config(n_layers=1, n_units=4, training=differential.Training(**LITTLE))),
    Learner(
        mixture_of_experts,
        mixture_of_experts.Config(
            n_layers=1,
            n_units=4,
            expert_training=mixture_of_experts.Training(**LITTLE),
            gate_training=mixture_of_experts.Training(**LITTLE),
            joint_training=mixture_of_experts.Training(**LITTLE),
        ),
    ),
    Learner(fourier_tt, fourier_tt.Config(n_nodes=6, tolerance=1e-6), from_samples=False),
]
# The training of a committee compiles for half a minute; trains are learned in 64 bits.
MARKS = {"mixture_of_experts": pytest.mark.slow, "fourier_tt": pytest.mark.x64}


def price(x):
    """Of options at the money and near it: any smooth function would do."""
    return jnp.exp(x[0]) * x[1]


def dataset(n=300, seed=0):
    """Prices with their derivatives."""
    lower, upper = jnp.asarray([-0.3, 0.2], default_dtype()), jnp.asarray([0.3, 1.2], default_dtype())
    share = np.random.default_rng(seed).uniform(0.01, 0.99, (n, 2))
    x = lower[None] + (upper - lower)[None] * jnp.asarray(share, default_dtype())
    y, dydx = jax.vmap(jax.value_and_grad(price))(x)
    return DifferentialDataset(x=x, y=y, dydx=dydx, domain=Domain(lower=lower, upper=upper, names=("m", "s")))


@pytest.fixture(scope="module", params=[pytest.param(row, marks=MARKS.get(str(row), ())) for row in LEARNERS], ids=str)
def learner(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(learner):
    return learner.learn()


def test_the_key_comes_first_and_the_config_after_what_is_learned(learner):
    n = len(learner.names)
    assert list(inspect.signature(learner.verb).parameters)[: n + 1] == [*learner.names, "config"]
    assert hash(learner.config) == hash(dataclasses.replace(learner.config))


def test_predictions_have_the_shapes_of_the_points(learner, fitted):
    x = dataset(7, seed=3).x
    value, slope = learner.engine.predict(fitted, x)
    assert value.shape == (7,) and slope.shape == (7, 2)
    one, gradient = learner.engine.predict(fitted, x[2])
    np.testing.assert_allclose(one, value[2], rtol=1e-5)
    np.testing.assert_allclose(gradient, slope[2], rtol=1e-4, atol=1e-6)


def test_points_outside_are_told(learner, fitted):
    fitted = dataclasses.replace(fitted, status=jnp.int32(Status.OK))
    x = dataset(2, seed=3).x.at[0, 1].set(5.0)
    assert learner.engine.evaluate(fitted, x).status.tolist() == [Status.OUTSIDE_DOMAIN, Status.OK]


@pytest.mark.x64
def test_the_gradient_is_that_of_the_value_under_every_transformation(learner, fitted):
    wide = jax.tree.map(lambda leaf: leaf.astype(jnp.float64) if leaf.dtype == jnp.float32 else leaf, fitted)
    x = dataset(3, seed=4).x

    def value(point):
        return learner.engine.predict(wide, point)[0]

    slope = learner.engine.predict(wide, x)[1]
    np.testing.assert_allclose(jax.vmap(jax.grad(value))(x), slope, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(jax.jit(jax.vmap(value))(x), learner.engine.predict(wide, x)[0], rtol=1e-10)
    check_grads(value, (x[0],), order=2, modes=("fwd", "rev"), atol=1e-5, rtol=1e-5)
    seen = learner.engine.evaluate(wide, x, jnp.eye(2))
    np.testing.assert_allclose(jax.vmap(jax.hessian(value))(x), seen.curvature, rtol=1e-7, atol=1e-9)


def test_files_hold_all_of_it(learner, fitted, tmp_path):
    measured = learner.engine.measure(fitted, dataset(50, seed=5))
    learner.engine.save(measured, tmp_path / "one.safetensors")
    loaded = learner.engine.load(tmp_path / "one.safetensors")
    assert jax.tree.structure(loaded) == jax.tree.structure(measured)
    for one, other in zip(jax.tree.leaves(loaded), jax.tree.leaves(measured), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_key_gives_the_same_surrogate(learner, fitted):
    again = learner.learn()
    for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(fitted), strict=True):
        np.testing.assert_array_equal(one, other)
