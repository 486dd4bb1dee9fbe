"""How fast networks learn prices and deltas with and without differential labels.

Question: how do the errors of value and delta fall with the number of samples, standard against differential?
Table: the figures of Huge and Savine's notebooks (DifferentialML.ipynb, DifferentialMLTF2.ipynb; one seed each there).
Command: python -m experiments differential_learning_curves --check
Expected: with the published settings the errors in print, nearly within the spread of seeds; with the default settings
    a half and less of those from seven assets on, larger gains than in print, and no collapse with 50 assets.
Time: about 30 minutes on one core. Device: CPU.

One label is the mean of an antithetic pair of paths from a point with the law of the prices in one year, whose
volatility is 1.5 times that of the market. "Equal cost" is the standard network on as many more samples as the labels
with derivatives cost more than values alone, rounded up. Truth: closed forms at 4,096 points drawn as in the notebooks,
each spot on its own and uniform. Errors are root mean squares over points, inputs (in print delta is that of the first
input alone) and seeds, times 100, as in print. A seed is a new basket, new labels and a new network; in print each cell
is one of them: a cell passes up to two standard deviations of a seed above it, and the published settings up to half as
much above it.
"""

import dataclasses
import time
from typing import Any

import jax

from experiments.differential_common import Problem, bachelier, black_scholes, errors, over_seeds
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import differential
from jaxprice.engines.differential import Schedule, Training
from jaxprice.reference.literature import differential as literature
from jaxprice.simulation import labels

_PUBLISHED = Training(schedule=Schedule.ONE_CYCLE, peak_rate=0.1)
_PLAIN = differential.Config(component_tolerance=None, training=_PUBLISHED)
_PUBLISHED_METHOD, _DEFAULT = "differential, published settings", "differential, default settings"
METHOD = {
    "standard": dataclasses.replace(_PLAIN, gradient_weight=0.0),
    "standard, equal cost": dataclasses.replace(_PLAIN, gradient_weight=0.0),
    _PUBLISHED_METHOD: _PLAIN,
    _DEFAULT: differential.Config(),
}
_SOURCE = "Huge and Savine's notebooks"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        n_assets: of the baskets.
        n_samples: of all problems but the largest.
        n_samples_of_50: of a basket of 50 or more.
        label_cost: cost of labels with derivatives over that of values alone, rounded up.
        n_seeds: sets of labels and networks.
    """

    n_assets: tuple[int, ...] = (1, 7, 20, 50)
    n_samples: tuple[int, ...] = (1024, 4096, 8192, 16384, 65536)
    n_samples_of_50: tuple[int, ...] = (16384, 65536, 131072)
    label_cost: int = 3
    n_seeds: int = 5


def run(key: jax.Array, config: Config) -> Metrics:
    """Errors and seconds by problem, size and method."""
    rows = []
    for n_assets in (0, *config.n_assets):
        mine = jax.random.fold_in(key, n_assets)
        keys = [jax.random.fold_in(mine, seed) for seed in range(config.n_seeds)]
        seeds = [(one, bachelier(one, n_assets) if n_assets else black_scholes()) for one in keys]
        truth = [problem.truth_in_box(mine) for _, problem in seeds]
        for n_samples in config.n_samples if n_assets < 50 else config.n_samples_of_50:
            rows += [_row(seeds, truth, n_samples, method, config) for method in METHOD]
    return {"rows": rows}


def _row(
    seeds: list[tuple[jax.Array, Problem]], truths: list[Any], n_samples: int, method: str, config: Config
) -> dict[str, Any]:
    found, seconds, n_restarts = [], [], 0
    n_made = n_samples * (config.label_cost if method == "standard, equal cost" else 1)
    for (mine, problem), truth in zip(seeds, truths, strict=True):
        data = problem.samples(mine, labels.Config(n_samples=n_made))
        start = time.process_time()
        surrogate = jax.block_until_ready(differential.fit(mine, data, METHOD[method]))
        seconds.append(time.process_time() - start)
        found.append(errors(surrogate, truth))
        n_restarts += int(surrogate.diagnostics["n_restarts"].sum())
    value, delta = (over_seeds([100.0 * error for error in column]) for column in zip(*found, strict=True))
    return {
        "problem": problem.name,
        "d": problem.n_inputs,
        "n_samples": n_samples,
        "method": method,
        "value": value[0],
        "value_error": value[1],
        "delta": delta[0],
        "delta_error": delta[1],
        "worst_value": 100.0 * max(error[0] for error in found),
        "restarts": n_restarts,
        "cpu": sorted(seconds)[len(seconds) // 2],
    }


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Errors no larger than in print, gains no smaller, and no collapse."""
    rows = {(row["problem"], row["d"], row["n_samples"], row["method"]): row for row in metrics["rows"]}
    found = []
    for printed in literature.NOTEBOOK_RMSE.row:
        place = (printed.problem, printed.n_assets, printed.n_samples)
        if (*place, "standard") not in rows:
            continue
        name = f"{printed.problem}, d = {printed.n_assets}, {printed.n_samples:,} samples ({printed.notebook})"
        for quantity in ("value", "delta"):
            limit = getattr(printed, f"{quantity}_differential")
            for method in (_PUBLISHED_METHOD, _DEFAULT):
                row = rows[*place, method]
                spread = 2.0 * row[f"{quantity}_error"] * config.n_seeds**0.5
                most = max(limit + spread, (1.5 if method == _PUBLISHED_METHOD else 1.0) * limit)
                about = {"std_error": row[f"{quantity}_error"], "source": _SOURCE}
                found.append(Cell.at_most(f"{name}: {method}, {quantity}", row[quantity], most, **about))
            if printed.n_assets > 1:
                gain = rows[*place, "standard"][quantity] / rows[*place, _DEFAULT][quantity]
                least = getattr(printed, f"{quantity}_standard") / limit
                found.append(Cell.at_least(f"{name}: gain of {quantity}, {_DEFAULT}", gain, least, source=_SOURCE))
    for (problem, d, n_samples, method), row in rows.items():
        if method == _DEFAULT and d > 1:
            standard = rows[problem, d, n_samples, "standard"]
            name = f"{problem}, d = {d}, {n_samples:,} samples: default, worst seed over the standard network"
            found.append(Cell.at_most(name, row["worst_value"] / standard["value"], 1.0, source="claim: no collapse"))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Learning curves of value and delta, a column for each problem."""
    from experiments import differential_figures

    return {"differential_learning_curves": differential_figures.learning_curves(metrics["rows"], tuple(METHOD))}


EXPERIMENT = Experiment(
    question="How do errors of value and delta fall with the samples, without and with differential labels?",
    table="Huge and Savine's notebooks, learning figures",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), n_samples=(512,), n_seeds=1),
    full=Config(n_samples=(1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072), n_seeds=10),
)
