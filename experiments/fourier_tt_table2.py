"""Prices of min-calls on 5 to 11 assets by tensor trains, beside exact prices and Monte Carlo.

Question: how far from the exact price is a train in volatilities or spots, and what does it cost, beside the paper?
Table: table II of Sakurai, Takahashi and Miyamoto 2025, arXiv 2405.00701, as far as it is known: 5, 10 and 11 assets.
Command: python -m experiments fourier_tt_table2 --check
Expected: mean errors of 1e-7 to 1e-6 (the paper: 5e-4 to 2e-3, against Monte Carlo), 2e-5 with both; 11 assets learned
    in less than a minute, half a microsecond a price.
Time: about 17 minutes on one core, half of them quadrature and compilation. Device: CPU.

Min-calls with strike 100, one year, rate 0.01, volatilities in [0.15, 0.25) with spots of 100, or spots in [90, 120)
with volatilities of 0.2, or both; 100 random points of the paper's grids of 100 each. Errors are mean and largest
absolute ones against the exact price, known for equal correlations; for the random matrix against a Sobol Monte Carlo
price of a million paths. `rank`: largest of the train that answers, beside those of characteristic function and payoff
transform; `c_train` = Σ χ_i χ_{i+1}, the paper's count, to be multiplied by the Chebyshev coefficients of each core
(10); `c_mc` = assets times paths. `e_mc`: half width of the 95 % interval of a million pseudo-random paths. The train
is made with default settings; learning is timed from an empty cache, compilation included. Times per price are CPU
microseconds in a batch of 10,000. The print gives no correlation and does not say which rows vary volatilities: its
numbers stand beside every row of the same number of assets.
"""

import dataclasses
from typing import Any

import jax
import numpy as np

from experiments import fourier_tt_table2_columns as columns
from experiments.fourier_tt_common import BOTH, CLAIM, EXACT, RANDOM, SPOT, VOLATILITY, Case, Learned
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import fourier_tt
from jaxprice.reference.literature import fourier_tt as literature

_LEARNING_SECONDS = 180.0
_SHOWN = (
    "n_assets",
    "correlation",
    "varied",
    "price",
    "e_train",
    "greeks",
    "e_mc",
    "rank_law",
    "rank_transform",
    "rank",
)
_SHOWN += ("c_train", "c_mc", "price_us", "greeks_us", "mc_seconds", "learning_wall")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Rows and effort.

    Attributes:
        n_assets: rows with correlation 1/2, volatilities alone and spots alone.
        extremes: of these, those with the other common correlations, too.
        both: volatilities and spots together, correlation 1/2.
        with_random: whether the random matrix of five assets is among the rows.
        n_points: parameter sets.
        n_monte_carlo: of these, those that Monte Carlo prices.
        n_paths: of Monte Carlo.
        n_sobol: of the reference for the random matrix, a power of two.
    """

    n_assets: tuple[int, ...] = (5, 6, 7, 8, 9, 10, 11)
    extremes: tuple[int, ...] = (5, 11)
    both: tuple[int, ...] = (5, 6)
    with_random: bool = True
    n_points: int = 100
    n_monte_carlo: int = 20
    n_paths: int = 1_000_000
    n_sobol: int = 2**20


def _cases(config: Config) -> list[Case]:
    alone = (VOLATILITY, SPOT)
    found = [Case(d, "1/2", varied) for d in config.n_assets for varied in alone]
    found += [Case(d, name, varied) for d in config.extremes for name in ("0", "1/3") for varied in alone]
    found += [Case(d, "1/2", BOTH) for d in config.both]
    return found + [Case(5, RANDOM, varied) for varied in alone if config.with_random]


def run(key: jax.Array, config: Config) -> Metrics:
    """A row for each case."""
    rows = []
    for case in _cases(config):
        learned = Learned.of(jax.random.fold_in(key, 0), case, fourier_tt.Config())
        x = case.points(jax.random.fold_in(key, 1), config.n_points)
        value, gradient = (np.asarray(part) for part in fourier_tt.predict(learned.surrogate, x))
        row: dict[str, Any] = {"n_assets": case.n_assets, "correlation": case.correlation, "varied": case.varied}
        row |= columns.errors(case, value, gradient, x, jax.random.fold_in(key, 2), config.n_sobol)
        some = slice(config.n_monte_carlo)
        row |= columns.monte_carlo(case, value[some], x[some], jax.random.fold_in(key, 3), config.n_paths)
        row |= learned.microseconds(case, jax.random.fold_in(key, 4)) | learned.about()
        rows.append(row | columns.printed(case))
    return {"rows": [{name: row.get(name) for name in _SHOWN} for row in rows], "details": rows}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Accuracy of prices and Greeks, time of learning and of answers; agreement with Monte Carlo."""
    found = []
    for row in metrics["details"]:
        case = Case(row["n_assets"], row["correlation"], row["varied"])
        is_random = case.correlation == RANDOM
        if is_random:
            name = f"{case.name}: mean difference from Sobol Monte Carlo"
            found.append(Cell.unbiased(name, row["bias"], row["bias_error"], 0.0, source="engines.monte_carlo"))
        else:
            found.append(Cell.at_most(f"{case.name}: mean error of the price", row["e_train"], 1e-4, source=EXACT))
            found.append(Cell.at_most(f"{case.name}: relative error of Greeks", row["greeks"], 1e-3, source=EXACT))
        spread = 1.0 / np.sqrt(min(config.n_monte_carlo, config.n_points))
        name = f"{case.name}: mean distance from Monte Carlo in standard errors"
        found.append(Cell.unbiased(name, row["mean_z"], spread, 0.0, source="engines.monte_carlo"))
        if "printed_e_train" in row and not is_random:
            limit, source = row["printed_e_train"], literature.TABLE_2.source
            found.append(Cell.at_most(f"{case.name}: error, at most the printed", row["e_train"], limit, source=source))
        if case.varied != BOTH and not is_random:
            found.append(Cell.at_most(f"{case.name}: microseconds a price", row["price_us"], 1.0, source=CLAIM))
            found.append(Cell.at_most(f"{case.name}: with all Greeks", row["greeks_us"], 5.0, source=CLAIM))
        name = f"{case.name}: seconds of learning"
        found.append(Cell.at_most(name, row["learning_wall"], _LEARNING_SECONDS, source=CLAIM))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors, Greeks, learning, and time a price, over the number of assets."""
    from experiments import fourier_tt_figures

    return {"fourier_tt_table2": fourier_tt_figures.table2(metrics["details"])}


EXPERIMENT = Experiment(
    question="How accurate and how fast are tensor-train prices of min-calls on 5 to 11 assets?",
    table="Sakurai, Takahashi and Miyamoto 2025, table II",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), extremes=(), both=(), with_random=False, n_points=4, n_monte_carlo=2, n_paths=1024),
    full=Config(extremes=(5, 6, 7, 8, 9, 10, 11), both=(5, 6, 7, 8, 11), n_monte_carlo=100, n_sobol=2**22),
)
