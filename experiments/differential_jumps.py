"""Networks that learn from payoffs that jump: which differential labels help, and which mislead.

Question: digital, digital basket and barrier: how large are the errors by kind of label, and without derivatives?
Table: Glasserman and Karmarkar 2025, arXiv 2512.05301, sections 3.1 to 3.4.
Command: python -m experiments differential_jumps --check
Expected: likelihood ratio < no derivatives < pathwise in the errors of value and delta of each problem, and at least
    half of the published improvements; smoothed ones by their width; conditional ones the best where they exist.
Time: about 3 minutes on one core. Device: CPU.

The problems are in `differential_jump_problems`. Pathwise labels are wrong on purpose: the library refuses them for a
payoff that jumps, so a wrapper declares, falsely, that it does not. All methods see the same inputs and paths, 10 for a
label in 5 antithetic pairs, and train with the authors' schedule; value and delta weigh alike. Samples: 512 and for the
barrier 1,024 as in the paper, for the basket 16,384 as in the authors' code. Errors are root mean squares over points
and seeds, times 100. Published ones are, by that code, errors of predictions averaged over seeds first (columns
"mean"), on a grid of spots that reaches far beyond the inputs trained on; "inside" are errors at points with the law of
those. "cpu" are seconds of making labels and training, the median over seeds.
"""

import dataclasses
import math
import time
from typing import Any

import jax
import numpy as np

from experiments.differential_common import errors, over_seeds
from experiments.differential_jump_problems import BASKET, DIGITAL, KNOCK_OUT, REACH, JumpProblem, problem
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import differential
from jaxprice.engines.differential import Schedule, Training
from jaxprice.reference.literature.differential import GK_DIGITAL, GK_IMPROVEMENT, GK_PARAMETERS
from jaxprice.simulation import labels
from jaxprice.simulation.labels import Estimator

