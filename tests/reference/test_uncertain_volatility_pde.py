import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from jaxprice.reference import black_scholes, margrabe
from jaxprice.reference import uncertain_volatility_pde as pde
from jaxprice.reference.literature import uncertain_volatility as literature

PAPER = {"min_volatility": 0.1, "max_volatility": 0.2, "expiry": 1.0}
PAIR = {"min_volatility": (0.1, 0.1), "max_volatility": (0.2, 0.2), "expiry": 1.0}
ALIKE = {"spot": 100.0, "rate": 0.0, "dividend": 0.0, "min_volatility": 0.1, "max_volatility": 0.2, "expiry": 1.0}


def call_spread(price):
    return jnp.maximum(price - 90.0, 0.0) - jnp.maximum(price - 110.0, 0.0)


def call(price):
    return jnp.maximum(price - 105.0, 0.0)


def digital(price):
    return jnp.where(price >= 100.0, 100.0, 0.0)


def test_call_spread():
    price = pde.one_asset(call_spread, 100.0, 0.0, 0.0, 0.1, 0.2, 1.0)
    assert_allclose(price, literature.CALL_SPREAD.value, atol=literature.CALL_SPREAD.tolerance)


def test_digital_is_of_first_order():
    coarse, fine = (
        pde.one_asset(digital, 100.0, 0.0, 0.0, 0.1, 0.2, 1.0, n_space=n, n_time=n // 5) for n in (1001, 2001)
    )
    assert_allclose(2.0 * fine - coarse, literature.DIGITAL.value, atol=0.01)


@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.5, None])
def test_outperformers(rho):
    least, most = (-0.5, 0.5) if rho is None else (rho, rho)
    bounds = {"min_correlation": least, "max_correlation": most} | PAIR
    plain = pde.outperformer_spread((100.0, 100.0), (0.0, 0.0), **bounds)
    assert_allclose(plain, literature.OUTPERFORMER[rho].value, atol=1e-4)
    spread = pde.outperformer_spread((100.0, 100.0), (0.0, 0.0), **bounds, lower_ratio=0.9, upper_ratio=1.1)
    assert_allclose(spread, literature.OUTPERFORMER_SPREAD[rho].value, atol=2e-4)


@pytest.mark.parametrize(("rho", "d"), [(0.0, 2), (0.0, 10), (0.25, 3), (0.5, 5)])
def test_geometric_call_spread(rho, d):
    price = pde.geometric_mean(call_spread, d, correlation=rho, **ALIKE)
    assert_allclose(price, literature.GEOMETRIC_CALL_SPREAD[rho][d], atol=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.0, 0.25, 0.5])
def test_geometric_call_spread_of_every_size(rho):
    for d, value in literature.GEOMETRIC_CALL_SPREAD[rho].items():
        assert_allclose(pde.geometric_mean(call_spread, d, correlation=rho, **ALIKE), value, atol=2e-4)


@pytest.mark.parametrize("d", [2, 5])
def test_geometric_outperformer(d):
    price = pde.geometric_outperformer(d, 100.0, 0.1, 0.2, -0.5, 0.5, 1.0)
    assert_allclose(price, literature.GEOMETRIC_OUTPERFORMER[d], atol=2e-4)


def test_convex_and_concave_claims_are_black_scholes_at_a_bound():
    numbers = {"spot": 97.0, "rate": 0.04, "dividend": 0.015, "expiry": 1.5}
    market = (numbers["spot"], 105.0, numbers["rate"], numbers["dividend"])
    for is_lower, volatility in ((False, 0.3), (True, 0.12)):
        price = pde.one_asset(call, min_volatility=0.12, max_volatility=0.3, is_lower=is_lower, **numbers)
        assert_allclose(price, black_scholes.call(*market, volatility, numbers["expiry"]), atol=2e-4)


def test_bounds_that_touch_are_one_model():
    price = pde.one_asset(call_spread, 97.0, 0.04, 0.015, 0.25, 0.25, 1.5)
    exact = black_scholes.call(97.0, 90.0, 0.04, 0.015, 0.25, 1.5) - black_scholes.call(
        97.0, 110.0, 0.04, 0.015, 0.25, 1.5
    )
    assert_allclose(price, exact, atol=1e-4)


