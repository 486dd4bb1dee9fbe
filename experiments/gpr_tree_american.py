"""American options on 2 to 40 assets of known volatility, by the tree that the worst case was built on.

Question: what does one flag make of the tree: does it price American options in many dimensions?
Table: Goudenège, Molent and Zanette 2020, arXiv 1905.09474, geometric put and call on the maximum; printed numbers
    could not be had, so puts stand beside a lattice for the geometric mean (computed, parameters recalled), and calls,
    which are never exercised early, beside Monte Carlo.
Command: python -m experiments gpr_tree_american --check
Expected: puts within 0.2 % up to ten assets and 0.5 % at 40; calls on the maximum of two within 0.5 %.
Time: about 5 minutes on one core. Device: CPU.

Bounds that touch make a known volatility. Exercise is possible at every step, and extrapolation in the steps leads to
exercise at any time.
"""

import dataclasses
from typing import Any

import jax
import numpy as np

from experiments import uvm_common as common
from experiments.harness import Cell, Experiment, Metrics
from jaxprice import models, products
from jaxprice.engines import gpr_tree
from jaxprice.reference.literature import uncertain_volatility as literature

_LATTICE = "lattice of the geometric mean"
_PUT, _CALL = "geometric put", "call on the maximum"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Problems and effort.

    Attributes:
        n_put: assets of the puts.
        n_call: assets of the calls.
        n_steps: of the tree.
        n_points: of each regression.
        n_seeds: keys of each price.
    """

    n_put: tuple[int, ...] = (2, 5, 10, 20, 40)
    n_call: tuple[int, ...] = (2,)
    n_steps: int = 64
    n_points: int = 250
    n_seeds: int = 3


def _market(n_assets: int) -> models.UncertainVolatility:
    same, rho = np.ones(n_assets), 0.2
    correlation = rho + (1.0 - rho) * np.eye(n_assets)
    return models.UncertainVolatility(
        spot=100.0 * same,
        min_volatility=0.2 * same,
        max_volatility=0.2 * same,
        min_correlation=correlation,
        max_correlation=correlation,
        rate=0.05,
        dividend=0.0 * same,
    )


def run(key: jax.Array, config: Config) -> Metrics:
    """A row for every option."""
    settings = gpr_tree.Config(n_steps=config.n_steps, n_points=config.n_points, is_american=True)
    row = {row.n_assets: row for row in literature.GPR_TREE.row}
    cases = [(_PUT, d, products.GeometricBasketPut(strike=100.0), row[d].american_put) for d in config.n_put]
    cases += [(_CALL, d, products.MaxCall(strike=100.0), row[d].max_call) for d in config.n_call]
    return {
        "rows": [
            common.row(key, name, _market(d), common.european(payoff), settings, exact, config.n_seeds)
            for name, d, payoff, exact in cases
        ]
    }


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Puts beside the lattice; calls beside Monte Carlo, whose half width is 0.2 % of the price."""
    found = [common.cell(row, _LATTICE) for row in metrics["rows"] if row["case"] == _PUT]
    half_width = {row.n_assets: row.max_call_half_width for row in literature.GPR_TREE.row}
    for row in metrics["rows"]:
        if row["case"] == _CALL:
            limit = 0.2 + 100.0 * half_width[row["n_assets"]] / row["reference"]
            name = f"{_CALL}, {row['n_assets']} assets: error in per cent, worst key"
            found.append(Cell.at_most(name, abs(row["worst_percent"]), limit, source=literature.GPR_TREE.source))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors of all rows."""
    title = f"American options, {config.n_steps} steps, {config.n_points} points"
    return {"gpr_tree_american": common.errors_figure(metrics["rows"], title)}


EXPERIMENT = Experiment(
    question="Does the tree price American options in many dimensions?",
    table="Goudenege, Molent and Zanette 2020",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_put=(2,), n_call=(), n_steps=4, n_points=20, n_seeds=1),
    full=Config(n_put=(2, 5, 10, 20, 40, 60, 80, 100), n_call=(2, 5), n_steps=128, n_points=500),
)
