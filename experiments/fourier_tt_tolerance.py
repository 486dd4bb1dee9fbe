"""What rounding does to prices, Greeks and the time of an answer.

Question: how far may the trains be rounded before prices and Greeks suffer, and what does a price cost then?
Table: figure 3 of Sakurai, Takahashi and Miyamoto 2025, arXiv 2405.00701: ten assets, volatilities; its text says that
    the error is flat below a tolerance of about 1e-6 and rises sharply above.
Command: python -m experiments fourier_tt_tolerance --check
Expected: rounding of law and transform as in the paper; rounding of the price alone, which is ours, is gentler: errors
    of prices of about the tolerance in units of the price, and ranks of 4 instead of 13 at 1e-6.
Time: about 3 minutes on one core. Device: CPU.

Law and transform are learned once. "factors": both are rounded to a share of their Frobenius norm, as the paper does,
and their sum is not (1e-10). "price": they are left alone, and the sum is rounded in the mean over the box, which is
`fourier_tt.Config.rounding`. Errors are against quadrature at random points of the paper's grid.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments import fourier_tt_common as common
from experiments.fourier_tt_common import CLAIM, EXACT, VOLATILITY, Case
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import fourier_tt
from jaxprice.engines.fourier_tt.contraction import rounded
from jaxprice.numerics.cross_interpolation import CrossInterpolation
from jaxprice.numerics.tensor_train import TensorTrain

_PRINTED = "Sakurai, Takahashi and Miyamoto 2025, figure 3, through the summary"
FACTORS, PRICE = "factors", "price"
_NO_ROUNDING = 1e-10
_FLAT, _COARSE = 1e-6, 1e-2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Problem and tolerances.

    Attributes:
        n_assets: with correlation 1/2.
        exponents: of ten, the tolerances; 2, 6 and the largest are compared by cells.
        n_points: parameter sets.
    """

    n_assets: int = 10
    exponents: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    n_points: int = 50


def run(key: jax.Array, config: Config) -> Metrics:
    """Errors for each tolerance of the factors and of the price."""
    case = Case(config.n_assets, "1/2", VOLATILITY)
    factors = fourier_tt.learn_factors(key, case.problem())
    x = case.points(jax.random.fold_in(key, 1), config.n_points)
    price, greeks = case.exact(x)
    rows = []
    for kind in (FACTORS, PRICE):
        for exponent in config.exponents:
            tolerance = 10.0**-exponent
            if kind == FACTORS:
                coarse = dataclasses.replace(
                    factors, law=_rounded(factors.law, tolerance), transform=_rounded(factors.transform, tolerance)
                )
                surrogate = fourier_tt.combine(key, coarse, fourier_tt.Config(rounding=_NO_ROUNDING))
                rank = max(*coarse.law.train.ranks, *coarse.transform.train.ranks)
            else:
                surrogate = fourier_tt.combine(key, factors, fourier_tt.Config(rounding=tolerance))
                rank = max(surrogate.train.ranks)
            value, slope = (np.asarray(part) for part in fourier_tt.predict(surrogate, x))
            rows.append(
                {
                    "rounded": kind,
                    "tolerance": tolerance,
                    "largest_rank": rank,
                    "c_train": common.operations(np.asarray(surrogate.train.ranks)),
                    "mean_error": float(np.mean(np.abs(value - price))),
                    "relative_error": float(np.mean(np.abs(value - price)) / price.mean()),
                    "greeks": common.greek_error(slope, greeks),
                }
            )
    return {"rows": rows}


def _rounded(found: CrossInterpolation, tolerance: float) -> CrossInterpolation:
    cores = rounded([np.asarray(core) for core in found.train.cores], tolerance)
    return dataclasses.replace(found, train=TensorTrain(cores=tuple(map(jnp.asarray, cores))))


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Rounding as in print: flat below 1e-6, steep above; the claims of accuracy hold for the default."""
    found = []
    for kind in (FACTORS, PRICE):
        mine = {row["tolerance"]: row for row in metrics["rows"] if row["rounded"] == kind}
        ends = {name: min(mine, key=lambda t, goal=goal: abs(np.log(t / goal))) for name, goal in _GOALS.items()}
        flat, coarse, last = (mine[ends[name]]["mean_error"] for name in _GOALS)
        about = f"{config.n_assets} assets, rounding of the {kind}"
        if kind == FACTORS:
            name = f"{about}: error at 1e-6 over that at {min(mine):.0e}"
            found.append(Cell.at_most(name, flat / last, 2.0, source=_PRINTED))
            name = f"{about}: error at 1e-2 over that at 1e-6"
            found.append(Cell.at_least(name, coarse / flat, 10.0, source=_PRINTED))
        row = mine[ends["flat"]]
        found.append(Cell.at_most(f"{about}: mean error of the price at 1e-6", row["mean_error"], 1e-4, source=EXACT))
        found.append(Cell.at_most(f"{about}: relative error of Greeks at 1e-6", row["greeks"], 1e-3, source=CLAIM))
    return found


_GOALS = {"flat": _FLAT, "coarse": _COARSE, "last": 1e-12}


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors of prices and Greeks, and ranks, over the tolerance."""
    from experiments import fourier_tt_figures

    return {"fourier_tt_tolerance": fourier_tt_figures.tolerance(metrics["rows"])}


EXPERIMENT = Experiment(
    question="How far may the trains be rounded before prices and Greeks suffer?",
    table="Sakurai, Takahashi and Miyamoto 2025, figure 3",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=2, exponents=(2, 6), n_points=4),
    full=Config(exponents=tuple(range(1, 11)), n_points=100),
)