STANDARD, PATHWISE, RATIO, CONDITIONAL = "standard", "pathwise", "likelihood ratio", "conditional"
_TRAINING = Training(schedule=Schedule.ONE_CYCLE, peak_rate=0.1)
_SOURCE = "Glasserman and Karmarkar 2025"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        problems: names, in the order of `n_samples`.
        n_samples: labels of each problem.
        widths: of the smoothed estimator, relative to the level of the jump.
        n_seeds: sets of labels and networks.
    """

    problems: tuple[str, ...] = (DIGITAL, BASKET, KNOCK_OUT)
    n_samples: tuple[int, ...] = (GK_PARAMETERS["n_samples"], 16384, 1024)
    widths: tuple[float, ...] = (0.02, 0.1, 0.5)
    n_seeds: int = 20


def _methods(name: str, config: Config) -> dict[str, labels.Config]:
    """The labels of each method; those of the standard network have derivatives that it does not see."""
    n_samples, n_paths = config.n_samples[config.problems.index(name)], GK_PARAMETERS["n_paths_per_label"]
    ratio = labels.Config(n_samples=n_samples, n_paths=n_paths, estimator=Estimator.LIKELIHOOD_RATIO)
    found = {STANDARD: ratio, PATHWISE: dataclasses.replace(ratio, estimator=Estimator.PATHWISE)}
    for width in config.widths:
        smoothed = dataclasses.replace(ratio, estimator=Estimator.SMOOTHED, smoothing_width=width)
        found[f"smoothed, {width:g}"] = smoothed
    found[RATIO] = ratio
    if name != BASKET:
        found[CONDITIONAL] = dataclasses.replace(ratio, estimator=Estimator.CONDITIONAL)
    return found


def run(key: jax.Array, config: Config) -> Metrics:
    """Errors and seconds by problem and method, and the learned curves of the problems on one asset."""
    rows, curves = [], []
    for name in config.problems:
        for method, settings in _methods(name, config).items():
            row, mean, spread = _row(key, problem(name), method, settings, config.n_seeds)
            rows.append(row)
            if mean.shape[1] == 2:
                shown = {"mean": mean.round(5).tolist(), "spread": spread.round(5).tolist()}
                curves.append({"problem": name, "method": method} | shown)
    return {"rows": rows, "curves": curves}


def _row(
    key: jax.Array, about: JumpProblem, method: str, settings: labels.Config, n_seeds: int
) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    share = 0.0 if method == STANDARD else 1.0 / about.x.shape[1]
    network = differential.Config(component_tolerance=None, gradient_weight=share, training=_TRAINING)
    truth, inside = about.truth(), about.inside(jax.random.fold_in(key, n_seeds))
    found, found_inside, curves, seconds = [], [], [], []
    for seed in range(n_seeds):
        mine, start = jax.random.fold_in(key, seed), time.process_time()
        data = about.samples(mine, settings, is_declared=method != PATHWISE)
        surrogate = jax.block_until_ready(differential.fit(mine, data, network))
        seconds.append(time.process_time() - start)
        found.append(errors(surrogate, truth))
        found_inside.append(errors(surrogate, inside))
        curves.append(np.column_stack(differential.predict(surrogate, truth[0])))
    row = {"problem": about.name, "method": method}
    curve, exact = np.stack(curves), np.column_stack(truth[1:])
    for i, quantity in enumerate(("value", "delta")):
        value, error = over_seeds([100.0 * each[i] for each in found])
        off = (curve.mean(axis=0) - exact)[:, slice(1) if i == 0 else slice(1, None)]
        row |= {quantity: value, f"{quantity}_error": error, f"mean_{quantity}": 100.0 * math.sqrt((off**2).mean())}
        row[f"inside_{quantity}"] = over_seeds([100.0 * each[i] for each in found_inside])[0]
    row |= {"cpu": sorted(seconds)[len(seconds) // 2]}
    return row, curve.mean(axis=0), curve.std(axis=0)


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The order of the methods beyond two standard errors, and at least half of the published improvements."""
    rows, found = {(row["problem"], row["method"]): row for row in metrics["rows"]}, []
    for name in config.problems:
        order = [(RATIO, STANDARD), (STANDARD, PATHWISE)] + [(CONDITIONAL, RATIO)] * ((name, CONDITIONAL) in rows)
        for better, worse in order:
            for quantity in ("value", "delta"):
                one, other = rows[name, better], rows[name, worse]
                ratio = one[quantity] / other[quantity]
                parts = (row[f"{quantity}_error"] / row[quantity] for row in (one, other))
                error, source = ratio * math.hypot(*parts), f"claim of {_SOURCE}"
                about = f"{name}: {quantity}, {better} over {worse}, one less two standard errors"
                found.append(Cell.at_most(about, ratio, 1.0 - 2.0 * error, std_error=error, source=source))
        for quantity in ("value", "delta"):
            ramp = [rows[name, f"smoothed, {width:g}"][quantity] for width in config.widths]
            about = f"{name}: {quantity}, smoothed, worst width over best"
            found.append(Cell.at_least(about, max(ramp) / min(ramp), 1.5, source=f"claim of {_SOURCE}"))
    printed_ratio = GK_DIGITAL["likelihood_ratio"].value
    published = {(DIGITAL, "price", k): GK_DIGITAL[k].value / printed_ratio for k in (STANDARD, PATHWISE)}
    published |= {place: quantity.value for place, quantity in GK_IMPROVEMENT.items()}
    for (name, quantity, worse), printed in published.items():
        if name in config.problems:
            column = f"mean_{'value' if quantity == 'price' else quantity}"
            gain = rows[name, worse][column] / rows[name, RATIO][column]
            about = f"{name}: {quantity}, mean prediction, {worse} over {RATIO}, at least half of {printed:.3g}"
            found.append(Cell.at_least(about, gain, 0.5 * printed, source=_SOURCE))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Learned values and deltas of the problems on one asset, a column for each method."""
    from experiments import differential_figures

    truth = {name: problem(name).truth() for name in config.problems if name != BASKET}
    columns = (STANDARD, PATHWISE, "smoothed", RATIO, CONDITIONAL)
    title = f"Mean and standard deviation over {config.n_seeds} seeds, truth, and where 95 % of the inputs are (grey)"
    reach = (math.exp(-REACH), math.exp(REACH))
    return {"differential_jumps": differential_figures.jumps(metrics["curves"], truth, columns, reach, title)}


EXPERIMENT = Experiment(
    question="Payoffs that jump: which differential labels help a network, and which mislead it?",
    table="Glasserman and Karmarkar 2025, sections 3.1 to 3.4",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(problems=(DIGITAL,), n_samples=(256,), widths=(0.02, 0.1), n_seeds=2),
    full=Config(n_seeds=100),
)
