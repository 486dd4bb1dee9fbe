import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, default_dtype
from jax.test_util import check_grads

from jaxprice import products
from jaxprice.numerics.safe import heaviside

STATE = np.array([96.0, 110.0, 101.0])
ONE = np.array([106.0])
PATH = np.array([[101.0], [97.0], [106.0]])
WORST = np.array([[99.0, 104.0], [103.0, 101.0], [90.0, 120.0]])
WEIGHT = np.array([0.5, 0.2, 0.3])
BASKET = float(WEIGHT @ STATE)
GEOMETRIC = float(np.prod(STATE) ** (1 / 3))


def note(**kwargs):
    numbers = {"initial_fixing": np.array([100.0, 100.0]), "autocall_level": 1.02, "protection_level": 0.8,
               "coupon": 0.04, "notional": 1000.0}  # fmt: skip
    return products.WorstOfAutocallable(**(numbers | kwargs))


CASES = [
    (products.Call(strike=100.0), ONE, 6.0),
    (products.Call(strike=110.0), ONE, 0.0),
    (products.Put(strike=110.0), ONE, 4.0),
    (products.CallSpread(lower_strike=100.0, upper_strike=104.0), ONE, 4.0),
    (products.Digital(strike=105.0), ONE, 1.0),
    (products.Digital(strike=106.0), ONE, 1.0),
    (products.Digital(strike=107.0), ONE, 0.0),
    (products.BasketCall(strike=98.0, weight=WEIGHT), STATE, BASKET - 98.0),
    (products.BasketPut(strike=105.0, weight=WEIGHT), STATE, 105.0 - BASKET),
    (products.GeometricBasketCall(strike=98.0), STATE, GEOMETRIC - 98.0),
    (products.GeometricBasketPut(strike=105.0), STATE, 105.0 - GEOMETRIC),
    (products.GeometricCallSpread(lower_strike=98.0, upper_strike=100.0), STATE, 2.0),
    (products.MaxCall(strike=100.0), STATE, 10.0),
    (products.MinCall(strike=90.0), STATE, 6.0),
    (products.MaxPut(strike=115.0), STATE, 5.0),
    (products.MinPut(strike=100.0), STATE, 4.0),
    (products.Spread(strike=-120.0), STATE, 5.0),
    (products.Outperformer(), STATE[:2], 14.0),
    (products.Outperformer(), STATE[1::-1], 0.0),
    (products.OutperformerSpread(lower_ratio=0.9, upper_ratio=1.1), STATE[:2], (110 - 86.4) - (110 - 105.6)),
    (products.GeometricOutperformer(), STATE, np.sqrt(110.0 * 101.0) - 96.0),
    (products.StrangleSpread(strike=np.array([75.0, 90.0, 110.0, 125.0])), np.array([80.0, 84.0]), 8.0),
    (products.StrangleSpread(strike=np.array([75.0, 90.0, 110.0, 125.0])), np.array([60.0, 64.0]), 15.0),
    (products.StrangleSpread(strike=np.array([75.0, 90.0, 110.0, 125.0])), np.array([118.0, 120.0]), 9.0),
    (products.StrangleSpread(strike=np.array([75.0, 90.0, 110.0, 125.0])), np.array([98.0, 100.0]), 0.0),
    (products.BarrierCall(strike=100.0, barrier=107.0), PATH, 6.0),
    (products.BarrierCall(strike=100.0, barrier=105.0), PATH, 0.0),
    (products.BarrierCall(strike=100.0, barrier=105.0, is_knock_in=True), PATH, 6.0),
    (products.BarrierCall(strike=100.0, barrier=98.0, is_up=False), PATH, 0.0),
    (products.BarrierCall(strike=100.0, barrier=96.0, is_up=False), PATH, 6.0),
    (products.BarrierCall(strike=100.0, barrier=98.0, is_up=False, is_knock_in=True), PATH, 6.0),
    (products.AsianCall(strike=100.0), PATH, 304.0 / 3 - 100.0),
    (note(), WORST, np.array([0.0, 0.0, 1000.0])),
    (note(autocall_level=1.0), WORST, np.array([0.0, 1080.0, 0.0])),
    (note(autocall_level=0.985), WORST, np.array([1040.0, 0.0, 0.0])),
    (note(protection_level=0.95), WORST, np.array([0.0, 0.0, 900.0])),
    (note(autocall_level=0.9), np.array([[80.0, 99.0], [85.0, 99.0], [91.0, 99.0]]), np.array([0.0, 0.0, 1120.0])),
    (products.CallSharpe(strike=100.0, initial_fixing=100.0, observations_per_year=12.0), PATH,
     6.0 / np.sqrt(4 * (np.log(1.01) ** 2 + np.log(97 / 101) ** 2 + np.log(106 / 97) ** 2))),
    (products.CallSharpe(strike=90.0, initial_fixing=100.0, observations_per_year=12.0), np.full((3, 1), 100.0), 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("payoff", "state", "expected"), CASES, ids=lambda x: type(x).__name__)
def test_cash_flows(payoff, state, expected):
    payoff, state = jax.tree.map(lambda leaf: jnp.asarray(leaf, default_dtype()), (payoff, state))
    assert_close(payoff(state), np.asarray(expected, np.float64))
    assert_close(jax.jit(lambda p, s: p(s))(payoff, state), np.asarray(expected, np.float64))


def test_every_public_payoff_is_tested_and_declares_whether_it_jumps():
    tested = {type(payoff) for payoff, _, _ in CASES}
    holders = {products.European, products.Bermudan, products.PathDependent, products.Function, products.Payoff}
    public = {getattr(products, name) for name in products.__all__} - holders
    assert public == tested
    for payoff in public:
        assert isinstance(inspect.getattr_static(payoff, "jumps"), bool)
        assert payoff.jumps == hasattr(payoff, "cash_flow")


@pytest.mark.x64
@pytest.mark.parametrize(("payoff", "state"), [(p, s) for p, s, e in CASES if not p.jumps and np.all(e > 0)],
                         ids=lambda x: type(x).__name__)  # fmt: skip
def test_derivatives_in_the_state_and_in_every_number(payoff, state):
    payoff = jax.tree.map(jnp.asarray, payoff)
    check_grads(
        lambda p, s: p(s), (payoff, jnp.asarray(state)), order=1, modes=("fwd", "rev"), atol=1e-6, rtol=1e-6, eps=1e-6
    )


@pytest.mark.parametrize("payoff", [p for p, _, _ in CASES if hasattr(p, "remember")], ids=lambda p: type(p).__name__)
def test_what_is_remembered_is_all_that_counts(payoff):
    payoff = jax.tree.map(lambda leaf: jnp.asarray(leaf, default_dtype()), payoff)
    path = jnp.asarray(PATH[:, :1], default_dtype())
    memory = payoff.initial_memory()
    for price in path:
        memory = payoff.remember(memory, price)
    np.testing.assert_allclose(payoff.pay(memory, path[-1]), payoff(path), rtol=1e-5)


def test_a_flat_path_has_finite_derivatives():
    payoff = products.CallSharpe(
        strike=jnp.array(90.0), initial_fixing=jnp.array(100.0), observations_per_year=jnp.array(12.0)
    )
    assert np.all(np.isfinite(jax.grad(payoff)(jnp.full((3, 1), 100.0))))


@pytest.mark.parametrize("payoff", [p for p, _, _ in CASES if p.jumps], ids=lambda p: type(p).__name__)
def test_smoothed_cash_flows_converge_to_the_exact_ones(payoff):
    payoff = jax.tree.map(lambda leaf: jnp.asarray(leaf, default_dtype()), payoff)
    shape = WORST.shape if isinstance(payoff, products.WorstOfAutocallable) else PATH.shape
    if isinstance(payoff, products.Digital):
        shape = ONE.shape
    states = jnp.asarray(100.0 * np.exp(0.1 * np.random.default_rng(0).normal(size=(2000, *shape))), default_dtype())
    exact = jax.vmap(payoff)(states)

    def mean_gap(width):
        from jaxprice.numerics.safe import smooth_heaviside

        smooth = jax.vmap(lambda s: payoff.cash_flow(s, lambda x: smooth_heaviside(x, width)))(states)
        return float(jnp.mean(jnp.abs(smooth - exact)) / jnp.mean(jnp.abs(exact)))

    assert mean_gap(1e-6) < 2e-3 < mean_gap(0.2)
    assert_close(jax.vmap(lambda s: payoff.cash_flow(s, heaviside))(states), exact)


def test_bermudan_dates_are_equally_spaced_without_time_zero():
    product = products.Bermudan.equally_spaced(products.MaxCall(strike=100.0), expiry=3.0, n_dates=9)
    assert_close(product.exercise_times, np.arange(1, 10) / 3.0)


def test_a_scalar_cash_flow_of_a_path_is_paid_at_the_last_time():
    product = products.PathDependent(
        payoff=products.AsianCall(strike=jnp.array(100.0)), observation_times=jnp.array([1.0, 2.0, 3.0])
    )
    paid = product.cash_flow(jnp.asarray(PATH, default_dtype()))
    assert paid.shape == (3,) and float(paid[0]) == float(paid[1]) == 0.0 and float(paid[2]) > 0
