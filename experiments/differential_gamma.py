"""What labels of second order are worth: errors of value, delta and gamma, and what the labels cost.

Question: how much better is a network's gamma if it also learns from noisy, unbiased second derivatives?
Table: Glasserman and Karmarkar 2025, arXiv 2512.05301, section 4 (figures only).
Command: python -m experiments differential_gamma --check
Expected: on one asset gamma markedly better with labels of second order, value and delta no worse, against first order
    on the same samples and on as many more samples as the labels cost more. On the basket gamma gains a fifth, no more
    than by those more samples, and training takes longer: where one direction matters first order already finds it.
Time: about 5 minutes on one core. Device: CPU.

A call and the authors' portfolio of three calls in Black-Scholes, one asset, with their settings: 512 labels of 10
paths each; and the 7-asset Bachelier basket of the learning curves with pairs of paths, whose labels are second
derivatives along three active directions. Value, delta and gamma weigh 0.4, 0.4 and 0.2, without gamma the first two
alike. Gamma labels are likelihood ratios of pathwise deltas ("mixed"). Truth: closed forms; gamma is the whole Hessian.
Errors are root mean squares over 4,096 points with the law of the inputs, entries and seeds, in per cent of the root
mean square of the truth. Microseconds are CPU time of one label, of many made at once; "equal cost" is first order on
as many more samples as labels of second order cost more, rounded up to a half.
"""

import dataclasses
import math
import statistics
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.differential_common import Problem, bachelier, over_seeds
from experiments.differential_cost import cpu_seconds
from experiments.differential_gamma_problems import CALL, CALLS, calls
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import differential
from jaxprice.reference.literature.differential import GK_PARAMETERS
from jaxprice.simulation import labels

STANDARD, FIRST, EQUAL, SECOND = "no derivatives", "first order", "first order, equal cost", "second order"
BASKET = "Bachelier"
_N_ROUNDS = 5
_SHOWN = ("value", "delta", "gamma")
_LIMIT = {FIRST: {"value": 1.25, "delta": 1.0, "gamma": 0.8}, EQUAL: {"value": 1.25, "gamma": 1.0}}
_LIMIT_OF_BASKET = {FIRST: {"value": 1.0, "delta": 1.0, "gamma": 1.0}}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        problems: names, in the order of `n_samples`.
        n_samples: labels of each problem.
        n_assets: of the basket.
        label_cost: cost of labels of second order over that of first order, rounded up to a half.
        n_timed: labels made at once where time is taken.
        n_seeds: sets of labels and networks.
    """

    problems: tuple[str, ...] = (CALL, CALLS, BASKET)
    n_samples: tuple[int, ...] = (GK_PARAMETERS["n_samples"], GK_PARAMETERS["n_samples"], 1024)
    n_assets: int = 7
    label_cost: float = 1.5
    n_timed: int = 2**14
    n_seeds: int = 20


def run(key: jax.Array, config: Config) -> Metrics:
    """Errors and times by problem and method."""
    rows = []
    for name, n_samples in zip(config.problems, config.n_samples, strict=True):
        problem = bachelier(key, config.n_assets) if name == BASKET else calls(name)
        truth = problem.truth(key)
        hessian = jax.jit(lambda x, f=problem.exact: jax.lax.map(jax.hessian(f), x, batch_size=256))(truth[0])
        n_paths = 2 if name == BASKET else GK_PARAMETERS["n_paths_per_label"]
        first = labels.Config(n_samples=n_samples, n_paths=n_paths)
        second = dataclasses.replace(first, second_order=labels.SecondOrder.MIXED)
        more = dataclasses.replace(first, n_samples=round(config.label_cost * n_samples))
        cost = {order: _label_seconds(key, problem, order, config.n_timed) for order in (first, second)}
        for method, settings in {STANDARD: first, FIRST: first, EQUAL: more, SECOND: second}.items():
            row = _row(key, problem, (*truth, hessian), method, settings, config.n_seeds)
            rows.append(row | {"label_microseconds": 1e6 * cost[second if method == SECOND else first]})
    return {"rows": rows}


def _label_seconds(key: jax.Array, problem: Problem, settings: labels.Config, n_rows: int) -> float:
    many = dataclasses.replace(settings, n_samples=n_rows)
    problem.samples(key, many)
    return statistics.median(cpu_seconds(lambda: problem.samples(key, many))[1] for _ in range(_N_ROUNDS)) / n_rows


def _row(
    key: jax.Array, problem: Problem, truth: Any, method: str, settings: labels.Config, n_seeds: int
) -> dict[str, Any]:
    network = differential.Config()
    if method == STANDARD:
        network = differential.Config(gradient_weight=0.0, component_tolerance=None)
    found, seconds, (x, *exact) = [], [], truth
    for seed in range(n_seeds):
        mine = jax.random.fold_in(key, seed)
        data = problem.samples(mine, settings)
        surrogate, spent = cpu_seconds(lambda: differential.fit(mine, data, network))  # noqa: B023
        seen = differential.evaluate(surrogate, x, jnp.eye(problem.n_inputs))
        pairs = zip((seen.value, seen.dydx, seen.curvature), exact, strict=True)
        found.append([100.0 * float(jnp.sqrt(jnp.mean((a - b) ** 2) / jnp.mean(b**2))) for a, b in pairs])
        seconds.append(spent)
    row = {"problem": problem.name, "method": method, "n_samples": settings.n_samples}
    for name, column in zip(_SHOWN, np.transpose(found), strict=True):
        row[name], row[f"{name}_error"] = over_seeds(column)
    return row | {"training_cpu": statistics.median(seconds)}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Gamma better by second-order labels, value and delta no worse, and what the labels cost."""
    rows, found = {(row["problem"], row["method"]): row for row in metrics["rows"]}, []
    for problem in config.problems:
        source = "no worse" if problem == BASKET else "claim of Glasserman and Karmarkar 2025, section 4"
        one = rows[problem, SECOND]
        for method, limits in (_LIMIT_OF_BASKET if problem == BASKET else _LIMIT).items():
            other = rows[problem, method]
            for quantity, limit in limits.items():
                ratio = one[quantity] / other[quantity]
                error = ratio * math.hypot(*(row[f"{quantity}_error"] / row[quantity] for row in (one, other)))
                name = f"{problem}: {quantity}, {SECOND} over {method}"
                found.append(Cell.at_most(name, ratio, limit, std_error=error, source=source))
        cost = one["label_microseconds"] / rows[problem, FIRST]["label_microseconds"]
        found.append(Cell.at_most(f"{problem}: cost of labels, {SECOND} over {FIRST}", cost, config.label_cost))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors of value, delta and gamma by method, a panel for each problem."""
    from experiments import differential_figures

    return {"differential_gamma": differential_figures.gamma(metrics["rows"], config.problems, _SHOWN)}


EXPERIMENT = Experiment(
    question="How much better are values, deltas and gammas of a network that also learns from second derivatives?",
    table="Glasserman and Karmarkar 2025, section 4",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(problems=(CALL,), n_samples=(256,), label_cost=1, n_timed=256, n_seeds=2),
    full=Config(n_seeds=50),
)
