"""Whether the installed toolchain computes right numbers, found out by running the programs that once did not.

Nothing is imported before it is needed, and every check is caught for itself: a broken flax is a line in the report,
not the end of it.
"""

import dataclasses
import importlib
import importlib.metadata
import math
import os
import platform
import sys
from collections.abc import Callable
from typing import Any

_PACKAGES = ("jax", "jaxlib", "flax", "optax", "chex", "numpy", "jaxprice")
BROKEN_JAX = ("0.10.2", "0.11.0", "0.11.1")
"""Versions that compute wrong numbers on the CPU (jax issue 39103); pyproject.toml excludes the same ones."""
INSTALL = "pip install 'jax>=0.10.1,!=0.10.2,!=0.11.0,!=0.11.1,<0.13' 'jaxlib>=0.10.1,!=0.10.2,!=0.11.0,!=0.11.1,<0.13'"
KNOWN_BAD = (
    *(("float64", n_assets, n_rows) for n_assets in (3, 5) for n_rows in (16_385, 20_001, 32_769)),
    *(("float32", n_assets, n_rows) for n_assets in (3, 5) for n_rows in (32_769, 40_001)),
)
"""Dtypes, assets and rows at which a jitted payoff of correlated normals was wrong."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Check:
    """The outcome of one check.

    Attributes:
        name: what was checked.
        passed: whether it is as it should be.
        finding: what was found, one sentence.
        remedy: what to do about it; empty if it passed.
    """

    name: str
    passed: bool
    finding: str
    remedy: str = ""


class _Failed(Exception):
    """A finding that is not as it should be."""


def run() -> list[Check]:
    """Runs all checks, in about ten seconds; none of them raises, changes a setting or needs the network."""
    return [_outcome(name, function, remedy) for name, function, remedy in _CHECKS]


def facts() -> dict[str, Any]:
    """Versions, platform, devices and memory, as JSON can hold them; what cannot be found out is None."""
    return {
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "host_memory_bytes": _quietly(lambda: os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
        "devices": _quietly(_devices),
        "x64": _quietly(lambda: bool(importlib.import_module("jax").config.jax_enable_x64)),
    }


def wrong_rows(dtype: str, n_assets: int, n_rows: int) -> int:
    """Rows in which "correlate the normals, then pay off" differs between jitted and eager; zero is right.

    The most of a call on the mean and a call on the worst. Written with a matrix-vector product under `vmap`, as the
    package itself avoids to do and as its users will.
    """
    import jax
    import jax.numpy as jnp
    import numpy as np

    with jax.enable_x64(True):
        column = np.arange(n_assets)[None, :]
        # Numbers that look random and are the same everywhere, without a generator that could be at fault too.
        normal = 2.0 * np.sin(1.0 + 12.9898 * np.arange(n_rows)[:, None] + 78.233 * column)
        correlation = 0.5 * (np.eye(n_assets) + 1.0)
        factor = jnp.asarray(0.2 * np.linalg.cholesky(correlation), dtype)
        state = jnp.asarray(normal, dtype)

        def mean_call(price: Any) -> Any:
            return jnp.maximum(jnp.sum(price) / n_assets - 90.0, 0.0)

        def worst_call(price: Any) -> Any:
            return jnp.maximum(jnp.min(price) - 90.0, 0.0)

        def count(payoff: Callable[[Any], Any]) -> int:
            def values(factor: Any, state: Any) -> Any:
                return jax.vmap(lambda z: payoff(100.0 * jnp.exp(factor @ z)))(state)

            eager, jitted = np.asarray(values(factor, state)), np.asarray(jax.jit(values)(factor, state))
            return int(np.sum(~(np.abs(eager - jitted) <= 0.01)))

        return max(count(mean_call), count(worst_call))


def _outcome(name: str, function: Callable[[], str], remedy: str) -> Check:
    try:
        return Check(name=name, passed=True, finding=function())
    except _Failed as failure:
        return Check(name=name, passed=False, finding=str(failure), remedy=remedy)
    except Exception as error:
        first_line = (str(error).strip().splitlines() or ["no message"])[0]
        return Check(name=name, passed=False, finding=f"{type(error).__name__}: {first_line}", remedy=remedy)


def _versions() -> str:
    installed = {name: _version(name) for name in ("jax", "jaxlib")}
    missing = [name for name, version in installed.items() if version is None]
    if missing:
        raise _Failed(f"{' and '.join(missing)} not installed")
    found = ", ".join(f"{name} {version}" for name, version in installed.items())
    broken = [name for name, version in installed.items() if version in BROKEN_JAX]
    if broken:
        raise _Failed(f"{found}: this version computes wrong numbers on the CPU (jax issue 39103)")
    return found


def _flax() -> str:
    importlib.import_module("flax.nnx")
    return f"flax.nnx imports (flax {_version('flax')})"


def _structures() -> str:
    import jax

    from jaxprice import products

    names = ("Call", "Put", "MaxCall", "MinCall")
    structures: list[Any] = [jax.tree.structure(getattr(products, name)(strike=1.0)) for name in names]
    alike = sum(one == other for i, one in enumerate(structures) for other in structures[:i])
    if alike:
        raise _Failed(f"{alike} pairs of payoffs with the same fields have equal structures")
    return "payoffs with the same fields have different structures"


def _known_bad() -> str:
    wrong = {case: wrong_rows(*case) for case in KNOWN_BAD}
    worst = max(wrong, key=lambda case: wrong[case])
    if wrong[worst]:
        dtype, n_assets, n_rows = worst
        raise _Failed(
            f"jit gives wrong payoffs at {sum(n > 0 for n in wrong.values())} of {len(wrong)} sizes, "
            f"{wrong[worst]:,} of {n_rows:,} rows at worst ({n_assets} assets, {dtype})"
        )
    return f"vmap(payoff(L @ z)): jitted as eager in every row, at {len(wrong)} sizes"


def _simulation() -> str:
    import jax
    import jax.numpy as jnp
    import numpy as np

    from jaxprice import models, products
    from jaxprice.simulation import simulate

    n_rows = 20_001
    with jax.enable_x64(True):
        model = models.BlackScholes.equicorrelated(n_assets=5, spot=100.0, volatility=0.2, correlation=0.5)
        payoff, time = products.MinCall(strike=jnp.asarray(80.0)), jnp.ones(1)
        normal = jax.random.normal(jax.random.key(0), (n_rows, 1, 5), jnp.dtype("float64"))

        def values(model: Any, normal: Any) -> Any:
            return jax.vmap(lambda z: payoff(simulate(model, z, time)[0]))(normal)

        eager, jitted = np.asarray(values(model, normal)), np.asarray(jax.jit(values)(model, normal))
    wrong = int(np.sum(~(np.abs(eager - jitted) <= 1e-6)))
    if wrong:
        raise _Failed(f"{wrong:,} of {n_rows:,} simulated payoffs differ between jitted and eager")
    return f"{n_rows:,} simulated payoffs: jitted as eager"


def _price() -> str:
    import jax

    from jaxprice import models, products
    from jaxprice.engines import monte_carlo

    with jax.enable_x64(True):
        model = models.BlackScholes.equicorrelated(n_assets=1, spot=100.0, volatility=0.2, rate=0.03)
        option = products.European(payoff=products.Call(strike=100.0), expiry=1.0)  # type: ignore[arg-type]
        result = monte_carlo.price(jax.random.key(0), model, option, monte_carlo.Config(n_paths=2**16, greeks=False))
        price, std_error = float(result.price), float(result.std_error or 0.0)
    above, below = (0.5 * (1.0 + math.erf((0.15 + shift) / math.sqrt(2.0))) for shift in (0.1, -0.1))
    exact = 100.0 * (above - math.exp(-0.03) * below)
    if not abs(price - exact) < 5.0 * std_error:
        raise _Failed(f"a call costs {price:.4f} ± {std_error:.4f} by simulation and {exact:.4f} by formula")
    return f"a call by simulation, {price:.3f} ± {std_error:.3f}, agrees with its formula, {exact:.3f}"


def _x64() -> str:
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        one = jnp.ones(()) + 2.0**-40
        is_wide = one.dtype == jnp.float64 and float(one) != 1.0
        if not is_wide:
            raise _Failed(f"1 + 2^-40 is {float(one):.15g} in {one.dtype}, although 64 bits were asked for")
    return "64-bit numbers are 64 bits wide when asked for"


def _products() -> str:
    import jax
    import jax.numpy as jnp
    import numpy as np

    angle = np.arange(512 * 512, dtype=np.float64).reshape(512, 512)
    left, right = np.sin(angle).astype(np.float32), np.cos(1.7 * angle).astype(np.float32)
    exact = left.astype(np.float64) @ right.astype(np.float64)
    with jax.default_matmul_precision("highest"):
        product = np.asarray(jnp.asarray(left) @ jnp.asarray(right))
    # Against the product of the magnitudes: 32 bits give about 1e-7, the ten-bit mantissa of TF32 1e-5 and more.
    error = float(np.max(np.abs(product - exact) / (np.abs(left) @ np.abs(right))))
    where = jax.devices()[0].device_kind
    if not error < 1e-6:
        raise _Failed(f"a 32-bit matrix product on {where} is wrong by {error:.1e}: fewer bits than asked for")
    return f"a 32-bit matrix product on {where} is right to {error:.0e}"


def _devices() -> list[dict[str, Any]]:
    jax = importlib.import_module("jax")
    return [
        {
            "kind": device.device_kind,
            "platform": device.platform,
            "memory_bytes": (_quietly(device.memory_stats) or {}).get("bytes_limit"),
        }
        for device in jax.devices()
    ]


def _version(package: str) -> str | None:
    return _quietly(lambda: importlib.metadata.version(package))


def _quietly(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except Exception:
        return None


_REINSTALL = f"{sys.executable} -m pip install --force-reinstall jaxprice"
_CHECKS: tuple[tuple[str, Callable[[], str], str], ...] = (
    ("versions", _versions, INSTALL),
    ("flax", _flax, "pip install 'flax>=0.12.8,<0.13' beside the jax above"),
    ("structures", _structures, "report it: jit may run the program of one class for another"),
    ("known-bad programs", _known_bad, f"do not trust any price from this installation: {INSTALL}"),
    ("64 bits", _x64, f"a device without 64-bit numbers: set JAX_PLATFORMS=cpu, or {INSTALL}"),
    ("matrix products", _products, "set JAX_DEFAULT_MATMUL_PRECISION=highest, or update the driver and jaxlib"),
    ("simulation", _simulation, f"do not trust any price from this installation: {INSTALL}"),
    ("price", _price, f"do not trust any price from this installation: {_REINSTALL}, then {INSTALL}"),
)
