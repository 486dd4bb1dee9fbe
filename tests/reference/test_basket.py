import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

from jaxprice.reference import basket, black_scholes, geometric_basket, margrabe


def market(n_assets, seed=1):
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(n_assets, n_assets + 2))
    covariance = factor @ factor.T
    std = np.sqrt(np.diag(covariance))
    weight = np.linspace(0.3, 0.8, n_assets)
    return {
        "spot": np.linspace(90.0, 115.0, n_assets),
        "weight": weight / weight.sum(),
        "strike": 97.0,
        "rate": 0.04,
        "dividend": np.linspace(0.0, 0.05, n_assets),
        "volatility": np.linspace(0.4, 0.15, n_assets),
        "correlation": covariance / np.outer(std, std),
        "expiry": 2.0,
    }


def test_one_asset_is_black_scholes():
    price = basket.call([100.0], [0.5], 45.0, 0.03, [0.02], [0.2], [[1.0]], 1.5)
    assert_allclose(price, 0.5 * black_scholes.call(100.0, 90.0, 0.03, 0.02, 0.2, 1.5), rtol=1e-13)


def test_two_assets_by_adaptive_quadrature():
    m = market(2)
    rho = m["correlation"][0, 1]
    std = m["volatility"] * np.sqrt(m["expiry"])
    amount = m["weight"] * m["spot"] * np.exp((m["rate"] - m["dividend"]) * m["expiry"])

    def given_second(z):
        other = amount[1] * np.exp(std[1] * z - 0.5 * std[1] ** 2)
        mean = amount[0] * np.exp(rho * std[0] * z - 0.5 * (rho * std[0]) ** 2)
        rest = std[0] * np.sqrt(1.0 - rho**2)
        value = black_scholes.forward_call(jnp.asarray(mean), jnp.asarray(m["strike"] - other), jnp.asarray(rest))
        return float(value) * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)

    # The asset conditioned upon is another one, so the two quadratures share nothing.
    kink = (np.log(m["strike"] / amount[1]) + 0.5 * std[1] ** 2) / std[1]
    value, _ = integrate.quad(given_second, -9.0, 9.0, points=[kink], epsabs=1e-11, limit=200)
    assert_allclose(basket.call(**m), np.exp(-m["rate"] * m["expiry"]) * value, atol=1e-9)


@pytest.mark.parametrize("n_assets", [3, pytest.param(5, marks=pytest.mark.slow), 6])
def test_against_simulation(n_assets, oracle):
    m = market(n_assets)
    rng = np.random.default_rng(n_assets)
    terminal = oracle.terminal_prices(
        rng, 200_000, m["spot"], m["rate"], m["dividend"], m["volatility"], m["correlation"], m["expiry"]
    )
    discount = np.exp(-m["rate"] * m["expiry"])
    for fn, sign in ((basket.call, 1.0), (basket.put, -1.0)):
        payoff = discount * np.maximum(sign * (terminal @ m["weight"] - m["strike"]), 0.0)
        mean, error = oracle.mean_and_error(payoff)
        assert abs(fn(**m) - mean) < 4.0 * error
        assert error < 5e-3 * mean


@pytest.mark.parametrize(
    "n_assets, fine, tolerance",
    [
        (2, 401, 1e-11),
        (3, 161, 1e-10),
        pytest.param(4, 44, 1e-9, marks=pytest.mark.slow),
        pytest.param(5, 24, 2e-8, marks=pytest.mark.slow),
        (6, (26, 18, 14, 12, 12), 5e-7),
    ],
)
def test_convergence_in_nodes_and_parity(n_assets, fine, tolerance):
    # Correlations of both signs, which is the hard case.
    m = market(n_assets)
    call = basket.call(**m)
    assert_allclose(call, basket.call(**m, n_nodes=fine), atol=tolerance)
    forward = np.sum(m["weight"] * m["spot"] * np.exp(-m["dividend"] * m["expiry"]))
    parity = forward - m["strike"] * np.exp(-m["rate"] * m["expiry"])
    assert_allclose(call - basket.put(**m), parity, atol=1e-9)


