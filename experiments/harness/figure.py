"""Figures that can be read: one size, one set of colours, no toolkit, no window."""

import matplotlib
from matplotlib.figure import Figure

matplotlib.use("Agg")

COLOUR = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555")
"""Told apart by the colour-blind too (Okabe and Ito)."""

_STYLE = {
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
}


def panels(
    n_columns: int, n_rows: int = 1, *, width: float = 4.4, height: float = 3.8, title: str = ""
) -> tuple[Figure, list]:
    """An empty figure and its axes, row by row."""
    matplotlib.rcParams.update(_STYLE)
    figure = Figure(figsize=(width * n_columns, height * n_rows), layout="constrained")
    axes = [figure.add_subplot(n_rows, n_columns, i + 1) for i in range(n_columns * n_rows)]
    if title:
        figure.suptitle(title, fontsize=11.5)
    return figure, axes
