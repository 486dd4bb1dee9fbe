"""What the experiments on least squares Monte Carlo share: problems of the paper, trials of its method, intervals."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.harness import Cell
from jaxprice import models, products, reference
from jaxprice.cli.timing import timed
from jaxprice.engines import glsm
from jaxprice.engines.glsm import Precision, Rule
from jaxprice.engines.glsm.problem import Problem
from jaxprice.reference.literature import deep_optimal_stopping
from jaxprice.reference.literature import glsm as literature

_PAYOFF = {
    1: products.GeometricBasketPut,
    2: products.GeometricBasketCall,
    3: products.MaxCall,
    4: products.MaxCall,
}
N_PUBLISHED_TRIALS = 10


def problem(example: int, n_assets: int, spot: float | None = None) -> tuple[models.BlackScholes, products.Bermudan]:
    """Model and contract of an example of Yang and Li 2025, table 1."""
    row = literature.TABLE_1.one(example=example)
    volatility = row.volatility
    if volatility is None:
        volatility = np.array(deep_optimal_stopping.asymmetric_volatility(n_assets))
    model = models.BlackScholes.equicorrelated(
        n_assets=n_assets,
        spot=row.spot[0] if spot is None else spot,
        volatility=volatility,
        correlation=row.correlation,
        rate=row.rate,
        dividend=row.dividend,
    )
    return model, products.Bermudan.equally_spaced(_PAYOFF[example](strike=row.strike), row.expiry, row.n_dates)


def exact_geometric(model: models.BlackScholes, product: products.Bermudan) -> tuple[float, float]:
    """Bermudan price on a geometric mean, and the delta of each of its assets, which are alike."""
    is_put = isinstance(product.payoff, products.GeometricBasketPut)
    exact = reference.geometric_basket.bermudan_put if is_put else reference.geometric_basket.bermudan_call

    def price(spot: jax.Array) -> jax.Array:
        market = (model.rate, model.dividend, model.volatility, model.correlation)
        return exact(spot, product.payoff.strike, *market, product.exercise_times)

    value, slope = jax.value_and_grad(price)(model.spot)
    return float(value), float(jnp.mean(slope))


def shown(details: Sequence[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """The columns of a table that fits on a page."""
    return [{name: row[name] for name in names if name in row} for row in details]


def published_method(
    order: int, n_paths: int, precision: Precision = Precision.DOUBLE, *, is_gradient: bool = True
) -> glsm.Config:
    """G-LSM as published, or LSM as the authors ran it: Hermite polynomials alone, priced on the paths of the fit."""
    return glsm.Config(
        n_paths=n_paths,
        order=order,
        columns=(),
        gradient=is_gradient,
        rule=Rule.VALUE if is_gradient else Rule.CASH_FLOW,
        precision=precision,
    )


def n_basis(model: Any, product: Any, config: glsm.Config) -> int:
    """Functions that a fit takes."""
    return Problem.of(model, product, config).n_basis


def affordable_trials(model: Any, product: Any, config: glsm.Config, teraflops: float, most: int) -> int:
    """Trials whose Gram products, 2 n_basis² n_paths for each date, fit into a budget; at least one."""
    n_steps = len(product.exercise_times) - 1
    one = 2e-12 * n_basis(model, product, config) ** 2 * config.n_paths * n_steps
    return max(1, min(most, int(teraflops / one)))


def in_sample(key: jax.Array, model: Any, product: Any, config: glsm.Config, n_trials: int) -> dict[str, Any]:
    """Mean price, on the paths of the fit, of independent trials.

    Its standard error is what the paths of the trials imply; `spread` is the standard deviation of the trials beside
    it, `trial_std` what the paths imply for that.
    """

    def trials() -> list[glsm.Policy]:
        return [glsm.fit(jax.random.fold_in(key, i), model, product, config) for i in range(n_trials)]

    policies, seconds = timed(trials)
    price = np.array([policy.diagnostics["in_sample_price"] for policy in policies])
    error = np.array([policy.diagnostics["in_sample_std_error"] for policy in policies])
    trial_std = math.sqrt(np.mean(error**2))
    return {
        "n_basis": policies[0].problem.n_basis,
        "n_trials": n_trials,
        "price": float(np.mean(price)),
        "std_error": trial_std / math.sqrt(n_trials),
        "trial_std": trial_std,
        "spread": float(np.std(price, ddof=1)) if n_trials > 1 else None,
        "regression_delta": float(np.mean([policy.initial_delta[: model.n_assets] for policy in policies])),
        "seconds": seconds.run / n_trials,
    }


def against_published(found: dict[str, Any], price: float, trial_std: float) -> dict[str, Any]:
    """The published mean of ten trials, its standard error, and how many combined ones lie between it and ours."""
    error = trial_std / math.sqrt(N_PUBLISHED_TRIALS)
    z = (found["price"] - price) / math.hypot(found["std_error"], error)
    return found | {"published": price, "published_error": error, "z": z}


def published_cell(name: str, row: dict[str, Any], source: str) -> Cell:
    """Within three combined standard errors of the published mean."""
    return Cell.unbiased(
        f"{name}: price in sample",
        row["price"],
        row["std_error"],
        row["published"],
        expected_error=row["published_error"],
        n_errors=3.0,
        source=source,
    )


def certified(key: jax.Array, model: Any, product: Any, config: glsm.Config) -> tuple[dict[str, Any], Any]:
    """Price on fresh paths with its interval, as a row; and the whole result."""
    result, seconds = timed(lambda: glsm.price(key, model, product, config))
    row = {name: getattr(result, name) for name in ("price", "std_error", "lower", "upper")}
    row = {name: None if value is None else float(value) for name, value in row.items()}
    return row | {"seconds": seconds.run, "n_basis": n_basis(model, product, config)}, result


def deltas(result: Any) -> dict[str, float]:
    """Of the contract with each asset, mean over assets that are alike: pathwise on fresh paths, and by regression."""
    return {
        "delta": float(jnp.mean(result.greeks.spot)),
        # Those of single assets move together: the error of their mean is that of one.
        "delta_error": float(jnp.max(result.greeks_std_error.spot)),
        "regression_delta": float(jnp.mean(result.diagnostics["regression_delta"])),
    }


def error_cell(name: str, row: dict[str, Any], source: str) -> Cell:
    """Within 0.2 % of the exact price."""
    exact = row["exact"]
    return Cell.near(f"{name}: price", row["price"], exact, 0.002 * exact, std_error=row["std_error"], source=source)


def interval_cells(name: str, row: dict[str, Any], source: str) -> list[Cell]:
    """The interval holds the exact price."""
    found = [Cell.at_most(f"{name}: lower limit", row["lower"], row["exact"], source=source)]
    if "upper" in row:
        found.append(Cell.at_least(f"{name}: upper limit", row["upper"], row["exact"], source=source))
    return found


def delta_cells(name: str, row: dict[str, Any], source: str) -> list[Cell]:
    """Within 0.5 % of the exact delta and three standard errors: the pathwise one and that of the regression."""
    exact, found = row["exact_delta"], []
    for kind, field in (("pathwise", "delta"), ("regression", "regression_delta")):
        if field in row:
            error = row["delta_error"] if field == "delta" else None
            tolerance = 0.005 * abs(exact) + 3.0 * (error or 0.0)
            cell = Cell.near(f"{name}: {kind} delta", row[field], exact, tolerance, std_error=error, source=source)
            found.append(cell)
    return found


def plot_errors(axis: Any, details: Sequence[dict[str, Any]], methods: Sequence[str], x: str) -> None:
    """Relative errors with 95 % bars, a line for each method."""
    from experiments.harness.figure import COLOUR

    for i, method in enumerate(methods):
        rows = [row for row in details if row["method"] == method]
        bars = [196.0 * row["std_error"] / row["exact"] for row in rows]
        y = [row["error_percent"] for row in rows]
        axis.errorbar([row[x] for row in rows], y, bars, fmt="os^"[i] + "-", color=COLOUR[i], label=method, capsize=2)
    axis.axhline(0.0, color=COLOUR[6], linewidth=0.8)
    axis.set(xlabel={"n_assets": "assets"}.get(x, x), ylabel="error, % (bars: 95 %)")
    axis.legend()
