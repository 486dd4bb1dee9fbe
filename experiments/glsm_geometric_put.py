"""Bermudan put on the geometric mean of d assets, for which the exact price is known in every dimension.

Question: how far are LSM, G-LSM and the default rule of jaxprice from the exact price as the dimension grows?
Table: table 2 of Yang and Li 2025, arXiv 2405.02570: up to 15 assets, 50 dates, order 10.
Command: python -m experiments glsm_geometric_put --check
Expected: at 15 assets LSM 5 % high, G-LSM 0.5 % low, the default rule within 0.2 % of every price.
Time: about 9 minutes on two cores. Device: CPU or GPU.

LSM and G-LSM as published: Hermite polynomials alone, 100,000 paths, priced on the paths of the fit; LSM carries
realised cash flows back, G-LSM fitted values. Trials are as many as the budget of a row allows, one at least; z is the
distance to the published mean of ten trials, in combined standard errors. In mixed precision: basis and Gram blocks in
32 bits, sums and solves in 64, which moves no printed digit. The default rule, in 64 bits, is priced on fresh paths,
with its certified interval, its pathwise delta and its regression delta, beside the exact ones.
"""

import dataclasses
import math
from typing import Any

import jax

from experiments import glsm_common as common
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import glsm
from jaxprice.engines.glsm import Precision
from jaxprice.reference.literature import glsm as literature

_ORDER = 10
_LSM, _G_LSM, _DEFAULT = "LSM", "G-LSM", "default rule"
_EXACT = "reference.geometric_basket.bermudan_put"
_SHOWN = ("n_assets", "method", "n_basis", "n_trials", "price", "std_error", "published", "z", "exact", "error_percent")
_SHOWN += ("lower", "upper", "seconds")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        n_assets: rows of the table.
        n_paths: of a trial of the published methods.
        most_trials: of the published methods.
        teraflops: budget of Gram products for the trials of one row.
        precision: of the published methods.
        n_fit_paths: of the default rule.
        n_price_paths: fresh ones of the default rule, for its Greeks.
        n_dual_paths: fresh ones of its interval.
    """

    n_assets: tuple[int, ...] = (1, 2, 3, 5, 10, 15)
    n_paths: int = 100_000
    most_trials: int = 10
    teraflops: float = 1.0
    precision: Precision = Precision.MIXED
    n_fit_paths: int = glsm.Config.n_paths
    n_price_paths: int = 2**19
    n_dual_paths: int = glsm.Config.n_dual_paths


def run(key: jax.Array, config: Config) -> Metrics:
    """Three methods for each number of assets."""
    settings = glsm.Config(
        n_paths=config.n_fit_paths, n_price_paths=config.n_price_paths, n_dual_paths=config.n_dual_paths
    )
    details = []
    for d in config.n_assets:
        model, product = common.problem(1, d)
        published = literature.TABLE_2.one(n_assets=d)
        given = {
            _LSM: (published.lsm, published.lsm_trial_std),
            _G_LSM: (published.g_lsm, published.g_lsm_trial_std),
        }
        here = []
        for i, name in enumerate(given):
            method = common.published_method(_ORDER, config.n_paths, config.precision, is_gradient=name == _G_LSM)
            n_trials = common.affordable_trials(model, product, method, config.teraflops, config.most_trials)
            this = jax.random.fold_in(jax.random.fold_in(key, d), i)
            row = common.in_sample(this, model, product, method, n_trials)
            here.append({"method": name} | common.against_published(row, *given[name]))
        row, result = common.certified(jax.random.fold_in(key, d), model, product, settings)
        here.append({"method": _DEFAULT} | row | common.deltas(result))
        price, delta = common.exact_geometric(model, product)
        for row in here:
            error = {"error_percent": 100.0 * (row["price"] / price - 1.0)}
            details.append({"n_assets": d, "exact": price, "exact_delta": delta} | row | error)
    return {"rows": common.shown(details, _SHOWN), "details": details}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The published methods beside the print, the default rule beside the exact numbers."""
    found = []
    for row in metrics["details"]:
        name = f"{row['n_assets']} assets, {row['method']}"
        if row["method"] != _DEFAULT:
            found.append(common.published_cell(name, row, literature.TABLE_2.source))
            continue
        found.append(common.error_cell(name, row, _EXACT))
        found += common.interval_cells(name, row, _EXACT) + common.delta_cells(name, row, _EXACT)
    last = {row["method"]: row for row in metrics["details"] if row["n_assets"] == 15}
    return found + ([_ratio_cell(last[_LSM], last[_G_LSM])] if last else [])


def _ratio_cell(lsm: dict[str, Any], g_lsm: dict[str, Any]) -> Cell:
    """LSM error less the published ratio of errors times that of G-LSM: above zero, but for three standard errors."""
    published = literature.TABLE_2.one(n_assets=15)
    ratio = published.lsm_error_percent / published.g_lsm_error_percent
    excess = abs(lsm["error_percent"]) - ratio * abs(g_lsm["error_percent"])
    errors = (lsm["std_error"], ratio * g_lsm["std_error"], lsm["published_error"], ratio * g_lsm["published_error"])
    error = 100.0 * math.hypot(*errors) / lsm["exact"]
    name = f"15 assets: |LSM error| less {ratio:.2f} |G-LSM error|, %"
    return Cell.at_least(name, excess, -3.0 * error, std_error=error, source=literature.TABLE_2.source)


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Relative error against the number of assets."""
    from experiments.harness.figure import panels

    figure, (axis,) = panels(1, width=5.6, title="Bermudan geometric put: distance from the exact price")
    common.plot_errors(axis, metrics["details"], (_LSM, _G_LSM, _DEFAULT), "n_assets")
    return {"glsm_geometric_put": figure}


EXPERIMENT = Experiment(
    question="How far are LSM, G-LSM and the default rule from an exact price as the dimension grows?",
    table="Yang and Li 2025, table 2",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), n_paths=512, n_fit_paths=512, n_price_paths=512, n_dual_paths=16, most_trials=2),
    full=Config(teraflops=250.0, n_price_paths=2**20, n_dual_paths=2**13),
)
