"""Heston calls as a Chebyshev tensor train in all five parameters, strike and expiry.

Question: how accurate and how small is one train for a whole Heston surface, and how much faster than its labels?
Table: none published for this box; Chebyshev trains of five-dimensional Black-Scholes with 11 nodes are reported to
    need 3,707 numbers (PyChebyshev). The claims checked are those of the project: prices within 1e-4 of the spot,
    derivatives within 1e-2, at least ten times as fast as the COS formula.
Command: python -m experiments tt_heston_surface --check
Expected: with 7 nodes no error above 2e-3 on a spot of 100, from 110,000 prices, at half a microsecond each; with 11
    none above 1e-4, at 2 microseconds. The formula takes 50.
Time: about 2 minutes on one core. Device: CPU.

`fourier_tt.learn` of `reference.heston.call` (COS, 256 terms): spot 100, rate 0.02, strike in [85, 115], expiry in
[0.5, 1.5], variance and long-run variance in [0.02, 0.08], mean reversion in [1, 3], volatility of variance in [0.2,
0.5], correlation in [-0.8, -0.3]. Errors at random points of the box; of derivatives the largest over the inputs of the
root mean square, relative to that of the derivative. Times are CPU microseconds in a batch of 10,000; those of the
formula in a batch of 256.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments import fourier_tt_common as common
from experiments.fourier_tt_common import CLAIM
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.core.array import Array
from jaxprice.core.domain import Domain
from jaxprice.engines import fourier_tt
from jaxprice.reference import heston

_SPOT, _RATE = 100.0, 0.02
_EXACT = "reference.heston.call"
_BOX = {
    "strike": (85.0, 115.0),
    "expiry": (0.5, 1.5),
    "variance": (0.02, 0.08),
    "mean_reversion": (1.0, 3.0),
    "long_run_variance": (0.02, 0.08),
    "vol_of_vol": (0.2, 0.5),
    "correlation": (-0.8, -0.3),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        n_nodes: of each input, one train for each.
        tolerances: of the learning of each.
        n_terms: of the COS formula.
        n_points: test points.
        n_timed: of the batch that is timed.
    """

    n_nodes: tuple[int, ...] = (5, 7, 9, 11)
    tolerances: tuple[float, ...] = (1e-4, 1e-5, 1e-5, 1e-6)
    n_terms: int = 256
    n_points: int = 500
    n_timed: int = 10_000


def run(key: jax.Array, config: Config) -> Metrics:
    """A row for each number of nodes."""
    box = Domain(
        lower=jnp.asarray([low for low, _ in _BOX.values()]),
        upper=jnp.asarray([high for _, high in _BOX.values()]),
        names=tuple(_BOX),
    )

    def price(row: Array) -> Array:
        strike, expiry, *rest = row
        return heston.call(_SPOT, strike, _RATE, 0.0, *rest, expiry, n_terms=config.n_terms)

    def draw(index: int, n: int) -> Array:
        share = jax.random.uniform(jax.random.fold_in(key, index), (n, box.n_inputs), jnp.float64)
        return box.lower[None] + (box.upper - box.lower)[None] * share

    x, timed = draw(1, config.n_points), draw(2, config.n_timed)
    exact, gradient = (np.asarray(part) for part in jax.jit(jax.vmap(jax.value_and_grad(price)))(x))
    batch = timed[:256]
    formula = 1e6 * common.seconds(jax.jit(jax.vmap(price)), batch) / len(batch)
    rows = []
    for n_nodes, tolerance in zip(config.n_nodes, config.tolerances, strict=True):
        settings = fourier_tt.Config(tolerance=tolerance, rounding=tolerance, n_nodes=n_nodes)
        surrogate = fourier_tt.learn(jax.random.fold_in(key, 0), jax.vmap(price), box, settings)
        value, slope = (np.asarray(part) for part in fourier_tt.predict(surrogate, x))
        train = 1e6 * common.seconds(fourier_tt.price, surrogate, timed) / len(timed)
        greeks = 1e6 * common.seconds(fourier_tt.predict, surrogate, timed) / len(timed)
        rows.append(
            {
                "n_nodes": n_nodes,
                "tolerance": tolerance,
                "status": int(surrogate.status),
                "n_evaluations": int(surrogate.diagnostics["n_evaluations"]),
                "of_all": float(int(surrogate.diagnostics["n_evaluations"]) / n_nodes**box.n_inputs),
                "ranks": "-".join(map(str, surrogate.train.ranks)),
                "n_numbers": sum(core.size for core in surrogate.train.cores),
                "mean_error": float(np.mean(np.abs(value - exact))),
                "largest_error": float(np.max(np.abs(value - exact))),
                "greeks": common.greek_error(slope, gradient),
                "price_us": train,
                "greeks_us": greeks,
                "formula_us": formula,
            }
        )
    return {"rows": rows}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Accuracy and speed of the finest train."""
    row = max(metrics["rows"], key=lambda row: row["n_nodes"])
    about = f"{row['n_nodes']} nodes"
    return [
        Cell.at_most(f"{about}: status", row["status"], 0, source=CLAIM),
        Cell.at_most(f"{about}: largest error over the spot", row["largest_error"] / _SPOT, 1e-4, source=_EXACT),
        Cell.at_most(f"{about}: relative error of derivatives", row["greeks"], 1e-2, source=_EXACT),
        Cell.at_least(
            f"{about}: time of the formula over that of the train",
            row["formula_us"] / row["price_us"],
            10.0,
            source=CLAIM,
        ),
        Cell.at_most(f"{about}: share of all grid points evaluated", row["of_all"], 0.1, source=CLAIM),
    ]


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors over the number of nodes, and what they cost."""
    from experiments import fourier_tt_figures

    return {"tt_heston_surface": fourier_tt_figures.heston(metrics["rows"])}


EXPERIMENT = Experiment(
    question="How accurate and how small is one Chebyshev train for a whole Heston surface?",
    table="claims on trains of any pricer",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_nodes=(3,), tolerances=(1e-2,), n_terms=64, n_points=8, n_timed=64),
    full=Config(n_nodes=(5, 7, 9, 11, 13), tolerances=(1e-4, 1e-5, 1e-5, 1e-6, 1e-7)),
)
