import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from jaxprice.reference import black_scholes, discrete_barrier

TIMES = np.arange(1, 13) / 12
MARKET = (100.0, 98.0, 0.05, 0.02, 0.25)
KINDS = [("up", 125.0), ("down", 92.0)]


@pytest.mark.parametrize("kind, barrier", KINDS)
def test_against_simulation(kind, barrier, oracle):
    rng = np.random.default_rng(8)
    spot, strike, rate, dividend, volatility = MARKET
    times = np.array([0.2, 0.35, 0.7, 1.0])
    steps = np.diff(times, prepend=0.0)
    z = rng.standard_normal((300_000, 4))
    z = np.stack([z, -z])
    moves = (rate - dividend - 0.5 * volatility**2) * steps + volatility * np.sqrt(steps) * z
    path = spot * np.exp(np.cumsum(moves, axis=-1))
    alive = (path < barrier).all(-1) if kind == "up" else (path > barrier).all(-1)
    call = np.exp(-rate) * np.maximum(path[..., -1] - strike, 0.0)
    for name, payoff in ((f"{kind}_and_out_call", call * alive), (f"{kind}_and_in_call", call * ~alive)):
        mean, error = oracle.mean_and_error(payoff)
        price = getattr(discrete_barrier, name)(*MARKET, times, barrier)
        assert abs(price - mean) < 4.0 * error
        assert error < 1e-2 * mean


@pytest.mark.parametrize("kind, barrier", KINDS)
def test_two_dates_by_the_bivariate_normal(kind, barrier):
    spot, strike, rate, dividend, volatility = MARKET
    first, expiry = 0.4, 1.0
    rho = np.sqrt(first / expiry)
    drift = rate - dividend - 0.5 * volatility**2

    def probability(level, shift):
        """P(first price survives, last price above `level`) with the last normal shifted by the measure change."""
        sign = 1.0 if kind == "up" else -1.0
        a = sign * (np.log(barrier / spot) - (drift + shift * volatility**2) * first) / (volatility * np.sqrt(first))
        b = -(np.log(level / spot) - (drift + shift * volatility**2) * expiry) / (volatility * np.sqrt(expiry))
        rho_ = -sign * rho
        return stats.multivariate_normal([0, 0], [[1, rho_], [rho_, 1]]).cdf([a, b])

    def above(level):
        return spot * np.exp(-dividend) * probability(level, 1.0) - strike * np.exp(-rate) * probability(level, 0.0)

    exact = above(strike) - above(barrier) if kind == "up" else above(max(strike, barrier))
    price = getattr(discrete_barrier, f"{kind}_and_out_call")(*MARKET, [first, expiry], barrier)
    assert_allclose(price, exact, atol=1e-8)


@pytest.mark.parametrize("kind, barrier", KINDS)
def test_convergence_parity_and_limits(kind, barrier):
    out, into = (getattr(discrete_barrier, f"{kind}_and_{side}_call") for side in ("out", "in"))
    price = out(*MARKET, TIMES, barrier)
    assert_allclose(price, out(*MARKET, TIMES, barrier, n_panels=30), atol=1e-10)
    vanilla = black_scholes.call(*MARKET, 1.0)
    assert_allclose(price + into(*MARKET, TIMES, barrier), vanilla, rtol=1e-14)
    assert out(*MARKET, TIMES[5::6], barrier) > price > 0.0
    far = {"up": 1e6, "down": 1e-3}[kind]
    assert_allclose(out(*MARKET, TIMES, far), vanilla, rtol=1e-11)
    near = {"up": 1.0, "down": 1e6}[kind]
    assert_allclose(out(*MARKET, TIMES, near), 0.0, atol=1e-12)


def test_one_date_and_two_barriers():
    both = discrete_barrier.knock_out_call(*MARKET, [1.0], 92.0, 125.0)
    up = discrete_barrier.up_and_out_call(*MARKET, [1.0], 125.0)
    assert_allclose(both, up, rtol=1e-14)  # the strike is above the lower barrier
    corridor = discrete_barrier.knock_out_call(*MARKET, TIMES, 92.0, 125.0)
    assert 0.0 < corridor < discrete_barrier.up_and_out_call(*MARKET, TIMES, 125.0)


def test_gradients(oracle):
    def price(x):
        return discrete_barrier.knock_out_call(*x[:5], x[5] * jnp.asarray(TIMES[:3]), x[6], x[7], n_panels=12)

    x = np.array([*MARKET, 1.0, 92.0, 125.0])
    numeric = oracle.central_difference(price, x, 1e-5)
    assert_allclose(jax.jit(jax.grad(price))(jnp.asarray(x)), numeric, rtol=1e-5, atol=1e-6)
