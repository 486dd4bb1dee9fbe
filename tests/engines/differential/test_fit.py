"""Fitting: what derivatives gain, what a fit is made of, and what it does not depend on."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.differential.known import Basket, exact, root_mean_square
from helpers import default_dtype
from jax.scipy.special import ndtr

from jaxprice.core.status import Status
from jaxprice.engines import differential
from jaxprice.engines.differential import Activation, Config, Schedule, Training

SMALL = Config(n_layers=2, n_units=8, training=Training(n_epochs=30))
STANDARD = Config(gradient_weight=0.0, component_tolerance=None)
KEY = jax.random.key(20_261_121)
N_TEST = 2048


@functools.cache
def small():
    return Basket.of(3).samples(512, seed=1)


@pytest.fixture(scope="module")
def fitted():
    return differential.fit(KEY, small(), SMALL)


def same_bits(one, other):
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def errors(surrogate, basket):
    """Root mean squares of the errors of value and gradient, and the size of a constant's."""
    x = basket.points(N_TEST, seed=77)
    value, dydx, _ = basket.truth(x)
    found = differential.predict(surrogate, x)
    return root_mean_square(found[0] - value), root_mean_square(found[1] - dydx), np.std(value)


@pytest.fixture(scope="module")
def seven_assets():
    return Basket.of(7).samples(4096, seed=1)


@pytest.mark.slow
def test_seven_assets_are_learned_as_well_as_was_published(seven_assets):
    """The notebook of Huge and Savine at 4,096 samples: errors x 100 of .24, of deltas .30."""
    surrogate = differential.fit(KEY, seven_assets)
    value, dydx, _ = errors(surrogate, Basket.of(7))
    assert surrogate.status == Status.OK and surrogate.diagnostics["n_restarts"].tolist() == [0]
    assert value < 0.0024 and dydx < 0.0030
    share = np.asarray(surrogate.diagnostics["component_share"])
    assert share[0] > 0.999999, "a basket has one direction"


@pytest.mark.slow
@pytest.mark.parametrize("tolerance", [None, 1e-8])
def test_derivatives_gain_what_was_published(seven_assets, tolerance):
    """The same network on the same samples without their derivatives: .77 and .70 in the notebook's first run, 1.13 and
    1.50 in its second.
    """
    config = Config(component_tolerance=tolerance)
    value, dydx, _ = errors(differential.fit(KEY, seven_assets, config), Basket.of(7))
    plain_value, plain_dydx, _ = errors(differential.fit(KEY, seven_assets, STANDARD), Basket.of(7))
    assert plain_value < 0.0113 and plain_dydx < 0.0150
    assert value < plain_value / 2.0 and dydx < plain_dydx / 3.0


def test_the_same_key_gives_the_same_bits_and_another_key_others(fitted):
    assert same_bits(differential.fit(KEY, small(), SMALL), fitted)
    other = differential.fit(jax.random.key(1), small(), SMALL)
    assert not same_bits(other.params, fitted.params)
    assert fitted.status == Status.OK and fitted.n_members == 1
    assert {leaf.dtype for leaf in jax.tree.leaves(fitted.params)} == {jnp.dtype(jnp.float32)}


def test_the_diagnostics_tell_how_it_went(fitted):
    found = fitted.diagnostics
    assert found["loss"].shape == found["validation_loss"].shape == (1, 30) and np.all(np.isfinite(found["loss"]))
    assert found["loss"][0, -1] < 0.5 * found["linear_loss"] < 0.5 * found["constant_loss"]
    assert found["constant_loss"] == pytest.approx(1.0, rel=1e-4) and found["component_share"].shape == (3,)


def test_a_constant_added_to_all_labels_is_added_to_all_predictions(fitted):
    data, x = small(), small().x[:50]
    shifted = differential.fit(KEY, dataclasses.replace(data, y=data.y + 4.0), SMALL)
    (value, dydx), (moved, moved_dydx) = differential.predict(fitted, x), differential.predict(shifted, x)
    np.testing.assert_allclose(moved - value, 4.0, atol=2e-3)
    np.testing.assert_allclose(moved_dydx, dydx, atol=2e-3)


