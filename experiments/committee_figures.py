"""Pictures of the experiments on committees."""

import itertools
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

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


def continuity(curves: dict[str, dict[str, Any]]) -> Figure:
    """Price, slope and second derivative along a line, a row of panels for each direction, a curve for each gate."""
    parts = {"price": "price over the strike", "slope": "first derivative", "second": "second derivative"}
    figure, axes = panels(len(parts), len(curves), width=4.4, height=3.0)
    for axis, (direction, part) in zip(axes, itertools.product(curves, parts), strict=True):
        for (name, scan), colour in zip(curves[direction].items(), COLOUR, strict=False):
            axis.plot(scan["place"], scan[part], color=colour, label=name, linewidth=1.0)
        axis.set(title=parts[part], xlabel=direction)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3)
    return figure


def routing(maps: dict[str, dict[str, Any]], names: tuple[str, ...]) -> Figure:
    """Leading expert over the map, a panel for each gate; pale where its weight is small."""
    figure, axes = panels(len(maps), width=4.2, height=4.0)
    shades = matplotlib.colormaps["tab10"](range(len(names)))[:, :3]
    for axis, (gate, found) in zip(axes, maps.items(), strict=True):
        leader, weight = np.array(found["leader"]), np.array(found["largest"])[..., None]
        colour = weight * shades[leader] + (1.0 - weight)
        ends = [found[name][end] for name in ("root_maturity", "log_moneyness") for end in (0, -1)]
        axis.imshow(colour, origin="lower", aspect="auto", extent=ends)
        axis.set(title=gate, xlabel="root maturity", ylabel="log-moneyness")
        axis.grid(visible=False)
    handles = [Patch(color=shade, label=name) for shade, name in zip(shades, names, strict=True)]
    figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure


def arbitrage(maps: dict[str, Any], reach: float) -> Figure:
    """Share of parameter sets for which prices are not convex, over strikes and maturities, a panel for each model."""
    figure, axes = panels(len(maps), width=4.2, height=3.6, title="Share of parameters for which prices are not convex")
    for axis, (model, share) in zip(axes, maps.items(), strict=True):
        image = axis.imshow(
            share, origin="lower", aspect="auto", extent=(0.0, 2.0**0.5, -reach, reach), vmin=0.0, vmax=1.0
        )
        axis.set(title=model, xlabel="root maturity", ylabel="log-moneyness, standard deviations")
        axis.grid(visible=False)
    figure.colorbar(image, ax=axes)
    return figure


def published(rows: list[dict[str, Any]]) -> Figure:
    """Mean squared errors over that of nine modules, here and in print, a panel for each set-up."""
    settings = list(dict.fromkeys(row["setting"] for row in rows))
    figure, axes = panels(len(settings), width=5.0, height=3.0, title="Mean squared error over that of nine modules")
    for axis, setting in zip(axes, settings, strict=True):
        mine = [row for row in rows if row["setting"] == setting]
        place = range(len(mine))
        bars = [2.0 * row["over_nine"] * (row["log_error"] or 0.0) for row in mine]
        axis.errorbar([row["over_nine"] for row in mine], place, xerr=bars, fmt="o", color=COLOUR[0], label="here")
        printed = [np.nan if row["printed"] is None else row["printed"] for row in mine]
        axis.plot(printed, place, "s", color=COLOUR[1], label="in print")
        axis.set_yticks(place, [row["model"] for row in mine])
        axis.set(xscale="log", title=setting)
        axis.axvline(1.0, color="#999999", linewidth=0.8)
    axes[0].legend()
    return figure
