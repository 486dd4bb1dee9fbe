"""The peers solve one problem: without that a comparison of their speed means nothing."""

import numpy as np
import pytest

from experiments.benchmarks import numpy_naive, numpy_pathwise, problem
from experiments.benchmarks.problem import Effort
from experiments.benchmarks.rounds import Worker
from jaxprice import reference


@pytest.fixture(scope="module")
def exact():
    market = (problem.SPOT, problem.STRIKE, problem.RATE, problem.DIVIDEND, problem.VOLATILITY)
    return float(reference.rainbow.min_call(*market, problem.COMMON_CORRELATION, problem.EXPIRY))


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("peer", [numpy_pathwise, numpy_naive])
def test_numpy_peers_find_the_price(peer, precision, exact):
    answer = peer.tasks(Effort(100_000, precision))["price"]()
    assert abs(answer.price - exact) < 4.0 * answer.std_error


def test_hand_written_greeks_are_those_of_bumps():
    effort = Effort(50_000)
    greeks = numpy_pathwise.tasks(effort)["all_greeks"]()
    bumped = numpy_naive.tasks(Effort(400_000))["delta_vega"]()
    np.testing.assert_allclose(greeks.spot, bumped.spot, atol=0.01)
    np.testing.assert_allclose(greeks.volatility, bumped.volatility, atol=0.6)


def test_threads_change_nothing():
    one, two = (numpy_pathwise.tasks(Effort(50_000, n_cores=n))["all_greeks"]() for n in (1, 2))
    np.testing.assert_allclose(one.spot, two.spot, rtol=1e-12)


def test_cholesky_pull_back():
    rng = np.random.default_rng(0)
    change = rng.standard_normal((5, 5))
    change, cotangent = change + change.T, np.tril(rng.standard_normal((5, 5)))
    up, down = (np.linalg.cholesky(problem.CORRELATION + sign * 1e-6 * change) for sign in (1, -1))
    slope = np.sum(cotangent * (up - down)) / 2e-6
    pulled = problem.pull_back_cholesky(np.linalg.cholesky(problem.CORRELATION), cotangent)
    np.testing.assert_allclose(np.sum(pulled * change), slope, rtol=1e-6)


def test_a_peer_that_breaks_says_why():
    with pytest.raises((RuntimeError, KeyError), match="no peer of that name"):
        Worker("no peer of that name", Effort(10))
