"""Outperformer and outperformer spread on two assets of uncertain volatility, correlation known.

Question: does the GPR tree reach the worst-case price of the one-dimensional equation for the ratio of two assets?
Table: tables 2 and 3 of Goudenège, Molent and Zanette 2024, arXiv 2407.13213; printed numbers could not be had, so
    prices stand beside the Black-Scholes-Barenblatt equation.
Command: python -m experiments uvm_outperformer --check
Expected: within 0.2 % of the reference.
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

_SOURCE = "Black-Scholes-Barenblatt equation of the ratio"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        correlations: known ones.
        n_steps: of the tree.
        n_points: of each regression.
        n_seeds: keys of each price.
    """

    correlations: tuple[float, ...] = (-0.5, 0.0, 0.5)
    n_steps: int = 32
    n_points: int = 250
    n_seeds: int = 3


def run(key: jax.Array, config: Config) -> Metrics:
    """Both payoffs for every correlation."""
    settings = gpr_tree.Config(n_steps=config.n_steps, n_points=config.n_points)
    ratios = {name: literature.PARAMETERS[name] for name in ("lower_ratio", "upper_ratio")}
    cases = (
        ("outperformer", products.Outperformer(), literature.OUTPERFORMER),
        ("outperformer spread", products.OutperformerSpread(**ratios), literature.OUTPERFORMER_SPREAD),
    )
    rows = []
    for name, payoff, values in cases:
        for rho in config.correlations:
            about = f"{name}, correlation {rho}"
            exact = values[rho].value
            rows.append(
                common.row(key, about, common.market(2, rho), common.european(payoff), settings, exact, config.n_seeds)
            )
    return {"rows": rows}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Every price beside the equation's."""
    return [common.cell(found, _SOURCE) for found in metrics["rows"]]


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors of all rows."""
    title = f"Outperformers, {config.n_steps} steps, {config.n_points} points"
    return {"uvm_outperformer": common.errors_figure(metrics["rows"], title)}


EXPERIMENT = Experiment(
    question="Does the GPR tree reach the worst-case price of options on the ratio of two assets?",
    table="Goudenege, Molent and Zanette 2024, tables 2 and 3",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(correlations=(0.0,), n_steps=4, n_points=20, n_seeds=1),
    full=Config(n_steps=128, n_points=500),
)
