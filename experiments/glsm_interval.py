"""Certified intervals of Bermudan max-calls beside the published ones of Deep Optimal Stopping.

Question: does a linear regression give an interval that overlaps the published 95 % one and, up to ten assets, is no
    wider, from a tenth of its paths?
Table: tables 1 (symmetric) and 2 (asymmetric) of Becker, Cheridito and Jentzen 2019, arXiv 1804.05394v3; they train on
    24 million paths and test on 4 million.
Command: python -m experiments glsm_interval --check
Expected: overlap in every cell; for 2 to 10 assets half to nine tenths of the published width, from some 70 basis
    functions, 262,144 fit paths and at most 8,192 outer ones; for 20 assets less.
Time: about 10 minutes on two cores, 2 to 40 seconds a cell. Device: CPU or GPU.

The basis is the engine's default: Hermite polynomials, the payoff, polynomials of the sorted prices, and European
values of the same payoff at a few fixed horizons, which know each asset's volatility and carry the asymmetric table.
Seconds are of running alone; those of the CPU are absent where the cell also compiled. The lattice price, printed for
two and three symmetric assets, is to lie in our interval, widened to four errors.
"""

import dataclasses
import itertools
import time
from typing import Any

import jax

from experiments.glsm_common import problem
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.cli.timing import timed
from jaxprice.engines import glsm
from jaxprice.reference.literature import deep_optimal_stopping as published

_TABLE = {"symmetric": published.TABLE_1, "asymmetric": published.TABLE_2}
_EXAMPLE = {"symmetric": 3, "asymmetric": 4}
_SOURCE = "Becker, Cheridito and Jentzen 2019, tables 1 and 2"


# Outer paths, as powers of two, for the symmetric and the asymmetric table.
_LOG2_DUAL = {2: (11, 12), 3: (12, 13), 5: (13, 12), 10: (11, 11), 20: (11, 11), 50: (10, 10)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Cells, by numbers of assets and spot, and effort.

    Attributes:
        n_paths: of the fit.
        n_inner: draws of each outer path and date.
        n_dual_paths: outer paths; None for those of the module.
    """

    n_assets: tuple[int, ...] = (2, 3, 5, 10, 20)
    spot: tuple[float, ...] = (90.0, 100.0, 110.0)
    n_paths: int = 2**18
    n_inner: int = 2**9
    n_dual_paths: int | None = None


def _settings(name: str, n_assets: int, config: Config) -> glsm.Config:
    return glsm.Config(
        n_paths=config.n_paths,
        n_inner=config.n_inner,
        n_dual_paths=config.n_dual_paths or 2 ** _LOG2_DUAL[n_assets][name == "asymmetric"],
    )


def run(key: jax.Array, config: Config) -> Metrics:
    """A row for each cell: both bounds, both intervals, seconds."""
    rows, details = [], []
    for n_assets, name, spot in itertools.product(config.n_assets, _TABLE, config.spot):
        model, product = problem(_EXAMPLE[name], n_assets, spot)
        settings = _settings(name, n_assets, config)
        fit_key, dual_key = jax.random.split(jax.random.fold_in(key, len(rows)))
        cpu = time.process_time()
        policy, fit = timed(lambda: glsm.fit(fit_key, model, product, settings))  # noqa: B023
        found, dual = timed(lambda: glsm.bounds(dual_key, policy, settings))  # noqa: B023
        cpu = time.process_time() - cpu
        print_row = _TABLE[name].one(n_assets=n_assets, spot=spot)
        (lower, upper), (low, high) = found.interval(), print_row.interval
        row = {"table": name, "assets": n_assets, "spot": spot, "basis": policy.problem.n_basis}
        row |= {"lower": lower, "upper": upper, "gap": found.upper - found.lower, "width": upper - lower}
        row |= {"DOS_lower": low, "DOS_upper": high, "DOS_width": high - low, "seconds": fit.run + dual.run}
        rows.append(row | {"cpu": cpu if fit.compile + dual.compile < 1.0 else None})
        details.append({"point": print_row.point, "lattice": print_row.binomial, "std_error": found.lower_std_error})
    return {"rows": rows, "details": details}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Overlap with the published interval; its width, up to ten assets; the lattice price, where there is one."""
    found = []
    for row, detail in zip(metrics["rows"], metrics["details"], strict=True):
        name = f"{row['table']}, {row['assets']} assets, spot {row['spot']:g}"
        apart = max(row["lower"] - row["DOS_upper"], row["DOS_lower"] - row["upper"])
        found.append(Cell.at_most(f"{name}: distance between intervals", apart, 0.0, source=_SOURCE))
        if row["assets"] <= 10:
            found.append(Cell.at_most(f"{name}: width", row["width"], row["DOS_width"], source=_SOURCE))
        if detail["lattice"] is not None:  # printed to two or three decimals
            middle, half = 0.5 * (row["lower"] + row["upper"]), 0.5 * row["width"] + 2.04 * detail["std_error"] + 0.005
            found.append(Cell.near(f"{name}: middle, and lattice", middle, detail["lattice"], half, source=_SOURCE))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Both intervals of every cell, relative to the published point."""
    from experiments.harness.figure import COLOUR, panels

    figure, axes = panels(1, 2, width=9.0, height=2.9, title="95 % intervals of Bermudan max-calls")
    for axis, name in zip(axes, _TABLE, strict=True):
        rows = [row | one for row, one in zip(metrics["rows"], metrics["details"], strict=True) if row["table"] == name]
        for i, (label, prefix) in enumerate((("Deep Optimal Stopping, published", "DOS_"), ("jaxprice", ""))):
            ends = [
                [row[f"{prefix}{end}"] / row["point"] * 100.0 - 100.0 for row in rows] for end in ("lower", "upper")
            ]
            place = [k + 0.3 * i - 0.15 for k in range(len(rows))]
            axis.vlines(place, *ends, color=COLOUR[1 - i], linewidth=5.0, label=label)
        axis.set_xticks(range(len(rows)), [f"{row['assets']}\n{row['spot']:g}" for row in rows])
        axis.set(title=f"{name} (below: assets, spot)", ylabel="% of the published point")
    axes[0].legend(loc="upper left")
    return {"glsm_interval": figure}


EXPERIMENT = Experiment(
    question="Is the certified interval of a Bermudan max-call no wider than that of Deep Optimal Stopping?",
    table="DOS tables 1 and 2",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), spot=(100.0,), n_paths=2048, n_inner=16, n_dual_paths=64),
    full=Config(n_assets=(2, 3, 5, 10, 20, 50)),
)
