"""Number of basis functions against the number of assets: hyperbolic cross beside total degree.

Question: how fast does the sparse basis grow with the number of assets?
Table: figure 3 of Yang and Li 2025, arXiv 2405.02570 (order 6, up to 200 assets), and the sizes in their tables.
Command: python -m experiments glsm_basis_growth --check
Expected: every size of the tables exactly; 60,901 functions for 200 assets at order 6, where all polynomials of total
    degree 6 would be 96 thousand million.
Time: seconds, on one core. Device: any, nothing is computed there.

A hyperbolic cross of a fixed order grows like a power of the number of assets: floor(log2(order + 1)), the most
coordinates that one function can have.
"""

import dataclasses
import math
from typing import Any

import jax
import numpy as np

from experiments.harness import Cell, Experiment, Metrics
from jaxprice.numerics.index_set import hyperbolic_cross, total_degree
from jaxprice.reference.literature import glsm as literature

_LARGEST_LISTED = 3e5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Which sets.

    Attributes:
        orders: of the sets.
        n_assets: at which they are counted.
    """

    orders: tuple[int, ...] = (6,)
    n_assets: tuple[int, ...] = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200)


def run(key: jax.Array, config: Config) -> Metrics:
    """Counts, and the sizes of the tables; nothing is random."""
    del key
    rows = []
    for order in config.orders:
        for d in config.n_assets:
            # All polynomials of a degree are counted by the formula, and listed too where they are few.
            total = math.comb(d + order, order)
            listed = total_degree(d, order).size if total < _LARGEST_LISTED else None
            rows.append(
                {
                    "order": order,
                    "n_assets": d,
                    "hyperbolic_cross": hyperbolic_cross(d, order).size,
                    "total_degree": total,
                    "total_degree_listed": listed,
                }
            )
    published = [
        {"n_assets": d, "order": order, "n_basis": hyperbolic_cross(d, order).size, "published": size}
        for d, order, size in literature.BASIS_SIZE
        if size < _LARGEST_LISTED
    ]
    return {"rows": rows, "published": published}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Sizes, exactly; and the growth between the two largest numbers of assets."""
    found = []
    for row in metrics["published"]:
        name = f"{row['n_assets']} assets, order {row['order']}: hyperbolic cross"
        source = "Yang and Li 2025, sizes of the tables"
        found.append(Cell.near(name, row["n_basis"], row["published"], 0.0, source=source))
    for row in metrics["rows"]:
        if row["total_degree_listed"] is not None:
            name = f"{row['n_assets']} assets, order {row['order']}: total degree"
            source = "(d + p)! / (d! p!)"
            found.append(Cell.near(name, row["total_degree_listed"], row["total_degree"], 0.0, source=source))
    for order in config.orders:
        rows = [row for row in metrics["rows"] if row["order"] == order]
        if len(rows) > 1:
            (d0, n0), (d1, n1) = ((row["n_assets"], row["hyperbolic_cross"]) for row in rows[-2:])
            slope = float(np.log(n1 / n0) / np.log(d1 / d0))
            limit = math.floor(math.log2(order + 1))
            name = f"order {order}: growth from {d0} to {d1} assets, as a power"
            found.append(Cell.at_most(name, slope, limit, source="most coordinates of one function"))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Sizes against the number of assets, log-log, a panel for each order."""
    from experiments.harness.figure import COLOUR, panels

    figure, axes = panels(len(config.orders), width=5.4, title="Basis functions against assets")
    for axis, order in zip(axes, config.orders, strict=True):
        rows = [row for row in metrics["rows"] if row["order"] == order]
        n_assets = [row["n_assets"] for row in rows]
        axis.plot(n_assets, [row["total_degree"] for row in rows], "s--", color=COLOUR[1], label="total degree")
        axis.plot(n_assets, [row["hyperbolic_cross"] for row in rows], "o-", color=COLOUR[0], label="hyperbolic cross")
        axis.set(xscale="log", yscale="log", xlabel="assets", ylabel="functions", title=f"order {order}")
        axis.legend()
    return {"glsm_basis_growth": figure}


EXPERIMENT = Experiment(
    question="How fast does the sparse basis grow with the number of assets, beside all polynomials of a degree?",
    table="Yang and Li 2025, figure 3 and the sizes in their tables",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(1, 2, 5)),
    full=Config(orders=(4, 6, 8)),
)
