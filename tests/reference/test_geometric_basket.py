import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from jaxprice.reference import black_scholes, geometric_basket
from jaxprice.reference.literature import glsm, uncertain_volatility

SPOT = np.array([90.0, 105.0, 120.0])
DIVIDEND = np.array([0.0, 0.03, 0.05])
VOLATILITY = np.array([0.4, 0.25, 0.15])
CORRELATION = np.array([[1.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 1.0]])


def test_european_against_simulation(oracle):
    rng = np.random.default_rng(4)
    rate, expiry = 0.04, 1.5
    terminal = oracle.terminal_prices(rng, 200_000, SPOT, rate, DIVIDEND, VOLATILITY, CORRELATION, expiry)
    mean_price = np.exp(np.log(terminal).mean(axis=-1))
    others = np.sqrt(terminal[..., 1] * terminal[..., 2])
    market = (rate, DIVIDEND, VOLATILITY, CORRELATION, expiry)
    cases = [
        (geometric_basket.call(SPOT, 98.0, *market), np.maximum(mean_price - 98.0, 0.0)),
        (geometric_basket.put(SPOT, 98.0, *market), np.maximum(98.0 - mean_price, 0.0)),
        (geometric_basket.call_spread(SPOT, 90.0, 110.0, *market), np.clip(mean_price - 90.0, 0.0, 20.0)),
        (
            geometric_basket.outperformer(SPOT, DIVIDEND, VOLATILITY, CORRELATION, expiry),
            np.maximum(others - terminal[..., 0], 0.0),
        ),
    ]
    for price, payoff in cases:
        mean, error = oracle.mean_and_error(np.exp(-rate * expiry) * payoff)
        assert abs(price - mean) < 4.0 * error


def test_one_asset_and_weights():
    one = geometric_basket.call([100.0], 95.0, 0.03, [0.01], [0.2], [[1.0]], 1.0)
    assert_allclose(one, black_scholes.call(100.0, 95.0, 0.03, 0.01, 0.2, 1.0), rtol=1e-14)
    only = geometric_basket.equivalent_asset(SPOT, DIVIDEND, VOLATILITY, CORRELATION, [0.0, 1.0, 0.0])
    assert_allclose(only, (105.0, 0.03, 0.25), rtol=1e-13)


@pytest.mark.parametrize("row", glsm.TABLE_2.row)
def test_bermudan_put_of_the_glsm_paper(row, oracle):
    times = 0.25 * np.arange(1, 51) / 50

    def price(spot):
        return geometric_basket.bermudan_put(spot, 100.0, 0.03, 0.0, 0.2, oracle.correlation(row.n_assets, 0.5), times)

    value, delta = jax.value_and_grad(price)(jnp.full((row.n_assets,), 100.0))
    # The printed 3.0029 for three assets is cut, not rounded: 3.002993.
    assert abs(value - row.exact) < 2.0 * glsm.TABLE_2.column["exact"].tolerance + 2e-5
    assert abs(value - row.exact_computed) < glsm.TABLE_2.column["exact_computed"].tolerance + 1e-9
    assert_allclose(delta, row.delta, atol=glsm.TABLE_2.column["delta"].tolerance + 1e-9)


def test_bermudan_put_with_twenty_assets(oracle):
    times = 0.25 * np.arange(1, 51) / 50
    price = geometric_basket.bermudan_put(np.full(20, 100.0), 100.0, 0.03, 0.0, 0.2, oracle.correlation(20, 0.5), times)
    assert abs(price - glsm.TABLE_3_EXACT.value) < glsm.TABLE_3_EXACT.tolerance


@pytest.mark.parametrize("row", glsm.TABLES_4_5.row)
def test_bermudan_call_of_the_glsm_paper(row, oracle):
    times = 2.0 * np.arange(1, 51) / 50

    def price(spot):
        return geometric_basket.bermudan_call(
            spot, 100.0, 0.0, 0.02, 0.25, oracle.correlation(row.n_assets, 0.75), times
        )

    value, delta = jax.value_and_grad(price)(jnp.full((row.n_assets,), 100.0))
    assert abs(value - row.bermudan) < glsm.TABLES_4_5.column["bermudan"].tolerance + 1e-9
    assert_allclose(delta, row.bermudan_delta, atol=glsm.TABLES_4_5.column["bermudan_delta"].tolerance + 1e-9)
    assert value < row.american


@pytest.mark.parametrize("row", uncertain_volatility.GPR_TREE.row)
def test_gpr_tree_case(row, oracle):
    market = (np.full(row.n_assets, 100.0), 100.0, 0.05, 0.0, 0.2, oracle.correlation(row.n_assets, 0.2))
    bermudan = geometric_basket.bermudan_put(*market, np.arange(1, 11) / 10)
    column = uncertain_volatility.GPR_TREE.column
    # COMPUTED values whose last digit carries a grid error of about one unit.
    assert abs(bermudan - row.bermudan_put) < column["bermudan_put"].tolerance + 1e-4
    assert abs(geometric_basket.put(*market, 1.0) - row.european_put) < column["european_put"].tolerance + 1e-4


@pytest.mark.parametrize("n_assets", [2, 3, 4, 5])
def test_outperformer_at_constant_volatility(n_assets, oracle):
    rho = oracle.correlation(n_assets, 0.5)
    rho[0, 1:] = rho[1:, 0] = -0.5
    price = geometric_basket.outperformer(np.full(n_assets, 100.0), 0.0, 0.2, rho, 1.0)
    published = uncertain_volatility.GEOMETRIC_OUTPERFORMER_CONSTANT[n_assets]
    assert abs(price - published) < 1e-4


def test_gradients_reach_every_input(oracle):
    def price(x):
        rho = jnp.asarray(CORRELATION) + x[9] * jnp.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
        return geometric_basket.put(x[:3], 100.0, 0.05, x[3:6], x[6:9], rho, 1.3)

    x = np.concatenate([SPOT, DIVIDEND, VOLATILITY, [0.0]])
    assert_allclose(jax.grad(price)(jnp.asarray(x)), oracle.central_difference(price, x, 1e-4), atol=1e-5)
