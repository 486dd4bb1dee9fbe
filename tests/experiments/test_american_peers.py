"""The peers of the Bermudan benchmark solve the problem that they are given, and its arithmetic is right."""

import importlib.util
import math

import numpy as np
import pytest

from experiments.benchmarks.american import accuracy, longstaff_schwartz, peers
from experiments.benchmarks.american.problem import Effort, Job, Problem, symmetric
from experiments.benchmarks.rounds import Worker
from jaxprice import reference
from jaxprice.reference.literature import deep_optimal_stopping as published

EFFORT = {
    "NumPy, sorted cubic": Effort(20_000, 60_000),
    "NumPy, quadratic": Effort(20_000, 60_000),
    "randomised network": Effort(20_000, 60_000),
    "QuantLib": Effort(20_000, 40_000),
    "Deep Optimal Stopping": Effort(60_000, 60_000, batch=512),
}
# PyTorch is no dependency: without it that peer is reported as absent, which a test below checks.
PRESENT = [peer for peer in EFFORT if peer != "Deep Optimal Stopping" or importlib.util.find_spec("torch")]
BIAS = 0.12
"""What rules of this effort lose, at most; that of QuantLib's basis is about 0.1 however many paths it is given."""


@pytest.fixture(scope="module")
def two_assets():
    return symmetric(2)[0]


@pytest.fixture(scope="module")
def lattice():
    return published.TABLE_1.one(n_assets=2, spot=100.0).binomial


def _tasks(peer: str, problem: Problem, effort: Effort):
    return peers.tasks(peer, {"problem": vars(problem), "effort": vars(effort), "seeds": [1]})


@pytest.mark.parametrize("peer", PRESENT)
def test_a_lower_estimate_near_the_price(peer, two_assets, lattice):
    found = _tasks(peer, two_assets, EFFORT[peer])["1"]()
    assert found["std_error"] < 0.09
    # The lattice's price is the exact one to the printed digits.
    assert -BIAS - 4.0 * found["std_error"] < found["price"] - lattice < 4.0 * found["std_error"]
    if found["in_sample"] is not None:
        assert abs(found["in_sample"] - lattice) < BIAS + 4.0 * 15.3 / EFFORT[peer].n_paths ** 0.5
    assert found["effort"]["n_fresh"] == EFFORT[peer].n_fresh


@pytest.mark.parametrize("peer", PRESENT)
def test_the_same_seed_gives_the_same_price(peer, two_assets):
    task = _tasks(peer, two_assets, Effort(1000, 1000, batch=128))["1"]
    assert task() == task()


@pytest.mark.x64  # the quadrature
@pytest.mark.parametrize("peer", [peer for peer in EFFORT if peer != "Deep Optimal Stopping"])
def test_one_date_is_the_european_price(peer, two_assets):
    p = Problem(**(vars(two_assets) | {"n_dates": 1}))
    found = _tasks(peer, p, Effort(2000, 60_000))["1"]()
    spot, volatility = np.full(2, p.spot), np.full(2, p.volatility)
    market = (spot, p.strike, p.rate, p.dividend, volatility)
    exact = float(reference.rainbow.max_call(*market, 0.0, p.expiry))
    assert abs(found["price"] - exact) < 4.0 * found["std_error"]


def test_monomials_are_all_there_once():
    x = np.random.default_rng(0).standard_normal((4, 3))
    rows = longstaff_schwartz.monomials(x, (4, 4, 2))
    products = [np.ones(3), *x]
    products += [x[i] * x[j] for i in range(4) for j in range(i + 1)]
    products += [x[i] * x[j] * x[k] for i in range(2) for j in range(i + 1) for k in range(j + 1)]
    assert len(rows) == len(products)
    order = [np.argmin(np.abs(rows - product).max(axis=1)) for product in products]
    assert sorted(order) == list(range(len(rows)))
    np.testing.assert_allclose(rows[order], products, rtol=1e-13)


def test_twenty_assets_keep_a_basis_that_can_be_afforded():
    problem = symmetric(20)[0]
    found = _tasks("NumPy, sorted cubic", problem, Effort(500, 500))["1"]()
    assert found["effort"]["n_columns"] == 451
    assert math.isfinite(found["price"])


def test_a_library_that_is_missing_is_reported(two_assets, tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('no torch here', name='torch')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    job = ("Deep Optimal Stopping", Effort(1000, 1000)), ("NumPy, quadratic", Effort(1000, 1000))
    absent, present = accuracy.measure(two_assets, symmetric(2)[1], job, (1, 2))
    assert absent == {"assets": 2, "peer": "Deep Optimal Stopping", "absent": "torch"}
    assert len(present["prices"]) == 2 and present["rmse"] > 0.0 and present["cpu"] > 0.0


def test_peers_start_without_jax(two_assets):
    """Or their memory and their start would be that of JAX."""
    job = Job(two_assets, Effort(10, 10), (1,))
    worker = Worker("NumPy, quadratic", job, peers.SUITE)
    peak = worker.run("1")["peak_mib"]
    worker.close()
    assert peak is None or peak < 100.0


def test_seconds_to_reach():
    half = [(1.0, 0.4), (4.0, 0.2), (16.0, 0.1)]
    assert accuracy.seconds_to_reach(0.2, half) == (4.0, False)
    assert accuracy.seconds_to_reach(0.1 * math.sqrt(2.0), half)[0] == pytest.approx(8.0)
    assert accuracy.seconds_to_reach(0.5, half) == (1.0, True)
    assert accuracy.seconds_to_reach(0.09, half) is None
    lucky = [(1.0, 0.01), (4.0, 0.2), (16.0, 0.1)]
    assert accuracy.seconds_to_reach(0.1 * math.sqrt(2.0), lucky)[0] == pytest.approx(8.0)
