"""The peers of the committee benchmark give the same prices and gradients by the same experts."""

import importlib.util

import numpy as np
import pytest

from experiments.benchmarks.committee import jaxprice_alone, jaxprice_committee, peers


def test_every_expert_is_wanted_as_often():
    x = peers.problem(16, 20_000).x
    share = np.bincount(np.argsort(-x, axis=1)[:, :2].ravel(), minlength=peers.N_EXPERTS) / 40_000
    np.testing.assert_allclose(share, 1.0 / 9.0, atol=0.01)


# PyTorch is no dependency.
if importlib.util.find_spec("torch"):
    from experiments.benchmarks.committee import torch_committee

    @pytest.mark.parametrize("kind", ["seed", "sorted"])
    @pytest.mark.parametrize("top_k", [1, 2, 9])
    def test_layers_in_pytorch_price_as_ours(kind, top_k):
        problem = peers.problem(16, 200)
        ours = jaxprice_committee.prepare(problem, top_k, True, None)(problem.x)
        theirs = torch_committee.prepare(problem, top_k, True, kind)(problem.x)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, atol=2e-3)

    def test_batches_in_parts_are_the_same(monkeypatch):
        problem = peers.problem(16, 200)
        whole = torch_committee.prepare(problem, 2, True, "seed")(problem.x)
        monkeypatch.setattr(torch_committee, "_LARGE", 1)
        monkeypatch.setattr(torch_committee, "_CHUNK", 70)
        for one, other in zip(torch_committee.prepare(problem, 2, True, "seed")(problem.x), whole, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)

    def test_one_expert_alone_is_the_same_in_both():
        problem = peers.problem(16, 50)
        ours = jaxprice_alone.prepare(problem, 2, True)(problem.x)
        theirs = torch_committee.prepare(problem, 2, True, "alone")(problem.x)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
