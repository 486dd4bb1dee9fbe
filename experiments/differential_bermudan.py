"""A Bermudan price learned from the cash flows of a frozen policy of least squares Monte Carlo.

Question: does a twin net learn a Bermudan price and its deltas over a box of spots, and what are differentials worth?
Table: none published for this contract; Huge and Savine's Bermudan5F.ipynb shows the kind.
Command: python -m experiments differential_bermudan --check
Expected: with differentials the errors of value are a quarter to a half, those of delta a sixth to a quarter of those
    without, at equal samples; at the largest size value and delta are as good as the policy itself.
Time: about 4 minutes on one core. Device: CPU.

A call on the better of two unlike assets, nine dates in three years. One policy is fitted, by G-LSM, and frozen. It is
a function of prices and date, so that it can be followed from any spot; to be good wherever paths from the box come, it
is fitted on paths that start a year before, in the middle. A label is the mean over antithetic paths of what the policy
earns, discounted, from a spot in the box; its derivatives are pathwise, the decisions held still: by the envelope
theorem that misses nothing where the policy is optimal. Truth: Fourier quadrature to 1e-5, at a few points. `policy` is
what the policy itself earns there, on many paths: no surrogate of it can be better. Errors are root mean squares over
points, assets and seeds; seconds are CPU seconds.
"""

import dataclasses
import statistics
from typing import Any

import jax
import jax.numpy as jnp

from experiments.differential_bermudan_labels import BOX, earned, exact, fitted, spots
from experiments.differential_common import errors, over_seeds
from experiments.differential_cost import cpu_seconds
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.engines import differential, glsm

_METHOD = {
    "standard": differential.Config(gradient_weight=0.0, component_tolerance=None),
    "differential": differential.Config(),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        n_samples: labels of each training.
        n_paths: averaged into a label.
        n_fit_paths: of the policy.
        n_seeds: sets of labels and networks.
        n_points: at which the truth is known.
        n_policy_paths: for what the policy earns there.
    """

    n_samples: tuple[int, ...] = (1024, 4096, 16384, 65536)
    n_paths: int = 16
    n_fit_paths: int = 2**17
    n_seeds: int = 5
    n_points: int = 16
    n_policy_paths: int = 2**17


def run(key: jax.Array, config: Config) -> Metrics:
    """Errors and seconds by method and size."""
    policy, fit_seconds = cpu_seconds(lambda: fitted(key, config.n_fit_paths))
    truth = exact(spots(jax.random.fold_in(key, 1 << 20), config.n_points))
    x, value, delta = truth
    found = earned(key, policy, x, n_paths=config.n_policy_paths)
    gap = [float(jnp.sqrt(jnp.mean((a - b) ** 2))) for a, b in zip(found, (value, delta), strict=True)]
    rows = [{"method": "policy", "value": gap[0], "delta": gap[1], "train_s": fit_seconds}]
    rows += [_row(key, policy, truth, n, method, config) for n in config.n_samples for method in _METHOD]
    scale = {"value": float(jnp.sqrt(jnp.mean(value**2))), "delta": float(jnp.sqrt(jnp.mean(delta**2)))}
    return {"rows": rows, "scale": scale}


def _row(key: jax.Array, policy: glsm.Policy, truth: Any, n: int, method: str, config: Config) -> dict[str, Any]:
    found = []
    for seed in range(config.n_seeds):
        mine = jax.random.fold_in(jax.random.fold_in(key, n), seed)
        x = spots(mine, n)
        (y, dydx), made = cpu_seconds(lambda: earned(mine, policy, x, n_paths=config.n_paths))  # noqa: B023
        data = DifferentialDataset(x=x, y=y, dydx=dydx, domain=BOX)
        surrogate, trained = cpu_seconds(lambda: differential.fit(mine, data, _METHOD[method]))  # noqa: B023
        found.append((*errors(surrogate, truth), made, trained))
    value, delta, made, trained = zip(*found, strict=True)
    row = {"method": method, "n_samples": n}
    for name, error in (("value", value), ("delta", delta)):
        row[name], row[f"{name}_error"] = over_seeds(error)
    return row | {"label_s": statistics.median(made), "train_s": statistics.median(trained)}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Errors relative to the quantity at the largest size, and gains at all sizes."""
    rows = {(row["method"], row.get("n_samples")): row for row in metrics["rows"]}
    found = []
    for quantity, limit in (("value", 0.3), ("delta", 1.0)):
        for method, n in (("policy", None), ("differential", config.n_samples[-1])):
            name = f"{method}{f', {n:,} samples' if n else ''}: error of {quantity}, %"
            error = 100.0 * rows[method, n][quantity] / metrics["scale"][quantity]
            found.append(Cell.at_most(name, error, limit, source="bermudan_two_asset"))
        for n in config.n_samples:
            ratio = rows["differential", n][quantity] / rows["standard", n][quantity]
            found.append(
                Cell.at_most(f"{n:,} samples: {quantity}, differential over standard", ratio, 1.0, source="claim")
            )
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Learning curves of value and delta."""
    from experiments import differential_figures

    return {"differential_bermudan": differential_figures.bermudan(metrics["rows"], tuple(_METHOD))}


EXPERIMENT = Experiment(
    question="Does a twin net learn a Bermudan price and its deltas from the cash flows of a G-LSM policy?",
    table="Bermudan labels",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_samples=(256,), n_fit_paths=1024, n_seeds=1, n_points=1, n_policy_paths=64),
    full=Config(n_seeds=10, n_points=64),
)
