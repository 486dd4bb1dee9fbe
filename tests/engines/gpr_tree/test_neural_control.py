"""The bound by neural control: admissible, so short of the worst case, and close to it."""

import dataclasses

import numpy as np
import pytest
from engines.gpr_tree.test_path_dependent import ASIAN, SHARPE, black_scholes
from engines.gpr_tree.test_price import SPREAD, european, market, paper, spread_by_grid

from jaxprice import products
from jaxprice.engines import gpr_tree, monte_carlo

pytestmark = pytest.mark.x64
SMALL = gpr_tree.NeuralConfig(n_steps=8, n_units=8, n_iterations=60, batch_size=256, n_paths=2**13)


@pytest.mark.slow
def test_the_bound_is_on_the_right_side_and_close(key):
    model = market()
    for side, is_lower, sign in (("upper", False, 1.0), ("lower", True, -1.0)):
        config = gpr_tree.NeuralConfig(n_steps=24, side=side, n_paths=2**16)
        found = gpr_tree.neural_bound(key, model, european(SPREAD), config)
        found.raise_for_status()
        exact = spread_by_grid(model, is_lower)
        assert sign * found.price < sign * exact + 3.0 * found.std_error
        np.testing.assert_allclose(found.price, exact, rtol=0.03)
        assert found.diagnostics["loss"].shape == (400,)


@pytest.mark.slow
def test_uncertain_correlations_stay_a_matrix(key):
    """Three assets, each two of which may be correlated at -0.9: not all at once."""
    model = paper(3, -0.9, 0.0)
    spread = products.GeometricOutperformer()
    found = gpr_tree.neural_bound(key, model, european(spread), dataclasses.replace(SMALL, n_iterations=100))
    assert np.isfinite(found.price)
    fixed = dataclasses.replace(model, max_correlation=np.eye(3), min_correlation=np.eye(3))
    known = gpr_tree.neural_bound(key, fixed, european(spread), SMALL)
    assert found.price > known.price + 3.0 * known.std_error


@pytest.mark.slow
def test_equal_bounds_leave_the_plain_price(key):
    model = dataclasses.replace(market(1, least=0.0), min_volatility=np.array([0.2]), max_volatility=np.array([0.2]))
    found = gpr_tree.neural_bound(key, model, ASIAN, dataclasses.replace(SMALL, n_iterations=2))
    exact = monte_carlo.price(key, black_scholes(model, [0.2]), ASIAN, monte_carlo.Config(n_paths=2**16))
    error = np.hypot(found.std_error, exact.std_error)
    np.testing.assert_allclose(found.price, exact.price, atol=3.5 * float(error))
    assert 0.0 < found.std_error < 0.02 * found.price


@pytest.mark.parametrize(
    ("change", "message"),
    [({"side": "both"}, "one end"), ({"n_paths": 5}, "even"), ({"n_iterations": 0}, "n_iterations")],
)
def test_settings_that_train_nothing(key, change, message):
    with pytest.raises(ValueError, match=message):
        gpr_tree.neural_bound(key, market(), european(SPREAD), dataclasses.replace(SMALL, **change))


def test_payoffs_and_steps_it_cannot_learn_from(key):
    with pytest.raises(ValueError, match="jumps"):
        gpr_tree.neural_bound(key, market(1, least=0.0), european(products.Digital(strike=100.0)), SMALL)
    with pytest.raises(ValueError, match="multiple of 12"):
        gpr_tree.neural_bound(key, market(1, least=0.0), SHARPE, SMALL)
