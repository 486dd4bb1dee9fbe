"""Profit and loss of a sold Bermudan option that is hedged with the fitted gradient.

Question: how fast does the risk left over fall as the hedge is rebalanced more often?
Table: rate known from theory: the standard deviation falls with the inverse square root of the number of trades
    (Bertsimas, Kogan and Lo 2000); Yang and Li 2025, arXiv 2405.02570, hedge at the exercise dates.
Command: python -m experiments glsm_hedging --check
Expected: slopes near -1/2 in log-log, -0.4 for the max-call on five assets; a twelfth to a sixth of the risk without a
    hedge at the finest; a mean profit of zero within its error, the premium being the fitted value.
Time: about 6 minutes on two cores. Device: CPU or GPU.

The put is that of example 1 with ten dates, the max-call that of example 3. Each row fits a policy of its own whose
steps divide the time between two exercise dates; the hedge is the gradient at the start of each step, held until the
contract is exercised. The last rows trade at exercise dates only by the finest policy: what a fine fit is worth to a
coarse hedge. Where the slope flattens, the error of the fitted gradient is seen, which finer trading does not cure.
"""

import dataclasses
import math
from typing import Any

import jax
import numpy as np

from experiments.glsm_common import problem
from experiments.harness import Cell, Experiment, Metrics
from jaxprice import products
from jaxprice.cli.timing import timed
from jaxprice.engines import glsm

_CONTRACT = {"geometric put": (1, (1, 5)), "max-call": (3, (2, 5))}
_N_PUT_DATES, _TOLERANCE, _BINS = 10, 0.15, 60


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        n_substeps: trades for each exercise date; a policy each.
        n_fit_paths: of each fit.
        n_paths: of profit and loss.
        n_assets: numbers of assets; None for those of each contract.
    """

    n_substeps: tuple[int, ...] = (1, 2, 4, 8)
    n_fit_paths: int = 2**17
    n_paths: int = 2**15
    n_assets: tuple[int, ...] | None = None


def _problem(contract: str, n_assets: int) -> tuple[Any, Any]:
    model, product = problem(_CONTRACT[contract][0], n_assets)
    if contract == "geometric put":
        product = products.Bermudan.equally_spaced(product.payoff, product.exercise_times[-1], _N_PUT_DATES)
    return model, product


def run(key: jax.Array, config: Config) -> Metrics:
    """Moments of profit and loss for each contract and number of trades; histograms of the finest hedge."""
    rows, histograms = [], []
    for contract, (_, sizes) in _CONTRACT.items():
        for n_assets in config.n_assets or sizes:
            model, product = _problem(contract, n_assets)
            fit_key, hedge_key = jax.random.split(jax.random.fold_in(key, len(rows)))
            about = {"contract": contract, "assets": n_assets}
            for n in config.n_substeps:
                settings = glsm.Config(n_paths=config.n_fit_paths, n_substeps=n)
                policy, fit = timed(lambda: glsm.fit(fit_key, model, product, settings))  # noqa: B023
                found, run_ = timed(lambda: glsm.hedge(hedge_key, policy, n_paths=config.n_paths))  # noqa: B023
                seconds = {"fit_seconds": fit.run, "hedge_seconds": run_.run}
                rows.append(about | {"substeps": n, "every": 1} | _row(found, product, n, config) | seconds)
            histograms.append(about | _histogram(found))
            if n > 1:
                found = glsm.hedge(hedge_key, policy, n_paths=config.n_paths, every=n)
                rows.append(about | {"substeps": n, "every": n} | _row(found, product, 1, config))
    return {"rows": rows, "histograms": histograms}


def _row(found: glsm.Hedge, product: Any, n_trades: int, config: Config) -> dict[str, Any]:
    hedged, unhedged = found.std()  # the premium is an estimate too, with that noise for each path of the fit
    error = float(hedged) * math.sqrt(1.0 / config.n_paths + 1.0 / config.n_fit_paths)
    row = {"trades": n_trades * len(product.exercise_times), "premium": float(found.premium)}
    return row | {"mean": float(found.profit.mean()), "std_error": error, "std": hedged, "unhedged": unhedged}


def _histogram(found: glsm.Hedge) -> dict[str, Any]:
    edges = np.linspace(*np.quantile(found.unhedged, [0.002, 0.998]), _BINS + 1)
    names = ("profit", "unhedged")
    return {"edges": edges} | {name: np.histogram(getattr(found, name), edges, density=True)[0] for name in names}


def _curves(metrics: Metrics) -> dict[str, tuple[list[dict[str, Any]], float]]:
    """Rows of each contract that trade at every step, and the slope of their standard deviation in log-log."""
    found: dict[str, Any] = {}
    for row in metrics["rows"]:
        if row["every"] == 1:
            found.setdefault(f"{row['contract']}, {row['assets']} assets", []).append(row)

    def slope(rows: list[dict[str, Any]]) -> float:
        return float(np.polyfit(*np.log([[row[name] for row in rows] for name in ("trades", "std")]), 1)[0])

    return {name: (rows, slope(rows)) for name, rows in found.items()}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Rates, zero mean, and less risk than without a hedge."""
    found = []
    for name, (rows, slope) in _curves(metrics).items():
        found.append(Cell.near(f"{name}: slope", slope, -0.5, _TOLERANCE, source="Bertsimas, Kogan and Lo 2000"))
        for row in rows:
            tolerance = 4.0 * row["std_error"] + 1e-3 * row["premium"]  # fitted in sample, it is a little high
            mean = f"{name}, {row['trades']} trades: mean profit"
            found.append(
                Cell.near(mean, row["mean"], 0.0, tolerance, std_error=row["std_error"], source="fair premium")
            )
        ratio = rows[-1]["std"] / rows[-1]["unhedged"]
        found.append(Cell.at_most(f"{name}: hedged over unhedged risk", ratio, 0.2, source="claim of the project"))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Risk against trades, log-log; distributions at the most trades."""
    from experiments.harness.figure import COLOUR, panels

    risk, (axis,) = panels(1, width=6.0, title="Standard deviation of the seller's profit")
    for i, (name, (rows, slope)) in enumerate(_curves(metrics).items()):
        trades = [row["trades"] for row in rows]
        axis.plot(trades, [row["std"] for row in rows], "osD^"[i] + "-", color=COLOUR[i], label=f"{name}: {slope:.2f}")
        axis.plot(trades, [row["unhedged"] for row in rows], ":", color=COLOUR[i])
    axis.set(xscale="log", yscale="log", xlabel="trades until expiry", ylabel="standard deviation (dotted: unhedged)")
    axis.legend(title="slope")
    profit, axes = panels(len(metrics["histograms"]), width=3.4, title="Profit of the seller, at the most trades")
    for axis, one in zip(axes, metrics["histograms"], strict=True):
        for i, (name, label) in enumerate((("profit", "hedged"), ("unhedged", "unhedged"))):
            axis.stairs(one[name], one["edges"], fill=True, color=COLOUR[i], alpha=0.55, label=label)
        axis.set(title=f"{one['contract']}, {one['assets']}", xlabel="profit")
    axes[0].legend()
    return {"glsm_hedging": risk, "glsm_hedging_profit": profit}


EXPERIMENT = Experiment(
    question="How fast does the risk of a hedged Bermudan option fall with the number of trades?",
    table="rate known from theory",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_substeps=(1, 2), n_fit_paths=1024, n_paths=512, n_assets=(1,)),
    full=Config(n_substeps=(1, 2, 4, 8, 16), n_fit_paths=2**19, n_paths=2**17),
)
