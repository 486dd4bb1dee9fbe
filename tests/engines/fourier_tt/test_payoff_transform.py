"""Transforms against quadrature of their definition, and dampings against their strips."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import default_dtype

from jaxprice import products
from jaxprice.engines.fourier_tt import payoff_transform
from jaxprice.engines.fourier_tt.payoff_transform import (
    BasketPut,
    CashOrNothing,
    MaximumPut,
    MinimumCall,
    SpreadCall,
)
from jaxprice.numerics.complex_gamma import log_gamma
from jaxprice.reference.literature import fourier_tt as published


def positive(x):
    return np.maximum(x, 0.0)


CASES = [
    (MinimumCall(), (2.0, 1.5), (1, 1), lambda a, b: positive(np.minimum(a, b) - 1.0)),
    (MaximumPut(), (-1.5, -2.0), (-1, -1), lambda a, b: positive(1.0 - np.maximum(a, b))),
    (BasketPut(), (-1.5, -2.0), (-1, -1), lambda a, b: positive(1.0 - a - b)),
    (SpreadCall(), (4.0, -1.5), (1, 0), lambda a, b: positive(a - b - 1.0)),
    (CashOrNothing(is_call=True), (1.5, 2.0), (1, 1), lambda a, b: 1.0 * (np.minimum(a, b) > 1.0)),
    (CashOrNothing(is_call=False), (-1.5, -2.0), (-1, -1), lambda a, b: 1.0 * (np.maximum(a, b) < 1.0)),
]


@pytest.mark.x64
@pytest.mark.parametrize(("transform", "damping", "side", "payoff"), CASES, ids=lambda value: type(value).__name__)
def test_the_transform_is_the_integral_of_its_definition(transform, damping, side, payoff):
    z = np.asarray([0.7, -1.1]) + 1j * np.asarray(damping)
    # Midpoints, so that the edges of the payoffs lie between them; the tails are far below the error of the edge.
    axes = [{1: (0.0, 16.0), -1: (-16.0, 0.0), 0: (-16.0, 16.0)}[one] for one in side]
    n = 4000
    x, y = (low + (high - low) * (np.arange(n) + 0.5) / n for low, high in axes)
    weight = [(high - low) / n for low, high in axes]
    value = payoff(np.exp(x)[:, None], np.exp(y)[None])
    integral = np.exp(1j * z[0] * x) @ value @ np.exp(1j * z[1] * y) * weight[0] * weight[1]
    assert (transform.slack(jnp.asarray(damping)) > 0.0).all()
    np.testing.assert_allclose(np.exp(transform.log_transform(jnp.asarray(z))), integral, rtol=2e-3)


@pytest.mark.parametrize("transform", [case[0] for case in CASES], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("n_assets", [2, 5, 11])
def test_the_rule_is_inside_the_strip(transform, n_assets):
    damping = transform.rule(n_assets)
    assert damping.shape == (n_assets,) and (transform.slack(damping) > 0.0).all()
    np.testing.assert_allclose(jnp.sum(jnp.abs(damping)), 5.0, rtol=1e-6)


def test_a_payoff_finds_its_transform():
    assert isinstance(payoff_transform.of(products.MinCall(strike=1.0)), MinimumCall)
    with pytest.raises(TypeError, match=r"no Fourier transform is known for MaxCall.*MinCall.*fourier_tt\.learn"):
        payoff_transform.of(products.MaxCall(strike=1.0))


def test_log_gamma():
    special = pytest.importorskip("scipy.special")
    rng = np.random.default_rng(0)
    z = rng.uniform(-0.95, 12.0, 500) + 1j * rng.uniform(-60.0, 60.0, 500)
    dtype = np.result_type(default_dtype(), np.complex64)
    ratio = np.exp(np.asarray(jax.jit(log_gamma)(jnp.asarray(z, dtype))) - special.loggamma(z))
    np.testing.assert_allclose(ratio, np.ones(500), rtol=1e-12 if dtype == np.complex128 else 1e-3)


@pytest.mark.x64
def test_the_authors_notebook():
    """One asset, their grid, their damping: the sum that they print, error of the grid and all."""
    n, step, damping = 64, 0.5, 5.0
    given = published.PARAMETERS
    z = step * (np.arange(n) - n / 2) + 1j * damping
    deviation = given["volatility"] * np.sqrt(given["expiry"])
    moneyness = np.log(given["spot"] / given["strike"]) + given["rate"] * given["expiry"]
    law = np.exp(-1j * z * (moneyness - 0.5 * deviation**2) - 0.5 * (deviation * z) ** 2)
    transform = np.exp(jax.vmap(MinimumCall().log_transform)(jnp.asarray(z)[:, None]))
    price = given["strike"] * np.exp(-given["rate"] * given["expiry"]) * np.sum(law * transform) * step / (2 * np.pi)
    np.testing.assert_allclose(price.real, published.ONE_ASSET_GRID_SUM.value, rtol=1e-13)
