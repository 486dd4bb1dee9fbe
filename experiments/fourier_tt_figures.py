"""Pictures of the experiments on tensor trains of Fourier integrals."""

import itertools
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from experiments.harness.figure import COLOUR, panels

_VARIED = {"volatility": "volatilities", "spot": "spots", "both": "both"}
_MARKERS = "osD^v<>"


def table2(rows: list[dict[str, Any]]) -> Figure:
    """Errors of prices, of Greeks, seconds of learning and microseconds a price, over the number of assets."""
    figure, axes = panels(2, 2, width=5.4, height=3.4)
    shown = {
        "e_train": ("mean absolute error of the price", 1e-4),
        "greeks": ("largest relative error of Greeks", 1e-3),
        "learning_cpu": ("CPU seconds of learning, with compilation", 180.0),
        "price_us": ("CPU microseconds a price, batch of 10,000", 1.0),
    }
    kinds = list(dict.fromkeys((row["correlation"], row["varied"]) for row in rows))
    for axis, (name, (title, limit)) in zip(axes, shown.items(), strict=True):
        for correlation, varied in kinds:
            mine = [r for r in rows if (r["correlation"], r["varied"]) == (correlation, varied) and name in r]
            # Colour for the correlation, marker for what varies.
            colour = COLOUR[list(dict.fromkeys(kind[0] for kind in kinds)).index(correlation)]
            marker = _MARKERS[list(_VARIED).index(varied)]
            style = "-" if varied == "volatility" else "--"
            reference = " (against Sobol paths)" if correlation == "random" else ""
            label = f"{correlation}, {_VARIED[varied]}{reference}"
            axis.plot([r["n_assets"] for r in mine], [r[name] for r in mine], marker + style, color=colour, label=label)
        axis.axhline(limit, color="#999999", linewidth=0.9)
        axis.set(yscale="log", title=title, xlabel="assets")
        axis.yaxis.set_minor_formatter(NullFormatter())
    printed = [row for row in rows if "printed_e_train" in row]
    places = sorted({(row["n_assets"], row["printed_e_train"]) for row in printed})
    if places:
        axes[0].plot(*zip(*places, strict=True), "x", color="black", label="in print, against Monte Carlo")
    places = sorted({(row["n_assets"], row["printed_price_us"]) for row in printed})
    if places:
        axes[3].plot(*zip(*places, strict=True), "x", color="black")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3)
    return figure


def ranks(rows: list[dict[str, Any]]) -> Figure:
    """Ranks over the bonds, before and after rounding: a panel for law, transform and price, a row for each grid."""
    titles = {"law": "characteristic function, z₁ σ₁ z₂ σ₂ …", "transform": "payoff transform", "price": "price"}
    grids = list(dict.fromkeys(row["grid"] for row in rows))
    names = list(dict.fromkeys(row["correlation"] for row in rows))
    figure, axes = panels(3, len(grids), width=4.6, height=3.2)
    for axis, (grid, (train, title)) in zip(axes, itertools.product(grids, titles.items()), strict=True):
        for row in (row for row in rows if (row["train"], row["grid"]) == (train, grid)):
            colour = COLOUR[names.index(row["correlation"])]
            bonds = range(1, len(row["after"]) + 1)
            axis.plot(bonds, row["after"], "o-", color=colour, label=f"correlation {row['correlation']}", ms=3.5)
            if row["before"]:
                axis.plot(bonds, row["before"], ":", color=colour, linewidth=1.2)
        axis.set(title=f"{title}, {grid} grid", xlabel="bond")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_ylim(bottom=0)
    axes[0].set(ylabel="rank: as learned (dotted), rounded")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def tolerance(rows: list[dict[str, Any]]) -> Figure:
    """Errors of prices and Greeks, and what a price costs, over the rounding tolerance."""
    titles = {
        "mean_error": "mean absolute error of the price",
        "greeks": "largest relative error of Greeks",
        "c_train": "Σ χᵢ χᵢ₊₁ of the train that answers",
    }
    figure, axes = panels(3, width=4.4, height=3.6)
    for axis, (name, title) in zip(axes, titles.items(), strict=True):
        for i, kind in enumerate(dict.fromkeys(row["rounded"] for row in rows)):
            mine = [row for row in rows if row["rounded"] == kind]
            places = [row["tolerance"] for row in mine]
            axis.plot(places, [row[name] for row in mine], f"{_MARKERS[i]}-", color=COLOUR[i], label=f"of the {kind}")
        axis.set(xscale="log", yscale="log", title=title, xlabel="tolerance of rounding")
    axes[0].legend()
    return figure


def seeds(rows: list[dict[str, Any]]) -> Figure:
    """The mean error of every seed, a column for each problem and tolerance."""
    figure, (axis,) = panels(1, width=6.0, height=4.2, title="Mean absolute error of the price, one mark for each seed")
    tolerances = list(dict.fromkeys(row["tolerance"] for row in rows))
    labels = list(dict.fromkeys(f"{row['n_assets']} assets,\n{_VARIED[row['varied']]}" for row in rows))
    for row in rows:
        column = labels.index(f"{row['n_assets']} assets,\n{_VARIED[row['varied']]}")
        i = tolerances.index(row["tolerance"])
        place = [column + 0.15 * (i - 0.5 * (len(tolerances) - 1))] * len(row["errors"])
        label = f"tolerance {row['tolerance']:g}" if column == 0 else None
        axis.plot(place, row["errors"], _MARKERS[i], color=COLOUR[i], label=label, alpha=0.6)
    axis.set_xticks(range(len(labels)), labels)
    axis.set(yscale="log")
    axis.set_xlim(-0.6, len(labels) - 0.4)
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.legend(loc="upper left")
    return figure


