"""Cross interpolation of one characteristic function, beside tntorch and the figures known of xfac.

Question: how long does it take to learn a characteristic function as a train, at equal true error, beside others?
Table: none published; the claims checked are those of the project: fewer seconds and fewer evaluations than the best of
    the peers. Figures of xfac were measured when the project was planned, on two busy cores of such a machine: they are
    "known figures", not measured by this run.
Command: python -m experiments fourier_tt_peers --check
Expected: 10 modes in 2 seconds with 2.7 million evaluations, more than are known of xfac; tntorch 40 seconds, with 60
    million.
Time: about 2 minutes on one core. Device: CPU. Needs tntorch for its row; without it, it is reported as absent.

The function: E exp(i z · Y) for Gaussian returns with correlation 1/2 over z_1 σ_1 z_2 σ_2 ..., 64 frequencies and 100
volatilities each, damping 5 / d. Each peer is asked for an error of 1e-6 as it understands it, in a process of its own,
pinned to one core. The true error is the largest at 20,000 points which none of them knows, three quarters near the
peak, relative to the largest value. Seconds are of CPU, of the second run, which compiles nothing; `first_cpu` is the
first. teneva and torchTT are left out: they know no complex numbers.
"""

import dataclasses
from typing import Any

import jax

from experiments.benchmarks.fourier_tt import peers
from experiments.benchmarks.fourier_tt.peers import OURS, SUITE, TASK, TNTORCH, Effort
from experiments.benchmarks.rounds import opened
from experiments.harness import Cell, Experiment, Metrics

_CLAIM = "claim of the project"
_KNOWN = "known figure of xfac (C++, TCI1), wall seconds on two busy cores"
KNOWN = {5: {"wall": 8.9, "n_evaluations": 1.5e6, "rank": 56}, 10: {"wall": 129.0, "n_evaluations": 6.5e6, "rank": 72}}
"""By number of assets, tolerance about 1e-6."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Problems.

    Attributes:
        n_assets: half the modes.
        tolerance: asked for.
        most_of_tntorch: assets up to which tntorch is run.
    """

    n_assets: tuple[int, ...] = (5,)
    tolerance: float = 1e-6
    most_of_tntorch: int = 5


def run(key: jax.Array, config: Config) -> Metrics:
    """A row for each peer and problem, the known figures among them."""
    seed = int(jax.random.randint(key, (), 0, 2**20))
    rows: list[dict[str, Any]] = []
    absent = []
    for n_assets in config.n_assets:
        effort = Effort(n_assets=n_assets, tolerance=config.tolerance, seed=seed)
        asked = [peer for peer in peers.PEERS if peer != TNTORCH or n_assets <= config.most_of_tntorch]
        with opened([(peer, effort) for peer in asked], SUITE) as workers:
            for worker in workers:
                row: dict[str, Any] = {"n_modes": 2 * n_assets, "peer": worker.peer}
                if worker.absent:
                    absent.append({"peer": worker.peer, "absent": worker.absent})
                    continue
                first = worker.run(TASK)
                rows.append(row | worker.run(TASK) | {"first_cpu": first["cpu"]})
        if n_assets in KNOWN:
            rows.append({"n_modes": 2 * n_assets, "peer": "xfac, known figure"} | KNOWN[n_assets])
    return {"rows": rows, "absent": absent}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The true error; seconds and evaluations beside the others'."""
    found = []
    for n_assets in config.n_assets:
        rows = {row["peer"]: row for row in metrics["rows"] if row["n_modes"] == 2 * n_assets}
        ours, theirs = rows[OURS], rows.get(TNTORCH)
        about = f"{2 * n_assets} modes"
        limit = config.tolerance
        found.append(Cell.at_most(f"{about}: true error", ours["largest_error"], limit, source=_CLAIM))
        if theirs:
            ratio = ours["cpu"] / theirs["cpu"]
            found.append(Cell.at_most(f"{about}: seconds over those of tntorch", ratio, 1.0, source=_CLAIM))
            ratio = ours["n_evaluations"] / theirs["n_evaluations"]
            found.append(Cell.at_most(f"{about}: evaluations over those of tntorch", ratio, 1.0, source=_CLAIM))
        if n_assets in KNOWN:
            known = KNOWN[n_assets]
            found.append(Cell.at_most(f"{about}: CPU seconds", ours["cpu"], known["wall"], source=_KNOWN))
            found.append(
                Cell.at_most(f"{about}: evaluations", ours["n_evaluations"], known["n_evaluations"], source=_KNOWN)
            )
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Seconds and evaluations of each peer."""
    from experiments import fourier_tt_figures

    return {"fourier_tt_peers": fourier_tt_figures.peers(metrics["rows"])}


EXPERIMENT = Experiment(
    question="How long does it take to learn a characteristic function as a train, beside other libraries?",
    table="claims on learning",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(1,), tolerance=1e-3),
    full=Config(n_assets=(3, 5, 10), most_of_tntorch=10),
)
