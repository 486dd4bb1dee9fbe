"""The policy as a noun: what it answers, and that a file holds all of it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import market

from jaxprice import models, products, reference
from jaxprice.core import storage
from jaxprice.core.storage import StorageError
from jaxprice.core.struct import pytree_dataclass
from jaxprice.engines import glsm

pytestmark = pytest.mark.x64
DATES = np.arange(1, 6) / 5.0
CONFIG = glsm.Config(n_paths=2**16, order=8)


@pytest.fixture(scope="module")
def put_policy():
    model = models.BlackScholes.equicorrelated(n_assets=1, spot=100.0, volatility=0.25, rate=0.06)
    product = products.Bermudan(payoff=products.Put(strike=100.0), exercise_times=DATES)
    return glsm.fit(jax.random.key(5), model, product, CONFIG)


@pytest.fixture(scope="module")
def max_call_policy():
    product = products.Bermudan(payoff=products.MaxCall(strike=100.0), exercise_times=DATES)
    return glsm.fit(jax.random.key(6), market(3), product, dataclasses.replace(CONFIG, n_paths=2**13, order=3))


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize("spot", [90.0, 100.0, 112.0])
def test_the_continuation_value_and_its_delta_are_those_of_what_is_left(put_policy, step, spot):
    def left(spot):
        return reference.bermudan.put(spot, 100.0, 0.06, 0.0, 0.25, DATES[step:] - DATES[step - 1])

    value, slope = jax.value_and_grad(left)(spot)
    state = jnp.array([spot])
    np.testing.assert_allclose(glsm.continuation_value(put_policy, state, step), value, atol=0.08)
    np.testing.assert_allclose(glsm.delta(put_policy, state, step)[0], slope, atol=0.03)
    assert bool(glsm.exercise(put_policy, state, step)) == bool(max(100.0 - spot, 0.0) > value)


def test_at_the_last_date_everything_that_pays_is_exercised(put_policy):
    assert glsm.continuation_value(put_policy, jnp.array([80.0]), 5) == 0.0
    assert glsm.exercise(put_policy, jnp.array([99.9]), 5)
    assert not glsm.exercise(put_policy, jnp.array([100.1]), 5)


def test_verbs_of_a_policy_batch_and_compile(put_policy):
    states = jnp.array([[85.0], [100.0], [120.0]])
    one_by_one = jnp.stack([glsm.continuation_value(put_policy, state, 2) for state in states])
    batch = jax.jit(jax.vmap(glsm.continuation_value, in_axes=(None, 0, None)))(put_policy, states, 2)
    np.testing.assert_allclose(batch, one_by_one, rtol=1e-12)


def test_a_policy_may_be_followed_in_another_market(key, put_policy):
    config = dataclasses.replace(CONFIG, n_price_paths=2**15, greeks=False)
    other = dataclasses.replace(put_policy.problem.model, volatility=jnp.array([0.3]))
    found = glsm.follow(key, put_policy, config, model=other)
    exact = reference.bermudan.put(100.0, 100.0, 0.06, 0.0, 0.3, DATES)
    assert exact * 0.97 < found.price < exact + 4 * found.std_error


@pytest.mark.parametrize("name", ["put_policy", pytest.param("max_call_policy", marks=pytest.mark.slow)])
def test_a_file_holds_all_of_a_policy(tmp_path, key, name, request):
    policy = request.getfixturevalue(name)
    glsm.save(policy, tmp_path / "policy.safetensors")
    loaded = glsm.load(tmp_path / "policy.safetensors")
    assert jax.tree.structure(loaded) == jax.tree.structure(policy)
    for a, b in zip(jax.tree.leaves(loaded), jax.tree.leaves(policy), strict=True):
        np.testing.assert_array_equal(a, b)
    small = glsm.Config(n_price_paths=1024, n_dual_paths=64, n_inner=16, greeks=False)
    assert glsm.bounds(key, loaded, small).upper == glsm.bounds(key, policy, small).upper


@pytree_dataclass
class OwnPayoff:
    strike: object

    def __call__(self, state):
        return jnp.maximum(self.strike - jnp.min(state), 0.0)


def test_what_a_file_cannot_hold_is_refused(tmp_path, put_policy):
    product = dataclasses.replace(put_policy.problem.product, payoff=OwnPayoff(strike=jnp.array(100.0)))
    problem = dataclasses.replace(put_policy.problem, product=product)
    with pytest.raises(TypeError, match="holds no code"):
        glsm.save(dataclasses.replace(put_policy, problem=problem), tmp_path / "own")
    basis = put_policy.problem.basis._replace(columns=(lambda observation: observation.price,))
    problem = dataclasses.replace(put_policy.problem, basis=basis)
    with pytest.raises(TypeError, match="holds no code"):
        glsm.save(dataclasses.replace(put_policy, problem=problem), tmp_path / "own")


def test_a_file_that_is_no_policy_is_refused(tmp_path, put_policy):
    path = tmp_path / "policy"
    glsm.save(put_policy, path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StorageError, match=r"copy it again"):
        glsm.load(path)
    storage.save(path, {"coefficient": np.zeros(3)}, {"model": "Nothing"}, "glsm/1")
    with pytest.raises(StorageError, match="fit it again"):
        glsm.load(path)
    wrong = dataclasses.replace(put_policy, coefficient=put_policy.coefficient[:, :-1])
    glsm.save(wrong, path)
    with pytest.raises(StorageError, match="expected coefficients of shape"):
        glsm.load(path)
