"""Bermudan max-call on d assets of rising volatility: prices and certified intervals.

Question: does G-LSM as published give the published prices, and how narrow is the certified interval of jaxprice?
Table: table 8 of Yang and Li 2025, arXiv 2405.02570; intervals of Becker et al. 2019, arXiv 1804.05394, table 2.
Command: python -m experiments glsm_max_call_asymmetric --check
Expected: prices within their sampling error of the print, and intervals that meet those of Deep Optimal Stopping.
Time: about 8 minutes on two cores. Device: CPU or GPU; --full, up to 100 assets, takes about three hours.

Volatilities rise from 0.08 to 0.4 up to five assets, from 0.1 + 1 / (2 d) to 0.6 beyond. Methods as in glsm_max_call.
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
        n_assets: rows of the table.
        spots: rows of the table.
        n_dual_paths: as in `common.Effort`; more, for the published intervals of two assets are narrow.
    """

    n_assets: tuple[int, ...] = (2, 3, 5, 10)
    spots: tuple[float, ...] = (90.0, 100.0, 110.0)
    n_dual_paths: int = 2**14


def run(key: jax.Array, config: Config) -> Metrics:
    """Rows of the table in its order, two methods each."""
    rows = literature.TABLE_8.row
    published = [row for row in rows if row.n_assets in config.n_assets and row.spot in config.spots]
    return common.measure(key, 4, published, config)


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Prices in sample beside the print, intervals beside those of Deep Optimal Stopping."""
    return common.cells(metrics, literature.TABLE_8.source, deep_optimal_stopping.TABLE_2.source)


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Intervals around the published ones."""
    drawing = common.figure(metrics, "Bermudan max-call, asymmetric", "d = {n_assets}\n{spot:g}")
    return {"glsm_max_call_asymmetric": drawing}


EXPERIMENT = Experiment(
    question="Does G-LSM give the published prices where volatilities differ, and how narrow is the interval?",
    table="Yang and Li 2025, table 8",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), spots=(100.0,), n_paths=512, most_trials=2, n_fit_paths=512, n_dual_paths=16),
    full=Config(n_assets=(2, 3, 5, 10, 20, 30, 50, 100), teraflops=15.0, precision=Precision.MIXED),
)
