"""The map: windows that part one, smoothly, and borders that part the samples."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.mixture_of_experts.regimes_of_calls import dataset, domain, points, regimes
from helpers import default_dtype

from jaxprice.engines import mixture_of_experts as moe

windows = jax.jit(moe.Regimes.windows)


def test_windows_add_up_to_one_and_at_most_two_are_open_on_each_axis():
    found = np.asarray(windows(regimes(), points(4000)))
    assert found.shape == (9, 4000) and found.min() >= 0.0
    np.testing.assert_allclose(found.sum(axis=0), 1.0, rtol=1e-5)
    is_open = (found > 0.0).reshape(3, 3, -1)
    assert is_open.any(axis=1).sum(axis=0).max() == 2 and is_open.any(axis=0).sum(axis=0).max() == 2
    assert {1, 2, 4} == set(np.unique((found > 0.0).sum(axis=0)))


def test_far_from_borders_the_expert_is_that_of_the_rectangle():
    x = points(4000)
    found, index = np.asarray(windows(regimes(), x)), np.asarray(regimes().index(x))
    alone = found.max(axis=0) == 1.0
    assert alone.any() and (found.argmax(axis=0) == index)[alone].all()
    assert np.unique(index).tolist() == list(range(9))


@pytest.mark.x64
def test_windows_have_two_continuous_derivatives():
    """On a line across all borders: the second difference of a kink would not fall with the step."""
    one = np.array([[0.0, 0.5, 0.3]])

    def second(step):
        x = np.repeat(one, 2001, axis=0)
        x[:, 0] = np.linspace(-0.05, 0.05, 2001) * step / 1e-4 + 0.02
        return np.diff(np.asarray(windows(regimes(), jnp.asarray(x))), 3, axis=1)

    slopes = jax.jit(jax.vmap(jax.hessian(lambda x: regimes().windows(x[None])[:, 0])))
    for edge in (-0.175, -0.025, 0.02, 0.22):
        left, right = (slopes(jnp.asarray([[edge + sign * 1e-9, 0.5, 0.3]])) for sign in (-1.0, 1.0))
        np.testing.assert_allclose(left, right, atol=1e-3)
    assert np.abs(second(1e-4)).max() < 1e-6


def test_standardised_moneyness_is_divided_by_root_maturity():
    x = points(50)
    first, second = dataclasses.replace(regimes(), is_standardised=True).coordinates(x)
    np.testing.assert_allclose(first, x[:, 0] / x[:, 1], rtol=1e-6)
    np.testing.assert_array_equal(second, x[:, 1])


def test_quantiles_part_the_samples_evenly():
    data = dataset(3000)
    found = moe.of_quantiles(data)
    assert found.is_standardised and found.names()[0] == "OTM short" and found.names()[8] == "ITM long"
    index = np.asarray(found.index(data.x))
    for axis in (index // 3, index % 3):
        np.testing.assert_allclose(np.bincount(axis), 1000, atol=2)


def test_classical_borders_are_those_of_the_literature():
    found = moe.classical(domain(), overlap=0.5)
    np.testing.assert_allclose(found.moneyness, np.log([0.97, 1.05]), rtol=1e-6)
    np.testing.assert_allclose(found.maturity, np.sqrt([0.1, 0.2]), rtol=1e-6)
    np.testing.assert_allclose(found.moneyness_width, 0.5 * np.log(1.05 / 0.97), rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"moneyness": [0.1, -0.1]}, "Regimes.moneyness: borders must rise"),
        ({"maturity_width": [0.3, 0.0]}, "Regimes.maturity_width: expected positive widths"),
        ({"moneyness_width": [0.3, 0.3]}, "reach into one another"),
        ({"maturity": [0.5, np.nan]}, "Regimes.maturity: expected finite numbers"),
    ],
)
def test_borders_that_part_nothing_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        regimes(**change).validate()


def test_borders_outside_the_samples_are_refused():
    narrow = dataclasses.replace(domain(), lower=jnp.asarray([-0.4, 0.4, 0.15], default_dtype()))
    with pytest.raises(ValueError, match="maturity: the borders .* do not part the samples"):
        moe.classical(narrow)
    with pytest.raises(ValueError, match="overlap: expected a share above 0 and at most 1, got 1.5"):
        moe.classical(domain(), overlap=1.5)
    with pytest.raises(ValueError, match="n_moneyness: expected a whole number of at least 1"):
        moe.of_quantiles(dataset(), 0)
    with pytest.raises(ValueError, match="without a border there is one expert"):
        moe.of_quantiles(dataset(), 1, 1)


def test_an_axis_may_stay_whole():
    x = points(300)
    found = moe.of_quantiles(dataset(), 3, 1)
    assert found.shape == (3, 1) and found.n_experts == 3
    seen = np.asarray(windows(found, x))
    np.testing.assert_allclose(seen.sum(axis=0), 1.0, rtol=1e-5)
    assert (seen > 0.0).sum(axis=0).max() == 2 and set(np.unique(found.index(x))) == {0, 1, 2}
