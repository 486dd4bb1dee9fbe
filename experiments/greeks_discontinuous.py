"""Greeks of payoffs that jump: what plain reverse mode gets wrong, and three ways to get them right.

Question: delta, vega and gamma of a digital and of a discretely monitored up-and-out call: which estimator, how noisy?
Table: Broadie and Glasserman 1996 (likelihood ratio), Glasserman and Staum 2001 (one-step survival, "conditional").
Command: python -m experiments greeks_discontinuous --check
Expected: plain reverse mode wrong by hundreds of standard errors (delta and vega of the digital are exactly zero);
    likelihood ratio and conditional within 4 of theirs; smoothed biased if wide and noisy if narrow.
Time: about 2 minutes on one core. Device: CPU or GPU.

The engine refuses plain reverse mode: here a wrapper lies that the payoff does not jump. Truth: the derivatives of the
closed form (digital) and of recursive quadrature (barrier). Errors are those of the mean over seeds.
"""

import dataclasses
import functools
import math
import statistics
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from experiments.harness import Cell, Experiment, Metrics
from jaxprice import models, products, reference
from jaxprice.core import pytree_dataclass
from jaxprice.engines import monte_carlo
from jaxprice.engines.monte_carlo import Estimator

_SPOT, _VOLATILITY, _RATE, _DIVIDEND, _EXPIRY = 100.0, 0.25, 0.03, 0.01, 1.0
_STRIKE, _BARRIER, _DATES = 100.0, 130.0, np.arange(1, 13) / 12.0
_PLAIN, _LIKELIHOOD_RATIO, _CONDITIONAL = "plain reverse mode", "likelihood ratio", "conditional"
_CHECKED_WIDTH = 0.05


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Paths of each run, independent runs, and widths of the smoothed estimator relative to the level of the jump."""

    n_paths: int = 2**16
    n_seeds: int = 32
    widths: tuple[float, ...] = (0.01, 0.05, 0.2, 0.5)


@pytree_dataclass
class Undeclared:
    """A payoff whose author did not say that it jumps."""

    payoff: Any
    jumps: ClassVar[bool] = False

    def __call__(self, state: jax.Array) -> jax.Array:
        """Its cash flow."""
        return self.payoff(state)


def _exact(problem: str, spot: jax.Array, volatility: jax.Array) -> jax.Array:
    market = (spot, _STRIKE, _RATE, _DIVIDEND, volatility)
    if problem == "digital":
        return reference.black_scholes.digital(*market, _EXPIRY)
    return reference.discrete_barrier.up_and_out_call(*market, _DATES, _BARRIER)


def _estimates(product: Any, config: Config) -> dict[str, tuple[Any, monte_carlo.Config]]:
    settings = functools.partial(monte_carlo.Config, n_paths=config.n_paths)
    plain = dataclasses.replace(product, payoff=Undeclared(payoff=product.payoff))
    found = {_PLAIN: (plain, settings(estimator=Estimator.PATHWISE))}
    for width in config.widths:
        found[f"smoothed, {width:g}"] = (product, settings(estimator=Estimator.SMOOTHED, smoothing_width=width))
    found[_LIKELIHOOD_RATIO] = (product, settings(estimator=Estimator.LIKELIHOOD_RATIO))
    return found | {_CONDITIONAL: (product, settings(estimator=Estimator.CONDITIONAL))}


def run(key: jax.Array, config: Config) -> Metrics:
    """Mean, standard error and truth for each problem, estimator and Greek."""
    model = models.BlackScholes.equicorrelated(
        n_assets=1, spot=_SPOT, volatility=_VOLATILITY, rate=_RATE, dividend=_DIVIDEND
    )
    digital = products.European(payoff=products.Digital(strike=_STRIKE), expiry=_EXPIRY)
    payoff = products.BarrierCall(strike=_STRIKE, barrier=_BARRIER)
    path = products.PathDependent(payoff=payoff, observation_times=_DATES)
    keys, here, rows = jax.random.split(key, config.n_seeds), (jnp.asarray(_SPOT), jnp.asarray(_VOLATILITY)), []
    for problem, product in {"digital": digital, "up-and-out call": path}.items():
        exact_fn = functools.partial(_exact, problem)
        delta, vega = jax.grad(exact_fn, argnums=(0, 1))(*here)
        truth = {"delta": float(delta), "vega": float(vega), "gamma": float(jax.grad(jax.grad(exact_fn))(*here))}
        for estimate, (wanted, settings) in _estimates(product, config).items():
            prices = [monte_carlo.price(one, model, wanted, settings) for one in keys]
            delta, vega = ([float(getattr(p.greeks, name)[0]) for p in prices] for name in ("spot", "volatility"))
            second = keys if estimate not in (_PLAIN, _CONDITIONAL) else ()
            gamma = [float(monte_carlo.gamma(one, model, wanted, settings)[0][0, 0]) for one in second]
            reported = statistics.fmean(float(p.greeks_std_error.spot[0]) for p in prices)
            for greek, values in {"delta": delta, "vega": vega, "gamma": gamma}.items():
                if values:
                    row = {"problem": problem, "estimator": estimate, "greek": greek, "truth": truth[greek]}
                    row |= {"mean": statistics.fmean(values), "std_error_of_one_run": statistics.stdev(values)}
                    rows.append(row | {"reported_std_error": reported if greek == "delta" else None})
    return {"rows": rows}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Unbiased estimators near the truth, plain reverse mode far from it, reported standard errors right."""
    rows, found, root = metrics["rows"], [], math.sqrt(config.n_seeds)
    for row in rows:
        name, source = f"{row['problem']}, {row['estimator']}: {row['greek']}", "jaxprice.reference"
        value, error, truth = row["mean"], row["std_error_of_one_run"] / root, row["truth"]
        if row["estimator"] in (_LIKELIHOOD_RATIO, _CONDITIONAL):
            # The conditional digital has no noise at all: then rounding, and the error of the quadrature, decide.
            found.append(Cell.unbiased(name, value, error, truth, expected_error=1e-9 * abs(truth), source=source))
        elif row["estimator"] == f"smoothed, {_CHECKED_WIDTH:g}":
            tolerance = 4.0 * error + 0.05 * abs(truth)
            found.append(Cell.near(name, value, truth, tolerance, std_error=error, source=source))
        elif row["estimator"] == _PLAIN:
            # Every path of the digital has the same derivative, zero: then in hundredths of the truth.
            wrong = abs(value - truth) / (error or 0.01 * abs(truth))
            found.append(Cell.at_least(f"{name}, error over standard error", wrong, 20.0, source=source))
        if row["reported_std_error"] and row["std_error_of_one_run"]:
            ratio, tolerance = row["reported_std_error"] / row["std_error_of_one_run"], 4.0 / math.sqrt(2.0) / root
            found.append(Cell.near(f"{name}, std. error reported over seen", ratio, 1.0, tolerance, source="seeds"))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Estimates over truth, with two standard errors of one run."""
    from experiments.harness.figure import COLOUR, panels

    rows, names = metrics["rows"], list(dict.fromkeys(row["estimator"] for row in metrics["rows"]))
    title = f"Greeks of payoffs that jump: estimate over truth, bars of two standard errors of {config.n_paths:,} paths"
    figure, axes = panels(3, 2, width=4.2, height=3.0, title=title)
    colour = {_PLAIN: COLOUR[1], _LIKELIHOOD_RATIO: COLOUR[2], _CONDITIONAL: COLOUR[2]}
    places = [(p, g) for p in dict.fromkeys(row["problem"] for row in rows) for g in ("delta", "vega", "gamma")]
    for axis, (problem, greek) in zip(axes, places, strict=True):
        seen = [1.0]
        for row in (row for row in rows if (row["problem"], row["greek"]) == (problem, greek)):
            value, bar = (row[name] / row["truth"] for name in ("mean", "std_error_of_one_run"))
            style = {"fmt": "o", "capsize": 3, "color": colour.get(row["estimator"], COLOUR[0])}
            axis.errorbar(value, names.index(row["estimator"]), xerr=abs(2.0 * bar), **style)
            seen.append(value)
        # The points decide what is shown, not the bars: the longest are longer than everything else together.
        margin = max(0.1, 0.35 * (max(seen) - min(seen)))
        axis.axvline(1.0, color=COLOUR[6], linewidth=0.9)
        axis.set(yticks=range(len(names)), yticklabels=names if greek == "delta" else [], title=f"{problem}: {greek}")
        axis.set(xlim=(min(seen) - margin, max(seen) + margin), ylim=(len(names) - 0.5, -0.5))
    return {"greeks_discontinuous": figure}


EXPERIMENT = Experiment(
    question="Greeks of payoffs that jump: which estimators are right, and how noisy are they?",
    table="Broadie and Glasserman 1996; Glasserman and Staum 2001",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_paths=512, n_seeds=2, widths=(0.05,)),
    full=Config(n_paths=2**20, n_seeds=64, widths=(0.002, 0.01, 0.05, 0.2, 0.5)),
)
