"""What the two experiments on Bermudan max-calls share."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import jax

from experiments import glsm_common as common
from experiments.harness import Cell, Metrics
from jaxprice.engines import glsm
from jaxprice.engines.glsm import Precision

G_LSM, DEFAULT = "G-LSM", "default rule"
_SHOWN = ("n_assets", "spot", "order", "method", "n_basis", "n_trials", "price", "std_error", "published", "z")
_SHOWN += ("lower", "upper", "stopping")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Effort:
    """Effort of both methods.

    Attributes:
        n_paths: of a trial of the published method.
        most_trials: of the published method.
        teraflops: budget of Gram products for the trials of one row.
        precision: of the published method.
        n_fit_paths: of the default rule.
        n_dual_paths: fresh ones of its interval.
    """

    n_paths: int = 100_000
    most_trials: int = 10
    teraflops: float = 3.0
    precision: Precision = Precision.DOUBLE
    n_fit_paths: int = glsm.Config.n_paths
    n_dual_paths: int = 2**13


def measure(key: jax.Array, example: int, published: Iterable[Any], effort: Effort) -> Metrics:
    """The published method for every row of a table, the default rule once for each problem."""
    # The price comes from the paths of the interval; those of the Greeks are not wanted.
    settings = glsm.Config(n_paths=effort.n_fit_paths, n_price_paths=2, n_dual_paths=effort.n_dual_paths, greeks=False)
    details, certified = [], {}
    for i, row in enumerate(published):
        this = jax.random.fold_in(key, i)
        model, product = common.problem(example, row.n_assets, row.spot)
        about = {"n_assets": row.n_assets, "spot": row.spot}
        method = common.published_method(row.order, effort.n_paths, effort.precision)
        n_trials = common.affordable_trials(model, product, method, effort.teraflops, effort.most_trials)
        found = common.in_sample(jax.random.fold_in(this, 0), model, product, method, n_trials)
        found = common.against_published(found, row.price, row.trial_std)
        details.append(about | {"order": row.order, "method": G_LSM} | found)
        if (row.n_assets, row.spot) not in certified:
            found, _ = common.certified(jax.random.fold_in(this, 1), model, product, settings)
            found |= {"stopping_interval": row.stopping_interval, "stopping": _text(row.stopping_interval)}
            certified[row.n_assets, row.spot] = found
            details.append(about | {"order": settings.order_for(row.n_assets), "method": DEFAULT} | found)
    return {"rows": common.shown(details, _SHOWN), "details": details}


def cells(metrics: Metrics, price_source: str, interval_source: str) -> list[Cell]:
    """Prices in sample beside the print, intervals beside those of Deep Optimal Stopping."""
    found = []
    for row in metrics["details"]:
        name = f"{row['n_assets']} assets, S0 = {row['spot']:g}, order {row['order']}, {row['method']}"
        if row["method"] == G_LSM:
            found.append(common.published_cell(name, row, price_source))
        else:
            found += _interval_cells(name, row, interval_source)
    return found


def _interval_cells(name: str, row: dict[str, Any], source: str) -> list[Cell]:
    """The intervals overlap; up to ten assets ours is no wider."""
    low, high = row["stopping_interval"]
    gap = max(row["lower"] - high, low - row["upper"])
    found = [Cell.at_most(f"{name}: distance between intervals", gap, 0.0, source=source)]
    if row["n_assets"] <= 10:
        width = row["upper"] - row["lower"]
        found.append(Cell.at_most(f"{name}: width of the interval", width, high - low, source=source))
    return found


def _text(interval: tuple[float, float]) -> str:
    return f"[{interval[0]:.3f}, {interval[1]:.3f}]"


def figure(metrics: Metrics, title: str, label: str) -> Any:
    """Every estimate less the middle of the published interval, in parts of it: intervals, and prices in sample."""
    from experiments.harness.figure import COLOUR, panels

    drawing, (axis,) = panels(1, width=7.0, title=title)
    middle, names = {}, []
    for row in (row for row in metrics["details"] if row["method"] == DEFAULT):
        low, high = row["stopping_interval"]
        middle[row["n_assets"], row["spot"]] = (0.5 * (low + high), len(names))
        names.append(label.format(**row))
    for i, (name, shift) in enumerate((("Deep Optimal Stopping", -0.2), (DEFAULT, 0.0), (G_LSM, 0.2))):
        x, low, high = [], [], []
        for row in metrics["details"]:
            if (row["method"] == G_LSM) != (name == G_LSM):
                continue
            centre, place = middle[row["n_assets"], row["spot"]]
            bar = (row["price"] - 1.96 * row["std_error"], row["price"] + 1.96 * row["std_error"])
            limits = bar if name == G_LSM else (row["lower"], row["upper"])
            limits = row["stopping_interval"] if name not in (G_LSM, DEFAULT) else limits
            x.append(place + shift)
            low.append(100.0 * (limits[0] / centre - 1.0))
            high.append(100.0 * (limits[1] / centre - 1.0))
        axis.vlines(x, low, high, color=COLOUR[(6, 0, 1)[i]], linewidth=3.0, label=name)
    axis.axhline(0.0, color=COLOUR[6], linewidth=0.6)
    axis.set_xticks(range(len(names)), names)
    axis.set(ylabel="95 % limits, % from the published middle")
    axis.legend()
    return drawing
