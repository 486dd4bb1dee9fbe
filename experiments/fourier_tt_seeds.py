"""Prices of trains that were learned again and again from other random points.

Question: how much do errors depend on the random points from which learning begins?
Table: text of Sakurai, Takahashi and Miyamoto 2025, arXiv 2405.00701: over repeated learning their error has a standard
    deviation of 4.74e-9, with a tolerance of cross interpolation of 1e-9.
Command: python -m experiments fourier_tt_seeds --check
Expected: a standard deviation of the mean error that falls with the tolerance, and with the paper's of 1e-9 is a
    hundred times less than the paper's.
Time: about 5 minutes on one core. Device: CPU.

Each seed learns law and transform anew; errors are means over the same random points of the paper's grid, against
quadrature. Prices are rounded to 1e-9, so that only learning differs: rounding follows a random sample too, and the
default of 1e-6 leaves a deviation of 6e-9 (volatilities) and 2e-8 (spots) however well the factors were learned.
`spread` is the largest deviation, over the points, of one price from the mean over the seeds. What all seeds share is
the error of the frequency grid and of the nodes.
"""

import dataclasses
import statistics
from typing import Any

import jax
import numpy as np

from experiments.fourier_tt_common import EXACT, SPOT, VOLATILITY, Case
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import fourier_tt
from jaxprice.reference.literature import fourier_tt as literature


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Problems and effort.

    Attributes:
        n_assets: in turn, with correlation 1/2, with volatilities alone and spots alone.
        tolerances: of cross interpolation.
        n_seeds: of each.
        n_points: parameter sets.
    """

    n_assets: tuple[int, ...] = (5,)
    tolerances: tuple[float, ...] = (1e-5, 1e-7, literature.CROSS_TOLERANCE)
    n_seeds: int = 10
    n_points: int = 50


def run(key: jax.Array, config: Config) -> Metrics:
    """A row for each problem and tolerance; the errors of all seeds."""
    rows = []
    for case in [Case(d, "1/2", varied) for d in config.n_assets for varied in (VOLATILITY, SPOT)]:
        x = case.points(jax.random.fold_in(key, 1 << 20), config.n_points)
        price, _ = case.exact(x)
        for tolerance in config.tolerances:
            found, ok = [], 0
            for seed in range(config.n_seeds):
                settings = fourier_tt.Config(tolerance=tolerance, rounding=literature.CROSS_TOLERANCE)
                surrogate = fourier_tt.fit(jax.random.fold_in(key, seed), case.problem(), settings)
                found.append(np.asarray(fourier_tt.price(surrogate, x)))
                ok += int(surrogate.status) == 0
            errors = [float(np.mean(np.abs(value - price))) for value in found]
            deviation = statistics.stdev(errors)
            rows.append(
                {
                    "n_assets": case.n_assets,
                    "varied": case.varied,
                    "tolerance": tolerance,
                    "n_seeds": config.n_seeds,
                    "n_ok": ok,
                    "mean_error": statistics.fmean(errors),
                    "deviation": deviation,
                    # Of a normal sample.
                    "deviation_error": deviation / (2.0 * (config.n_seeds - 1)) ** 0.5,
                    "spread": float(np.max(np.abs(found - np.mean(found, axis=0)))),
                    "errors": errors,
                }
            )
    return {"rows": [{name: row[name] for name in row if name != "errors"} for row in rows], "details": rows}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Every learning converged; with the paper's tolerance errors differ as little as in print."""
    found = []
    for row in metrics["details"]:
        case = Case(row["n_assets"], "1/2", row["varied"])
        about = f"{case.name}, tolerance {row['tolerance']:g}"
        found.append(Cell.at_least(f"{about}: seeds that converged", row["n_ok"], config.n_seeds, source=EXACT))
        worst = max(row["errors"])
        found.append(Cell.at_most(f"{about}: mean error of the price, worst seed", worst, 1e-4, source=EXACT))
        if row["tolerance"] != literature.CROSS_TOLERANCE:
            continue
        limit, source = literature.ERROR_SPREAD.value, literature.ERROR_SPREAD.source
        name = f"{about}: standard deviation of the error over seeds, at most the printed"
        error = row["deviation_error"]
        found.append(Cell.at_most(name, row["deviation"], limit, std_error=error, source=source))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors of all seeds."""
    from experiments import fourier_tt_figures

    return {"fourier_tt_seeds": fourier_tt_figures.seeds(metrics["details"])}


EXPERIMENT = Experiment(
    question="How much do errors depend on the random points from which learning begins?",
    table="Sakurai, Takahashi and Miyamoto 2025, spread over repeated learning",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), tolerances=(1e-4, literature.CROSS_TOLERANCE), n_seeds=2, n_points=4),
    full=Config(n_assets=(5, 8, 11), n_seeds=20),
)
