import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from jaxprice.reference import black_scholes, margrabe
from jaxprice.reference.literature import uncertain_volatility

SPOT, DIVIDEND, VOLATILITY = np.array([100.0, 93.0]), np.array([0.01, 0.04]), np.array([0.3, 0.18])


@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.75])
def test_exchange_against_simulation(rho, oracle):
    rng = np.random.default_rng(5)
    # Any rate gives the same price; an absurd one is used on purpose.
    rate, expiry = 0.11, 1.5
    terminal = oracle.terminal_prices(
        rng, 200_000, SPOT, rate, DIVIDEND, VOLATILITY, oracle.correlation(2, rho), expiry
    )
    for fn, payoff in [
        (lambda: margrabe.exchange(SPOT, DIVIDEND, VOLATILITY, rho, expiry, 0.9), (1.0, 0.9)),
        (lambda: margrabe.exchange(SPOT[::-1], DIVIDEND[::-1], VOLATILITY[::-1], rho, expiry), (-1.0, -1.0)),
    ]:
        gain = payoff[0] * terminal[..., 0] - payoff[1] * terminal[..., 1]
        mean, error = oracle.mean_and_error(np.exp(-rate * expiry) * np.maximum(gain, 0.0))
        assert abs(fn() - mean) < 4.0 * error


def test_constant_second_asset_gives_black_scholes():
    price = margrabe.exchange([100.0, 95.0], [0.02, 0.03], [0.25, 0.0], 0.4, 1.5)
    assert_allclose(price, black_scholes.call(100.0, 95.0, 0.03, 0.02, 0.25, 1.5), rtol=1e-13)


@pytest.mark.parametrize("rho, volatility", [(-0.5, 0.2), (0.5, 0.2)])
def test_published_outperformer(rho, volatility):
    # Convex payoff: the worst case is the largest volatility of the ratio.
    price = margrabe.exchange([100.0, 100.0], [0.0, 0.0], [volatility, volatility], rho, 1.0)
    published = uncertain_volatility.OUTPERFORMER[rho]
    assert abs(price - published.value) < published.tolerance


def test_spread_is_the_difference_and_gradients(oracle):
    args = (SPOT, DIVIDEND, VOLATILITY, 0.3, 1.2)
    swapped = tuple(a[::-1] for a in args[:3]) + args[3:]
    expected = margrabe.exchange(*swapped, 0.9) - margrabe.exchange(*swapped, 1.1)
    assert_allclose(margrabe.outperformer_spread(*args, 0.9, 1.1), expected, rtol=1e-14)

    def price(x):
        return margrabe.outperformer_spread(x[:2], x[2:4], x[4:6], x[6], x[7], 0.9, 1.1)

    x = np.concatenate([SPOT, DIVIDEND, VOLATILITY, [0.3, 1.2]])
    numeric = oracle.central_difference(price, x, 1e-5)
    assert_allclose(jax.grad(price)(jnp.asarray(x)), numeric, rtol=1e-6, atol=1e-7)


def test_equal_assets_have_finite_gradients():
    gradient = jax.grad(margrabe.exchange, (0, 1, 2, 3, 4))
    flat = gradient(jnp.array([100.0, 95.0]), jnp.zeros(2), jnp.array([0.2, 0.2]), 1.0, 1.0)
    assert all(np.all(np.isfinite(g)) for g in flat)
