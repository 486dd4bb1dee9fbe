"""The Call Sharpe option: a call divided by the volatility that is realised, worst case of an uncertain one.

Question: does the GPR tree hold a state that remembers its path, and what do steps and design points buy?
Table: table 9 of Goudenège, Molent and Zanette 2024, arXiv 2407.13213; its printed numbers could not be had. Beside it
    stand the benchmark that the paper quotes and our own two solvers in three dimensions, which differ by 0.3 %.
Command: python -m experiments uvm_call_sharpe --check
Expected: the finest setting within 0.5 % of the solvers, and every price far above what a constant volatility pays.
Time: about 20 minutes on one core. Device: CPU.

The state is the price, the mean of the squared monthly log-returns and the last fixing. Controls that cannot move
within a step lose 4 % with two steps a month and 2 % with four; extrapolation takes off most of it.
"""

import dataclasses
from typing import Any

import jax
import numpy as np

from experiments import uvm_common as common
from experiments.harness import Cell, Experiment, Metrics
from experiments.harness.figure import COLOUR, panels
from jaxprice import models, products
from jaxprice.engines import gpr_tree, monte_carlo
from jaxprice.reference.literature import uncertain_volatility as literature

_REFERENCE = literature.CALL_SHARPE
_PRINTED = literature.PUBLISHED["call Sharpe"]
_MONTHS = 12


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        n_steps: of the tree, each a multiple of 24.
        n_points: of each regression.
        n_normals: of the last step and of the control variate.
        n_paths: of the price at a constant volatility.
        n_seeds: keys of each price.
    """

    n_steps: tuple[int, ...] = (24, 48)
    n_points: tuple[int, ...] = (250, 500, 1000)
    n_normals: int = 64
    n_paths: int = 2**16
    n_seeds: int = 2


def run(key: jax.Array, config: Config) -> Metrics:
    """A price for all steps and points, and what constant volatilities pay."""
    p = literature.PARAMETERS
    payoff = products.CallSharpe(strike=p["strike"], initial_fixing=p["spot"], observations_per_year=float(_MONTHS))
    product = products.PathDependent(payoff=payoff, observation_times=p["expiry"] * np.arange(1, _MONTHS + 1) / _MONTHS)
    rows = []
    for n_steps in config.n_steps:
        for n_points in config.n_points:
            settings = gpr_tree.Config(n_steps=n_steps, n_points=n_points, n_normals=config.n_normals)
            name, market = f"call Sharpe, {n_steps} steps, {n_points} points", common.market(1, 0.0)
            rows.append(common.row(key, name, market, product, settings, _REFERENCE.value, config.n_seeds))
    constant = []
    for volatility in (p["min_volatility"], p["max_volatility"]):
        model = models.BlackScholes.equicorrelated(n_assets=1, spot=p["spot"], volatility=volatility, rate=p["rate"])
        found = monte_carlo.price(key, model, product, monte_carlo.Config(n_paths=config.n_paths))
        constant.append({"volatility": volatility, "price": float(found.price), "std_error": float(found.std_error)})
    return {"rows": rows, "constant": constant}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The finest price beside the solvers and the print."""
    finest = metrics["rows"][-1]
    best = max(found["price"] + 3.0 * found["std_error"] for found in metrics["constant"])
    print_error = 100.0 * abs(finest["price"] / _PRINTED.value - 1.0)
    return [
        Cell.at_most(
            f"{finest['case']}: error in per cent, worst key",
            abs(finest["worst_percent"]),
            0.5,
            source=_REFERENCE.source,
        ),
        Cell.at_most(
            f"{finest['case']}: distance to the printed benchmark in per cent", print_error, 1.0, source=_PRINTED.source
        ),
        Cell.at_least(
            "worst case over the dearer constant volatility",
            min(found["price"] for found in metrics["rows"]) / best,
            1.0,
            source="theory",
        ),
    ]


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Prices over points, a line for every number of steps."""
    drawn, (axis,) = panels(1, width=8.0, title="Worst-case price of a Call Sharpe option")
    for n_steps, colour in zip(config.n_steps, COLOUR, strict=False):
        mine = [found for found in metrics["rows"] if found["n_steps"] == n_steps]
        axis.plot(
            [r["n_points"] for r in mine], [r["price"] for r in mine], "o-", color=colour, label=f"{n_steps} steps"
        )
    axis.axhspan(0.995 * _REFERENCE.value, 1.005 * _REFERENCE.value, color=COLOUR[6], alpha=0.12, label="0.5 per cent")
    axis.axhline(_PRINTED.value, color=COLOUR[6], linestyle=":", label="printed benchmark")
    axis.set(xlabel="design points", ylabel="price")
    axis.set_xticks(config.n_points, [str(n) for n in config.n_points])
    axis.legend(loc="center right")
    return {"uvm_call_sharpe": drawn}


EXPERIMENT = Experiment(
    question="Does the GPR tree hold a state that remembers its path?",
    table="Goudenege, Molent and Zanette 2024, table 9",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_steps=(24,), n_points=(30,), n_normals=8, n_paths=2**10, n_seeds=1),
    full=Config(n_steps=(24, 48, 96), n_points=(250, 500, 1000, 1500)),
)
