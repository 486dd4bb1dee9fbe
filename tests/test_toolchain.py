"""The installed toolchain: what it must not be, and that it computes what it should."""

import importlib.metadata
import pathlib
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement

from jaxprice.cli import doctor

PYPROJECT = tomllib.loads((pathlib.Path(__file__).parents[1] / "pyproject.toml").read_text())
REQUIRED = {Requirement(line).name: Requirement(line) for line in PYPROJECT["project"]["dependencies"]}


def test_flax_nnx_imports_first():
    # In a process of its own: jax and flax have broken each other's imports in both directions (flax issue 5596).
    subprocess.run([sys.executable, "-W", "error", "-c", "import flax.nnx"], check=True, timeout=120)


@pytest.mark.parametrize("name", ["jax", "jaxlib", "flax", "optax", "chex", "numpy"])
def test_the_installed_versions_are_the_ones_asked_for(name):
    assert importlib.metadata.version(name) in REQUIRED[name].specifier


def test_jax_and_jaxlib_are_bounded_alike_and_the_broken_ones_are_out():
    assert REQUIRED["jax"].specifier == REQUIRED["jaxlib"].specifier
    assert "0.10.2" in doctor.BROKEN_JAX
    for version in doctor.BROKEN_JAX:
        assert version not in REQUIRED["jax"].specifier
    assert "0.10.1" in REQUIRED["jax"].specifier and "0.13" not in REQUIRED["jax"].specifier
    excluded = {part.version for part in REQUIRED["jax"].specifier if part.operator == "!="}
    assert excluded == set(doctor.BROKEN_JAX)


def test_the_doctor_advises_what_the_package_asks_for():
    advised = {Requirement(text).name: Requirement(text) for text in doctor.INSTALL.split("'")[1::2]}
    assert {name: REQUIRED[name] for name in advised} == advised
    assert set(advised) == {"jax", "jaxlib"}


def test_the_capped_packages_are_capped():
    for name in ("jax", "jaxlib", "flax", "optax", "chex"):
        assert any(part.operator == "<" for part in REQUIRED[name].specifier), name


@pytest.mark.parametrize("case", doctor.KNOWN_BAD, ids=str)
def test_jit_pays_what_eager_pays(case):
    assert doctor.wrong_rows(*case) == 0
