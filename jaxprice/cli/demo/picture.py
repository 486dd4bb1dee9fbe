"""The demonstration as a picture: how far each answer is from its reference, and how fast it gets there."""

import io
import math
from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from jaxprice.cli.demo.run import Convergence, Outcome

# Told apart by the colour-blind too (Okabe and Ito).
_BLUE, _ORANGE, _GREEN, _GREY = "#0072b2", "#d55e00", "#009e73", "#555555"
_DPI = 150


def draw(outcomes: Sequence[Outcome], convergences: Sequence[Convergence] = ()) -> bytes:
    """A PNG image: errors in standard errors on the left and, where there are any, convergences on the right."""
    n_panels = 2 if convergences else 1
    height = 1.6 + 0.5 * max(len(outcomes), 6)
    # No pyplot: it keeps figures alive and looks for a window.
    figure = Figure(figsize=(7.0 * n_panels, height), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, n_panels, squeeze=False)[0]
    _draw_errors(axes[0], outcomes)
    if convergences:
        _draw_convergence(axes[1], convergences)
    figure.suptitle("jaxprice demo: every engine beside its reference", fontsize=13, fontweight="bold")
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": "jaxprice"})
    return content.getvalue()


def _draw_errors(axes: Any, outcomes: Sequence[Outcome]) -> None:
    place = range(len(outcomes))
    axes.axvspan(-2.0, 2.0, color=_GREY, alpha=0.12, lw=0, label="two standard errors")
    axes.axvline(0.0, color=_GREY, lw=0.8)
    # What has no standard error has no place on this axis: NaN draws nothing.
    price, delta = ([math.nan if z is None else z for z in scores] for scores in _scores(outcomes))
    axes.plot(price, [y - 0.12 for y in place], "o", color=_BLUE, ms=7, label="price")
    axes.plot(delta, [y + 0.12 for y in place], "D", color=_ORANGE, ms=6, mfc="none", mew=1.6, label="delta")
    axes.set_yticks(list(place), [f"{row.name}\n{row.engine}" for row in outcomes], fontsize=8.5)
    axes.set_ylim(len(outcomes) - 0.4, -0.6)
    finite = [abs(z) for z in (*price, *delta) if abs(z) < 1e6]
    reach = max(3.2, 1.1 * max(finite, default=0.0))
    axes.set_xlim(-reach, reach)
    axes.set_xlabel("(estimate - reference) / standard error")
    axes.set_title("Errors of prices and deltas", fontsize=11, loc="left")
    axes.grid(axis="y", alpha=0.25)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=3, fontsize=8.5, frameon=False)
    _strip(axes)


def _scores(outcomes: Sequence[Outcome]) -> tuple[list[float | None], list[float | None]]:
    return [row.price.z for row in outcomes], [row.delta.z for row in outcomes]


def _draw_convergence(axes: Any, convergences: Sequence[Convergence]) -> None:
    for line, colour in zip(convergences, (_BLUE, _ORANGE, _GREEN), strict=False):
        spread = [math.nan if error is None else error for error in line.std_error]
        axes.loglog(line.n_paths, spread, "-", color=colour, lw=1.8, label=f"{line.engine}: standard error")
        axes.loglog(
            line.n_paths, line.error, "o", color=colour, ms=7, mfc="none", mew=1.6, label=f"{line.engine}: error"
        )
    ends = [convergences[0].n_paths[0], convergences[0].n_paths[-1]]
    for line, power, name in zip(convergences, (-0.5, -1.0), ("n^{-1/2}", "n^{-1}"), strict=False):
        start = line.std_error[0] or line.error[0]
        axes.loglog(ends, [start, start * (ends[1] / ends[0]) ** power], ":", color=_GREY, lw=1.0)
        axes.annotate(
            f"${name}$", (ends[1], start * (ends[1] / ends[0]) ** power), xytext=(6, 0), textcoords="offset points",
            color=_GREY, fontsize=9, va="center",
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_xlabel("paths")
    axes.set_ylabel("price units")
    axes.set_title(f"How the error falls: {convergences[0].name}", fontsize=11, loc="left")
    axes.grid(alpha=0.25)
    axes.margins(x=0.08)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.11), ncols=2, fontsize=8.5, frameon=False)
    _strip(axes)


def _strip(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
