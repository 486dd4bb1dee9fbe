"""Outperformer and outperformer spread on two assets of uncertain volatility, correlation known or not.

Question: does the GPR tree reach the worst-case price of the one-dimensional equation, correlation included?
Table: tables 2, 3 and 7 of Goudenège, Molent and Zanette 2024, arXiv 2407.13213; printed numbers could not be had, so
    prices stand beside the Black-Scholes-Barenblatt equation.
Command: python -m experiments uvm_outperformer --check
Expected: within 0.2 % of the reference.
Time: minutes on two cores. Device: CPU.
"""

import dataclasses

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
        is_uncertain: whether the rows with uncertain correlation are run as well.
    """

    correlations: tuple[float, ...] = (-0.5, 0.0, 0.5)
    n_steps: int = 64
    n_points: int = 500
    is_uncertain: bool = True


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
        for rho in (*config.correlations, *((None,) if config.is_uncertain else ())):
            least, most = (-0.5, 0.5) if rho is None else (rho, rho)
            about = f"{name}, correlation {'uncertain' if rho is None else rho}"
            model = common.market(2, least, most)
            rows.append(common.row(key, about, model, payoff, settings, values[rho].value))
    return {"rows": rows}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Every price beside the equation's."""
    return [common.cell(found, _SOURCE) for found in metrics["rows"]]


EXPERIMENT = Experiment(
    question="Does the GPR tree reach the worst-case price of outperformers, uncertain correlation included?",
    table="Goudenege, Molent and Zanette 2024, tables 2, 3 and 7",
    run=run,
    cells=cells,
    default=Config(),
    smoke=Config(correlations=(0.0,), n_steps=4, n_points=20, is_uncertain=False),
    full=Config(n_steps=128, n_points=1000),
)
