"""The peers of the benchmark of cross interpolation learn the same function."""

import importlib.util

import numpy as np
import pytest

from experiments.benchmarks.fourier_tt import peers

pytestmark = pytest.mark.x64


def test_the_function_of_the_benchmark_is_that_of_the_engine():
    """At the peak the exponential moment of the returns, and the value that both arrays give."""
    given = peers.problem(2)
    volatility = given.volatility[-1]
    scaled = np.full(2, 2.5 * volatility)
    drift = 2.0 * 2.5 * (0.01 - 0.5 * volatility**2)
    expected = np.exp(drift + 0.5 * scaled @ given.correlation @ scaled)
    np.testing.assert_allclose(given(given.peak[None]), expected, rtol=1e-12)
    assert np.abs(given(given.points())).max() <= expected * (1.0 + 1e-12)


# tntorch is no dependency: without it that peer is reported as absent.
present = [peers.OURS, *([peers.TNTORCH] if importlib.util.find_spec("tntorch") else [])]


@pytest.mark.parametrize("peer", present)
def test_each_peer_learns_it(peer):
    found = peers.tasks(peer, {"n_assets": 1, "tolerance": 1e-5})[peers.TASK]()
    assert found["has_converged"] and found["largest_error"] < 1e-4
    assert 0 < found["rank"] < 20 and found["n_evaluations"] > 64
