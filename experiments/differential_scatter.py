"""Predicted prices and deltas beside the true ones, point by point, without and with differential labels.

Question: what do the errors of the learning curves look like?
Table: the pictures of Huge and Savine's notebooks (DifferentialML.ipynb, DifferentialMLTF2.ipynb).
Command: python -m experiments differential_scatter --check
Expected: with derivatives the points lie on the curve of the true prices, without they scatter around it.
Time: about 1 minute on one core. Device: CPU.

The Bachelier baskets, labels and test points of `differential_learning_curves`; the default settings, and the standard
network on the same labels. Pictures are of the first seed, over the price of the basket, the deltas those by the first
asset, as in print. The cells are about all seeds: root mean squared errors with derivatives over those without.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.differential_common import bachelier, errors, over_seeds
from experiments.differential_learning_curves import METHOD
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import differential
from jaxprice.simulation import labels

_METHODS = ("standard", "differential, default settings")
_N_SHOWN = 400


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        n_assets: of the baskets.
        n_samples: labels of each training.
        n_seeds: baskets, sets of labels and networks.
    """

    n_assets: tuple[int, ...] = (7, 20)
    n_samples: int = 8192
    n_seeds: int = 5


def run(key: jax.Array, config: Config) -> Metrics:
    """Errors by basket and method, and the points of the first seed."""
    rows, points = [], []
    for n_assets in config.n_assets:
        for method in _METHODS:
            found = []
            for seed in range(config.n_seeds):
                mine = jax.random.fold_in(jax.random.fold_in(key, n_assets), seed)
                problem = bachelier(mine, n_assets)
                truth = problem.truth_in_box(mine)
                data = problem.samples(mine, labels.Config(n_samples=config.n_samples))
                surrogate = differential.fit(mine, data, METHOD[method])
                found.append(errors(surrogate, truth))
                if seed == 0:
                    points.append({"d": n_assets, "method": method} | _points(surrogate, truth))
            row = {"d": n_assets, "n_samples": config.n_samples, "method": method}
            for name, column in zip(("value", "delta"), zip(*found, strict=True), strict=True):
                row[name], row[f"{name}_error"] = over_seeds([100.0 * error for error in column])
            rows.append(row)
    return {"rows": rows, "points": points}


def _points(surrogate: differential.Surrogate, truth: tuple[Any, Any, Any]) -> dict[str, Any]:
    x, value, dydx = (np.asarray(part[:_N_SHOWN]) for part in truth)
    found, slope = (np.asarray(part) for part in differential.predict(surrogate, jnp.asarray(x)))
    # All deltas are one function of the basket times its weights: their direction is that of the weights.
    weight = dydx[0] / dydx[0].sum()
    shown = {"basket": x @ weight, "value": found, "true_value": value, "delta": slope[:, 0], "true_delta": dydx[:, 0]}
    return {name: column.round(6).tolist() for name, column in shown.items()}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Smaller errors with derivatives than without."""
    rows, found = {(row["d"], row["method"]): row for row in metrics["rows"]}, []
    for d in config.n_assets:
        standard, ours = (rows[d, method] for method in _METHODS)
        for quantity in ("value", "delta"):
            name = f"d = {d}, {config.n_samples:,} labels: {quantity}, with derivatives over without"
            found.append(Cell.at_most(name, ours[quantity] / standard[quantity], 0.5, source="Huge and Savine 2020"))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Values and deltas over the basket, predicted and true."""
    from experiments import differential_figures

    return {"differential_scatter": differential_figures.scatter(metrics["points"], config.n_samples)}


EXPERIMENT = Experiment(
    question="What do predicted prices and deltas look like beside the true ones, without and with derivatives?",
    table="pictures of Huge and Savine's notebooks",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), n_samples=512, n_seeds=1),
    full=Config(n_assets=(7, 20, 50), n_samples=16384),
)
