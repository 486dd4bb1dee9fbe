"""Differential labels of every kind: how noisy they are, whether they are biased, and what they cost.

Question: how does the noise of one path's label depend on the smoothness of the payoff, the kind of label and the
    number of inputs, and what do labels with all derivatives cost beside bumping?
Table: none published; likelihood ratio as in Broadie and Glasserman 1996, cost by the cheap-gradient principle
    (Griewank and Walther 2008, section 3.3: at most 5 times a function's operations).
Command: python -m experiments differential_labels --check
Expected: pathwise noise does not grow with the number of inputs, that of likelihood ratios grows at least like its
    root (more where prices move together, as here); all but smoothed labels unbiased; cost at most 5 values whatever
    the number of inputs, bumping one value for each.
Time: about 4 minutes on one core. Device: CPU.

Labels of one path, by the spots, in a box too small to matter around one point. Noise is the standard deviation of a
label over the size of the derivative: norms over inputs. Bias is the norm of mean minus truth over that of the truth; z
is the largest error of any input over its standard error. Second order is along one direction, all spots together.
Truth: closed forms; quadrature for barrier and autocallable. Cost is CPU time of labels with derivatives over that of
the same program without, and bumping is measured: one program of values, run for the base and for every bump.
"""

import dataclasses
import math
from typing import Any

import jax
import numpy as np

from experiments.differential_label_cost import BUMPING, KINDS, SECOND, label_cost
from experiments.differential_label_problems import on_basket, on_one_asset
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.simulation import labels
from jaxprice.simulation.labels import Estimator, SecondOrder

