"""The figure of `committee_latency`."""

from typing import Any

from experiments.benchmarks.committee.peers import DEFAULT, DENSE, SEED, SORTED, THEIRS_ALONE
from experiments.harness.figure import COLOUR, panels

_STYLE = {
    DEFAULT: ("jaxprice, default", COLOUR[0], "o-"),
    DENSE: ("jaxprice, all nine", COLOUR[5], "o--"),
    SEED: ("PyTorch, the article's layer", COLOUR[1], "s-"),
    SORTED: ("PyTorch, sorted by expert", COLOUR[2], "^-"),
    THEIRS_ALONE: ("PyTorch, one expert alone", COLOUR[6], ":"),
}


def figure(rows: list[dict[str, Any]], widths: tuple[int, ...], k: int, quantity: str) -> Any:
    """CPU microseconds a point over the number of points, a panel for each width."""
    title = f"CPU time of a price and its nine Greeks, k = {k} of nine experts, one core"
    drawn, axes = panels(len(widths), width=3.3, height=3.6, title=title)
    for axis, width in zip(axes, widths, strict=True):
        mine = [row for row in rows if (row["width"], row["k"], row["quantity"]) == (width, k, quantity)]
        for peer, (label, colour, style) in _STYLE.items():
            points = [(row["batch"], row[peer] / row["batch"]) for row in mine if peer in row]
            if points:
                axis.loglog(*zip(*points, strict=True), style, color=colour, label=label)
        batches = sorted({row["batch"] for row in mine})
        axis.set_xticks(batches, [f"{batch:,}" for batch in batches])
        axis.minorticks_off()
        axis.set(title=f"{width:,} units", xlabel="points in a batch")
    axes[0].set(ylabel="microseconds a point")
    drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(_STYLE))
    return drawn
