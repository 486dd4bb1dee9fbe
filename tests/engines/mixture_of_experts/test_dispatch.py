"""Layouts of one expert, sizes of blocks and chunks, values alone, and transformations of `predict`."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.mixture_of_experts.regimes_of_calls import committee, points

from jaxprice.engines import mixture_of_experts as moe
from jaxprice.engines.mixture_of_experts import dispatch, dispatch_dense, dispatch_grouped, one_expert, prediction
from jaxprice.engines.mixture_of_experts.experts import Scaling, expert
from jaxprice.learning.activation import Activation
from jaxprice.learning.twin_net import Network, value_and_slope


@pytest.mark.parametrize("with_slope", [True, False])
@pytest.mark.parametrize("n", [1, 3, 80])
@pytest.mark.parametrize("n_units", [5, 21, one_expert.WIDE])
def test_every_layout_of_an_expert_gives_the_same(n_units, n, with_slope):
    network = Network(n_inputs=4, n_layers=2, n_units=n_units, activation=Activation.SOFTPLUS)
    params = jax.vmap(network.create)(jax.random.split(jax.random.key(2), 3))
    rng = np.random.default_rng(n)
    center, size, shift, height, u, weight = (
        jnp.asarray(rng.uniform(0.5, 1.5, shape), jnp.float32) for shape in ((3, 4), (3, 4), 3, 3, (n, 4), n)
    )
    scaling = Scaling(center=center, size=size, shift=shift, tilt=size[::-1], height=height)
    mine, own = jax.tree.map(lambda leaf: leaf[1], (params, scaling))
    value, slope = value_and_slope(lambda u: expert(network, mine, own, u), u.T)
    got_value, got_slope = jax.jit(one_expert.value_and_slope, static_argnums=0)(
        network, params, scaling, jnp.int32(1), u, weight if with_slope else None
    )
    np.testing.assert_allclose(got_value, value, atol=1e-5)
    if with_slope:
        np.testing.assert_allclose(got_slope, weight[:, None] * slope.T, atol=1e-5)
    else:
        assert got_slope is None


@pytest.mark.parametrize("sizes", [(1,), (7,), (16, 32, 48, 64)])
def test_no_size_of_a_block_changes_the_numbers(sizes):
    found, x = committee(), points(300)
    u = found.normalisation.inputs(x).astype(jnp.float32).T
    weights = moe.predict(found, x, return_weights=True)[2].T
    experts = (found.params["experts"], found.scaling, u, weights)

    @jax.jit
    def both(*experts):
        parts = (found.network, *experts)
        grouped = dispatch_grouped.each_and_slope(*parts, most_active=4, sizes=sizes, with_slope=True)
        return grouped, dispatch_dense.each_and_slope(*parts, with_slope=True)

    (each, slope), (every, whole) = both(*experts)
    np.testing.assert_allclose(each, jnp.where(weights > 0.0, every, 0.0), atol=1e-6)
    np.testing.assert_allclose(slope, whole, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", moe.Dispatch)
def test_chunks_change_nothing(kind, monkeypatch):
    found, x = committee(), points(1000)
    whole = moe.predict(found, x, dispatch=kind, return_weights=True)
    monkeypatch.setattr(dispatch, "_CHUNK", 300)
    jax.clear_caches()
    for one, other in zip(whole, moe.predict(found, x, dispatch=kind, return_weights=True), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6 * max(1.0, float(jnp.max(jnp.abs(one)))))
    jax.clear_caches()


@pytest.mark.parametrize("n", [1, 50])
@pytest.mark.parametrize("kind", moe.Dispatch)
def test_values_alone_are_the_values(kind, n):
    found, x = committee(), points(n)
    value, nothing = moe.predict(found, x, dispatch=kind, return_gradient=False)
    assert nothing is None
    np.testing.assert_allclose(value, moe.predict(found, x, dispatch=kind)[0], atol=1e-6)


def test_the_default_is_grouped_where_that_is_faster():
    found = committee()
    wide = dataclasses.replace(found, network=dataclasses.replace(found.network, n_units=256))
    assert dispatch.default(found, 1, 2) == moe.Dispatch.DENSE
    assert dispatch.default(found, 65_536, 2) == moe.Dispatch.GROUPED
    assert dispatch.default(wide, 1, 2) == moe.Dispatch.GROUPED
    assert dispatch.default(wide, 65_536, 9) == moe.Dispatch.DENSE


@pytest.mark.slow
def test_what_is_transformed_can_be_differentiated_again():
    """A loop over as many blocks as are in use has no reverse mode: inside transformations the default is dense."""
    found, x = committee(), points(200)
    assert dispatch.default(found, 600, 4) == moe.Dispatch.GROUPED
    x = jnp.concatenate([x, x, x])
    delta = moe.predict(found, x)[1]

    def total(gate, x):
        price = moe.predict(dataclasses.replace(found, params=found.params | {"gate": gate}), x)[0]
        return jnp.sum(price)

    np.testing.assert_allclose(jax.grad(total, 1)(found.params["gate"], x), delta, atol=1e-5)
    np.testing.assert_allclose(
        jax.jvp(lambda x: moe.predict(found, x)[0], (x,), (delta,))[1], jnp.sum(delta**2, 1), rtol=1e-4
    )
    np.testing.assert_allclose(jax.jit(moe.predict)(found, x)[1], delta, atol=1e-5)
    by_gate = jax.grad(total)(found.params["gate"], x)
    assert max(float(jnp.max(jnp.abs(leaf))) for leaf in jax.tree.leaves(by_gate)) > 0.0


def test_other_numbers_do_not_compile_anew():
    x = points(3)
    moe.predict(committee(), x)
    before = prediction._predict._cache_size()
    moe.predict(committee(seed=2), x + 0.01)
    assert prediction._predict._cache_size() == before
    # An array of NumPy and its like in JAX are one program, too.
    moe.predict(committee(), np.asarray(x))
    assert prediction._predict._cache_size() <= before + 1
