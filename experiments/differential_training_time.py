"""Seconds to train a twin network, beside the same network in PyTorch.

Question: what does a training of the published length cost, beside PyTorch, and five seeds at once beside one?
Table: none published; the claims checked are those of the project: twice as fast as PyTorch, compilation below four
    seconds, five seeds for at most three times the time of one.
Command: python -m experiments differential_training_time --check
Expected: 4.8 and 2.3 times as fast as PyTorch; five seeds take five to six times as long as one, which keeps the core
    busy already. Compilation takes three to four seconds on a core of its own.
Time: some minutes on one core. Device: CPU. Needs PyTorch for its rows; without it they are reported as absent.

The network (four layers of 20, softplus), the schedule (100 epochs of 16 batches, one cycle to 0.1), the normalisation
and the loss are those of Huge and Savine's notebooks, on their Bachelier basket of seven. In PyTorch the backward half
of the twin is written out, so that autograd runs once, the optimiser is fused, and samples are in columns, which is
faster; "compiled" is the same under `torch.compile`. Each peer runs in a process of its own, pinned to one core, all in
turns; a round is a seed, of network and order, on the same labels. Seconds are medians over the rounds, after a first
training that compiles; `compile` is what JAX itself reports of that one as wall seconds, `first` its CPU seconds less
those of a training. Errors are root mean squares over test points, inputs and seeds, times 100.
"""

import dataclasses
import statistics
import tempfile
from pathlib import Path
from typing import Any

import jax
import numpy as np

from experiments.benchmarks.rounds import Worker, by_seed, opened
from experiments.benchmarks.twin_net.peers import PEERS, SUITE, Effort
from experiments.differential_common import bachelier, over_seeds
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.simulation import labels

_OURS, _FIVE = "jaxprice", "jaxprice, five seeds"
_CLAIM = "claim of the project"
_N_ASSETS = 7


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        n_samples: labels of each training.
        n_epochs: passes over them.
        n_rounds: trainings of each peer of which the median is taken, each with a seed of its own.
        peers: by name.
        n_test: test points.
    """

    n_samples: tuple[int, ...] = (8192, 65536)
    n_epochs: int = 100
    n_rounds: int = 5
    peers: tuple[str, ...] = tuple(PEERS)
    n_test: int = 4096


def run(key: jax.Array, config: Config) -> Metrics:
    """Seconds and errors of every peer at every size."""
    problem = bachelier(key, _N_ASSETS)
    data = problem.samples(key, labels.Config(n_samples=max(config.n_samples)))
    test = dict(zip(("test_x", "test_y", "test_dydx"), problem.truth(key, config.n_test), strict=True))
    seeds = tuple(range(config.n_rounds))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.npz"
        np.savez(path, x=data.x, y=data.y, dydx=data.dydx, **test)
        efforts = [Effort(str(path), n, config.n_epochs, seeds) for n in config.n_samples]
        with opened([(peer, effort) for effort in efforts for peer in config.peers], SUITE) as workers:
            return {"rows": _rows(workers, seeds)}


def _rows(workers: list[Worker], seeds: tuple[int, ...]) -> list[dict[str, Any]]:
    rows = []
    for worker, (first, runs) in zip(workers, by_seed(workers, seeds), strict=True):
        row = {"peer": worker.peer, "n_samples": worker.effort.n_samples}
        rows.append(row | ({"absent": worker.absent} if worker.absent else _row(first, runs)))
    return rows


def _row(first: dict[str, Any], runs: list[dict[str, Any]]) -> dict[str, Any]:
    row = {name: statistics.median(run[name] for run in runs) for name in ("cpu", "wall")}
    row |= {"compile": first.get("compile"), "first": first["cpu"] - row["cpu"]}
    for name in ("value", "delta"):
        row[name], row[f"{name}_error"] = over_seeds([100.0 * error for run in runs for error in run[name]])
    return row | {"restarts": sum(run.get("restarts", 0) for run in runs), "peak_mib": runs[-1]["peak_mib"]}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Ratios of CPU seconds on one core, compile seconds, and errors no larger than PyTorch's."""
    rows = {(row["peer"], row["n_samples"]): row for row in metrics["rows"] if "cpu" in row}
    found = []
    for n in config.n_samples:
        ours = rows[_OURS, n]
        theirs = [row for (peer, size), row in rows.items() if size == n and peer.startswith("PyTorch")]
        about = f"{n:,} samples"
        if theirs:
            fastest = min(theirs, key=lambda row: row["cpu"])
            name = f"{about}: time of {fastest['peer']} over ours"
            found.append(Cell.at_least(name, fastest["cpu"] / ours["cpu"], 2.0, source=_CLAIM))
            for quantity in ("value", "delta"):
                # Errors of networks vary from seed to seed: within a third they are alike.
                ratio, name = ours[quantity] / fastest[quantity], f"{about}: error of {quantity} over theirs"
                found.append(Cell.at_most(name, ratio, 4.0 / 3.0, source="the same network"))
        found.append(Cell.at_most(f"{about}: compile seconds", ours["compile"], 4.0, source=_CLAIM))
        if (_FIVE, n) in rows:
            for kind in ("cpu", "wall"):
                name = f"{about}: five seeds over one, {'CPU' if kind == 'cpu' else kind} seconds"
                found.append(Cell.at_most(name, rows[_FIVE, n][kind] / ours[kind], 3.0, source=_CLAIM))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Bars of CPU seconds."""
    from experiments.harness.figure import COLOUR, panels

    figure, axes = panels(len(config.n_samples), width=4.8, height=2.8, title="CPU seconds of 100 epochs, one core")
    for axis, n in zip(axes, config.n_samples, strict=True):
        rows = [row for row in metrics["rows"] if row["n_samples"] == n and "cpu" in row]
        bars = axis.barh([row["peer"] for row in rows], [row["cpu"] for row in rows], color=COLOUR[0])
        axis.bar_label(bars, fmt=" %.2f", fontsize=8)
        axis.set(title=f"{n:,} samples")
        axis.margins(x=0.15)
        axis.invert_yaxis()
        axis.grid(axis="y", visible=False)
    return {"differential_training_time": figure}


EXPERIMENT = Experiment(
    question="How long does a training take, beside PyTorch, and five seeds at once beside one?",
    table="claims on training time",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_samples=(256,), n_epochs=2, n_rounds=1, peers=("jaxprice", "PyTorch"), n_test=64),
    full=Config(n_rounds=15),
)
