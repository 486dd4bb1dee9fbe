"""Fitting: what it learns, the same from the same key, and what it refuses."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.mixture_of_experts.regimes_of_calls import dataset, points, regimes

from jaxprice.core.status import Status
from jaxprice.engines import mixture_of_experts as moe

KEY = jax.random.key(2)
SHORT = {
    "gradient_weight": 1.0,
    "expert_training": moe.Training(n_epochs=40),
    "gate_training": moe.Training(n_epochs=5),
    "joint_training": moe.Training(n_epochs=10, peak_rate=0.003),
}


def errors(found, seed=9):
    truth = dataset(500, seed)
    value, slope = moe.predict(found, truth.x)
    return tuple(float(jnp.sqrt(jnp.mean((a - b) ** 2))) for a, b in ((value, truth.y), (slope, truth.dydx)))


@pytest.fixture(scope="module")
def fitted():
    return moe.fit(KEY, dataset(2048), moe.Config(n_units=16, **SHORT))


@pytest.mark.slow
def test_a_committee_learns_prices_and_derivatives(fitted):
    value, slope = errors(fitted)
    assert fitted.status == Status.OK
    assert value < 1e-3 and slope < 1.5e-2


@pytest.mark.slow
def test_every_stage_makes_it_better(fitted):
    found = fitted.diagnostics
    assert found["experts_loss"].shape == (9, 40)
    assert np.all(found["experts_loss"][:, -1] < 0.05 * found["experts_loss"][:, 0])
    assert found["gate_loss"][-1] < found["gate_loss"][0]
    assert found["joint_loss"][-1] < 0.8 * found["joint_loss"][0]
    np.testing.assert_allclose(jnp.sum(found["share"]), 1.0, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"gate": "top_k", "gate_training": moe.Training(n_epochs=20, peak_rate=0.02)},
        {"gate": "softmax"},
        {"stages": "at_once", "gate": "softmax", "joint_training": moe.Training(n_epochs=60)},
        {"gradient_weight": 0.0, "joint_training": moe.Training(n_epochs=20)},
        {"arbitrage_weight": 1e-3, "joint_training": moe.Training(n_epochs=60, peak_rate=0.003)},
    ],
    ids=["top_k", "softmax", "at once", "values alone", "no arbitrage"],
)
def test_every_kind_of_committee_learns(change):
    found = moe.fit(KEY, dataset(1024), moe.Config(n_units=12, **(SHORT | change)))
    value, slope = errors(found)
    # Between regimes a gate that selects, or never closes, prices with experts that were not trained there.
    assert found.status == Status.OK and value < (0.012 if found.gate.kind == moe.GateKind.WINDOW else 0.03)
    assert slope < (0.2 if change.get("gradient_weight") == 0.0 or found.gate.kind == "top_k" else 0.1)


@pytest.mark.slow
def test_the_same_key_gives_the_same_committee_and_another_another():
    config = moe.Config(n_units=8, expert_training=moe.Training(n_epochs=2), joint_training=moe.Training(n_epochs=2))
    one, same, other = (moe.fit(key, dataset(512), config) for key in (KEY, KEY, jax.random.key(3)))
    x = points(10)
    np.testing.assert_array_equal(moe.predict(one, x)[0], moe.predict(same, x)[0])
    assert not np.array_equal(moe.predict(one, x)[0], moe.predict(other, x)[0])


def test_a_regime_without_samples_is_named():
    data = dataset(512)
    far = regimes(moneyness=[-0.1, 0.39], moneyness_width=[0.1, 0.001])
    with pytest.raises(ValueError, match="an expert has no sample .*ITM short: 0"):
        moe.fit(KEY, dataclasses.replace(data, x=data.x.at[:, 0].set(jnp.minimum(data.x[:, 0], 0.3))), regimes=far)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"top_k": 0}, "top_k: expected a whole number of at least 1, got 0"),
        ({"top_k": 10}, "top_k: 10 is more than the 9 experts; lower it"),
        ({"gate": "hard"}, "gate: expected one of 'window', 'top_k', 'softmax', got 'hard'"),
        ({"load_weight": -1.0}, "load_weight: expected a number that is not negative"),
        ({"n_units": 0}, "n_units: expected a whole number of at least 1, got 0"),
    ],
)
def test_bad_settings_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        moe.fit(KEY, dataset(256), moe.Config(**change))


def test_labels_that_are_not_finite_are_named_by_row():
    data = dataset(256)
    with pytest.raises(ValueError, match=r"DifferentialDataset.y: NaN or infinity in 1 of 256 rows \(7\)"):
        moe.fit(KEY, dataclasses.replace(data, y=data.y.at[7].set(jnp.nan)))


def test_a_root_maturity_that_is_not_positive_is_refused():
    data = dataset(256)
    lower = data.domain.lower.at[1].set(0.0)
    data = dataclasses.replace(data, x=data.x.at[3, 1].set(0.0), domain=dataclasses.replace(data.domain, lower=lower))
    with pytest.raises(ValueError, match="root_maturity: 1 rows have a root maturity that is not positive"):
        moe.fit(KEY, data, regimes=regimes())
