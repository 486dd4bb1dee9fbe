"""What a price by a committee costs, at every batch, width and k, beside PyTorch.

Question: how long does a price take, with and without its nine Greeks, and what does it save to ask k of nine experts?
Table: none published: the article announces "a massive drop in latency" and gives no number. The claims checked are
    those of the project: for 65,536 points two experts of 1,024 units at least 3 times as fast as all nine; the default
    nowhere slower than the article's layer or a sorted one in PyTorch; one point with its Greeks in 100 microseconds.
Command: python -m experiments committee_latency --check
Expected: with two of nine experts 55 to 90 microseconds for one point with its Greeks, up to 64 units; in large batches
    1 microsecond a point with 32 units, 200 with 1,024. There all nine take 2.5 to 4.4 times as long, the article's
    layer 4 to 9 times, the sorted one 1.0 to 1.7 times: with 1,024 units products are all there is, as fast in both.
Time: 15 minutes on one core. Device: CPU. Needs PyTorch for its rows; without it they are reported as absent.

Nine experts with three layers and nine inputs (SiLU), a gate with 64 units. All peers have the same parameters, and
gates whose logits are the nine normal inputs, so that they send the same samples to the same experts, each as often:
see `benchmarks.committee.peers.problem`. Ours is `predict` as users call it, arrays of NumPy in 64 bits, its changes of
variables and its checks; PyTorch gets arrays of NumPy, too. Each peer runs in a process of its own, pinned to one core,
in turns; CPU seconds of a call, medians over rounds, each as many calls as fill `seconds`, after what compiles; a
call that takes longer is made once. "default" chooses by itself; "dense" runs all nine experts on all points, "grouped"
each on its own (k = 2, by `dispatch`). "PyTorch, seed" is the article's layer, "PyTorch, sorted" one that sorts by
expert and runs one chain of products each. For 65,536 points of 1,024 units only k = 2 is run unless --full, and
PyTorch takes them 4,096 at a time, because autograd would keep 15 GiB.
"""

import dataclasses
import itertools
import statistics
from typing import Any

import jax

from experiments.benchmarks.committee import peers
from experiments.benchmarks.committee.peers import DEFAULT, DENSE, GROUPED, SEED, SORTED, SUITE, Effort
from experiments.benchmarks.rounds import Worker, opened
from experiments.harness import Cell, Experiment, Metrics

_CLAIM = "claim of the project"
_ALONE = (peers.OURS_ALONE, peers.THEIRS_ALONE)
_KINDS = {False: "value", True: "value and Greeks"}
_K, _FEW = 2, 256


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        widths: units in the layers of an expert.
        batches: numbers of points.
        top_k: experts that are kept; 2 is among them.
        n_rounds: measurements of which the median is taken.
        seconds: CPU time of one.
        patience: CPU seconds after which a peer is not measured again.
        largest: points times units up to which all k are run; beyond, only k = 2.
        peers: by name.
    """

    widths: tuple[int, ...] = (32, 64, 256, 1024)
    batches: tuple[int, ...] = (1, 256, 4096, 65536)
    top_k: tuple[int, ...] = (1, 2, 9)
    n_rounds: int = 7
    seconds: float = 0.05
    patience: float = 4.0
    largest: int = 2**24
    peers: tuple[str, ...] = tuple(peers.PEERS)


def run(key: jax.Array, config: Config) -> Metrics:
    """Microseconds of every peer at every size; parameters and points are fixed, and no key is used."""
    del key
    effort = Effort(config.widths, config.batches, config.top_k, config.seconds)
    rows = []
    with opened([(peer, effort) for peer in config.peers], SUITE) as workers:
        present = {worker.peer: worker for worker in workers if not worker.absent}
        for width, batch, k in itertools.product(config.widths, config.batches, config.top_k):
            if width * batch > config.largest and k != _K:
                continue
            for with_gradient, kind in _KINDS.items():
                asked = [worker for peer, worker in present.items() if _is_asked(peer, k, batch)]
                task = peers.task_name(width, batch, k, with_gradient)
                row: dict[str, Any] = {"width": width, "batch": batch, "k": k, "quantity": kind}
                rows.append(row | _microseconds(asked, task, config))
        absent = [{"peer": worker.peer, "absent": worker.absent} for worker in workers if worker.absent]
    return {"rows": rows, "absent": absent}


def _is_asked(peer: str, k: int, batch: int) -> bool:
    # What others cost hardly depends on k; for larger batches the default is grouped.
    return peer in (DEFAULT, SEED, SORTED) or (k == _K and (peer != GROUPED or batch <= _FEW))


def _microseconds(workers: list[Worker], task: str, config: Config) -> dict[str, float]:
    seconds: dict[str, list[float]] = {worker.peer: [] for worker in workers}
    spent = dict.fromkeys(seconds, 0.0)
    for i in range(config.n_rounds):
        for worker in workers if i % 2 == 0 else workers[::-1]:
            if spent[worker.peer] < config.patience:
                found = worker.run(task)
                seconds[worker.peer].append(found["cpu"])
                spent[worker.peer] += found["cpu"] * found["n_calls"]
    return {peer: 1e6 * statistics.median(values) for peer, values in seconds.items()}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """What sparsity saves, the default beside the layers in PyTorch, and the latency of one point."""
    rows = metrics["rows"]
    found = []
    width, batch = max(config.widths), max(config.batches)
    for row in (row for row in rows if (row["width"], row["batch"], row["k"]) == (width, batch, _K)):
        name = f"{width:,} units, {batch:,} points, {row['quantity']}: all nine over the default with k = {_K}"
        found.append(Cell.at_least(name, row[DENSE] / row[DEFAULT], 3.0, source=_CLAIM))
    for peer in (SEED, SORTED):
        for width, batch in itertools.product(config.widths, config.batches):
            ratios = [r[peer] / r[DEFAULT] for r in rows if (r["width"], r["batch"]) == (width, batch) and peer in r]
            if ratios:
                name = (
                    f"{width:,} units, {batch:,} points: {peer} over default, least of all k, with and without Greeks"
                )
                found.append(Cell.at_least(name, min(ratios), 1.0, source=_CLAIM))
    for row in (row for row in rows if row["batch"] == 1 and row["quantity"] == _KINDS[True] and row["width"] <= 64):
        name = f"{row['width']} units, one point with its Greeks, k = {row['k']}: microseconds"
        found.append(Cell.at_most(name, row[DEFAULT], 100.0, source=_CLAIM))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Microseconds a point, with Greeks, over the number of points, for each width."""
    from experiments.committee_latency_figure import figure

    return {"committee_latency": figure(metrics["rows"], config.widths, _K, _KINDS[True])}


EXPERIMENT = Experiment(
    question="How long does a price by a committee take, and what does asking k of nine experts save?",
    table="claims on latency and throughput",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(
        widths=(8,), batches=(1, 64), top_k=(2,), n_rounds=1, seconds=0.001, peers=(DEFAULT, DENSE, GROUPED, SEED)
    ),
    full=Config(n_rounds=15, patience=60.0, largest=2**40),
)
