"""Options on assets whose volatilities and correlations are both uncertain.

Question: does the GPR tree find the worst correlation as well as the worst volatility?
Table: tables 7 and 8 of Goudenège, Molent and Zanette 2024, arXiv 2407.13213; printed numbers could not be had, so
    prices stand beside the Black-Scholes-Barenblatt equation: of the ratio of two assets; for more, of the geometric
    mean and the asset it is compared with, at the correlations that equation 5.4 of the paper says are the worst.
Command: python -m experiments uvm_uncertain_correlation --check
Expected: within 0.2 % of the reference.
Time: about 15 minutes on one core. Device: CPU.
"""

import dataclasses
from typing import Any

import jax

from experiments import uvm_common as common
from experiments.harness import Cell, Experiment, Metrics
from jaxprice import products
from jaxprice.engines import gpr_tree
from jaxprice.reference.literature import uncertain_volatility as literature

_SOURCE = "Black-Scholes-Barenblatt equation"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        n_assets: of the geometric outperformer.
        with_pairs: whether the options on two assets are among the rows.
        n_steps: of the tree.
        n_points: of each regression.
        n_seeds: keys of each price.
    """

    n_assets: tuple[int, ...] = (3, 4, 5)
    with_pairs: bool = True
    n_steps: int = 32
    n_points: int = 250
    n_seeds: int = 3


def run(key: jax.Array, config: Config) -> Metrics:
    """A price for every option."""
    settings = gpr_tree.Config(n_steps=config.n_steps, n_points=config.n_points)
    spread = products.OutperformerSpread(
        **{name: literature.PARAMETERS[name] for name in ("lower_ratio", "upper_ratio")}
    )
    cases: list[tuple[str, int, Any, float]] = []
    if config.with_pairs:
        cases.append(("outperformer", 2, products.Outperformer(), literature.OUTPERFORMER[None].value))
        cases.append(("outperformer spread", 2, spread, literature.OUTPERFORMER_SPREAD[None].value))
    for d in config.n_assets:
        cases.append(
            ("geometric outperformer", d, products.GeometricOutperformer(), literature.GEOMETRIC_OUTPERFORMER[d])
        )
    bounds = [literature.PARAMETERS[name] for name in ("min_correlation", "max_correlation")]
    return {
        "rows": [
            common.row(key, name, common.market(d, *bounds), common.european(payoff), settings, exact, config.n_seeds)
            for name, d, payoff, exact in cases
        ]
    }


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Every price beside the equation's."""
    return [common.cell(found, _SOURCE) for found in metrics["rows"]]


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors of all rows."""
    title = f"Uncertain correlation, {config.n_steps} steps, {config.n_points} points"
    return {"uvm_uncertain_correlation": common.errors_figure(metrics["rows"], title)}


EXPERIMENT = Experiment(
    question="Does the GPR tree find the worst correlation as well as the worst volatility?",
    table="Goudenege, Molent and Zanette 2024, tables 7 and 8",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(3,), with_pairs=False, n_steps=4, n_points=20, n_seeds=1),
    full=Config(n_steps=64, n_points=500),
)
