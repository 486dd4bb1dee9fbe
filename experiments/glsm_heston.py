"""A Bermudan put under Heston: the published G-LSM, and the default rule with its certified interval.

Question: how close to the truth are prices of a put with 50 exercise dates under Heston, and is that known?
Table: Yang and Li 2025, table 9 (example 5): spots 8 to 12, strike 10.
Command: python -m experiments glsm_heston --check
Expected: default rule within 0.2 % of the reference, which its interval holds; published algorithm: the published row.
Time: EXPECTED_TIME. Device: CPU or GPU.

The published algorithm simulates by Euler steps with reflection, one for each date, carries the fitted value back
(rule "value"), and quotes what its policy earns on the paths of the fit. It is rebuilt in `published_heston`, up to
what is said there and to the solver (a ridge instead of a pivoted factorisation). The third method has the same paths
and the same basis under the rule "hedged": it tells what the rule does from what the scheme does. The reference is the
Bermudan put of 50 dates by Fourier and finite differences; like the algorithms, it has no exercise at time zero.
"""

import dataclasses
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.harness import Cell, Experiment, Metrics
from experiments.published_heston import EulerHeston, HermiteChebyshev
from jaxprice import models, products, reference
from jaxprice.engines import glsm
from jaxprice.reference.literature.glsm import HESTON, TABLE_1, TABLE_9

_EXAMPLE = next(row for row in TABLE_1.row if row.example == 5)
_PUBLISHED, _PUBLISHED_DEVIATION = TABLE_9.row[0].price, TABLE_9.row[1].price
_DEFAULT, _AS_PUBLISHED, _OTHER_RULE = "default", "as published", "as published, hedged"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        spot: of the table's 8, 9, 10, 11, 12.
        n_dates: exercise dates.
        n_paths: paths of the fit and of the price, default rule.
        n_dual_paths: paths of the interval.
        n_inner: inner draws of the interval.
        n_published_paths: paths of one trial of the published algorithm.
        n_trials: its trials.
        published_order: of its basis.
    """

    spot: tuple[float, ...] = _EXAMPLE.spot
    n_dates: int = _EXAMPLE.n_dates
    n_paths: int = 2**17
    n_dual_paths: int = 2**12
    n_inner: int = 2**7
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
            _AS_PUBLISHED: _published(key, market, product, config, glsm.Rule.VALUE),
            _OTHER_RULE: _published(key, market, product, config, glsm.Rule.HEDGED),
        }
        for method, row in found.items():
            percent = 100.0 * (row["price"] / exact - 1.0)
            rows.append({"method": method, "spot": spot} | row | {"reference": exact, "percent": percent})
    return {"rows": rows}


def _default(key: jax.Array, market: Any, product: Any, config: Config) -> dict[str, Any]:
    settings = glsm.Config(
        n_paths=config.n_paths,
        n_price_paths=config.n_paths,
        n_dual_paths=config.n_dual_paths,
        n_inner=config.n_inner,
        greeks=False,
    )
    start = time.perf_counter()
    found = jax.block_until_ready(glsm.price(key, market, product, settings))
    return {
        "price": float(found.price),
        "std_error": float(found.std_error),
        "lower": float(found.lower),
        "upper": float(found.upper),
        "status": int(found.status),
        "seconds": time.perf_counter() - start,
    }


def _published(key: jax.Array, market: Any, product: Any, config: Config, rule: glsm.Rule) -> dict[str, Any]:
    """Mean of the trials' in-sample prices; its standard error from their deviation."""
    settings = glsm.Config(
        n_paths=config.n_published_paths, order=1, columns=(HermiteChebyshev(config.published_order),), rule=rule
    )
    n_trials = config.n_trials if rule == glsm.Rule.VALUE else min(2, config.n_trials)
    start = time.perf_counter()
    fits = [glsm.fit(one, EulerHeston(market=market), product, settings) for one in jax.random.split(key, n_trials)]
    price = np.array([float(fit.diagnostics["in_sample_price"]) for fit in fits])
    # One trial has no deviation; the error of its own mean stands in for it.
    single = float(fits[0].diagnostics["in_sample_std_error"])
    deviation = float(np.std(price, ddof=1)) if n_trials > 2 else single
    return {
        "price": float(price.mean()),
        "std_error": deviation / n_trials**0.5,
        "trial_deviation": deviation,
        "status": int(jnp.max(jnp.stack([fit.status for fit in fits]))),
        "seconds": (time.perf_counter() - start) / n_trials,
    }


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The default rule beside the reference, the published one beside the published row."""
    found = []
    source = "reference.bermudan_heston.put"
    for row in metrics["rows"]:
        name, price, error, exact = f"S0 = {row['spot']:g}", row["price"], row["std_error"], row["reference"]
        if row["method"] == _DEFAULT:
            tolerance = max(3.0 * error, 0.002 * exact)
            found.append(Cell.near(f"{name}: default", price, exact, tolerance, std_error=error, source=source))
            found.append(Cell.at_most(f"{name}: lower limit", row["lower"], exact, source=source))
            found.append(Cell.at_least(f"{name}: upper limit", row["upper"], exact, source=source))
        elif row["method"] == _AS_PUBLISHED:
            place = _EXAMPLE.spot.index(row["spot"])
            published, error_of_10 = _PUBLISHED[place], _PUBLISHED_DEVIATION[place] / _EXAMPLE.n_trials**0.5
            found.append(
                Cell.unbiased(
                    f"{name}: as published",
                    price,
                    error,
                    published,
                    expected_error=error_of_10,
                    n_errors=3.0,
                    source="table 9, G-LSM",
                )
            )
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Price less reference for each spot, with two standard errors."""
    from experiments.harness.figure import COLOUR, panels

    figure, (axis,) = panels(1, width=6.4, height=4.2)
    for i, method in enumerate((_DEFAULT, _AS_PUBLISHED, _OTHER_RULE)):
        rows = [row for row in metrics["rows"] if row["method"] == method]
        spot = np.array([row["spot"] for row in rows]) + 0.08 * (i - 1)
        gap = [row["price"] - row["reference"] for row in rows]
        error = [2.0 * row["std_error"] for row in rows]
        axis.errorbar(spot, gap, error, fmt="os^"[i], color=COLOUR[i], capsize=3, label=method)
        if method == _DEFAULT:
            ends = [(row["lower"] - row["reference"], row["upper"] - row["reference"]) for row in rows]
            axis.vlines(spot, *np.transpose(ends), color=COLOUR[i], alpha=0.3, linewidth=7, label="certified interval")
        if method == _AS_PUBLISHED:
            gap = [_PUBLISHED[_EXAMPLE.spot.index(row["spot"])] - row["reference"] for row in rows]
            axis.plot(spot + 0.04, gap, "x", color=COLOUR[6], label="table 9, G-LSM")
    axis.axhline(0.0, color="black", linewidth=0.8)
    axis.set(xlabel="spot", ylabel="price less reference", title="Bermudan put under Heston, 50 dates")
    axis.legend()
    return {"glsm_heston": figure}


EXPERIMENT = Experiment(
    question="How close are prices of a Bermudan put under Heston, and is that known?",
    table="Yang and Li 2025, table 9",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(
        spot=(10.0,),
        n_dates=3,
        n_paths=2**10,
        n_dual_paths=2**6,
        n_inner=2**4,
        n_published_paths=2**10,
        n_trials=1,
        published_order=4,
    ),
    full=Config(n_paths=2**19, n_dual_paths=2**14, n_inner=2**9, n_trials=40),
)
