"""After how many prices a learned train is cheaper than Monte Carlo of the same error.

Question: how many prices must be asked for until learning a train has paid for itself?
Table: none published; the paper counts operations, train against a million paths: about 1e5 fewer.
Command: python -m experiments fourier_tt_break_even --check
Expected: at an error of 1e-3 some 20 to 120 prices against pseudo-random paths, a thousand against Sobol points; at
    the error of the train itself, some 1e-7, less than one.
Time: about 3 minutes on one core. Device: CPU.

CPU seconds on one core. Learning is timed from an empty cache, compilation included; the compilation of Monte Carlo is
not counted. Errors are mean absolute ones over parameter sets: of the train against quadrature, of Monte Carlo √(2/π)
times the standard error. Monte Carlo runs without Greeks at a ladder of path counts; a target between two of them is
interpolated in logarithms, one beyond the last extrapolated with slope -1/2, for Sobol points a pessimistic one:
`is_extrapolated`. Break-even = seconds of learning / (seconds of a Monte Carlo price - seconds of a train price).
"""

import dataclasses
import math
from typing import Any

import jax
import numpy as np

from experiments import fourier_tt_common as common
from experiments import fourier_tt_monte_carlo
from experiments.fourier_tt_common import CLAIM, VOLATILITY, Case, Learned
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import fourier_tt

_MEAN_ABSOLUTE = math.sqrt(2.0 / math.pi)
_OF_THE_TRAIN = "of the train"
_SAMPLINGS = ("pseudo", "sobol")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Problems and effort.

    Attributes:
        n_assets: with correlation 1/2, volatilities.
        exponents: of two, the numbers of paths.
        targets: errors at which both are compared, beside that of the train.
        n_points: parameter sets over which errors are means.
    """

    n_assets: tuple[int, ...] = (5, 8, 11)
    exponents: tuple[int, ...] = (12, 14, 16, 18, 20)
    targets: tuple[float, ...] = (1e-2, 1e-3, 1e-4)
    n_points: int = 10


def run(key: jax.Array, config: Config) -> Metrics:
    """A row for each problem, sampling and target."""
    rows, ladders = [], []
    for d in config.n_assets:
        case = Case(d, "1/2", VOLATILITY)
        learned = Learned.of(key, case, fourier_tt.Config())
        x = case.points(jax.random.fold_in(key, 1), config.n_points)
        train_error = float(np.mean(np.abs(np.asarray(fourier_tt.price(learned.surrogate, x)) - case.exact(x)[0])))
        price_seconds = 1e-6 * learned.microseconds(case, jax.random.fold_in(key, 2))["price_us"]
        for sampling in _SAMPLINGS:
            ladder = [_monte_carlo(jax.random.fold_in(key, 3), case, x, sampling, e) for e in config.exponents]
            ladders += [{"n_assets": d, "sampling": sampling} | step for step in ladder]
            for target in (*config.targets, train_error):
                seconds, is_extrapolated = _seconds_for(ladder, target)
                rows.append(
                    {
                        "n_assets": d,
                        "sampling": sampling,
                        "target": _OF_THE_TRAIN if target == train_error else f"{target:g}",
                        "error": target,
                        "learning_seconds": learned.cpu,
                        "price_seconds": price_seconds,
                        "mc_seconds": seconds,
                        "is_extrapolated": is_extrapolated,
                        "break_even": learned.cpu / max(seconds - price_seconds, np.finfo(float).tiny),
                    }
                )
    return {"rows": rows, "ladders": ladders}


def _monte_carlo(key: jax.Array, case: Case, x: jax.Array, sampling: str, exponent: int) -> dict[str, float]:
    n_paths = 2**exponent
    _, errors = fourier_tt_monte_carlo.prices(key, case, x, n_paths, sampling)
    seconds = common.seconds(fourier_tt_monte_carlo.prices, key, case, x[:1], n_paths, sampling)
    return {"n_paths": n_paths, "error": _MEAN_ABSOLUTE * float(np.mean(errors)), "seconds": seconds}


def _seconds_for(ladder: list[dict[str, float]], target: float) -> tuple[float, bool]:
    """CPU seconds of a Monte Carlo price with this error."""
    error, seconds = (np.asarray([step[name] for step in ladder]) for name in ("error", "seconds"))
    if target < error.min():
        return float(seconds[-1] * (error[-1] / target) ** 2), True
    # Errors fall as seconds rise: the table is read from its end.
    return float(np.exp(np.interp(np.log(target), np.log(error[::-1]), np.log(seconds[::-1])))), False


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The train pays at its own error within ten prices, at 1e-3 within a million."""
    found = []
    for row in metrics["rows"]:
        about = f"{row['n_assets']} assets, {row['sampling']}, error {row['target']}: prices to break even"
        if row["target"] == _OF_THE_TRAIN:
            found.append(Cell.at_most(about, row["break_even"], 100.0, source=CLAIM))
        elif row["target"] == "0.001":
            found.append(Cell.at_most(about, row["break_even"], 1e5, source=CLAIM))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Prices to break even, over the error; and the ladders of Monte Carlo."""
    from experiments import fourier_tt_figures

    return {"fourier_tt_break_even": fourier_tt_figures.break_even(metrics["rows"], metrics["ladders"])}


EXPERIMENT = Experiment(
    question="How many prices must be asked for until learning a train has paid for itself?",
    table="claims on cost, beside our Monte Carlo",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), exponents=(8, 10), targets=(1e-1, 1e-3), n_points=2),
    full=Config(n_assets=(5, 6, 7, 8, 9, 10, 11), exponents=(12, 14, 16, 18, 20, 22), n_points=50),
)
