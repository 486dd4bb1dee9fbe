"""Pictures of the experiments on committees."""

import itertools
from typing import Any

from matplotlib.figure import Figure

from experiments.harness.figure import COLOUR, panels

_MARKERS = "osD^v<>"


def accuracy(rows: list[dict[str, Any]], regimes: tuple[str, ...]) -> Figure:
    """Errors by regime on a logarithmic scale: a row of panels for each market, a panel for each quantity."""
    markets, quantities = (list(dict.fromkeys(row[name] for row in rows)) for name in ("market", "error_of"))
    figure, axes = panels(len(quantities), len(markets), width=4.0, height=3.6)
    for axis, (market, quantity) in zip(axes, itertools.product(markets, quantities), strict=True):
        mine = [row for row in rows if (row["market"], row["error_of"]) == (market, quantity)]
        for row, colour, marker in zip(mine, COLOUR, _MARKERS, strict=False):
            errors = [row[regime] for regime in regimes]
            axis.plot(range(len(regimes)), errors, marker, color=colour, label=row["model"], ms=4.5)
        axis.set(yscale="log", title=f"{market}: error of {quantity}, %")
        axis.set_xticks(range(len(regimes)), regimes, rotation=90, fontsize=8)
        for border in range(3, len(regimes), 3):
            axis.axvline(border - 0.5, color="#999999", linewidth=0.6)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4)
    return figure
