"""Pictures of the experiments on tensor trains of Fourier integrals."""

from typing import Any

from matplotlib.figure import Figure

from experiments.harness.figure import COLOUR, panels

_VARIED = {"volatility": "volatilities", "spot": "spots", "both": "both"}
_MARKERS = "osD^v<>"


def table2(rows: list[dict[str, Any]]) -> Figure:
    """Errors of prices, of Greeks, seconds of learning and microseconds a price, over the number of assets."""
    figure, axes = panels(2, 2, width=5.4, height=3.4)
    shown = {
        "e_train": ("mean absolute error of the price", 1e-4),
        "greeks": ("largest relative error of Greeks", 1e-3),
        "learning_wall": ("seconds of learning, with compilation", 180.0),
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
            label = f"{correlation}, {_VARIED[varied]}"
            axis.plot([r["n_assets"] for r in mine], [r[name] for r in mine], marker + style, color=colour, label=label)
        axis.axhline(limit, color="#999999", linewidth=0.9)
        axis.set(yscale="log", title=title, xlabel="assets")
    printed = [row for row in rows if "printed_e_train" in row]
    places = sorted({(row["n_assets"], row["printed_e_train"]) for row in printed})
    axes[0].plot(
        *zip(*places, strict=True), "x", color="black", label="in print, against Monte Carlo"
    ) if places else None
    places = sorted({(row["n_assets"], row["printed_price_us"]) for row in printed})
    axes[3].plot(*zip(*places, strict=True), "x", color="black") if places else None
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3)
    return figure
