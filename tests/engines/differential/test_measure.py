"""The measured error: what it says for exact and for noisy labels, and where it refuses."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from engines.differential.known import dataset, root_mean_square, untrained
from helpers import assert_within_errors

from jaxprice.engines import differential

N, NOISE, OFF = 400, 0.5, np.array([0.3, 0.2, -0.1])
"""Points, noise of a label, and how far value and gradient of the surrogate are from the truth."""


@pytest.fixture(scope="module")
def problem():
    """A surrogate, points, and labels of a truth from which it is off by constants."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-1.0, 1.0, (N, 2))
    surrogate = untrained(dataset(x, rng.normal(size=N), np.ones((N, 2))))
    value, dydx = (np.asarray(part) for part in differential.predict(surrogate, x))
    sign = np.where(np.arange(N) % 2 == 0, 1.0, -1.0)
    return surrogate, x, value + OFF[0] * sign, dydx + OFF[1:]


def noisy(x, y, dydx, rng):
    return dataset(x, y + NOISE * rng.normal(size=N), dydx + NOISE * rng.normal(size=(N, 2)))


def test_exact_labels_tell_the_error_by_themselves(problem):
    surrogate, x, y, dydx = problem
    measured = differential.measure(surrogate, dataset(x, y, dydx))
    error = measured.error
    parts = {part.format(of) for part in ("{}", "{}_std_error", "relative_{}") for of in ("value", "dydx")}
    assert surrogate.error is None and set(error) == parts | {"n_points"}
    np.testing.assert_allclose(error["value"], OFF[0], rtol=1e-4)
    np.testing.assert_allclose(error["dydx"], np.abs(OFF[1:]), rtol=1e-4)
    np.testing.assert_allclose(error["relative_value"], OFF[0] / root_mean_square(y), rtol=1e-4)
    for axis in range(2):
        expected = abs(OFF[1 + axis]) / root_mean_square(dydx[:, axis])
        np.testing.assert_allclose(error["relative_dydx"][axis], expected, rtol=1e-4)
    assert error["n_points"] == N
    for name in ("params", "normalisation", "domain", "approximator", "status"):
        assert getattr(measured, name) is getattr(surrogate, name)


def test_two_noisy_sets_tell_the_error_without_the_noise(problem):
    """Over many pairs the squared error is right on average; one set alone has the noise in it."""
    surrogate, x, y, dydx = problem
    rng = np.random.default_rng(3)
    pairs, alone = [], []
    for _ in range(60):
        first, second = noisy(x, y, dydx, rng), noisy(x, y, dydx, rng)
        pairs.append(float(differential.measure(surrogate, first, second).error["value"]) ** 2)
        alone.append(float(differential.measure(surrogate, first).error["value"]) ** 2)
    # The standard error is that of the error itself, half that of its square divided by it.
    claimed = float(differential.measure(surrogate, first, second).error["value_std_error"])
    assert claimed == pytest.approx(np.std(np.sqrt(pairs)), rel=0.35)
    truth = OFF[0] ** 2
    assert_within_errors(np.mean(pairs), np.std(pairs) / np.sqrt(60), truth, max_relative_error=0.05)
    assert_within_errors(np.mean(alone), np.std(alone) / np.sqrt(60), truth + NOISE**2, max_relative_error=0.05)


def test_an_error_that_noise_makes_negative_is_zero(problem):
    surrogate, x, _, _ = problem
    value, dydx = (np.asarray(part) for part in differential.predict(surrogate, x))
    error = differential.measure(surrogate, dataset(x, value + 1.0, dydx), dataset(x, value - 1.0, dydx)).error
    assert error["value"] == 0.0 and np.all(np.isfinite(error["relative_value"]))


def test_single_precision_labels(problem):
    surrogate, x, y, dydx = problem
    error = differential.measure(surrogate, dataset(x, y, dydx, dtype=jnp.float32)).error
    np.testing.assert_allclose(error["value"], OFF[0], rtol=1e-3)


def test_points_that_are_not_the_same_or_not_in_the_domain(problem):
    surrogate, x, y, dydx = problem
    held_out = dataset(x, y, dydx)
    with pytest.raises(ValueError, match="again: expected labels at the same points as held_out"):
        differential.measure(surrogate, held_out, dataset(x + 1e-6, y, dydx))
    with pytest.raises(ValueError, match="again: expected labels at the same points as held_out"):
        differential.measure(surrogate, held_out, dataset(x[1:], y[1:], dydx[1:]))
    far = x.copy()
    far[[2, 5], 0] = 3.0
    with pytest.raises(ValueError, match="held_out: 2 of 400 points lie outside the surrogate's domain; leave them"):
        differential.measure(surrogate, dataset(far, y, dydx))
    bad = y.copy()
    bad[4] = np.nan
    with pytest.raises(ValueError, match=r"y: NaN or infinity in 1 of 400 rows \(4\)"):
        differential.measure(surrogate, held_out, dataset(x, bad, dydx))


def test_other_inputs_or_the_same_in_another_order(problem):
    surrogate, x, y, dydx = problem
    held_out = dataset(x, y, dydx)
    for names in (("input_1", "input_0"), ("spot", "volatility")):
        other = dataclasses.replace(held_out, domain=dataclasses.replace(held_out.domain, names=names))
        with pytest.raises(ValueError, match=r"held_out: expected the inputs \('input_0', 'input_1'\).*in their order"):
            differential.measure(surrogate, other)
