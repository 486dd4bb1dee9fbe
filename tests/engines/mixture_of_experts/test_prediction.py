"""Dispatch, fewer experts with a bound, shapes and refusals."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.mixture_of_experts.regimes_of_calls import committee, dataset, points

from jaxprice.core.status import Status
from jaxprice.engines import mixture_of_experts as moe
from jaxprice.engines.mixture_of_experts import dispatch_grouped
from jaxprice.engines.mixture_of_experts.experts import all_experts

KINDS = ["window", "top_k", "softmax"]


@pytest.mark.parametrize("n", [1, 37, 1500])
@pytest.mark.parametrize("kind", KINDS)
def test_both_dispatches_give_the_same_values_and_gradients(kind, n):
    found, x = committee(kind), points(n, seed=n)
    for one, other in zip(
        *(moe.predict(found, x, dispatch=kind, return_weights=True) for kind in moe.Dispatch), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-6 * max(1.0, float(jnp.max(jnp.abs(one)))))


@pytest.mark.parametrize("weights", ["even", "one expert", "none but the last sample"])
def test_no_pair_is_dropped_however_the_samples_fall(weights):
    n, most = 1000, 3
    rng = np.random.default_rng(0)
    table = np.zeros((9, n))
    if weights == "even":
        for j in range(n):
            table[rng.choice(9, most, replace=False), j] = 0.3
    elif weights == "one expert":
        table[4] = 1.0
    else:
        table[8, -1] = 1.0
    found = jax.jit(dispatch_grouped.plan, static_argnums=(1, 2))(jnp.asarray(table, jnp.float32), most, 64)
    place, sample, owner = (np.asarray(part) for part in (found.place, found.sample, found.expert))
    experts, samples = np.nonzero(table)
    slots = place[experts, samples]
    assert np.unique(slots).size == slots.size and slots.max() < 64 * int(found.n_used)
    np.testing.assert_array_equal(sample[slots], samples)
    np.testing.assert_array_equal(owner[slots // 64], experts)
    assert int(found.n_used) == sum(-(-count // 64) for count in (table > 0).sum(axis=1))


@pytest.mark.parametrize("kind", KINDS)
def test_fewer_experts_stay_within_their_bound(kind):
    found, x = committee(kind), points(400)
    every = dataclasses.replace(found, diagnostics={"spread": true_spread(found, x)})
    price = np.asarray(moe.predict(every, x)[0])
    for k in (1, 2, 3, 9):
        seen = moe.evaluate(every, x, top_k=k)
        assert seen.n_active.max() <= k
        assert np.all(np.abs(np.asarray(seen.value) - price) <= np.asarray(seen.bound) + 1e-5)
    assert float(jnp.max(seen.bound)) < 1e-5
    np.testing.assert_allclose(seen.value, price, rtol=1e-4, atol=1e-5)
    seen = moe.evaluate(every, x, tolerance=0.02)
    assert (float(jnp.max(seen.bound)) <= 0.02 and seen.n_active.min() < seen.n_active.max()) or kind == "top_k"
    assert np.all(np.abs(np.asarray(seen.value) - price) <= 0.02 + 1e-5)


@pytest.mark.x64
@pytest.mark.parametrize("is_standardised", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_are_those_of_the_price(kind, is_standardised):
    found, x = committee(kind, dtype=jnp.float64, is_standardised=is_standardised), points(30)
    seen = moe.evaluate(found, x, jnp.eye(3))
    step = 1e-5
    for j in range(3):
        up, down = (moe.evaluate(found, x.at[:, j].add(sign * step)) for sign in (1.0, -1.0))
        is_same = np.all((np.asarray(up.weights) > 0.0) == (np.asarray(down.weights) > 0.0), axis=1)
        assert is_same.sum() > 20
        slope, second = (np.asarray(a - b) / (2.0 * step) for a, b in ((up.value, down.value), (up.dydx, down.dydx)))
        np.testing.assert_allclose(seen.dydx[is_same, j], slope[is_same], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(seen.curvature[is_same, j], second[is_same], rtol=1e-5, atol=1e-4)


def true_spread(found, x):
    seen = found.normalisation.inputs(found.chart.points(x)).astype(jnp.float32)
    values = all_experts(found.network, found.params["experts"], found.scaling, seen)
    return jnp.max(jnp.abs(values[:, None] - values[None]), axis=2)


def test_one_point_is_a_row_of_many():
    found, x = committee(), points(3)
    value, slope = moe.predict(found, x)
    for i in range(3):
        one, delta = moe.predict(found, x[i])
        assert one.shape == () and delta.shape == (3,)
        np.testing.assert_allclose(one, value[i], rtol=1e-5)
        np.testing.assert_allclose(delta, slope[i], rtol=1e-4, atol=1e-5)


def test_points_outside_the_domain_are_told():
    found = committee()
    x = points(2).at[1, 1].set(3.0)
    assert moe.evaluate(found, x).status.tolist() == [Status.OK, Status.OUTSIDE_DOMAIN]
    assert int(moe.evaluate(found, x.at[0, 0].set(jnp.nan)).status[0]) == Status.OUTSIDE_DOMAIN


def test_strikes_further_from_the_money_than_any_sample_are_told():
    """0.39 of log-moneyness lies in the box, but with a root maturity of 0.1 no sample was as far away as that."""
    x, data = points(1), dataset()
    near = data.x[:, 1] > 0.2
    seen = moe.Chart.of(dataclasses.replace(data, x=data.x[near], y=data.y[near], dydx=data.dydx[near]), (0, 1), True)
    found = dataclasses.replace(committee(), chart=seen)
    far = x.at[0, :2].set(jnp.asarray([0.39, 0.101], x.dtype))
    assert bool(found.domain.contains(far[0])) and not bool(seen.contains(far)[0])
    assert moe.evaluate(found, jnp.concatenate([x, far])).status.tolist() == [Status.OK, Status.OUTSIDE_DOMAIN]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"top_k": 0}, "top_k: expected a whole number of at least 1, got 0"),
        ({"top_k": 10}, "top_k: 10 is more than the 9 experts; lower it"),
        ({"tolerance": -1.0}, "tolerance: expected a positive number"),
        ({"top_k": 2, "tolerance": 0.1}, "give one of them"),
        ({"dispatch": "sorted"}, "dispatch: expected one of 'dense', 'grouped', got 'sorted'"),
    ],
)
def test_bad_choices_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        moe.predict(committee(), points(2), **arguments)


def test_points_of_another_width_are_refused():
    with pytest.raises(ValueError, match=r"x: expected shape \(3,\) or \(n, 3\)"):
        moe.predict(committee(), jnp.zeros((2, 4)))
