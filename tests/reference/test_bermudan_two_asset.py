import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial
from numpy.testing import assert_allclose

from jaxprice.reference import bermudan, bermudan_two_asset, geometric_basket, two_asset
from jaxprice.reference.literature import deep_optimal_stopping

TIMES = np.arange(1, 10) / 3
SPOT, STRIKE, RATE, DIVIDEND, VOLATILITY = [95.0, 105.0], 100.0, 0.05, [0.1, 0.02], [0.2, 0.35]
# A third of the default cost; the slow tests hold the default itself.
QUICK = {"n_sub": 34}
KINDS = ("max_call", "max_put", "min_call", "min_put")


def geometric_put_payoff(strike, first, second):
    return jnp.maximum(strike - jnp.sqrt(first * second), 0.0)


def first_put_payoff(strike, first, second):
    return jnp.maximum(strike - first, 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_one_date_is_european(kind):
    for correlation in (-0.7, 0.6):
        args = (SPOT, STRIKE, RATE, DIVIDEND, VOLATILITY, correlation)
        price = getattr(bermudan_two_asset, kind)(*args, [1.5], **QUICK)
        assert_allclose(price, getattr(two_asset, kind)(*args, 1.5), atol=1e-5)


def test_payoff_of_the_geometric_mean():
    unequal = [0.4, 0.9, 2.0, 3.0]
    for correlation in (-0.5, 0.6):
        matrix = [[1.0, correlation], [correlation, 1.0]]
        exact = geometric_basket.bermudan_put(SPOT, STRIKE, RATE, DIVIDEND, VOLATILITY, matrix, unequal)
        fn = Partial(geometric_put_payoff, jnp.asarray(STRIKE))
        price = bermudan_two_asset.price(fn, SPOT, RATE, DIVIDEND, VOLATILITY, correlation, unequal, **QUICK)
        assert_allclose(price, exact, atol=2e-5)


@pytest.mark.slow
def test_payoff_of_one_asset_and_its_delta():
    times = TIMES[2::3]

    def put(spot):
        fn = Partial(first_put_payoff, jnp.asarray(STRIKE))
        prices = jnp.stack([spot, jnp.asarray(105.0)])
        return bermudan_two_asset.price(fn, prices, RATE, DIVIDEND, VOLATILITY, 0.6, times)

    price, delta = jax.value_and_grad(put)(jnp.asarray(95.0))
    exact = jax.value_and_grad(bermudan.put)(95.0, STRIKE, RATE, DIVIDEND[0], VOLATILITY[0], times)
    assert_allclose(price, exact[0], atol=1e-5)
    assert_allclose(delta, exact[1], atol=1e-6)


@pytest.mark.parametrize(
    "table", [deep_optimal_stopping.TABLE_1, deep_optimal_stopping.TABLE_2], ids=["symmetric", "asymmetric"]
)
def test_published_max_calls(table):
    rows = [row for row in table.row if row.n_assets == 2]
    for row in rows:
        is_symmetric = table is deep_optimal_stopping.TABLE_1
        volatility = [0.2, 0.2] if is_symmetric else list(deep_optimal_stopping.asymmetric_volatility(2))
        price = bermudan_two_asset.max_call([row.spot] * 2, 100.0, 0.05, [0.1, 0.1], volatility, 0.0, TIMES, **QUICK)
        assert row.interval[0] < price < row.interval[1]
        if row.binomial is not None:
            assert_allclose(price, row.binomial, atol=0.0025)
    assert len(rows) == 3


@pytest.mark.slow
def test_convergence():
    args = (SPOT, STRIKE, RATE, DIVIDEND, VOLATILITY, -0.5, TIMES)
    fine = bermudan_two_asset.max_call(*args, n_cells=160, n_sub=144)
    assert_allclose(bermudan_two_asset.max_call(*args), fine, atol=5e-6)
    assert_allclose(bermudan_two_asset.max_call(*args, n_sub=34), fine, atol=1e-4)
    assert fine > two_asset.max_call(*args[:-1], 3.0)
    assert fine > bermudan_two_asset.max_call(*args[:-1], TIMES[2::3])


def test_continuation_values():
    fn = Partial(bermudan_two_asset.max_call_payoff, jnp.asarray(STRIKE))
    args = (SPOT, RATE, DIVIDEND, VOLATILITY, 0.6, TIMES)
    held = bermudan_two_asset.continuation(fn, *args, **QUICK)
    assert held.value.shape == held.first.shape == held.second.shape == held.exercise_value.shape
    assert_allclose(held.time, TIMES[:-1])
    # On the last date before expiry the option held is European.
    for i, j in ((20, 40), (32, 32), (45, 25)):
        spot = jnp.stack([held.first[-1, i, j], held.second[-1, i, j]])
        exact = two_asset.max_call(spot, STRIKE, RATE, DIVIDEND, VOLATILITY, 0.6, TIMES[-1] - TIMES[-2])
        assert_allclose(held.value[-1, i, j], exact, atol=2e-5)
    # On the first date it is the option on the later dates.
    spot = jnp.stack([held.first[0, 30, 34], held.second[0, 30, 34]])
    later = bermudan_two_asset.max_call(spot, STRIKE, *args[1:-1], TIMES[1:] - TIMES[0], **QUICK)
    assert_allclose(held.value[0, 30, 34], later, atol=2e-5)
    # Equal prices are never worth exercising, one far ahead is where dividends are high (Broadie and Detemple 1997).
    is_exercised = np.asarray(held.exercise_value[4] > held.value[4])
    is_equal = np.abs(np.log(held.first[4] / held.second[4])) < 0.02
    inside = (np.asarray(held.first[4]) < 300.0) & (np.asarray(held.second[4]) < 300.0)
    assert not (is_exercised & is_equal & inside).any()
    assert (is_exercised & inside).any()


def test_number_of_points():
    with pytest.raises(ValueError, match="Fibonacci"):
        bermudan_two_asset.max_call(SPOT, STRIKE, RATE, DIVIDEND, VOLATILITY, 0.6, [1.0], n_sub=50)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_fifty_dates(kind):
    args = (SPOT, STRIKE, RATE, DIVIDEND, VOLATILITY, 0.3, np.arange(1, 51) * 0.06)
    price = getattr(bermudan_two_asset, kind)(*args, n_sub=34)
    assert_allclose(price, getattr(bermudan_two_asset, kind)(*args, n_cells=320, n_sub=55), atol=2e-5)


@pytest.mark.slow
def test_first_and_second_derivatives():
    args = tuple(jnp.asarray(x) for x in (SPOT, STRIKE, RATE, DIVIDEND, VOLATILITY, 0.6))
    every = tuple(range(6))
    gradient = jax.grad(bermudan_two_asset.max_call, argnums=every)(*args, [1.5])
    exact = jax.grad(two_asset.max_call, argnums=every)(*args, 1.5)
    assert_allclose(gradient[0], exact[0], atol=1e-7)
    for value, other in zip(gradient[1:], exact[1:], strict=True):
        assert_allclose(value, other, atol=1e-4, rtol=1e-3)
    gamma = jax.hessian(lambda spot: bermudan_two_asset.max_call(spot, *args[1:], [1.5]))(args[0])
    assert_allclose(gamma, jax.hessian(lambda spot: two_asset.max_call(spot, *args[1:], 1.5))(args[0]), atol=1e-8)