def test_units_do_not_matter(fitted):
    """Cents for dollars, in inputs and in labels: the same surrogate in other units."""
    data, x = small(), np.asarray(small().x[:50])
    box = jax.tree.map(lambda bound: 100.0 * bound, data.domain)
    cents = dataclasses.replace(data, x=100.0 * data.x, y=8.0 * data.y, dydx=0.08 * data.dydx, domain=box)
    value, dydx = differential.predict(fitted, x)
    found = differential.predict(differential.fit(KEY, cents, SMALL), 100.0 * x)
    np.testing.assert_allclose(np.asarray(found[0]) / 8.0, value, atol=2e-3)
    np.testing.assert_allclose(np.asarray(found[1]) / 0.08, dydx, atol=5e-3)


@pytest.mark.slow
def test_it_composes_with_jit_and_vmap(fitted):
    """Over keys, all fits in one program, each the one that its key gives by itself."""
    keys = jnp.stack([KEY, jax.random.key(1)])

    @jax.jit
    def together(keys):
        return jax.vmap(lambda key: differential.fit(key, small(), SMALL))(keys)

    found = together(keys)
    assert found.status.tolist() == [Status.OK] * 2
    x = small().x[:50]
    for i, alone in enumerate((fitted, differential.fit(jax.random.key(1), small(), SMALL))):
        one = jax.tree.map(lambda leaf, i=i: leaf[i], found)
        value, expected = (differential.predict(surrogate, x)[0] for surrogate in (one, alone))
        # Thirty epochs make of rounding what they like; of another start they would make ten times as much.
        np.testing.assert_allclose(value, expected, atol=2e-3)


@pytest.mark.slow
def test_an_ensemble_differs_in_its_starts(fitted):
    """Its first member is the network that would be trained alone."""
    ensemble = differential.fit(KEY, small(), dataclasses.replace(SMALL, n_members=3))
    x = small().x[:50]
    found = differential.evaluate(ensemble, x)
    assert ensemble.n_members == 3 and ensemble.diagnostics["loss"].shape == (3, 30)
    assert np.all(np.asarray(found.value_spread) > 0.0)
    first = dataclasses.replace(ensemble, params=jax.tree.map(lambda leaf: leaf[:1], ensemble.params))
    alone, expected = (differential.predict(surrogate, x)[0] for surrogate in (first, fitted))
    np.testing.assert_allclose(alone, expected, atol=2e-3)


CONFIGS = {
    "one cycle, silu": Config(activation=Activation.SILU, training=Training(schedule=Schedule.ONE_CYCLE)),
    "wide, solved": Config(is_wide=True, final_solve=True, n_members=2),
    "validated": Config(validation_share=0.2, training=Training(patience=5, batch_size=100)),
    "values": Config(gradient_weight=0.0, component_tolerance=None),
    "names": Config(activation="silu", training=Training(schedule="one_cycle")),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_traces_in_any_precision(name):
    """Abstractly, so at no cost, under strict promotion: data in 32 bits, with second derivatives, in a 64-bit run."""
    direction, curvature = jnp.ones((2, 3), jnp.float32), jnp.ones((512, 2, 3), jnp.float32)
    for dtype in ("float32", default_dtype()):
        data = Basket.of(3).samples(512, seed=1, dtype=dtype)
        second = dataclasses.replace(data, direction=direction.astype(dtype), curvature=curvature.astype(dtype))
        for labels in (data, second):
            shape = jax.eval_shape(lambda key, data: differential.fit(key, data, CONFIGS[name]), KEY, labels)
            assert shape.normalisation.y_std.dtype == default_dtype()


def gamma_errors(curvature_weight):
    """Errors of value, delta and gamma of four networks trained on 64 exact labels of one asset."""
    direction = np.ones((1, 1))

    def call(x):
        distance = (x[0] - 1.1) / 0.2
        return 0.2 * (distance * ndtr(distance) + jax.scipy.stats.norm.pdf(distance))

    data = exact(call, np.random.default_rng(0).uniform(0.2, 2.0, (64, 1)), direction)
    truth = exact(call, np.linspace(0.3, 1.9, 200)[:, None], direction)
    config = Config(
        n_layers=2, n_units=16, n_members=4, component_tolerance=None, curvature_weight=curvature_weight,
        training=Training(n_epochs=200),
    )  # fmt: skip
    found = differential.evaluate(differential.fit(KEY, data, config), truth.x, direction)
    pairs = ((found.value, truth.y), (found.dydx, truth.dydx), (found.curvature, truth.curvature))
    return np.array([root_mean_square(one - other) for one, other in pairs])


@pytest.mark.slow
def test_labels_of_second_order_make_better_gammas_at_no_cost_to_the_rest():
    """Gamma itself is up to two."""
    found, without = gamma_errors(0.5), gamma_errors(0.0)
    assert found[2] < 0.1 and found[2] < 0.4 * without[2] and np.all(found < without)


@pytest.mark.slow
@pytest.mark.parametrize("n_restarts", [1, 14])
def test_an_absurd_rate_is_a_good_fit_or_a_status_never_a_silent_constant(n_restarts):
    config = dataclasses.replace(SMALL, training=Training(n_epochs=30, peak_rate=1e6, n_restarts=n_restarts))
    surrogate = differential.fit(KEY, small(), config)
    value, dydx, constant = errors(surrogate, Basket.of(3))
    assert np.isfinite(value) and np.isfinite(dydx)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(surrogate.params))
    assert 1 <= surrogate.diagnostics["n_restarts"][0] <= n_restarts
    if surrogate.status == Status.OK:
        assert n_restarts == 14 and value < 0.4 * constant
    else:
        assert set(differential.evaluate(surrogate, small().x).status.tolist()) == {int(Status.NOT_CONVERGED)}


