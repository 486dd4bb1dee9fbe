"""Paths per second of a five-asset min-call, beside NumPy, PyTorch and QuantLib.

Question: how fast is the Monte Carlo engine with no Greeks, with delta and vega, and with all, in 32 and 64 bits?
Table: none published; the claims checked are those of the project: with all Greeks at least as fast as every library
    beside it in 64 bits, ahead of hand-written NumPy in 32 bits, and within 1.5 times of it in 64 bits.
Command: python -m experiments throughput --check
Expected: on one core of an AMD EPYC (Zen 4), a million paths with all Greeks in about 0.05 s.
Time: about 4 minutes on two cores. Device: CPU. Needs QuantLib and PyTorch for their rows; peers that are not installed
    are reported as absent.

Each peer runs in a process of its own, pinned to one core (or two); the rounds visit all of them in turns, so that what
else the machine does hits all alike; medians are over warm runs. Ratios are of CPU seconds on one core, and of wall
seconds on two. Not alike: jaxprice draws normals of 32 random bits in either precision, NumPy and PyTorch draw 64-bit
normals in 64 bits; jaxprice also reports the standard error of every Greek, the others that of the price.
tf-quant-finance is left out, untried: its last release is of 2022.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from experiments.benchmarks import problem
from experiments.benchmarks.problem import Effort
from experiments.benchmarks.rounds import measure
from experiments.harness import Cell, Experiment, Metrics
from jaxprice import reference

_LIBRARIES = ("PyTorch", "QuantLib")
_HAND_WRITTEN = "NumPy, hand-written"
_NOT_SHOWN = ("seed", "fastest_wall", "price", "std_error", "spot", "volatility", "rate")
_CLAIM, _EXACT = "claim of the project", "reference.rainbow.min_call"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort of each measurement.

    Attributes:
        n_paths: of every peer but QuantLib, whose time is per path as well.
        n_paths_quantlib: it is some sixty times slower, and a bumped Greek is a price again.
        n_rounds: warm runs of which the median is taken.
        n_cores: the numbers of cores to pin to.
        precisions: in which to compute; QuantLib knows 64 bits only.
    """

    n_paths: int = 1_000_000
    n_paths_quantlib: int = 100_000
    n_rounds: int = 9
    n_cores: tuple[int, ...] = (1, 2)
    precisions: tuple[str, ...] = ("float64", "float32")


def run(key: jax.Array, config: Config) -> Metrics:
    """Measures every peer; the key gives the seed."""
    seed = int(jax.random.randint(key, (), 0, 2**20))
    rows: list[dict[str, Any]] = []
    for n_cores in config.n_cores:
        jobs = []
        for precision in config.precisions:
            effort = Effort(config.n_paths, precision, n_cores, seed)
            jobs += [("jaxprice", effort), (_HAND_WRITTEN, effort), ("PyTorch", effort)]
            if n_cores == 1:
                limits = ("limit: jaxprice noise", "limit: NumPy noise")
                jobs += [(peer, effort) for peer in ("NumPy, naive", *limits)]
        if n_cores == 1:
            jobs.append(("QuantLib", Effort(config.n_paths_quantlib, "float64", 1, seed)))
        rows += measure(jobs, config.n_rounds)
    here = (jnp.asarray(problem.SPOT), jnp.asarray(problem.VOLATILITY))
    exact, (delta, vega) = jax.value_and_grad(_exact, argnums=(0, 1))(*here)
    shown = [{name: value for name, value in row.items() if name not in _NOT_SHOWN} for row in rows]
    return {"rows": shown, "details": rows, "reference": {"price": exact, "delta": delta, "vega": vega}}


def _exact(spot: jax.Array, volatility: jax.Array) -> jax.Array:
    market = (spot, problem.STRIKE, problem.RATE, problem.DIVIDEND, volatility)
    return reference.rainbow.min_call(*market, problem.COMMON_CORRELATION, problem.EXPIRY)


def _cost(metrics: Metrics, peer: str, precision: str, task: str = "all_greeks", n_cores: int = 1) -> float | None:
    for row in metrics["rows"]:
        if (row["peer"], row.get("precision"), row.get("task"), row["n_cores"]) == (peer, precision, task, n_cores):
            return row["cpu" if n_cores == 1 else "wall"] / row["n_paths"]
    return None


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The answer of every peer against quadrature, and the claims on speed."""
    found = []
    for row in metrics["details"]:
        is_naive = row["peer"] == "NumPy, naive"
        if row["n_cores"] == 1 and row.get("task") == ("price" if is_naive else "all_greeks"):
            name = f"{row['peer']}, {row['precision']}"
            price = metrics["reference"]["price"]
            found.append(Cell.unbiased(name, row["price"], row["std_error"], price, source=_EXACT))
            if row["spot"]:
                worst = max(abs(a - b) for a, b in zip(row["spot"], metrics["reference"]["delta"], strict=True))
                limit = 10.0 / row["n_paths"] ** 0.5
                found.append(Cell.at_most(f"{name}: error of delta", worst, limit, source=_EXACT))
    for precision, peer, limit in [
        *(("float64", library, 1.0) for library in _LIBRARIES),
        ("float32", "PyTorch", 1.0),
        ("float64", _HAND_WRITTEN, 1.5),
        ("float32", _HAND_WRITTEN, 1.0),
    ]:
        ours, theirs = _cost(metrics, "jaxprice", precision), _cost(metrics, peer, precision)
        if ours and theirs:
            name = f"all Greeks, {precision}: time over that of {peer}"
            found.append(Cell.at_most(name, ours / theirs, limit, source=_CLAIM))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Bars of paths per second."""
    from experiments.harness.figure import COLOUR, panels

    figure, axes = panels(2, width=5.2, height=4.6, title="Five-asset min-call, one core: million paths per CPU second")
    labels = {"price": "price", "delta_vega": "price, delta, vega", "all_greeks": "price, all 26 derivatives"}
    for axis, precision in zip(axes, ("float64", "float32"), strict=True):
        everyone = ("jaxprice", _HAND_WRITTEN, "PyTorch", "NumPy, naive", "QuantLib")
        peers = [peer for peer in everyone if _cost(metrics, peer, precision, "price")]
        for j, (task, label) in enumerate(labels.items()):
            for i, peer in enumerate(peers):
                cost = _cost(metrics, peer, precision, task)
                if cost is None:
                    continue
                place, speed = i + 0.27 * (j - 1), 1e-6 / cost
                axis.barh(place, speed, 0.25, color=COLOUR[j], label=label if i == 0 else None)
                axis.annotate(f" {speed:.3g}", (speed, place), va="center", fontsize=8)
        axis.set(yticks=range(len(peers)), yticklabels=peers, xscale="log", xlim=(0.02, 100), title=precision)
        axis.invert_yaxis()
        axis.grid(axis="y", visible=False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return {"throughput": figure}


EXPERIMENT = Experiment(
    question="How many paths a second, with and without Greeks, beside NumPy, PyTorch and QuantLib?",
    table="claims on speed",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_paths=4096, n_paths_quantlib=256, n_rounds=1, n_cores=(1,), precisions=("float64",)),
    full=Config(n_paths_quantlib=1_000_000, n_rounds=15),
)
