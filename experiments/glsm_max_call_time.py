"""Where the time of G-LSM goes, and what its gradient columns cost beside LSM.

Question: what do the parts of one date cost, beside the published seconds, and a fit beside one of LSM?
Table: timings of tables 6 and 7 of Yang and Li 2025, arXiv 2405.02570 (those of the authors' data for table 6; table 7
    itself could not be had).
Command: python -m experiments glsm_max_call_time --check
Expected: a fit of G-LSM takes at most 1.25 times as long as one of LSM; nearly all of it is the Gram matrix.
Time: about 3 minutes on two cores. Device: CPU; --full, up to 100 assets, takes about an hour.

Bermudan max-call, 100,000 paths, Hermite polynomials alone. Seconds here are of the CPU, over all cores, compiling
apart, medians after a run that is not counted; published ones are those of a clock on ten cores of an i9-10900 with
MATLAB. A part is measured at one date as a program of its own, the gradient columns as a difference between two. "Least
squares" is Gram matrix and solve, which is what the published times of the solve must hold. The total has the drawing
of the paths as well. The Gram matrix's share of the limit is its speed over that of a large matrix product.
"""

import dataclasses
from typing import Any

import jax

from experiments import glsm_common as common
from experiments import glsm_timing as timing
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import glsm
from jaxprice.engines.glsm import Precision, Rule
from jaxprice.reference.literature import glsm as literature

_PUBLISHED = {
    "basis": "basis_seconds",
    "gradient columns": "matrix_seconds",
    "least squares": "solve_seconds",
    "update": "update_seconds",
    "total": "total_seconds",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        n_assets: rows of the table; all of its orders are run.
        n_paths: of a fit.
        n_rounds: timings of which the median is taken.
        precision: of the fits.
    """

    n_assets: tuple[int, ...] = (2, 3, 5, 10)
    n_paths: int = 100_000
    n_rounds: int = 5
    precision: Precision = Precision.DOUBLE


def run(key: jax.Array, config: Config) -> Metrics:
    """Seconds of every part of one date, of a whole fit, and of one of LSM on the same basis and paths."""
    rows = []
    for published in literature.TABLE_6.row:
        if published.n_assets not in config.n_assets:
            continue
        model, product = common.problem(3, published.n_assets)
        method = common.published_method(published.order, config.n_paths, config.precision)
        lsm = dataclasses.replace(method, gradient=False, rule=Rule.CASH_FLOW)
        fits = [_fit(key, model, product, settings) for settings in (method, lsm)]
        seconds = timing.parts(key, model, product, method, config.n_rounds)
        seconds["total"], seconds["total of LSM"] = timing.cpu_seconds(fits, config.n_rounds)
        seconds["G-LSM over LSM"] = seconds["total"] / seconds["total of LSM"]
        about = {"n_assets": published.n_assets, "order": published.order, "n_basis": published.n_basis}
        for part, cpu in seconds.items():
            there = getattr(published, _PUBLISHED[part]) if part in _PUBLISHED else None
            rows.append(about | {"part": part, "cpu": cpu, "published": there})
    return {"rows": rows}


def _fit(key: jax.Array, model: Any, product: Any, settings: glsm.Config) -> Any:
    return lambda: glsm.fit(key, model, product, settings)


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The cost of the gradient columns."""
    return [
        Cell.at_most(
            f"{row['n_assets']} assets, order {row['order']}: time of G-LSM over LSM",
            row["cpu"],
            1.25,
            source="claim of the project",
        )
        for row in metrics["rows"]
        if row["part"] == "G-LSM over LSM"
    ]


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Seconds of one date by part, here and as published."""
    from experiments.harness.figure import COLOUR, panels

    figure, axes = panels(2, title=f"G-LSM, one date of {config.n_paths:,} paths: seconds by part")
    for i, part in enumerate(("basis", "gradient columns", "least squares", "update")):
        rows = sorted((row for row in metrics["rows"] if row["part"] == part), key=lambda row: row["n_basis"])
        n_basis = [row["n_basis"] for row in rows]
        for axis, field in zip(axes, ("cpu", "published"), strict=True):
            axis.plot(n_basis, [row[field] for row in rows], "os^D"[i] + "-", color=COLOUR[i], label=part)
    for axis in axes:
        axis.set(xscale="log", yscale="log", xlabel="basis functions")
        axis.minorticks_off()
        axis.set_xticks(n_basis, [str(n) for n in n_basis])
    axes[0].set(title="here, CPU seconds", ylabel="seconds")
    axes[1].set(title="published, clock of ten cores")
    axes[1].sharey(axes[0])
    axes[0].legend()
    return {"glsm_max_call_time": figure}


EXPERIMENT = Experiment(
    question="What do the parts of G-LSM cost beside the published seconds, and a fit beside one of LSM?",
    table="Yang and Li 2025, timings of tables 6 and 7",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), n_paths=512, n_rounds=1),
    full=Config(n_assets=(2, 3, 5, 10, 20, 30, 50, 100), n_rounds=3, precision=Precision.MIXED),
)