def greeks(rows: list[dict[str, Any]]) -> Figure:
    """Relative errors of every Greek, a mark for each way to it."""
    figure, (axis,) = panels(1, width=6.4, height=4.2, title="Root mean square error of Greeks, relative")
    names = list(dict.fromkeys(row["greek"] for row in rows))
    for i, way in enumerate(dict.fromkeys(row["by"] for row in rows)):
        mine = [row for row in rows if row["by"] == way]
        places = [names.index(row["greek"]) for row in mine]
        axis.plot(places, [row["relative_error"] for row in mine], _MARKERS[i], color=COLOUR[i], label=way, ms=8)
    axis.set_xticks(range(len(names)), names)
    axis.set(yscale="log")
    axis.set_xlim(-0.5, len(names) - 0.5)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def break_even(rows: list[dict[str, Any]], ladders: list[dict[str, Any]]) -> Figure:
    """Error over CPU seconds of Monte Carlo, and prices to break even over the error."""
    figure, (left, right) = panels(2, width=5.2, height=4.0)
    assets = list(dict.fromkeys(row["n_assets"] for row in rows))
    for d, colour in zip(assets, COLOUR, strict=False):
        for sampling, style in (("pseudo", "o-"), ("sobol", "s--")):
            label = f"{d} assets, {'Sobol' if sampling == 'sobol' else sampling + '-random'}"
            mine = [row for row in ladders if (row["n_assets"], row["sampling"]) == (d, sampling)]
            left.plot([r["seconds"] for r in mine], [r["error"] for r in mine], style, color=colour, label=label)
            mine = [row for row in rows if (row["n_assets"], row["sampling"]) == (d, sampling)]
            right.plot([r["error"] for r in mine], [r["break_even"] for r in mine], style, color=colour)
        own = next(row for row in rows if row["n_assets"] == d)
        train = min(row["error"] for row in rows if row["n_assets"] == d)
        left.plot(own["price_seconds"], train, "*", color=colour, ms=11)
    left.set(xscale="log", yscale="log", xlabel="CPU seconds a price", title="Monte Carlo, and the train (stars)")
    left.set(ylabel="mean absolute error")
    right.set(xscale="log", yscale="log", xlabel="mean absolute error", title="prices to break even")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def heston(rows: list[dict[str, Any]]) -> Figure:
    """Errors of prices and derivatives over the nodes; microseconds a price over the error."""
    figure, (left, right) = panels(2, width=5.0, height=3.8, title="Heston calls: strike, expiry, five parameters")
    nodes = [row["n_nodes"] for row in rows]
    names = {"mean_error": "price, mean", "largest_error": "price, largest", "greeks": "derivatives, relative"}
    for i, (name, label) in enumerate(names.items()):
        left.plot(nodes, [row[name] for row in rows], f"{_MARKERS[i]}-", color=COLOUR[i], label=label)
    left.set(yscale="log", xlabel="nodes of each input", title="error on a spot of 100")
    left.set_xticks(nodes)
    left.legend()
    for i, (name, label) in enumerate({"price_us": "price", "greeks_us": "price and all derivatives"}.items()):
        errors = [row["mean_error"] for row in rows]
        right.plot(errors, [row[name] for row in rows], f"{_MARKERS[i]}-", color=COLOUR[i], label=label)
    right.axhline(rows[0]["formula_us"], color="#999999", linewidth=0.9, label="price by the COS formula")
    right.set(xscale="log", yscale="log", xlabel="mean error of the price", title="CPU microseconds")
    right.legend()
    return figure


def peers(rows: list[dict[str, Any]]) -> Figure:
    """Seconds and evaluations of each peer, a group of bars for each number of modes."""
    figure, axes = panels(2, width=5.0, height=3.2)
    names = {"seconds": "seconds of learning (xfac: wall)", "n_evaluations": "evaluations of the function"}
    labels = [f"{row['peer']}, {row['n_modes']} modes" for row in rows]
    for axis, (name, title) in zip(axes, names.items(), strict=True):
        values = [row.get("cpu", row.get("wall")) if name == "seconds" else row[name] for row in rows]
        colours = [COLOUR[6] if "known" in row["peer"] else COLOUR[row["peer"] == "jaxprice"] for row in rows]
        axis.barh(range(len(rows)), values, color=colours)
        for place, value in enumerate(values):
            axis.annotate(f" {value:.3g}", (value, place), va="center", fontsize=8)
        axis.set(xscale="log", title=title)
        axis.set_yticks(range(len(rows)), labels if axis is axes[0] else [""] * len(rows))
        axis.margins(x=0.3)
        axis.invert_yaxis()
        axis.grid(axis="y", visible=False)
    return figure
