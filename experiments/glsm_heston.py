"""A Bermudan put under Heston: the published G-LSM, and the default rule with its certified interval.

Question: how close to the truth are prices of a put with 50 exercise dates under Heston, and is that known?
Table: Yang and Li 2025, table 9 (example 5): spots 8 to 12, strike 10.
Command: python -m experiments glsm_heston --check
Expected: default rule within 0.2 % of the reference, which its interval holds; published algorithm: the published row.
Time: half an hour or so on one core, extrapolated from one spot. Device: CPU or GPU.

The published algorithm simulates by Euler steps with reflection, one for each date, carries the fitted value back
(rule "value"), and quotes what its policy earns on the paths of the fit. It is rebuilt in `published_heston` with its
basis of 70 functions, up to the solver (a ridge instead of a pivoted factorisation). Its authors' code leaves the chain
rule out of the columns of the variance's noise, which costs it over half a percent; that is rebuilt too, for the
published numbers come from it, and the same with the right derivative is the third method. The reference is the
Bermudan put of 50 dates by Fourier and finite differences; like the algorithms, it has no exercise at time zero.
"""

import dataclasses
import time
from typing import Any

import jax
import numpy as np

from experiments.harness import Cell, Experiment, Metrics
from experiments.published_heston import PUBLISHED_SLOPE, EulerHeston, HermiteChebyshev
from jaxprice import models, products, reference
from jaxprice.engines import glsm
from jaxprice.reference.literature.glsm import HESTON, TABLE_1, TABLE_9

