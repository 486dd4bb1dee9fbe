"""Call spread on the geometric mean of d assets of uncertain volatility, correlation known.

Question: how far is the GPR tree from the worst-case price as the dimension grows, with sampled branches above three?
Table: tables 4, 5 and 6 of Goudenège, Molent and Zanette 2024, arXiv 2407.13213; printed numbers could not be had, so
    prices stand beside the equation of the geometric mean.
Command: python -m experiments uvm_geometric_call_spread --check
Expected: within 0.2 % of the reference up to ten assets, 0.5 % above.
Time: minutes on two cores. Device: CPU.
"""

import dataclasses
from typing import Any

import jax

from experiments import uvm_common as common
from experiments.harness import Cell, Experiment, Metrics
from jaxprice import products
from jaxprice.engines import gpr_tree
from jaxprice.reference.literature import uncertain_volatility as literature

_SOURCE = "Black-Scholes-Barenblatt equation of the geometric mean"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        n_assets: dimensions.
        correlations: between any two assets.
        n_steps: of the tree.
        n_points: of each regression.
        n_seeds: keys of each price.
    """

    n_assets: tuple[int, ...] = (2, 3, 5, 10, 20, 40)
    correlations: tuple[float, ...] = (0.0, 0.25, 0.5)
    n_steps: int = 32
    n_points: int = 250
    n_seeds: int = 3


def run(key: jax.Array, config: Config) -> Metrics:
    """A price for every dimension and correlation."""
    strikes = {name: literature.PARAMETERS[name] for name in ("lower_strike", "upper_strike")}
    payoff = products.GeometricCallSpread(**strikes)
    settings = gpr_tree.Config(n_steps=config.n_steps, n_points=config.n_points)
    return {
        "rows": [
            common.row(
                key,
                f"geometric call spread, correlation {rho}",
                common.market(d, rho),
                common.european(payoff),
                settings,
                literature.GEOMETRIC_CALL_SPREAD[rho][d],
                config.n_seeds,
            )
            for rho in config.correlations
            for d in config.n_assets
        ]
    }


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Every price beside the equation's."""
    return [common.cell(found, _SOURCE) for found in metrics["rows"]]


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors of all rows."""
    title = f"Call spread on a geometric mean, {config.n_steps} steps, {config.n_points} points"
    return {"uvm_geometric_call_spread": common.errors_figure(metrics["rows"], title)}


EXPERIMENT = Experiment(
    question="How far is the GPR tree from the worst-case price of a geometric call spread as the dimension grows?",
    table="Goudenege, Molent and Zanette 2024, tables 4 to 6",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), correlations=(0.25,), n_steps=4, n_points=20, n_seeds=1),
    full=Config(n_assets=(2, 3, 4, 5, 6, 10, 20, 40, 80), n_steps=64, n_points=500),
)
