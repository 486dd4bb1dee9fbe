"""Accuracy and speed of surrogates over a box of spots, beside our own Monte Carlo at the same error.

Question: how close are price and deltas of a twin net at points that it has not seen, and what does an answer cost?
Table: none published; the claims checked are those of the project: price within 0.1 % and Greeks within 1 %, an answer
    within 10 microseconds, a thousand times faster than Monte Carlo at the same error.
Command: python -m experiments differential_accuracy --check
Expected: price within 0.1 %, deltas within 1 %, half a microsecond an answer; 65,536 labels in 5 to 60 s, learned in 10
Time: about 25 minutes on one core. Device: CPU.

The box is each spot 30 % up and down. Labels are means over antithetic paths: pathwise for the baskets, by likelihood
ratio for the notes. Errors are root mean squares over held-out points, in per cent of the root mean square of the
quantity, in the mean square over seeds, each with its own labels and network; delta is that of the worst input. Truth:
closed form (Bachelier), quadrature (worst of two), else two independent Monte Carlo estimates at each point: the mean
product of the two residuals is free of their noise. Monte Carlo gets the paths with which its standard error of the
price is the surrogate's error, antithetic (mc) or Sobol, and finds every Greek. Times are CPU seconds; a training pays
after so many answers.
"""

import dataclasses
import statistics
from typing import Any

import jax
import jax.numpy as jnp

from experiments.differential_common import over_seeds
from experiments.differential_cost import answer_seconds, cpu_seconds, monte_carlo_seconds
from experiments.differential_portfolio import Problem, named, profile
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import differential
from jaxprice.engines.differential import Activation, Training

_CLAIM = "claim of the project"
_LIMIT = {
    "value": ("error of the price, %", 0.1),
    "delta": ("error of the worst delta, %", 1.0),
    "microseconds": ("microseconds", 10.0),
}
_SPEED_UP, _N_MARKETS = 1000.0, 8
_SHOWN = ("problem", "value", "value_error", "delta", "delta_error", "label_s", "train_s", "microseconds", "mc_ms",
          "mc_ratio", "sobol_ratio", "pays_after")  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        problems: of "Bachelier", "Black-Scholes" (baskets of seven), "worst of 2" and "worst of 4" (autocallables).
        n_samples: labels of each training.
        n_paths: averaged into a label of a basket.
        n_paths_of_notes: averaged into a label of a note.
        n_units: of each of the four hidden layers.
        n_epochs: passes over the labels.
        batch_size: labels in a step.
        n_seeds: sets of labels and networks.
        n_points: held-out points.
        n_truth_paths: of each estimate where the truth is simulated.
        n_answers: in a batch.
    """

    problems: tuple[str, ...] = ("Bachelier", "Black-Scholes", "worst of 2", "worst of 4")
    n_samples: int = 2**16
    n_paths: int = 1024
    n_paths_of_notes: int = 4096
    n_units: int = 32
    n_epochs: int = 100
    batch_size: int = 512
    n_seeds: int = 5
    n_points: int = 256
    n_truth_paths: int = 2**17
    n_answers: int = 10_000

    @property
    def network(self) -> differential.Config:
        """Of every problem."""
        training = Training(n_epochs=self.n_epochs, batch_size=self.batch_size)
        return differential.Config(n_units=self.n_units, activation=Activation.SILU, training=training)


def run(key: jax.Array, config: Config) -> Metrics:
    """Errors and seconds of each problem; price and delta of the last one along its first spot."""
    details = []
    for i, name in enumerate(config.problems):
        mine, problem = jax.random.fold_in(key, i), named(key, name)
        surrogate, row = _accuracy(mine, problem, config)
        details.append(row | _speed(mine, problem, surrogate, row["rmse"], row["label_s"] + row["train_s"], config))
    rows = [{name: row[name] for name in _SHOWN} for row in details]
    return {"rows": rows, "details": details, "profile": profile(mine, problem, surrogate, config.n_truth_paths)}


def _accuracy(key: jax.Array, problem: Problem, config: Config) -> tuple[differential.Surrogate, dict[str, Any]]:
    n_paths = config.n_paths_of_notes if problem.product.payoff.jumps else config.n_paths
    truth = problem.held_out(jax.random.fold_in(key, 1 << 20), config.n_points, config.n_truth_paths)
    found = []
    for seed in range(config.n_seeds):
        mine = jax.random.fold_in(key, seed)
        data, made = cpu_seconds(lambda: problem.samples(mine, config.n_samples, n_paths))  # noqa: B023
        surrogate, trained = cpu_seconds(lambda: differential.fit(mine, data, config.network))  # noqa: B023
        surrogate = differential.measure(surrogate, *truth)
        error = surrogate.error or {}
        shares = [100.0 * float(jnp.max(error[f"relative_{name}"])) for name in ("value", "dydx")]
        found.append((*shares, float(error["value"]), made, trained))
    value, delta, money, made, trained = zip(*found, strict=True)
    row = {"problem": problem.name, "n_samples": config.n_samples, "n_paths": n_paths, "rmse": over_seeds(money)[0]}
    for name, errors in (("value", value), ("delta", delta)):
        row[name], row[f"{name}_error"] = over_seeds(errors)
    return surrogate, row | {"label_s": statistics.median(made), "train_s": statistics.median(trained)}


def _speed(key: jax.Array, problem: Problem, surrogate: Any, error: float, spent: float, config: Config) -> Metrics:
    x = problem.points(key, config.n_answers)
    ours = answer_seconds(surrogate, x)
    found: dict[str, Any] = {"microseconds": 1e6 * ours}
    for name, sampling in (("mc", "antithetic"), ("sobol", "sobol")):
        seconds, n_paths = monte_carlo_seconds(key, problem, x[:_N_MARKETS], error, sampling, config.n_truth_paths)
        found |= {f"{name}_paths": n_paths, f"{name}_ms": 1e3 * seconds, f"{name}_ratio": seconds / ours}
    return found | {"pays_after": round(spent / (1e-3 * found["mc_ms"] - ours))}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Errors, microseconds and ratios against the claims."""
    found = []
    for row in metrics["rows"]:
        for quantity, (about, limit) in _LIMIT.items():
            name, error = f"{row['problem']}: {about}", row.get(f"{quantity}_error")
            found.append(Cell.at_most(name, row[quantity], limit, std_error=error, source=_CLAIM))
        for kind, sampling in (("mc", "antithetic"), ("sobol", "Sobol")):
            name = f"{row['problem']}: times faster than Monte Carlo, {sampling}"
            found.append(Cell.at_least(name, row[f"{kind}_ratio"], _SPEED_UP, source=_CLAIM))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Price and delta of the last problem along its first spot, beside Monte Carlo."""
    from experiments import differential_figures

    return {"differential_accuracy": differential_figures.profile(metrics["profile"])}


EXPERIMENT = Experiment(
    question="How accurate and how fast are price and deltas of a surrogate, beside Monte Carlo at the same error?",
    table="claims on accuracy and speed",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(
        problems=("Bachelier",),
        n_samples=256,
        n_paths=2,
        n_epochs=2,
        batch_size=128,
        n_seeds=1,
        n_points=8,
        n_truth_paths=512,
        n_answers=64,
    ),
    full=Config(n_paths_of_notes=8192, n_seeds=10),
)