_EXAMPLE = next(row for row in TABLE_1.row if row.example == 5)
_PUBLISHED, _DEVIATION = (dict(zip(_EXAMPLE.spot, row.price, strict=True)) for row in TABLE_9.row[:2])
_DEFAULT, _AS_PUBLISHED, _CORRECTED = "default", "as published", "as published, chain rule corrected"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        spot: some of the table's 8, 9, 10, 11, 12.
        n_dates: exercise dates.
        n_paths: of the fit by the default rule.
        n_dual_paths: of its price and its interval.
        n_published_paths: of one trial of the published algorithm.
        n_trials: its trials.
        published_order: of its basis.
    """

    spot: tuple[float, ...] = _EXAMPLE.spot
    n_dates: int = _EXAMPLE.n_dates
    n_paths: int = 2**17
    n_dual_paths: int = 2**12
    n_published_paths: int = _EXAMPLE.n_paths
    n_trials: int = _EXAMPLE.n_trials
    published_order: int = 20


def run(key: jax.Array, config: Config) -> Metrics:
    """A row for each method and spot."""
    rows = []
    for spot in config.spot:
        market = models.Heston(spot=spot, rate=_EXAMPLE.rate, dividend=_EXAMPLE.dividend, **HESTON)
        put = products.Put(strike=_EXAMPLE.strike)
        product = products.Bermudan.equally_spaced(put, expiry=_EXAMPLE.expiry, n_dates=config.n_dates)
        numbers = (spot, _EXAMPLE.strike, _EXAMPLE.rate, _EXAMPLE.dividend, *HESTON.values())
        exact = float(reference.bermudan_heston.put(*numbers, product.exercise_times))
        found = {
            _DEFAULT: _default(key, market, product, config),
            _AS_PUBLISHED: _published(key, EulerHeston(market=market, slope=PUBLISHED_SLOPE), product, config),
            _CORRECTED: _published(key, EulerHeston(market=market, slope=1.0), product, config),
        }
        for method, row in found.items():
            percent = 100.0 * (row["price"] / exact - 1.0)
            rows.append({"method": method, "spot": spot} | row | {"reference": exact, "percent": percent})
    return {"rows": rows}


def _default(key: jax.Array, market: Any, product: Any, config: Config) -> dict[str, Any]:
    settings = glsm.Config(
        n_paths=config.n_paths, n_price_paths=2, n_dual_paths=config.n_dual_paths, n_inner=2**7, greeks=False
    )
    start = time.perf_counter()
    found = jax.block_until_ready(glsm.price(key, market, product, settings))
    row = {name: float(getattr(found, name)) for name in ("price", "std_error", "lower", "upper")}
    return row | {"status": int(found.status), "seconds": time.perf_counter() - start}


def _published(key: jax.Array, model: EulerHeston, product: Any, config: Config) -> dict[str, Any]:
    """Mean of the trials' in-sample prices; its standard error from their deviation."""
    columns = (HermiteChebyshev(config.published_order),)
    settings = glsm.Config(n_paths=config.n_published_paths, order=1, columns=columns, rule=glsm.Rule.VALUE)
    start = time.perf_counter()
    fits = [glsm.fit(one, model, product, settings) for one in jax.random.split(key, config.n_trials)]
    price = np.array([float(fit.diagnostics["in_sample_price"]) for fit in fits])
    seconds = (time.perf_counter() - start) / config.n_trials
    # Very few trials say nothing of their deviation; the error of one trial's own mean stands in for it.
    deviation = float(fits[0].diagnostics["in_sample_std_error"] if len(price) < 5 else np.std(price, ddof=1))
    status = max(int(fit.status) for fit in fits)
    return {"price": price.mean(), "std_error": deviation / len(price) ** 0.5, "status": status, "seconds": seconds}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The default rule beside the reference, the published one beside the published row."""
    found, source = [], "reference.bermudan_heston.put"
    for row in metrics["rows"]:
        spot, price, error, exact = row["spot"], row["price"], row["std_error"], row["reference"]
        name = f"S0 = {spot:g}, {row['method']}"
        if row["method"] == _DEFAULT:
            tolerance = max(3.0 * error, 0.002 * exact)
            found.append(Cell.near(name, price, exact, tolerance, std_error=error, source=source))
            found.append(Cell.at_most(f"{name}: lower limit", row["lower"], exact, source=source))
            found.append(Cell.at_least(f"{name}: upper limit", row["upper"], exact, source=source))
        if row["method"] == _AS_PUBLISHED:
            other = {"expected_error": _DEVIATION[spot] / _EXAMPLE.n_trials**0.5, "source": "table 9, G-LSM"}
            found.append(Cell.unbiased(name, price, error, _PUBLISHED[spot], n_errors=3.0, **other))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Price less reference for each spot, with two standard errors."""
    from experiments.harness.figure import COLOUR, panels

    figure, (axis,) = panels(1, width=6.4, height=4.2)
    for i, method in enumerate((_DEFAULT, _AS_PUBLISHED, _CORRECTED)):
        rows = [row for row in metrics["rows"] if row["method"] == method]
        spot = np.array([row["spot"] for row in rows]) + 0.1 * (i - 1)
        gap = [row["price"] - row["reference"] for row in rows]
        error = [2.0 * row["std_error"] for row in rows]
        axis.errorbar(spot, gap, error, fmt="os^"[i], color=COLOUR[i], capsize=3, label=method)
        if method == _DEFAULT:
            low, high = ([row[end] - row["reference"] for row in rows] for end in ("lower", "upper"))
            axis.vlines(spot, low, high, color=COLOUR[i], alpha=0.3, linewidth=7, label="certified interval")
        if method == _AS_PUBLISHED:
            gap = [_PUBLISHED[row["spot"]] - row["reference"] for row in rows]
            axis.plot(spot + 0.04, gap, "x", color=COLOUR[6], label="table 9, G-LSM")
    axis.axhline(0.0, color="black", linewidth=0.8)
    axis.set(xlabel="spot", ylabel="price less reference", title="Bermudan put under Heston, 50 dates")
    axis.legend()
    return {"glsm_heston": figure}


_SMALL = {"n_paths": 2**10, "n_dual_paths": 2**6, "n_published_paths": 2**10, "n_trials": 1}
EXPERIMENT = Experiment(
    question="How close to the truth are prices of a Bermudan put under Heston, and is that known?",
    table="Yang and Li 2025, table 9",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(spot=(10.0,), n_dates=3, published_order=4, **_SMALL),
    full=Config(n_paths=2**19, n_dual_paths=2**14, n_trials=40),
)
