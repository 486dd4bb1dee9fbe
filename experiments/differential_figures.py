"""The pictures of the experiments on differential machine learning."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from experiments.harness.figure import COLOUR, panels

Rows = list[dict[str, Any]]


def learning_curves(rows: Rows, methods: Sequence[str]) -> Figure:
    """Errors of value and delta by number of samples, a column for each problem."""
    problems = list(dict.fromkeys((row["problem"], row["d"]) for row in rows))
    figure, axes = panels(len(problems), 2, width=3.2, height=3.0, title="Root mean squared error times 100")
    for i, quantity in enumerate(("value", "delta")):
        for j, problem in enumerate(problems):
            axis = axes[i * len(problems) + j]
            for k, method in enumerate(methods):
                shown = [row for row in rows if (row["problem"], row["d"], row["method"]) == (*problem, method)]
                place = [row["n_samples"] for row in shown], [row[quantity] for row in shown]
                bar = [row[f"{quantity}_error"] or 0.0 for row in shown]
                axis.errorbar(*place, bar, fmt="os^D"[k] + "-", color=COLOUR[k], label=method)
            title = f"{problem[0]}, d = {problem[1]}"
            axis.set(xscale="log", yscale="log", title=title, xlabel="samples" if i else "")
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.set_ylabel("" if j else quantity)
    axes[0].legend(fontsize=6.5)
    return figure


def scatter(points: Rows, n_samples: int) -> Figure:
    """Values above, deltas below, a column for each basket and method; true ones are dots, predicted ones rings."""
    title = f"{n_samples:,} labels, first seed: predicted (rings) and true (dots)"
    figure, axes = panels(len(points), 2, width=3.2, height=2.8, title=title)
    for j, shown in enumerate(points):
        for i, quantity in enumerate(("value", "delta")):
            axis = axes[i * len(points) + j]
            axis.plot(shown["basket"], shown[quantity], "o", ms=3.5, mfc="none", mew=0.6, color=COLOUR[0])
            axis.plot(shown["basket"], shown[f"true_{quantity}"], ".", ms=2.0, color=COLOUR[1])
            axis.set(title=f"d = {shown['d']}, {shown['method']}" if i == 0 else "", xlabel="basket" if i else "")
            axis.title.set_fontsize(8.5)
            axis.set_ylabel("" if j else quantity)
    return figure


def profile(curve: dict[str, Any]) -> Figure:
    """Price and delta along the first spot, beside Monte Carlo with bars of two standard errors."""
    points = curve["simulated"]
    figure, axes = panels(2, width=4.6, title=f"{curve['name']}, the other spots at 1")
    for axis, quantity in zip(axes, ("value", "delta"), strict=True):
        axis.plot(curve["x"], curve[quantity], color=COLOUR[0], label="surrogate")
        bar = [2.0 * error for error in points[f"{quantity}_error"]]
        axis.errorbar(points["x"], points[quantity], bar, fmt="o", ms=3.5, color=COLOUR[1], label="Monte Carlo, Sobol")
        axis.set(xlabel="first spot", title=quantity)
    axes[0].legend()
    return figure


def bermudan(rows: Rows, methods: Sequence[str]) -> Figure:
    """Learning curves of value and delta; the first row is the policy itself."""
    figure, axes = panels(2, title="Bermudan call on the better of two: root mean squared error")
    for axis, quantity in zip(axes, ("value", "delta"), strict=True):
        for i, method in enumerate(methods):
            shown = [row for row in rows if row["method"] == method]
            bar = [row[f"{quantity}_error"] or 0.0 for row in shown]
            place = [row["n_samples"] for row in shown], [row[quantity] for row in shown]
            axis.errorbar(*place, bar, fmt="o-", color=COLOUR[i], label=method)
        axis.axhline(rows[0][quantity], ls=":", color=COLOUR[6], label="the policy itself")
        axis.set(xscale="log", yscale="log", title=quantity, xlabel="labels")
    axes[0].legend()
    return figure


def exposure(metrics: dict[str, Any], times: Sequence[float], methods: dict[str, str]) -> Figure:
    """Expected exposure over time, and error against cost; `methods` are drawn with their line styles."""
    figure, (left, right) = panels(2, width=4.8)
    for i, curve in enumerate(metrics["profile"]):
        left.plot(times, curve["surrogates"], color=COLOUR[i], label=curve["set"])
        left.plot(times, curve["truth"], "o", color=COLOUR[i])
        for method, line in methods.items():
            rows = [row for row in metrics["rows"] if (row["set"], row["method"]) == (curve["set"], method)]
            place = [row["seconds"] for row in rows], [row["rmse"] for row in rows]
            right.plot(*place, line, ms=12 if line == "*" else 5, color=COLOUR[i], label=f"{curve['set']}: {method}")
    left.set(title="Expected exposure: surrogates, truth (dots)", xlabel="years")
    left.legend()
    right.set(xscale="log", yscale="log", title="RMSE of the exposure", xlabel="CPU seconds for a thousand outer paths")
    right.legend(fontsize=7)
    return figure


def gamma(rows: Rows, problems: Sequence[str], quantities: Sequence[str]) -> Figure:
    """Errors of value, delta and gamma by method, a panel for each problem."""
    title = "Root mean squared errors, % of the truth's root mean square; bars of two standard errors"
    figure, axes = panels(len(problems), width=3.9, height=3.6, title=title)
    for axis, problem in zip(axes, problems, strict=True):
        for k, row in enumerate(row for row in rows if row["problem"] == problem):
            value, error = ([row[f"{name}{tail}"] or 0.0 for name in quantities] for tail in ("", "_error"))
            place = np.arange(len(quantities)) + 0.13 * (k - 1.5)
            style = {"fmt": "os^D"[k], "color": COLOUR[k], "capsize": 3}
            axis.errorbar(place, value, 2.0 * np.asarray(error), label=row["method"], **style)
        axis.set(yscale="log", xticks=range(len(quantities)), xticklabels=quantities, title=problem)
    axes[0].set_ylabel("error, %")
    axes[0].legend(fontsize=8)
    return figure


def jumps(
    curves: Rows, truth: dict[str, Any], columns: Sequence[str], reach: tuple[float, float], title: str
) -> Figure:
    """Learned values and deltas of each problem, a column for each method; `reach` is where the inputs are."""
    places = [(name, quantity) for name in truth for quantity in (0, 1)]
    figure, axes = panels(len(columns), len(places), width=2.9, height=2.3, title=title)
    for i, (name, quantity) in enumerate(places):
        x, true = np.ravel(truth[name][0]), np.ravel(truth[name][1 + quantity])
        low, high = true.min(), true.max()
        for j, column in enumerate(columns):
            axis = axes[i * len(columns) + j]
            axis.axvspan(*reach, color=COLOUR[6], alpha=0.08, linewidth=0.0)
            axis.plot(x, true, color=COLOUR[6], linewidth=3.0, alpha=0.45)
            shown = [curve for curve in curves if curve["problem"] == name and curve["method"].startswith(column)]
            for k, curve in enumerate(shown):
                mean, spread = (np.asarray(curve[part])[:, quantity] for part in ("mean", "spread"))
                axis.fill_between(x, mean - spread, mean + spread, color=COLOUR[k], alpha=0.2, linewidth=0.0)
                axis.plot(x, mean, color=COLOUR[k], linewidth=1.3, label=curve["method"].split(", ")[-1])
            axis.set(ylim=(low - 0.3 * (high - low), high + 0.3 * (high - low)))
            axis.set(title="" if i else column, xlabel="spot" if i == len(places) - 1 else "")
            axis.set_ylabel("" if j else f"{name}: {('value', 'delta')[quantity]}")
            if i == 0 and column == "smoothed":
                axis.legend(title="width", fontsize=7.5, title_fontsize=7.5)
    return figure


def labels(rows: Rows, payoffs: Sequence[str], n_inputs: Sequence[int], costs: dict[str, list[float]]) -> Figure:
    """Noise by payoff and kind, noise by number of inputs, cost by number of inputs."""
    title = "Labels of one path: standard deviation over the size of the derivative; CPU time over that of values"
    figure, axes = panels(2, 2, width=5.6, height=3.7, title=title)
    kinds, least = list(dict.fromkeys(row["label"] for row in rows)), 1e-3
    for axis, order in zip(axes, ("delta", "gamma"), strict=False):
        for k, kind in enumerate(kinds):
            shown = [r for r in rows if r["label"] == kind and r["payoff"] in payoffs and r.get(f"{order}_noise")]
            place = [payoffs.index(r["payoff"]) + 0.12 * (k - 2) for r in shown]
            axis.plot(place, [max(r[f"{order}_noise"], least) for r in shown], "os^Dv"[k], color=COLOUR[k], label=kind)
        axis.set_xlim(-0.5, len(payoffs) - 0.5)
        axis.set(yscale="log", xticks=range(len(payoffs)), xticklabels=payoffs)
        axis.set(title=f"{order}: payoffs on one asset", ylabel="noise")
    for k, kind in enumerate(kinds):
        for payoff, style in (("basket call", "-"), ("basket digital", "--")):
            shown = [r for r in rows if (r["label"], r["payoff"]) == (kind, payoff)]
            if shown:
                place = [r["d"] for r in shown], [r["delta_noise"] for r in shown]
                axes[2].plot(*place, "os^Dv"[k] + style, color=COLOUR[k], label=f"{payoff.split()[1]}, {kind}")
    axes[2].set(xscale="log", yscale="log", xlabel="number of inputs", ylabel="noise", title="delta: baskets")
    for k, (kind, cost) in enumerate(costs.items()):
        axes[3].plot(n_inputs, cost, "os^D"[k] + "-", color=COLOUR[(0, 1, 2, 4)[k]], label=kind)
    axes[3].axhline(1.0, color=COLOUR[6], linewidth=0.8)
    axes[3].set(xscale="log", yscale="log", xlabel="number of inputs", ylabel="cost, in values alone", title="cost")
    for axis in (axes[0], axes[2], axes[3]):
        axis.legend(fontsize=7.5)
    return figure
