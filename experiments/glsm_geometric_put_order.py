"""Bermudan put on the geometric mean of 20 assets against the order of the Hermite basis.

Question: how fast does the error fall as the basis grows, for G-LSM as published and for the default rule?
Table: table 3 of Yang and Li 2025, arXiv 2405.02570, whose numbers could not be had; "the relative error decays
    steadily as p increases" is what is known of it. The exact price is 2.6664.
Command: python -m experiments glsm_geometric_put_order --check
Expected: G-LSM, without the payoff as a column, needs high orders; the default rule is within 0.2 % from order 2 on.
Time: about 6 minutes on two cores. Device: CPU or GPU; --full, up to order 10 (2,861 functions), takes about an hour.

Both on 100,000 paths in mixed precision: G-LSM carries fitted values back and is priced on the paths of the fit; the
default rule is priced on fresh paths, with its certified interval. Trials of G-LSM as in glsm_geometric_put.
"""

import dataclasses
from typing import Any

import jax

from experiments import glsm_common as common
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import glsm
from jaxprice.engines.glsm import Precision
from jaxprice.reference.literature import glsm as literature

_N_ASSETS = 20
_G_LSM, _DEFAULT = "G-LSM", "default rule"
_EXACT = "reference.geometric_basket.bermudan_put"
_SHOWN = ("order", "method", "n_basis", "n_trials", "price", "std_error", "exact", "error_percent", "lower", "upper")
_SHOWN += ("seconds",)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        orders: rows of the table.
        n_paths: of a fit.
        most_trials: of G-LSM.
        teraflops: budget of Gram products for the trials of one row.
        n_dual_paths: fresh paths of the default rule.
        precision: of all fits.
    """

    orders: tuple[int, ...] = (2, 3, 4, 5)
    n_paths: int = 100_000
    most_trials: int = 10
    teraflops: float = 2.0
    n_dual_paths: int = glsm.Config.n_dual_paths
    precision: Precision = Precision.MIXED


def run(key: jax.Array, config: Config) -> Metrics:
    """Two methods for each order."""
    model, product = common.problem(1, _N_ASSETS)
    exact, _ = common.exact_geometric(model, product)
    details = []
    for order in config.orders:
        this = jax.random.fold_in(key, order)
        method = common.published_method(order, config.n_paths, config.precision)
        n_trials = common.affordable_trials(model, product, method, config.teraflops, config.most_trials)
        row = common.in_sample(this, model, product, method, n_trials)
        # The price comes from the paths of the interval; those of the Greeks are not wanted.
        settings = glsm.Config(
            n_paths=config.n_paths,
            order=order,
            n_price_paths=2,
            n_dual_paths=config.n_dual_paths,
            greeks=False,
            precision=config.precision,
        )
        certified, _ = common.certified(jax.random.fold_in(this, 1), model, product, settings)
        for method_name, found in ((_G_LSM, row), (_DEFAULT, certified)):
            error = {"error_percent": 100.0 * (found["price"] / exact - 1.0)}
            details.append({"order": order, "method": method_name, "exact": exact} | found | error)
    return {"rows": common.shown(details, _SHOWN), "details": details}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The default rule beside the exact price, and the fall of the error of G-LSM with its order."""
    known = literature.TABLE_3_EXACT
    exact = metrics["details"][0]["exact"]
    found = [Cell.near("exact price", exact, known.value, known.tolerance, source=known.source)]
    for row in metrics["details"]:
        if row["method"] == _DEFAULT:
            name = f"order {row['order']}, default rule"
            found += [common.error_cell(name, row, _EXACT), *common.interval_cells(name, row, _EXACT)]
    rows = [row for row in metrics["details"] if row["method"] == _G_LSM]
    if len(rows) > 1:
        first, last = rows[0], rows[-1]
        fall = abs(first["error_percent"]) - abs(last["error_percent"])
        error = 100.0 * (first["std_error"] ** 2 + last["std_error"] ** 2) ** 0.5 / exact
        name = f"G-LSM: fall of the error from order {first['order']} to {last['order']}, %"
        source = "Yang and Li 2025: the relative error decays steadily"
        found.append(Cell.at_least(name, fall, -3.0 * error, std_error=error, source=source))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Relative error against the order."""
    from experiments.harness.figure import panels

    figure, (axis,) = panels(1, width=5.6, title="Bermudan geometric put on 20 assets: distance from the exact price")
    common.plot_errors(axis, metrics["details"], (_G_LSM, _DEFAULT), "order")
    return {"glsm_geometric_put_order": figure}


EXPERIMENT = Experiment(
    question="How fast does the error at 20 assets fall with the order of the basis?",
    table="Yang and Li 2025, table 3",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(orders=(2,), n_paths=512, n_dual_paths=16, most_trials=2),
    full=Config(orders=(2, 3, 4, 5, 6, 7, 8, 9, 10), teraflops=50.0, n_dual_paths=2**13),
)
