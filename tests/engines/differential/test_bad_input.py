"""What makes no surrogate is refused at the entry of `fit`, with a sentence."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.differential.known import dataset

from jaxprice.engines import differential
from jaxprice.engines.differential import Config, Training

N = 300


def data(**change):
    rng = np.random.default_rng(1)
    numbers = {"x": rng.uniform(80.0, 120.0, (N, 2)), "y": rng.normal(size=N), "dydx": rng.normal(size=(N, 2))}
    return dataset(**(numbers | change))


CONFIGS = [
    ({"n_layers": 0}, "n_layers: expected a whole number of at least 1, got 0"),
    ({"n_units": 2.0}, "n_units: expected a whole number of at least 1, got 2.0"),
    ({"n_members": 0}, "n_members: expected a whole number of at least 1, got 0"),
    ({"activation": "relu"}, "activation: expected one of 'softplus', 'silu', got 'relu'"),
    ({"gradient_weight": -1.0}, "gradient_weight: expected a number that is not negative, got -1.0"),
    ({"curvature_weight": float("inf")}, "curvature_weight: expected a number that is not negative, got inf"),
    ({"component_tolerance": 1.0}, "component_tolerance: expected a share from 0 to below 1, got 1.0"),
    ({"gradient_weight": 0.0}, "component_tolerance: directions are found from derivatives.*component_tolerance=None"),
    ({"validation_share": 0.6}, "validation_share: expected a number between 0 and 0.5, got 0.6"),
    ({"validation_share": 0.001}, "validation_share: 0.001 of 300 samples is none; make more samples or take 0"),
    ({"training": Training(n_epochs=0)}, "n_epochs: expected a whole number of at least 1, got 0"),
    ({"training": Training(schedule="flat")}, "schedule: expected one of 'one_cycle', 'cosine', got 'flat'"),
    ({"training": Training(batch_size=301)}, "batch_size: 301 is more than the 300 training samples"),
    (
        {"training": Training(batch_size=280), "validation_share": 0.1},
        "batch_size: 280 is more than the 270 training samples",
    ),
    ({"training": Training(patience=5)}, "patience: 5 epochs.*validation_share=0 holds nothing back.*patience=None"),
]


@pytest.mark.parametrize(("settings", "message"), CONFIGS, ids=[str(settings) for settings, _ in CONFIGS])
def test_settings_that_make_no_network(key, settings, message):
    with pytest.raises(ValueError, match=message):
        differential.fit(key, data(), Config(**settings))


def test_labels_that_are_not_numbers_are_named(key):
    y = np.ones(N)
    y[[3, 17]] = np.nan
    with pytest.raises(ValueError, match=r"\.y: NaN or infinity in 2 of 300 rows \(3, 17\).*row 3 has input_0 = "):
        differential.fit(key, data(y=y))
    dydx = np.ones((N, 2))
    dydx[5, 1] = np.inf
    with pytest.raises(ValueError, match=r"\.dydx: NaN or infinity in 1 of 300 rows \(5\)"):
        differential.fit(key, data(dydx=dydx))


def test_inputs_that_do_not_vary(key):
    one = data()
    x = jnp.where(jnp.arange(2)[None] == 1, 100.0, one.x)
    with pytest.raises(ValueError, match="'input_1' has the same value in all 300 rows"):
        differential.fit(key, dataclasses.replace(one, x=x))
    narrow = dataclasses.replace(one.domain, lower=one.domain.upper)
    with pytest.raises(ValueError, match="'input_0' has the one value.*leave out an input that does not vary"):
        differential.fit(key, dataclasses.replace(one, domain=narrow))


def test_second_derivatives_without_their_directions(key):
    curvature = jnp.ones((N, 1, 2))
    with pytest.raises(ValueError, match=r"\.direction: second derivatives and their directions go together"):
        differential.fit(key, dataclasses.replace(data(), curvature=curvature))
    with pytest.raises(ValueError, match=r"\.curvature: expected shape \(300, 3, 2\), got \(300, 1, 2\)"):
        differential.fit(key, dataclasses.replace(data(), curvature=curvature, direction=jnp.ones((3, 2))))


def test_what_is_no_key(key):
    with pytest.raises(TypeError, match="key: expected one key as made by jax.random.key"):
        differential.fit(0, data())
    with pytest.raises(TypeError, match="key: expected one key"):
        differential.fit(jax.random.split(key, 2), data())


def test_nothing_can_be_looked_at_under_a_transformation(key, tmp_path):
    with pytest.raises(ValueError, match="n_epochs_between: expected a whole number of at least 1, got 0"):
        differential.fit(key, data(), report=print, n_epochs_between=0)
    for looks in ({"report": print}, {"checkpoint": tmp_path / "training"}):
        with pytest.raises(ValueError, match="report and checkpoint: expected None under jit, vmap and grad"):
            jax.eval_shape(lambda key, looks=looks: differential.fit(key, data(), **looks), key)
        with pytest.raises(ValueError, match="call fit outside"):
            jax.eval_shape(lambda data, looks=looks: differential.fit(key, data, **looks), data())
