"""Ranks of characteristic function, payoff transform and price, bond by bond, before and after rounding.

Question: how large are the ranks of the trains at each bond, and what do correlation and rounding do to them?
Table: figure 2 of Sakurai, Takahashi and Miyamoto 2025, arXiv 2405.00701, whose text says: ranks of 10 to 40 after
    rounding, the large ones within an asset, the small ones between two.
Command: python -m experiments fourier_tt_ranks --check
Expected: on the default grid, with correlation 1/2, ranks of the law of 150 within an asset and 30 between two, with
    or without rounding: more than the paper's. Fewer on a grid that ends at a fifth of its frequencies, which is not
    fine enough for errors of 1e-4. Without correlation one between assets. Of the price 3 to 5.
Time: about 3 minutes on one core. Device: CPU.

The law is learned over z_1 σ_1 z_2 σ_2 ..., to an error of 1e-5 of its largest value, the transform to 1e-8. Both are
then rounded to a share of their Frobenius norm, 1e-6 as in the paper. The paper's uniform grids have 100 volatilities,
these have 10 Chebyshev nodes; ranks hardly know. The price is rounded to 1e-6 in the mean over the box. The paper's
grid of frequencies is not known; "coarse" is that of a reader's re-implementation: 100, 0.2 apart, damping 5 / d.
"""

import dataclasses
import itertools
from typing import Any

import jax
import numpy as np

from experiments.fourier_tt_common import VOLATILITY, Case
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import fourier_tt
from jaxprice.engines.fourier_tt.contraction import rounded
from jaxprice.numerics.tensor_train import TensorTrain
from jaxprice.reference.literature import fourier_tt as literature

_PRINTED = "Sakurai, Takahashi and Miyamoto 2025, text on figure 2"
_LARGEST_PRINTED = 40
OURS, COARSE = "default", "coarse"
_GRIDS = {
    OURS: fourier_tt.Config(),
    COARSE: fourier_tt.Config(n_frequencies=100, step=0.2, damping="rule"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Problems.

    Attributes:
        n_assets: of all.
        correlations: by name.
        rounding: of law and transform.
    """

    n_assets: int = 10
    correlations: tuple[str, ...] = ("0", "1/3", "1/2")
    rounding: float = literature.SVD_TOLERANCE


def run(key: jax.Array, config: Config) -> Metrics:
    """Ranks of three trains for each correlation."""
    rows = []
    for grid, correlation in itertools.product(_GRIDS, config.correlations):
        case = Case(config.n_assets, correlation, VOLATILITY)
        factors = fourier_tt.learn_factors(key, case.problem(), _GRIDS[grid])
        surrogate = fourier_tt.combine(key, factors, _GRIDS[grid])
        for name, train in (("law", factors.law.train), ("transform", factors.transform.train)):
            ranks = _ranks_after(train, config.rounding)
            rows.append(_row(grid, correlation, name, train.ranks, ranks))
        rows.append(_row(grid, correlation, "price", None, surrogate.train.ranks))
    return {
        "rows": [{name: row[name] for name in row if name not in ("before", "after")} for row in rows],
        "details": rows,
    }


def _ranks_after(train: TensorTrain, tolerance: float) -> tuple[int, ...]:
    return tuple(core.shape[2] for core in rounded([np.asarray(core) for core in train.cores], tolerance)[:-1])


def _row(grid: str, correlation: str, name: str, before: Any, after: Any) -> dict[str, Any]:
    # Of the law, bonds 0, 2, 4 ... are within an asset, between its frequency and its volatility.
    within, between = (after[::2], after[1::2]) if name == "law" else ((), after)
    return {
        "grid": grid,
        "correlation": correlation,
        "train": name,
        "largest_before": None if before is None else max(before),
        "largest_after": max(after),
        "largest_within": max(within) if within else None,
        "largest_between": max(between) if between else 1,
        "before": None if before is None else list(before),
        "after": list(after),
    }


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Ranks in the range of the paper; the saw-tooth."""
    found = []
    for row in metrics["details"]:
        about = f"{config.n_assets} assets, correlation {row['correlation']}, {row['grid']} grid"
        name = f"{about}: largest rank of the {row['train']} after rounding"
        found.append(Cell.at_most(name, row["largest_after"], _LARGEST_PRINTED, source=_PRINTED))
        if row["train"] == "law":
            ranks = row["after"]
            # Each bond within an asset beside the larger of its neighbours between two. The last asset's is left out:
            # no rank there exceeds the number of its nodes.
            teeth = [ranks[i] / max(ranks[i - 1 : i] + ranks[i + 1 : i + 2]) for i in range(0, len(ranks) - 1, 2)]
            name = f"{about}: rank within an asset over that between two, least"
            found.append(Cell.at_least(name, min(teeth), 1.0, source=_PRINTED))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Ranks over the bonds."""
    from experiments import fourier_tt_figures

    return {"fourier_tt_ranks": fourier_tt_figures.ranks(metrics["details"])}


EXPERIMENT = Experiment(
    question="How large are the ranks of the trains at each bond, and what do correlation and rounding do to them?",
    table="Sakurai, Takahashi and Miyamoto 2025, figure 2",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=2, correlations=("1/2",)),
    full=Config(n_assets=11),
)
