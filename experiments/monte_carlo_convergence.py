"""Error of a Monte Carlo price against its paths: pseudo-random, antithetic and Sobol.

Question: how fast does the error fall with the number of paths?
Table: rates known from theory: -1/2 for independent paths; for scrambled Sobol points up to -3/2 where the payoff is
    smooth (Owen 1997), and less where it has a kink; that the directions that matter come first is what helps there.
Command: python -m experiments monte_carlo_convergence --check
Expected: slopes of -0.50 pseudo-random and antithetic, and steeper than -0.85 for Sobol points on the basket.
Time: about 3 minutes on one core. Device: CPU or GPU.

The error is the root mean square over seeds against quadrature. An Asian option on n dates is a basket call on the n
correlated lognormal prices of one asset, so the quadrature for baskets prices it. The slope is fitted to the
logarithms; its standard error is that of the regression, or what the number of seeds implies if that is more.
"""

import dataclasses
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.harness import Cell, Experiment, Metrics
from jaxprice import models, products, reference
from jaxprice.engines import monte_carlo
from jaxprice.engines.monte_carlo import Sampling

_SPOT = np.array([95.0, 100.0, 105.0, 110.0, 98.0])
_VOLATILITY = np.array([0.15, 0.2, 0.25, 0.3, 0.35])
_DIVIDEND = np.array([0.0, 0.01, 0.02, 0.03, 0.015])
_WEIGHT = np.array([0.1, 0.15, 0.2, 0.25, 0.3])
_CORRELATION, _RATE, _EXPIRY, _STRIKE, _MIN_STRIKE = 0.4, 0.03, 1.0, 100.0, 85.0
_DATES = np.arange(1, 7) / 6.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        log2_paths: powers of two of the numbers of paths.
        n_seeds: independent runs, of which the root mean square error is taken.
        n_replicates: scrambles that make one Sobol price; a power of two; all their points count as paths.
    """

    log2_paths: tuple[int, ...] = (9, 10, 11, 12, 13, 14, 15, 16)
    n_seeds: int = 64
    n_replicates: int = 4


def _problems() -> dict[str, tuple[Any, Any, jax.Array]]:
    model = models.BlackScholes.equicorrelated(
        n_assets=5, spot=_SPOT, volatility=_VOLATILITY, correlation=_CORRELATION, rate=_RATE, dividend=_DIVIDEND
    )
    market = (_RATE, _DIVIDEND, _VOLATILITY)
    basket = reference.basket.call(_SPOT, _WEIGHT, _STRIKE, *market, np.asarray(model.correlation), _EXPIRY)
    worst = reference.rainbow.min_call(_SPOT, _MIN_STRIKE, *market, _CORRELATION, _EXPIRY)
    one = models.BlackScholes.equicorrelated(n_assets=1, spot=100.0, volatility=0.25, rate=_RATE, dividend=0.01)
    # The price at date t is a lognormal whose volatility, dividend and correlations are rescaled to the expiry.
    share = _DATES / _EXPIRY
    as_basket = (_RATE, _RATE - (_RATE - 0.01) * share, 0.25 * np.sqrt(share))
    correlation = np.sqrt(np.minimum.outer(_DATES, _DATES) / np.maximum.outer(_DATES, _DATES))
    mean = (np.full(6, 100.0), np.full(6, 1.0 / 6.0), _STRIKE)
    asian = reference.basket.call(*mean, *as_basket, correlation, _EXPIRY)
    basket_call, min_call = products.BasketCall(strike=_STRIKE, weight=_WEIGHT), products.MinCall(strike=_MIN_STRIKE)
    asian_call = products.PathDependent(payoff=products.AsianCall(strike=_STRIKE), observation_times=_DATES)
    return {
        "basket": (model, products.European(payoff=basket_call, expiry=_EXPIRY), basket),
        "min": (model, products.European(payoff=min_call, expiry=_EXPIRY), worst),
        "Asian": (one, asian_call, asian),
    }


def run(key: jax.Array, config: Config) -> Metrics:
    """Root mean square errors, and the slopes fitted to them."""
    curves, rows = [], []
    for name, (model, product, exact) in _problems().items():
        for sampling in Sampling:
            errors = []
            for k in config.log2_paths:
                # Fresh keys: under the same ones fewer paths are a part of more, and their errors lie on one line.
                keys = jax.random.split(jax.random.fold_in(key, k), config.n_seeds)
                settings = monte_carlo.Config(
                    n_paths=2**k, greeks=False, sampling=sampling, n_replicates=config.n_replicates
                )
                price = [monte_carlo.price(one, model, product, settings).price for one in keys]
                errors.append(float(jnp.sqrt(jnp.mean((jnp.stack(price) - exact) ** 2))))
            start = time.perf_counter()
            jax.block_until_ready([monte_carlo.price(one, model, product, settings) for one in keys])
            seconds = (time.perf_counter() - start) / config.n_seeds
            slope, std_error = _slope(config, errors)
            about = {"problem": name, "sampling": str(sampling)}
            curves.append(about | {"n_paths": [2**k for k in config.log2_paths], "error": errors})
            found = {"slope": slope, "std_error": std_error, "error": errors[-1], "seconds": seconds}
            rows.append(about | {"reference": float(exact)} | found)
    return {"rows": rows, "curves": curves}


def _slope(config: Config, error: list[float]) -> tuple[float, float]:
    x, y = np.array(config.log2_paths, np.float64), np.log2(error)
    x -= x.mean()
    slope = float(x @ y / (x @ x))
    residual = y - y.mean() - slope * x
    # A root mean square of n Gaussian errors is known to 1 / √(2 n) of itself.
    known, seen = 0.5 / config.n_seeds / np.log(2.0) ** 2, residual @ residual / max(len(x) - 2, 1)
    return slope, float(np.sqrt(max(known, seen) / (x @ x)))


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Slopes beside the rates of theory."""
    found = []
    for row in metrics["rows"]:
        name, slope, error = f"{row['problem']}, {row['sampling']}: slope", row["slope"], row["std_error"]
        if row["sampling"] != Sampling.SOBOL:
            tolerance = max(0.05, 4.0 * error)
            found.append(Cell.near(name, slope, -0.5, tolerance, std_error=error, source="central limit theorem"))
        elif row["problem"] == "basket":
            found.append(Cell.at_most(name, slope, -0.85, std_error=error, source="claim of the project"))
        else:
            found.append(Cell.at_most(name, slope, -0.6, std_error=error, source="better than independent paths"))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Error against paths, log-log, a panel for each problem."""
    from experiments.harness.figure import COLOUR, panels

    names = list(dict.fromkeys(curve["problem"] for curve in metrics["curves"]))
    figure, axes = panels(len(names), title="Root mean square error of the price against the number of paths")
    slopes = {(row["problem"], row["sampling"]): (row["slope"], row["std_error"]) for row in metrics["rows"]}
    for axis, name in zip(axes, names, strict=True):
        for i, curve in enumerate(c for c in metrics["curves"] if c["problem"] == name):
            slope, error = slopes[name, curve["sampling"]]
            label = f"{curve['sampling']}: {slope:.2f} ± {error:.2f}"
            axis.plot(curve["n_paths"], curve["error"], "os^"[i] + "-", color=COLOUR[i], label=label)
        axis.set(xscale="log", yscale="log", title=f"{name} call", xlabel="paths in all")
        axis.legend(title="slope", loc="lower left")
    axes[0].set_ylabel("root mean square error")
    return {"monte_carlo_convergence": figure}


EXPERIMENT = Experiment(
    question="How fast does the error fall with the number of paths: pseudo-random, antithetic, Sobol?",
    table="rates known from theory",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(log2_paths=(6, 7), n_seeds=2, n_replicates=2),
    full=Config(log2_paths=tuple(range(9, 21)), n_seeds=64),
)
