"""The error of the GPR tree over steps and design points, with and without what is ours.

Question: what does the error of a worst-case price come from, and what do extrapolation and active directions take off?
Table: none published; the paper's tables vary steps and points, but could not be read. The claim checked is that of the
    project: errors below 0.2 % with the default steps and points, time linear in both.
Command: python -m experiments uvm_convergence --check
Expected: without extrapolation errors of one sign that halve with the step, 0.3 % at 32 steps; with it 0.2 % or less
    from 32 steps on. Points matter little from 100 on, because the regression sees one active direction. Time grows
    like the steps, and a little faster than the points.
Time: about 15 minutes on one core. Device: CPU.

Outperformer spread with correlation -0.5, whose effective volatility lies in [0.17, 0.35], and call spread on the
geometric mean of five uncorrelated assets. Steps vary at 250 points, points at 32 steps. Errors are means over keys.
"""

import dataclasses
from typing import Any

import jax
import numpy as np

from experiments import uvm_common as common
from experiments.harness import Cell, Experiment, Metrics
from experiments.harness.figure import COLOUR, panels
from jaxprice import products
from jaxprice.engines import gpr_tree
from jaxprice.reference.literature import uncertain_volatility as literature

_CLAIM = "claim of the project"
_SPREAD, _GEOMETRIC = "outperformer spread", "geometric call spread"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        n_steps: at `points`.
        n_points: at `steps`.
        steps: of the rows that vary points.
        points: of the rows that vary steps.
        n_assets: of the geometric mean.
        n_seeds: keys of each price.
    """

    n_steps: tuple[int, ...] = (8, 16, 32, 64)
    n_points: tuple[int, ...] = (60, 125, 250, 500)
    steps: int = 32
    points: int = 250
    n_assets: int = 5
    n_seeds: int = 3


def run(key: jax.Array, config: Config) -> Metrics:
    """A row for every setting."""
    p, d = literature.PARAMETERS, config.n_assets
    cases = (
        (
            _SPREAD,
            common.market(2, -0.5),
            products.OutperformerSpread(lower_ratio=p["lower_ratio"], upper_ratio=p["upper_ratio"]),
            literature.OUTPERFORMER_SPREAD[-0.5].value,
        ),
        (
            _GEOMETRIC,
            common.market(d, 0.0),
            products.GeometricCallSpread(lower_strike=p["lower_strike"], upper_strike=p["upper_strike"]),
            literature.GEOMETRIC_CALL_SPREAD[0.0][d],
        ),
    )
    settings = [(n, config.points, extrapolated) for n in config.n_steps for extrapolated in (True, False)]
    settings += [(config.steps, n, True) for n in config.n_points if n != config.points]
    rows = []
    for name, model, payoff, exact in cases:
        for n_steps, n_points, is_extrapolated in settings:
            chosen = gpr_tree.Config(n_steps=n_steps, n_points=n_points, is_extrapolated=is_extrapolated)
            row = common.row(key, name, model, common.european(payoff), chosen, exact, config.n_seeds)
            rows.append(row | {"is_extrapolated": is_extrapolated})
    return {"rows": rows}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Errors at the default, and how time grows."""
    found = []
    for name in (_SPREAD, _GEOMETRIC):
        rows = [row for row in metrics["rows"] if row["case"] == name]
        by_steps = [row for row in rows if row["n_points"] == config.points and row["is_extrapolated"]]
        by_points = sorted(
            (row for row in rows if row["n_steps"] == config.steps and row["is_extrapolated"]), key=_points
        )
        default = next(row for row in by_steps if row["n_steps"] == config.steps)
        about = f"{name}, {config.steps} steps, {config.points} points"
        worst = abs(default["worst_percent"])
        found.append(Cell.at_most(f"{about}: error in per cent, worst key", worst, 0.2, source=_CLAIM))
        power = _power([row["n_steps"] for row in by_steps], [row["cpu"] for row in by_steps])
        found.append(Cell.at_most(f"{name}: power of the steps in the time", power, 1.2, source=_CLAIM))
        power = _power([row["n_points"] for row in by_points], [row["cpu"] for row in by_points])
        found.append(Cell.at_most(f"{name}: power of the points in the time", power, 1.2, source=_CLAIM))
    return found


def _points(row: dict[str, Any]) -> int:
    return row["n_points"]


def _power(size: list[int], seconds: list[float]) -> float:
    return float(np.polyfit(np.log(size), np.log(seconds), 1)[0]) if len(size) > 1 else 0.0


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors over steps and over points."""
    drawn, axes = panels(2, title="Error of the worst-case price")
    for name, colour in ((_SPREAD, COLOUR[0]), (_GEOMETRIC, COLOUR[1])):
        rows = [row for row in metrics["rows"] if row["case"] == name]
        for is_extrapolated, style in ((True, "o-"), (False, "s--")):
            mine = [
                row for row in rows if row["n_points"] == config.points and row["is_extrapolated"] == is_extrapolated
            ]
            label = f"{name}{'' if is_extrapolated else ', not extrapolated'}"
            axes[0].plot(
                [r["n_steps"] for r in mine], [r["error_percent"] for r in mine], style, color=colour, label=label
            )
        mine = sorted((r for r in rows if r["n_steps"] == config.steps and r["is_extrapolated"]), key=_points)
        axes[1].plot([r["n_points"] for r in mine], [r["error_percent"] for r in mine], "o-", color=colour)
    for axis, ticks, label in zip(axes, (config.n_steps, config.n_points), ("steps", "points"), strict=True):
        axis.axhspan(-0.2, 0.2, color=COLOUR[6], alpha=0.12)
        axis.set_xscale("log")
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.minorticks_off()
        axis.set(xlabel=label)
    axes[0].set(ylabel="per cent")
    drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return {"uvm_convergence": drawn}


EXPERIMENT = Experiment(
    question="What does the error of a worst-case price come from?",
    table="claims on convergence",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_steps=(4,), n_points=(20,), steps=4, points=20, n_assets=2, n_seeds=1),
    full=Config(n_steps=(8, 16, 32, 64, 128), n_points=(60, 125, 250, 500, 1000)),
)
