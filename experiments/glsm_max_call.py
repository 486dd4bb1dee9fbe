"""Bermudan max-call on d assets that are alike: prices and certified intervals.

Question: does G-LSM as published give the published prices, and how narrow is the certified interval of jaxprice?
Table: table 6 of Yang and Li 2025, arXiv 2405.02570; intervals of Becker et al. 2019, arXiv 1804.05394, table 1.
Command: python -m experiments glsm_max_call --check
Expected: prices within their sampling error of the print, and intervals that meet those of Deep Optimal Stopping and
    are narrower, up to ten assets.
Time: about 3 minutes on two cores. Device: CPU or GPU; --full, up to 100 assets, takes about an hour.

G-LSM as published: Hermite polynomials alone, 100,000 paths, priced on the paths of the fit; in 64 bits, --full in
mixed precision. Trials are as many as the budget of a row allows, one at least; z is the distance to the published mean
of ten trials, in combined standard errors. The default rule is priced on fresh paths, with its certified interval.
"""

import dataclasses
from typing import Any

import jax

from experiments import glsm_max_call_common as common
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines.glsm import Precision
from jaxprice.reference.literature import deep_optimal_stopping
from jaxprice.reference.literature import glsm as literature


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(common.Effort):
    """Sizes, and effort.

    Attributes:
        n_assets: rows of the table; all of its orders are run.
    """

    n_assets: tuple[int, ...] = (2, 3, 5, 10)


def run(key: jax.Array, config: Config) -> Metrics:
    """Rows of the table in its order, two methods each."""
    published = [row for row in literature.TABLE_6.row if row.n_assets in config.n_assets]
    return common.measure(key, 3, published, config)


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Prices in sample beside the print, intervals beside those of Deep Optimal Stopping."""
    return common.cells(metrics, literature.TABLE_6.source, deep_optimal_stopping.TABLE_1.source)


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Intervals around the published ones."""
    return {"glsm_max_call": common.figure(metrics, "Bermudan max-call, symmetric, S0 = 100", "d = {n_assets}")}


EXPERIMENT = Experiment(
    question="Does G-LSM give the published max-call prices, and how narrow is the certified interval?",
    table="Yang and Li 2025, table 6",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), n_paths=512, most_trials=2, n_fit_paths=512, n_dual_paths=16),
    full=Config(n_assets=(2, 3, 5, 10, 20, 30, 50, 100), teraflops=15.0, precision=Precision.MIXED),
)
