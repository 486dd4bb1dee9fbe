"""Peak memory of a Monte Carlo price against its paths.

Question: does memory stay flat from a million to a hundred million paths, with every Greek?
Table: none published; claim of the project: memory is that of one chunk.
Command: python -m experiments memory --check
Expected: the same peak within 5 %, nearly all of it JAX and its compiler; one block of NumPy grows with the paths.
Time: about 1 minute on one core. Device: CPU (Linux, for the peak of a process).

Each size runs in a process of its own, whose peak resident memory is read when it is done.
"""

import dataclasses
from typing import Any

import jax

from experiments.benchmarks.problem import Effort
from experiments.benchmarks.rounds import Worker
from experiments.harness import Cell, Experiment, Metrics

_NAIVE = "NumPy, naive"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes.

    Attributes:
        n_paths: of the price with every Greek.
        n_paths_naive: of NumPy's price in one block.
    """

    n_paths: tuple[int, ...] = (1_000_000, 10_000_000, 100_000_000)
    n_paths_naive: tuple[int, ...] = (1_000_000, 4_000_000)


def run(key: jax.Array, config: Config) -> Metrics:
    """Runs each size once; the key gives the seed."""
    seed = int(jax.random.randint(key, (), 0, 2**20))
    jobs = [("jaxprice", "all_greeks", n) for n in config.n_paths]
    jobs += [(_NAIVE, "price", n) for n in config.n_paths_naive]
    rows = []
    for peer, task, n_paths in jobs:
        worker = Worker(peer, Effort(n_paths, "float64", 1, seed))
        found = worker.run(task)
        worker.close()
        about = {"peer": peer, "task": task, "n_paths": n_paths}
        rows.append(about | {name: found[name] for name in ("peak_mib", "wall", "cpu", "price", "std_error")})
    return {"rows": rows}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Peak at most paths over peak at fewest."""
    peak = [row["peak_mib"] for row in metrics["rows"] if row["peer"] == "jaxprice"]
    name = f"peak memory at {config.n_paths[-1]:,} paths over that at {config.n_paths[0]:,}"
    return [Cell.at_most(name, peak[-1] / peak[0], 1.05, source="claim of the project")]


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Peak memory against paths."""
    from experiments.harness.figure import COLOUR, panels

    figure, (axis,) = panels(1, width=5.6, title="Peak memory of the whole process")
    for i, (peer, label) in enumerate((("jaxprice", "jaxprice, every Greek"), (_NAIVE, "NumPy in one block, price"))):
        rows = [row for row in metrics["rows"] if row["peer"] == peer]
        x, y = [row["n_paths"] for row in rows], [row["peak_mib"] for row in rows]
        axis.plot(x, y, "os"[i] + "-", color=COLOUR[i], label=label)
    axis.set(xscale="log", yscale="log", xlabel="paths", ylabel="MiB")
    axis.set_ylim(50, 2000)
    axis.legend()
    return {"memory": figure}


EXPERIMENT = Experiment(
    question="Does memory stay flat from a million to a hundred million paths, with every Greek?",
    table="claim on memory",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_paths=(1000, 2000), n_paths_naive=()),
    full=Config(n_paths=(1_000_000, 10_000_000, 100_000_000, 1_000_000_000)),
)
