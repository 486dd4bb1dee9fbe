import jax
import jax.numpy as jnp
import numpy as np
import pytest
import QuantLib as ql
from numpy.testing import assert_allclose

from jaxprice.reference import bermudan, black_scholes, lattice

CASES = [
    ("put", (95.0, 100.0, 0.05, 0.02, 0.3, 1.0)),
    ("call", (100.0, 95.0, 0.03, 0.07, 0.3, 1.0)),
    ("put", (110.0, 100.0, 0.08, 0.0, 0.2, 2.0)),
]


def american(oracle, name, spot, strike, rate, dividend, volatility, expiry):
    kind = ql.Option.Put if name == "put" else ql.Option.Call
    exercise = ql.AmericanExercise(oracle.today(), oracle.today() + round(365 * expiry))
    option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, strike), exercise)
    process = oracle.process(spot, rate, dividend, volatility)
    option.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme()))
    return option.NPV()


@pytest.mark.parametrize("name, case", CASES)
def test_european(name, case):
    price = getattr(lattice, name)(*case, n_dates=1)
    assert_allclose(price, getattr(black_scholes, name)(*case), atol=3e-5)


@pytest.mark.parametrize("name, case", CASES)
def test_american_against_quantlib(name, case, oracle):
    price = getattr(lattice, name)(*case)
    assert_allclose(price, american(oracle, name, *case), atol=2e-4)


@pytest.mark.parametrize("name, case", CASES)
def test_bermudan_against_quadrature(name, case):
    price = getattr(lattice, name)(*case, n_dates=10)
    exact = getattr(bermudan, name)(*case[:5], case[5] * np.arange(1, 11) / 10)
    assert_allclose(price, exact, atol=1e-3)


def test_order_of_convergence(oracle):
    name, case = CASES[0]
    exact = american(oracle, name, *case)
    coarse, fine = (abs(lattice.put(*case, n_steps=n) - exact) for n in (250, 4000))
    assert fine < coarse / 10.0


def test_order_of_prices_and_intrinsic_value():
    case = CASES[0][1]
    european, bermudan_, american_ = (lattice.put(*case, n_dates=n, n_steps=400) for n in (1, 5, None))
    assert european < bermudan_ < american_
    assert_allclose(lattice.put(50.0, *case[1:], n_steps=400), 50.0, atol=1e-10)


def test_first_derivatives(oracle):
    name, case = CASES[0]
    every = jax.jit(jax.grad(lambda x: lattice.put(*x, n_steps=1000)))(jnp.array(case))
    step = np.array([1e-2, 1e-2, 1e-4, 1e-4, 1e-4])
    numeric = oracle.central_difference(lambda x: american(oracle, name, *map(float, x), 1.0), case[:5], step)
    assert_allclose(every[:5], numeric, rtol=2e-3)


def test_too_few_steps_are_refused():
    with pytest.raises(ValueError, match="exercise dates"):
        lattice.put(*CASES[0][1], n_dates=50, n_steps=60)
