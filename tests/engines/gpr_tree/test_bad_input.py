"""Bad input: a sentence that says what to do, or a status."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from jaxprice import models, products
from jaxprice.core.status import Status
from jaxprice.engines import gpr_tree

pytestmark = pytest.mark.x64
SMALL = gpr_tree.Config(n_steps=2, n_points=10, n_normals=8)
CALL = products.European(payoff=products.MaxCall(strike=100.0), expiry=1.0)


def market(n_assets=2, **change):
    numbers = {
        "spot": [100.0] * n_assets,
        "min_volatility": [0.1] * n_assets,
        "max_volatility": [0.2] * n_assets,
        "min_correlation": np.eye(n_assets),
        "max_correlation": np.eye(n_assets),
        "rate": 0.0,
        "dividend": [0.0] * n_assets,
    }
    return models.UncertainVolatility(**(numbers | change))


@pytest.mark.parametrize(
    "change",
    [
        {"n_steps": 0},
        {"n_steps": 3},
        {"n_points": 3},
        {"n_normals": 7},
        {"n_branches": 3},
        {"side": "middle"},
        {"kernel": "cubic"},
        {"tolerance": 0.0},
        {"max_iterations": 0},
    ],
)
def test_settings_that_make_no_tree(key, change):
    with pytest.raises(ValueError, match=next(iter(change))):
        gpr_tree.price(key, market(), CALL, dataclasses.replace(SMALL, **change))


def test_other_models_and_products(key):
    plain = models.BlackScholes.equicorrelated(n_assets=2, spot=100.0, volatility=0.2)
    with pytest.raises(TypeError, match="bounds that touch"):
        gpr_tree.price(key, plain, CALL, SMALL)
    bermudan = products.Bermudan(payoff=CALL.payoff, exercise_times=[0.5, 1.0])
    with pytest.raises(TypeError, match="is_american"):
        gpr_tree.price(key, market(), bermudan, SMALL)


def test_bounds_that_cross_or_hold_no_correlation_matrix(key):
    with pytest.raises(ValueError, match="exchange them"):
        gpr_tree.price(key, market(min_volatility=[0.3, 0.1]), CALL, SMALL)
    low = np.full((3, 3), -0.9) + 1.9 * np.eye(3)
    high = np.full((3, 3), -0.7) + 1.7 * np.eye(3)
    with pytest.raises(ValueError, match="no positive semi-definite matrix"):
        gpr_tree.price(key, market(3, min_correlation=low, max_correlation=high), CALL, SMALL)


def test_a_payoff_that_is_not_a_number_somewhere_is_reported(key):
    def payoff(price):
        return jnp.where(price[0] > 101.0, jnp.nan, price[1])

    product = products.European(payoff=payoff, expiry=1.0)
    assert gpr_tree.price(key, market(), product, SMALL).status == Status.NON_FINITE


@pytest.mark.slow
def test_an_asset_that_does_not_move(key):
    still = market(min_volatility=[0.0, 0.1], max_volatility=[0.0, 0.2])
    result = gpr_tree.price(key, still, CALL, SMALL)
    assert np.isfinite(result.price) and 3.0 < result.price < 12.0