def test_strongly_negative_correlation_still_has_a_monotone_direction(oracle):
    m = market(3)
    m["correlation"] = np.array([[1.0, -0.8, -0.3], [-0.8, 1.0, -0.2], [-0.3, -0.2, 1.0]])
    m["weight"] = np.array([0.15, 0.15, 0.7])
    rng = np.random.default_rng(9)
    terminal = oracle.terminal_prices(
        rng, 300_000, m["spot"], m["rate"], m["dividend"], m["volatility"], m["correlation"], m["expiry"]
    )
    payoff = np.exp(-0.08) * np.maximum(terminal @ m["weight"] - 97.0, 0.0)
    mean, error = oracle.mean_and_error(payoff)
    assert abs(basket.call(**m) - mean) < 4.0 * error
    assert_allclose(basket.call(**m), basket.call(**m, n_nodes=161), atol=1e-9)


def test_above_the_geometric_basket():
    m = market(4)
    m["weight"] = np.full(4, 0.25)
    plain = {k: v for k, v in m.items() if k != "weight"}
    assert basket.call(**m) > geometric_basket.call(**plain)


@pytest.mark.parametrize("strike", [1.0, 30.0, 300.0, 3000.0])
def test_far_strikes(strike):
    m = market(3) | {"strike": strike}
    forward = np.sum(m["weight"] * m["spot"] * np.exp(-m["dividend"] * m["expiry"]))
    call, put = basket.call(**m), basket.put(**m)
    assert call >= -1e-12 and put >= -1e-12
    assert_allclose(call - put, forward - strike * np.exp(-0.08), atol=1e-8)


@pytest.mark.slow
def test_gradients_and_gamma(oracle):
    m = market(3)

    def price(x):
        rho = m["correlation"] + x[12] * jnp.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
        return basket.call(x[:3], m["weight"], x[9], x[10], x[3:6], x[6:9], rho, x[11], n_nodes=(32, 24))

    x = np.concatenate([m["spot"], m["dividend"], m["volatility"], [97.0, 0.04, 2.0, 0.0]])
    gradient = jax.jit(jax.grad(price))
    assert_allclose(gradient(jnp.asarray(x)), oracle.central_difference(price, x, 1e-5), atol=1e-6)
    second = jax.jit(jax.jacfwd(jax.grad(price)))(jnp.asarray(x))
    for i in (0, 2, 8, 9):
        bump = np.zeros_like(x)
        bump[i] = 1e-5
        numeric = (gradient(jnp.asarray(x + bump)) - gradient(jnp.asarray(x - bump))) / 2e-5
        assert_allclose(second[:, i], numeric, atol=2e-5, rtol=1e-6)


def test_bad_shapes_say_what_was_expected():
    m = market(3)
    with pytest.raises(ValueError, match="needs 2 entries"):
        basket.call(**m, n_nodes=(8,))
    with pytest.raises(ValueError, match="1 to 6 assets"):
        basket.call(**market(7))


@pytest.mark.parametrize("strike", [-20.0, 0.0, 5.0])
@pytest.mark.parametrize("rho", [-0.5, 0.8])
def test_spread(strike, rho, oracle):
    spot, dividend, volatility = np.array([100.0, 96.0]), np.array([0.03, 0.01]), np.array([0.3, 0.2])
    args = (spot, strike, 0.05, dividend, volatility, rho, 1.5)
    price = basket.spread_call(*args)
    assert_allclose(price, basket.spread_call(*args, n_nodes=1201), atol=1e-9)
    if strike == 0.0:
        assert_allclose(price, margrabe.exchange(spot, dividend, volatility, rho, 1.5), rtol=1e-11)
    rng = np.random.default_rng(2)
    terminal = oracle.terminal_prices(rng, 200_000, spot, 0.05, dividend, volatility, oracle.correlation(2, rho), 1.5)
    payoff = np.exp(-0.075) * np.maximum(terminal[..., 0] - terminal[..., 1] - strike, 0.0)
    mean, error = oracle.mean_and_error(payoff)
    assert abs(price - mean) < 4.0 * error

    def fn(x):
        return basket.spread_call(x[:2], x[2], 0.05, dividend, x[3:5], x[5], 1.5)

    x = np.concatenate([spot, [strike], volatility, [rho]])
    assert_allclose(jax.grad(fn)(jnp.asarray(x)), oracle.central_difference(fn, x, 1e-5), atol=1e-6)
