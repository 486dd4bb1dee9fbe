"""Test run: 64-bit numbers (unless JAX_ENABLE_X64=0 asks for the other pass), strict promotions, no hidden copies."""

import os

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")
if "JAX_COMPILATION_CACHE_DIR" in os.environ and "PYTEST_XDIST_WORKER" in os.environ:
    # A folder of its own for each worker: JAX writes entries in place, where another would read half of one.
    os.environ["JAX_COMPILATION_CACHE_DIR"] += "/" + os.environ["PYTEST_XDIST_WORKER"]

import jax
import pytest
from hypothesis import settings

if os.environ.get("JAXPRICE_TYPECHECK") == "1":
    # Shapes and dtypes of arguments and results are checked on every call. Modules that define nouns are left out: JAX
    # rebuilds those with placeholders in them.
    from jaxtyping import install_import_hook

    numerics = ["brownian_bridge", "correlation", "normal", "safe", "threefry"]
    simulation = ["accumulate", "active_directions", "estimators", "jump_probe", "noise", "paths"]
    modules = [f"jaxprice.numerics.{name}" for name in numerics] + [
        f"jaxprice.simulation.{name}" for name in simulation
    ]
    install_import_hook(modules, "beartype.beartype")

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

settings.register_profile("jaxprice", max_examples=25, deadline=None, derandomize=True)
settings.load_profile("jaxprice")


def pytest_collection_modifyitems(config, items):
    """Deselects, rather than skips, what needs 64-bit numbers in the pass without them."""
    if jax.config.jax_enable_x64:
        return
    kept = [item for item in items if item.get_closest_marker("x64") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(autouse=True, scope="module")
def _forget_compiled_programs():
    """Each one maps memory, of which a process may map some 65,000 pieces: a worker that keeps all of them crashes."""
    yield
    jax.clear_caches()


@pytest.fixture
def key():
    return jax.random.key(20_261_121)