@pytest.mark.slow
@pytest.mark.parametrize("tolerance", [None, 1e-8])
def test_fifty_assets_at_the_published_rate_do_not_collapse(tolerance):
    """The notebook's own run of fifty assets with derivatives ended at 6.07, a constant: nobody was told."""
    basket = Basket.of(50)
    config = Config(
        component_tolerance=tolerance, training=Training(schedule=Schedule.ONE_CYCLE, peak_rate=0.1, n_epochs=100)
    )
    surrogate = differential.fit(KEY, basket.samples(4096, seed=1), config)
    value, dydx, _ = errors(surrogate, basket)
    assert surrogate.status == Status.OK and value < 0.0040 and dydx < 0.0020


@pytest.mark.slow
def test_labels_without_derivatives_are_not_a_fit():
    """As pathwise labels of a digital would be: nothing is left to train on, and the status says so."""
    data = small()
    surrogate = differential.fit(KEY, dataclasses.replace(data, dydx=jnp.zeros_like(data.dydx)), SMALL)
    assert surrogate.status == Status.NOT_CONVERGED
    assert np.all(np.isfinite(differential.predict(surrogate, data.x)[0]))


@pytest.mark.slow
def test_what_cannot_be_checked_under_jit_is_a_status():
    """An input that does not vary has no scale; outside jit that is an error."""
    data = small()
    jitted = jax.jit(differential.fit, static_argnames="config")
    found = jitted(KEY, data, config=SMALL)
    assert found.status == Status.OK
    flat = dataclasses.replace(data, x=data.x.at[:, 1].set(1.0))
    assert jitted(KEY, flat, config=SMALL).status != Status.OK


@pytest.mark.slow
def test_early_stopping_keeps_what_validated_best():
    config = dataclasses.replace(
        SMALL, gradient_weight=0.0, component_tolerance=None, validation_share=0.3, n_units=20,
        training=Training(n_epochs=300, patience=20, peak_rate=0.1),
    )  # fmt: skip
    surrogate = differential.fit(KEY, Basket.of(3).samples(300, seed=1), config)
    loss = np.asarray(surrogate.diagnostics["validation_loss"])[0]
    n_done = int(np.sum(np.isfinite(loss)))
    assert surrogate.status == Status.OK and n_done < 300 and int(np.nanargmin(loss)) == n_done - 21


@pytest.mark.slow
def test_copies_of_an_input_do_no_harm():
    """Rank-deficient inputs: the value is learned, and the slope along the points is right."""
    basket, data = Basket.of(3), small()
    twice = jnp.concatenate([data.x, data.x[:, :1]], axis=1)
    dydx = jnp.concatenate([data.dydx, jnp.zeros_like(data.y)[:, None]], axis=1)
    lower, upper = (jnp.append(bound, bound[0]) for bound in (data.domain.lower, data.domain.upper))
    box = type(data.domain)(lower=lower, upper=upper, names=(*data.domain.names, "copy"))
    surrogate = differential.fit(KEY, dataclasses.replace(data, x=twice, dydx=dydx, domain=box), SMALL)
    x = basket.points(N_TEST, seed=77)
    value, slope, _ = basket.truth(x)
    found_value, found = (np.asarray(part) for part in differential.predict(surrogate, np.append(x, x[:, :1], axis=1)))
    assert surrogate.status == Status.OK and root_mean_square(found_value - value) < 0.02
    along = found[:, :3] + np.array([1.0, 0.0, 0.0]) * found[:, 3:]
    assert root_mean_square(along - slope) < 0.05
