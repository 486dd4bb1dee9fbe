"""Labels that would be silently wrong are refused; bad input gets a sentence that says what to do."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
from label_markets import (
    CALLS,
    DIGITALS,
    ONE,
    SQUARE,
    barrier_and_level,
    box,
    call,
    digital,
    digital_everything,
    european,
    function,
)
from problems import HESTON

from jaxprice import products
from jaxprice.simulation import labels

BARRIERS = box(
    spot=(95.0, 105.0), volatility=(0.2, 0.3), strike=(95.0, 99.0), expiry=(1.0, 1.2), barrier=(120.0, 130.0)
)


def strike_moves(payoff):
    return lambda x: (dataclasses.replace(ONE, spot=x[:1]), european(payoff(x[1])))


LINEAR = function(lambda price: price[0], jumps=False)
SPOT_AND_STRIKE = box(spot=(90.0, 110.0), strike=(95.0, 105.0))
REFUSED = [
    ("pathwise digital", digital, DIGITALS, {}, "Digital jumps: its pathwise derivative.*silently wrong.*conditional"),
    ("undeclared jump", strike_moves(lambda k: lambda price: (price[0] > 100.0).astype(price.dtype)), SPOT_AND_STRIKE,
     {}, "does not declare whether it jumps, and changes by"),
    ("strike of a digital", digital_everything, CALLS, {"estimator": "likelihood_ratio"},
     "Digital jumps, and the input 'strike' moves the jump.*use estimator='smoothed' or estimator='conditional'"),
    ("level of a barrier", barrier_and_level, BARRIERS, {"estimator": "likelihood_ratio"},
     "BarrierCall jumps, and the input 'barrier' moves"),
    ("a declared jump that a closure moves",
     strike_moves(lambda k: function(lambda price: (price[0] > k).astype(price.dtype), jumps=True)),
     SPOT_AND_STRIKE, {"estimator": "likelihood_ratio"},
     "Function jumps, and the input 'strike' moves the payoff.*silently wrong; leave the input out"),
    ("an undeclared payoff that a closure moves",
     strike_moves(lambda k: lambda price: jnp.maximum(price[0] - k, 0.0)),
     SPOT_AND_STRIKE, {"estimator": "likelihood_ratio"}, "does not declare.*'strike' moves it.*jumps=False"),
    ("mixed by volatility", call, CALLS, {"second_order": "mixed"},
     "inputs that move the spot alone, each of the inputs 'volatility', 'rate', 'strike', 'expiry' moves more"),
    ("kinks by the strike", call, CALLS, {"second_order": "likelihood_ratio"},
     "'strike' moves the payoff, whose kinks"),
    ("hidden variance", lambda x: (dataclasses.replace(HESTON, spot=x[0], variance=x[1]), european(LINEAR)),
     box(spot=(90.0, 110.0), variance=(0.03, 0.09)),
     {"estimator": "likelihood_ratio", "second_order": "likelihood_ratio", "n_substeps": 2},
     "the input 'variance' moves states of Heston other than prices"),
]  # fmt: skip


@pytest.mark.parametrize(("market", "inputs", "settings", "message"), [row[1:] for row in REFUSED],
                         ids=[row[0] for row in REFUSED])  # fmt: skip
def test_what_would_be_silently_wrong_is_refused(key, market, inputs, settings, message):
    with pytest.raises(ValueError, match=message):
        labels.make(key, market, inputs, labels.Config(n_samples=64, **settings))


def test_a_direction_that_moves_no_kink_is_not_refused(key):
    """Nor is an input that moves a jumping payoff but not where it jumps: the strike of a barrier in `test_labels`."""
    config = labels.Config(n_samples=64, second_order="likelihood_ratio")
    data = labels.make(key, call, CALLS, config, direction=[[1.0, 0.0, 0.0, 0.0, 0.0]])
    assert data.curvature.shape == (64, 1, 5) and np.all(np.isfinite(data.curvature))


# Bad input.


def test_rows_that_are_not_finite_are_named_with_their_inputs(key):
    bad = function(lambda price: jnp.log(price[0] - 60.0), jumps=False)

    def broken(x):
        return dataclasses.replace(ONE, spot=x), european(bad, 0.01)

    with pytest.raises(ValueError, match=r"\.y: NaN or infinity in \d+ of 64 rows.*row \d+ has spot = 5\d"):
        labels.make(key, broken, box(spot=(50.0, 100.0)), labels.Config(n_samples=64))
    later = labels.blocks(key, broken, box(spot=(50.0, 100.0)), labels.Config(n_samples=64), n_rows=1)
    with pytest.raises(ValueError, match=r"block that starts at row \d+: .*\.y: NaN"):
        list(next(later) for _ in range(64))


CONFIGS = [
    ({"n_samples": 0}, "n_samples: expected a whole number of at least 1, got 0"),
    ({"n_paths": 0}, "n_paths: expected a whole number of at least 1"),
    ({"n_samples": 2**31, "n_paths": 2}, "fewer than 2\\*\\*32 paths in all.*several data sets"),
    ({"n_paths": 3, "antithetic": True}, "antithetic paths come in pairs, got the odd number 3"),
    ({"estimator": "magic"}, "estimator: expected one of 'pathwise'.*got 'magic'"),
    ({"second_order": "magic"}, "second_order: expected one of 'mixed', 'likelihood_ratio', got 'magic'"),
    ({"sampling_of_inputs": "halton"}, "sampling_of_inputs: expected one of 'sobol', 'uniform', got 'halton'"),
    ({"second_order": "mixed", "estimator": "conditional"}, "use second_order='likelihood_ratio'"),
    ({"chunk": 100}, "chunk: expected a power of two, got 100"),
    ({"smoothing_width": 0.0}, "smoothing_width: expected a positive number"),
    ({"n_substeps": 0}, "n_substeps: expected a whole number"),
    ({"estimator": "smoothed"}, "needs a payoff with a method cash_flow"),
    ({"estimator": "conditional"}, "survival_bounds"),
]


@pytest.mark.parametrize(("settings", "message"), CONFIGS, ids=[str(row[0]) for row in CONFIGS])
def test_settings_that_make_no_labels(key, settings, message):
    with pytest.raises(ValueError, match=message):
        labels.make(key, call, CALLS, labels.Config(**{"n_samples": 8, **settings}))


PROBLEMS = [
    (call, box(**SQUARE | {"volatility": (-0.1, 0.4)}, strike=(90.0, 115.0), expiry=(0.3, 2.0)), {}, ValueError,
     "market at spot = 80, volatility = -0.1, .*BlackScholes.volatility: expected a number that is not negative"),
    (call, box(**SQUARE, strike=(90.0, 115.0), expiry=(-3.0, 0.1)), {}, ValueError,
     "market at .*European.expiry: expected a positive number, got -3"),
    (lambda x: dataclasses.replace(ONE, spot=x[:1]), SPOT_AND_STRIKE, {}, TypeError,
     r"market: expected a function from inputs to \(model, product\), it gave BlackScholes"),
    (lambda x: (ONE, products.Bermudan.equally_spaced(products.Call(strike=90.0), 1.0, 2)), SPOT_AND_STRIKE, {},
     TypeError, "without a choice, got Bermudan"),
    (ONE, SPOT_AND_STRIKE, {}, TypeError, "market: expected a function from inputs.*got BlackScholes"),
    (call, (0.0, 1.0), {}, TypeError, "inputs: expected a jaxprice.core.domain.Domain.*Horizon.*got tuple"),
    (call, box(spot=(120.0, 80.0)), {}, ValueError, "the bounds of 'spot' cross"),
    (call, labels.Horizon(model=ONE, time=-1.0), {}, ValueError, "Horizon.time: expected a positive number"),
    (call, labels.Horizon(model=ONE, time=1.0, names=("a", "b")), {}, ValueError, "expected 1, one for each input"),
    (call, CALLS, {"direction": [[1.0, 0, 0, 0, 0]]}, ValueError, "direction: .*set second_order"),
]  # fmt: skip


@pytest.mark.parametrize(("market", "inputs", "arguments", "error", "message"), PROBLEMS)
def test_what_is_no_problem(key, market, inputs, arguments, error, message):
    with pytest.raises(error, match=message):
        labels.make(key, market, inputs, labels.Config(n_samples=8), **arguments)


def test_directions_of_the_wrong_shape(key):
    config = labels.Config(n_samples=8, second_order="likelihood_ratio", estimator="likelihood_ratio")
    for direction in ([1.0, 0.0, 0.0, 0.0], [[1.0, 0.0]]):
        with pytest.raises(ValueError, match=r"direction: expected shape"):
            labels.make(key, digital, DIGITALS, config, direction=direction)
    with pytest.raises(TypeError, match="key: expected one key"):
        labels.make(0, digital, DIGITALS, config)