def test_exchange_of_assets_that_are_not_alike():
    spot, dividend, low, high = np.array([[105.0, 95.0], [0.03, 0.01], [0.1, 0.15], [0.25, 0.3]])
    price = pde.outperformer_spread(spot, dividend, low, high, -0.3, 0.6, 0.7)
    exact = margrabe.exchange(spot[::-1], dividend[::-1], high[::-1], -0.3, 0.7)
    assert_allclose(price, exact, atol=2e-4)


def test_variance_bounds_of_a_ratio_against_a_search():
    rng = np.random.default_rng(3)
    for _ in range(20):
        low, high = np.sort(rng.uniform(0.05, 0.5, (2, 2)), axis=0)
        least, most = np.sort(rng.uniform(-1.0, 1.0, 2))
        first, second, rho = np.meshgrid(*np.linspace([*low, least], [*high, most], 61).T, indexing="ij")
        found = first**2 + second**2 - 2.0 * rho * first * second
        bounds = pde.ratio_variance_bounds(low, high, least, most)
        assert_allclose(bounds, [found.min(), found.max()], atol=2e-4)
        assert bounds[0] <= found.min() + 1e-15 and bounds[1] >= found.max() - 1e-15


def test_patterns_of_volatilities_are_extreme_in_every_direction():
    """Of any number that depends on Σσ and Σσ² like the Hamiltonian does, none of many draws exceeds the patterns'."""
    rng = np.random.default_rng(4)
    d, low, high = 4, 0.1, 0.3
    draw = rng.uniform(low, high, (200_000, d))
    corner = rng.choice([low, high], (200_000, d))
    volatility = np.concatenate([draw, np.where(rng.uniform(size=draw.shape) < 0.5, draw, corner)])
    total, square = volatility.sum(axis=1), (volatility**2).sum(axis=1)
    ours, our_square = (np.asarray(part) for part in pde._patterns(d, jnp.asarray(low), jnp.asarray(high)))
    for angle in np.linspace(0.0, 2.0 * np.pi, 37):
        a, b = np.cos(angle), np.sin(angle) / d
        best = (a * our_square + b * ours**2).max()
        assert best >= (a * square + b * total**2).max() - 2e-4


def test_lower_price_of_a_geometric_mean_needs_unequal_volatilities():
    lower = pde.geometric_mean(call_spread, 3, correlation=0.5, is_lower=True, **ALIKE)
    level = np.linspace(0.1, 0.2, 9)
    equal = pde.price(
        call_spread, 100.0, 0.0, level**2 * (1.0 / 3.0 + 0.5 * 2.0 / 3.0), -0.5 * level**2, 1.0, is_lower=True
    )
    assert lower < equal - 5e-4


def test_one_asset_is_its_own_geometric_mean():
    numbers = {
        "spot": 97.0,
        "rate": 0.04,
        "dividend": 0.015,
        "min_volatility": 0.12,
        "max_volatility": 0.3,
        "expiry": 1.5,
    }
    alone = pde.one_asset(call_spread, **numbers, n_space=801, n_time=100)
    mean = pde.geometric_mean(call_spread, 1, correlation=0.3, **numbers, n_space=801, n_time=100)
    assert_allclose(mean, alone, atol=1e-10)


def test_two_assets_by_both_reductions():
    ours = pde.geometric_outperformer(2, 100.0, 0.1, 0.25, 0.3, 0.0, 0.8, is_lower=True)
    pair = ((100.0, 100.0), (0.0, 0.0), (0.1, 0.1), (0.25, 0.25), 0.3, 0.3, 0.8)
    assert_allclose(ours, pde.outperformer_spread(*pair, is_lower=True, n_space=1001, n_time=200), atol=2e-4)


def test_second_order_for_kinks():
    sizes = (251, 501)
    errors = [
        abs(pde.one_asset(call_spread, 100.0, 0.0, 0.0, 0.1, 0.2, 1.0, n_space=n, n_time=n // 5) - 11.204518)
        for n in sizes
    ]
    assert np.log(errors[0] / errors[1]) / np.log(2.0) > 1.6
