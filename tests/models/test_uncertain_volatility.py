"""Uncertain volatility: a box of numbers and its validation; nothing simulates it."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest

from jaxprice.models import Model, UncertainVolatility


def model():
    return UncertainVolatility(
        spot=jnp.array([100.0, 80.0]),
        min_volatility=jnp.array([0.1, 0.2]),
        max_volatility=jnp.array([0.2, 0.25]),
        min_correlation=jnp.array([[1.0, -0.5], [-0.5, 1.0]]),
        max_correlation=jnp.array([[1.0, 0.5], [0.5, 1.0]]),
        rate=jnp.array(0.05),
        dividend=jnp.array([0.01, 0.0]),
    )


def test_is_valid_and_no_simulation_model():
    model().validate()
    assert model().n_assets == 2
    assert not isinstance(model(), Model)


def test_bounds_that_touch_are_valid():
    dataclasses.replace(model(), min_volatility=model().max_volatility).validate()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("spot", 100.0, r"UncertainVolatility\.spot: expected shape \(n_assets,\), got \(\)"),
        ("spot", [100.0, -1.0], r"UncertainVolatility\.spot: expected a positive number, got -1"),
        ("min_volatility", [0.1, 0.2, 0.3], r"min_volatility: expected shape \(2,\), got \(3,\)"),
        ("min_volatility", [-0.1, 0.2], r"min_volatility: expected a number that is not negative, got -0\.1"),
        (
            "min_volatility",
            [0.1, 0.5],
            r"min_volatility and max_volatility cross: 0\.5 > 0\.25 at (index )?1; exchange them",
        ),
        ("max_correlation", [[1.0, -0.6], [-0.6, 1.0]], r"min_correlation and max_correlation cross: -0\.5 > -0\.6"),
        ("max_correlation", [[1.0, 1.5], [1.5, 1.0]], r"max_correlation: expected a number between -1 and 1, got 1\.5"),
        ("min_correlation", [-0.5], r"min_correlation: expected shape \(2, 2\), got \(1,\)"),
        ("dividend", [0.0], r"dividend: expected shape \(2,\), got \(1,\)"),
        ("rate", float("nan"), r"UncertainVolatility\.rate: expected finite numbers, got nan"),
    ],
)
def test_validation(name, value, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(model(), **{name: jnp.array(value)}).validate()


def test_is_a_pytree_of_numbers():
    doubled = jax.tree.map(lambda x: 2 * x, model())
    assert float(doubled.rate) == pytest.approx(0.1)
    assert len(jax.tree.leaves(model())) == 7
