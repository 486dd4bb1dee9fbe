"""Every experiment runs, tiny, and writes whole files; nothing is claimed about its numbers."""

import json

import jax
import pytest

from experiments.__main__ import main
from experiments.harness import discovery


@pytest.fixture(autouse=True)
def _programs_of_one_experiment():
    """Compiled in haste, as they run for a moment, and forgotten: all of them map too much memory (see conftest.py)."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
    jax.clear_caches()


@pytest.mark.slow
@pytest.mark.parametrize("name", [entry.name for entry in discovery.entries()])
def test_smoke(name, tmp_path):
    assert main([name, "--smoke", "--out", str(tmp_path)]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["rows"] and metrics["cells"]
    pictures = list(tmp_path.glob("*.png"))
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert not list(tmp_path.glob(".*.tmp"))
