"""What the experiments on uncertain volatility share: the market of the paper, and rows of one price each."""

import time
from typing import Any

import jax
import numpy as np

from experiments.harness import Cell
from experiments.harness.figure import COLOUR, panels
from jaxprice import models, products
from jaxprice.engines import gpr_tree
from jaxprice.reference.literature import uncertain_volatility as literature

_P = literature.PARAMETERS


def market(n_assets: int, least: float, most: float | None = None) -> models.UncertainVolatility:
    """Table 1 of Goudenège et al. 2024; correlations known unless `most` is given."""
    most = least if most is None else most
    eye, same = np.eye(n_assets), np.ones(n_assets)
    return models.UncertainVolatility(
        spot=_P["spot"] * same,
        min_volatility=_P["min_volatility"] * same,
        max_volatility=_P["max_volatility"] * same,
        min_correlation=least + (1.0 - least) * eye,
        max_correlation=most + (1.0 - most) * eye,
        rate=_P["rate"],
        dividend=_P["dividend"] * same,
    )


def european(payoff: Any) -> products.European:
    """A payoff at the paper's expiry."""
    return products.European(payoff=payoff, expiry=_P["expiry"])


def row(
    key: jax.Array,
    name: str,
    model: models.UncertainVolatility,
    product: products.European | products.PathDependent,
    config: gpr_tree.Config,
    reference: float,
    n_seeds: int,
) -> dict[str, Any]:
    """Prices under several keys beside their reference; the first, which compiles, is computed twice and timed once."""
    start, cpu = time.perf_counter(), time.process_time()
    jax.block_until_ready(gpr_tree.price(key, model, product, config))
    first, first_cpu = time.perf_counter() - start, time.process_time() - cpu
    start, cpu = time.perf_counter(), time.process_time()
    results = [
        jax.block_until_ready(gpr_tree.price(jax.random.fold_in(key, i), model, product, config))
        for i in range(n_seeds)
    ]
    wall, cpu = ((now - then) / n_seeds for now, then in ((time.perf_counter(), start), (time.process_time(), cpu)))
    errors = [100.0 * (float(result.price) / reference - 1.0) for result in results]
    return {
        "case": name,
        "n_assets": model.n_assets,
        "n_steps": config.n_steps,
        "n_points": config.n_points,
        "price": float(np.mean([result.price for result in results])),
        "reference": reference,
        "error_percent": float(np.mean(errors)),
        "worst_percent": max(errors, key=abs),
        "unsolved": max(float(np.mean(result.diagnostics["unsolved"])) for result in results),
        "status": max(int(result.status) for result in results),
        "seconds": wall,
        "cpu": cpu,
        "compile_seconds": first - wall,
        "compile_cpu": first_cpu - cpu,
    }


def cell(found: dict[str, Any], source: str) -> Cell:
    """The worst key within 0.2 % of the reference up to ten assets, 0.5 % above."""
    limit = 0.2 if found["n_assets"] <= 10 else 0.5
    name = f"{found['case']}, {found['n_assets']} assets: error in per cent, worst key"
    return Cell.at_most(name, abs(found["worst_percent"]), limit, source=source)


def errors_figure(rows: list[dict[str, Any]], title: str) -> Any:
    """Mean and worst error of each row."""
    drawn, (axis,) = panels(1, width=8.0, height=0.9 + 0.32 * len(rows), title=title)
    place = list(range(len(rows)))[::-1]
    axis.axvspan(-0.2, 0.2, color=COLOUR[6], alpha=0.12, label="0.2 per cent")
    axis.plot([found["worst_percent"] for found in rows], place, "o", color=COLOUR[1], label="worst key")
    axis.plot([found["error_percent"] for found in rows], place, "s", color=COLOUR[0], label="mean")
    axis.set_yticks(place, [f"{found['case']}, {found['n_assets']} assets" for found in rows])
    axis.set(xlabel="error of the worst-case price, per cent")
    axis.legend()
    return drawn
