"""What experts see: labels carried there and back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.mixture_of_experts.regimes_of_calls import call, dataset

from jaxprice.engines import mixture_of_experts as moe


@pytest.mark.parametrize("is_standardised", [True, False])
def test_labels_go_there_and_back(is_standardised):
    data = dataset(64)
    chart = moe.Chart.of(data, (0, 1), is_standardised)
    seen = chart.dataset(data)
    seen.validate()
    np.testing.assert_allclose(chart.original(seen.x), data.x, rtol=1e-5)
    np.testing.assert_allclose(chart.value(data.x, seen.y), data.y, rtol=1e-5)
    np.testing.assert_allclose(chart.gradient(data.x, seen.y, seen.dydx), data.dydx, rtol=1e-4, atol=1e-5)
    assert bool(jnp.all(chart.contains(data.x)))


@pytest.mark.x64
def test_derivatives_are_those_of_what_is_seen():
    """Of c(x s, s, v) / s, by automatic differentiation."""
    data = dataset(64)
    seen = moe.Chart.of(data, (0, 1), True).dataset(data)

    def standardised(z):
        return call(z.at[0].multiply(z[1])) / z[1]

    y, slope = jax.vmap(jax.value_and_grad(standardised))(seen.x)
    np.testing.assert_allclose(seen.y, y, rtol=1e-12)
    np.testing.assert_allclose(seen.dydx, slope, rtol=1e-9, atol=1e-12)
