"""What the experiments on uncertain volatility share: the market of the paper, and rows of one price each."""

import time
from typing import Any

import jax
import numpy as np

from experiments.harness import Cell
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


def row(
    key: jax.Array, name: str, model: models.UncertainVolatility, payoff: Any, config: gpr_tree.Config, reference: float
) -> dict[str, Any]:
    """One price, warm, beside its reference; the first call compiles and is not timed."""
    product = products.European(payoff=payoff, expiry=_P["expiry"])
    jax.block_until_ready(gpr_tree.price(key, model, product, config))
    start = time.perf_counter()
    result = jax.block_until_ready(gpr_tree.price(key, model, product, config))
    seconds = time.perf_counter() - start
    price = float(result.price)
    return {
        "case": name,
        "n_assets": model.n_assets,
        "n_steps": config.n_steps,
        "n_points": config.n_points,
        "price": price,
        "reference": reference,
        "error_percent": 100.0 * (price / reference - 1.0),
        "unsolved": float(np.max(result.diagnostics["unsolved"])),
        "status": int(result.status),
        "seconds": seconds,
    }


def cell(found: dict[str, Any], source: str) -> Cell:
    """Within 0.2 % of the reference up to ten assets, 0.5 % above."""
    share = 2e-3 if found["n_assets"] <= 10 else 5e-3
    name = f"{found['case']}, {found['n_assets']} assets, {found['n_steps']} steps, {found['n_points']} points"
    return Cell.near(name, found["price"], found["reference"], share * found["reference"], source=source)