_RATIO = labels.Config(estimator=Estimator.LIKELIHOOD_RATIO, second_order=SecondOrder.LIKELIHOOD_RATIO)
_PATHWISE = labels.Config(second_order=SecondOrder.MIXED)
_CONTINUOUS, _CONDITIONED = ("call", "basket call"), ("digital", "barrier")
_SOURCE = "jaxprice.reference"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        payoffs: on one asset.
        n_assets: of the baskets, and numbers of inputs whose derivatives are timed.
        widths: of the smoothed estimator, relative to the level of the jump; the bias of the last one is to be seen.
        n_rows: labels of one path each.
        n_timed: labels made at once where time is taken.
        n_rounds: timings of which the median is taken, after warm-up.
    """

    payoffs: tuple[str, ...] = ("call", "digital", "barrier", "autocallable")
    n_assets: tuple[int, ...] = (1, 7, 20, 50)
    widths: tuple[float, ...] = (0.02, 0.5)
    n_rows: int = 2**17
    n_timed: int = 2**14
    n_rounds: int = 9


def _kinds(payoff: str, config: Config) -> dict[str, labels.Config]:
    """The labels that a payoff can have; second derivatives of conditional ones do not exist."""
    if payoff in _CONTINUOUS:
        return {"pathwise": _PATHWISE, "likelihood ratio": _RATIO}
    smoothed = dataclasses.replace(_PATHWISE, estimator=Estimator.SMOOTHED)
    found = {"likelihood ratio": _RATIO}
    found |= {f"smoothed, {w:g}": dataclasses.replace(smoothed, smoothing_width=w) for w in config.widths}
    if payoff in _CONDITIONED:
        found["conditional"] = labels.Config(estimator=Estimator.CONDITIONAL)
    return found


def run(key: jax.Array, config: Config) -> Metrics:
    """Noise and bias by payoff, size and kind of label; costs by number of inputs."""
    problems = [on_one_asset(name) for name in config.payoffs]
    problems += [on_basket(key, d, name) for name in ("basket call", "basket digital") for d in config.n_assets]
    rows = []
    for problem in problems:
        truth = problem.truth()
        for kind, settings in _kinds(problem.name, config).items():
            settings = dataclasses.replace(settings, n_samples=config.n_rows, n_paths=1)
            data = problem.samples(key, settings)
            row = {"payoff": problem.name, "d": problem.spot.size, "label": kind}
            for order, found, true in zip(("delta", "gamma"), (data.dydx, data.curvature), truth, strict=True):
                row |= {} if found is None else _noise(order, np.asarray(found).reshape(config.n_rows, -1), true)
            rows.append(row)
    effort = (config.n_timed, config.n_rounds)
    costs = [label_cost(key, on_basket(key, d, "basket call"), *effort) for d in config.n_assets]
    return {"rows": rows, "costs": costs}


def _noise(order: str, found: np.ndarray, true: np.ndarray) -> dict[str, float]:
    off, spread, size = found.mean(axis=0) - true, found.std(axis=0), np.linalg.norm(true)
    # Where there is no noise the width of the box and rounding decide.
    error = np.hypot(spread / np.sqrt(len(found)), 1e-6 * np.abs(true))
    found = {"noise": np.linalg.norm(spread) / size, "bias": np.linalg.norm(off) / size, "z": np.abs(off / error).max()}
    return {f"{order}_{name}": float(value) for name, value in found.items()}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """No bias but of wide ramps; noise and cost by the number of inputs."""
    found, wide = [], f"smoothed, {config.widths[-1]:g}"
    noise = {(row["payoff"], row["label"], row["d"]): row["delta_noise"] for row in metrics["rows"]}
    for row in metrics["rows"]:
        name = f"{row['payoff']}, d = {row['d']}, {row['label']}"
        if row["label"] == wide and row["d"] == 1:
            bias = max(row["delta_z"], row["gamma_z"])
            found.append(Cell.at_least(f"{name}: delta or gamma, bias over its error", bias, 4.5, source=_SOURCE))
        for order in ("delta", "gamma"):
            if not row["label"].startswith("smoothed") and row.get(f"{order}_z") is not None:
                about = f"{name}: {order}, largest error over its standard error"
                found.append(Cell.at_most(about, row[f"{order}_z"], 4.5, source=_SOURCE))
    few, many = min(config.n_assets), max(config.n_assets)
    if many > few:
        for kind, low, high in (("pathwise", 0.0, 1.5), ("likelihood ratio", 0.5 * (many / few) ** 0.5, math.inf)):
            grown = noise["basket call", kind, many] / noise["basket call", kind, few]
            name = f"basket call, {kind}: noise of {many} deltas over that of {few}"
            found.append(Cell(name=name, value=grown, lower=low, upper=high, source="root of the inputs, or none"))
    source = "Griewank and Walther 2008, section 3.3"
    for row in metrics["costs"]:
        name = f"{row['d']} inputs: labels over values alone"
        found += [Cell.at_most(f"{name}, {kind}", row[kind], 5.0, source=source) for kind in (*KINDS, SECOND)]
        bumps = row[BUMPING] / (1.0 + row["d"])
        found.append(
            Cell.near(f"{row['d']} inputs: bumping over values alone, per run", bumps, 1.0, 0.35, source="1 + d")
        )
    for kind in KINDS:
        ratio = [row[kind] for row in metrics["costs"]]
        name = f"{kind} labels over values alone: largest over smallest"
        found.append(Cell.at_most(name, max(ratio) / min(ratio), 2.0, source="claim: flat"))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Noise by payoff and kind, noise by number of inputs, cost by number of inputs."""
    from experiments import differential_figures

    costs = {kind: [row[kind] for row in metrics["costs"]] for kind in (*KINDS, SECOND, BUMPING)}
    figure = differential_figures.labels(metrics["rows"], config.payoffs, config.n_assets, costs)
    return {"differential_labels": figure}


EXPERIMENT = Experiment(
    question="Differential labels: how noisy, how biased and how expensive, by kind, smoothness and number of inputs?",
    table="none published; claims of the differential labels",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(payoffs=("digital",), n_assets=(2,), widths=(0.5,), n_rows=2**10, n_timed=2**8, n_rounds=2),
    full=Config(n_rows=2**20, n_timed=2**15, n_rounds=15),
)
