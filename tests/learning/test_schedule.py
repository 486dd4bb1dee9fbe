"""Learning rates at the knots that were published, and in between."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import default_dtype

from jaxprice.learning.schedule import PEAK_SHARE, Schedule, rate


def rates(schedule, share, peak):
    dtype = default_dtype()
    return np.asarray(rate(schedule, jnp.asarray(share, dtype), jnp.asarray(peak, dtype)))


def test_the_one_cycle_of_the_notebooks():
    """Huge and Savine, DifferentialML.ipynb: the rate by the share of the epochs, linear in between."""
    knots = [0.0, 0.2, 0.6, 0.9, 1.0]
    published = np.array([1e-8, 0.1, 0.01, 1e-6, 1e-8])
    np.testing.assert_allclose(rates(Schedule.ONE_CYCLE, knots, 0.1), published, rtol=1e-5)
    middle = [0.1, 0.4, 0.75, 0.95]
    expected = (published[1:] + published[:-1]) / 2.0
    np.testing.assert_allclose(rates(Schedule.ONE_CYCLE, middle, 0.1), expected, rtol=1e-4)


def test_the_cosine_rises_to_its_peak_and_ends_at_zero():
    share = np.linspace(0.0, 1.0, 1001)
    found = rates(Schedule.COSINE, share, 0.02)
    assert found[0] > 0.0 and found[0] < 0.1 * 0.02
    assert share[np.argmax(found)] == pytest.approx(0.1) and found.max() == pytest.approx(0.02)
    np.testing.assert_allclose(rates(Schedule.COSINE, [0.55, 1.0], 0.02), [0.01, 0.0], atol=1e-8)
    assert np.all(np.diff(found[:101]) > 0.0) and np.all(np.diff(found[101:]) < 0.0)
    np.testing.assert_allclose(np.diff(found[:101], 2), 0.0, atol=1e-8)


@pytest.mark.parametrize("schedule", list(Schedule))
def test_the_rate_is_in_proportion_to_its_peak_and_greatest_where_it_says(schedule):
    share = np.linspace(0.0, 1.0, 101)
    one = rates(schedule, share, 1.0)
    np.testing.assert_allclose(rates(schedule, share, 0.3), 0.3 * one, rtol=1e-5)
    assert np.all(one >= 0.0) and share[np.argmax(one)] == pytest.approx(PEAK_SHARE[schedule])
    assert jax.jit(rate, static_argnums=0)(schedule, jnp.float32(0.3), jnp.float32(0.1)).dtype == jnp.float32
