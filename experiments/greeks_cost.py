"""What all Greeks cost beside the price alone, as the number of inputs grows.

Question: how much longer does a price with every derivative take than the price alone, and than bumping every input?
Table: the cheap-gradient principle (Griewank and Walther 2008, section 3.3: at most 5 times a function's operations;
    Giles and Glasserman 2006, "Smoking adjoints", for option prices).
Command: python -m experiments greeks_cost --check
Expected: a ratio below 3, and nearly flat from 5 to 50 assets; one-sided bumping costs 1 + inputs prices.
Time: about 1 minute on one core. Device: CPU or GPU.

A basket call on d assets: spots, volatilities, dividends, the correlations above the diagonal and the rate are inputs.
The price and the price with Greeks are timed in turns; each ratio is the median over rounds.
"""

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from experiments.harness import Cell, Experiment, Metrics
from jaxprice import models, products
from jaxprice.engines import monte_carlo


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        n_assets: sizes d of the problem.
        n_normals: of each size; the paths are this many over d, rounded to a power of two.
        n_rounds: timings of which the median is taken, after warm-up.
    """

    n_assets: tuple[int, ...] = (1, 2, 5, 10, 20, 50)
    n_normals: int = 2**23
    n_rounds: int = 11


def _problem(n_assets: int) -> tuple[models.BlackScholes, products.European]:
    share = jnp.arange(n_assets) / max(n_assets - 1, 1)
    model = models.BlackScholes.equicorrelated(
        n_assets=n_assets,
        spot=90.0 + 20.0 * share,
        volatility=0.4 - 0.25 * share,
        correlation=0.3,
        rate=0.03,
        dividend=0.04 * share,
    )
    weight = (1.0 + share) / jnp.sum(1.0 + share)
    return model, products.European(payoff=products.BasketCall(strike=100.0, weight=weight), expiry=1.0)


def _seconds(function: Callable[[], Any]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    jax.block_until_ready(function())
    return time.process_time() - cpu, time.perf_counter() - wall


def run(key: jax.Array, config: Config) -> Metrics:
    """Times a price and a price with Greeks in turns, for each size."""
    rows = []
    for d in config.n_assets:
        model, product = _problem(d)
        n_paths = 1 << ((config.n_normals // d).bit_length() - 1)

        def price(greeks: bool) -> Callable[[], Any]:
            settings = monte_carlo.Config(n_paths=n_paths, greeks=greeks)  # noqa: B023
            return lambda: monte_carlo.price(key, model, product, settings)  # noqa: B023

        plain, greeks = price(False), price(True)
        for function in (plain, greeks, plain, greeks):
            _seconds(function)
        rounds = [(*_seconds(plain), *_seconds(greeks)) for _ in range(config.n_rounds)]
        plain_cpu, plain_wall, greeks_cpu, greeks_wall = map(statistics.median, zip(*rounds, strict=True))
        n_inputs = 3 * d + d * (d - 1) // 2 + 1
        rows.append(
            {
                "n_assets": d,
                "n_inputs": n_inputs,
                "n_paths": n_paths,
                "price_cpu": plain_cpu,
                "greeks_cpu": greeks_cpu,
                "price_wall": plain_wall,
                "greeks_wall": greeks_wall,
                "ratio": statistics.median(r[2] / r[0] for r in rounds),
                "one_sided_bumps": 1.0 + n_inputs,
                "central_bumps": 1.0 + 2.0 * n_inputs,
            }
        )
    return {"rows": rows}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The ratio at five assets, and how flat it is."""
    ratio = {row["n_assets"]: row["ratio"] for row in metrics["rows"]}
    source = "Griewank and Walther 2008, section 3.3"
    found = []
    for row in metrics["rows"]:
        name = f"all {row['n_inputs']} Greeks of {row['n_assets']} assets over price"
        found.append(Cell.at_most(name, row["ratio"], 3.0, source=source))
    if 5 in ratio and 50 in ratio:
        found.append(Cell.at_most("ratio at 50 assets over ratio at 5", ratio[50] / ratio[5], 2.0, source=source))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Cost in prices against the number of inputs."""
    from experiments.harness.figure import COLOUR, panels

    figure, (axis,) = panels(1, width=5.6, height=4.2, title="What every Greek of a basket call costs")
    rows = metrics["rows"]
    n_inputs = [row["n_inputs"] for row in rows]
    labels = {
        "central_bumps": "central bumps",
        "one_sided_bumps": "one-sided bumps",
        "ratio": "one reverse pass, measured",
    }
    for (name, label), colour in zip(labels.items(), (COLOUR[1], COLOUR[4], COLOUR[0]), strict=True):
        axis.plot(n_inputs, [row[name] for row in rows], "o-", color=colour, label=label)
    for row in rows:
        text, place = f"d = {row['n_assets']}\n{row['ratio']:.2f}", (row["n_inputs"], row["ratio"])
        axis.annotate(text, place, xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8)
    axis.axhline(1.0, color=COLOUR[6], linewidth=0.8)
    axis.set(xscale="log", yscale="log", xlabel="number of inputs", ylabel="cost, in prices alone", ylim=(0.8, 5e3))
    axis.legend()
    return {"greeks_cost": figure}


EXPERIMENT = Experiment(
    question="What do all Greeks cost beside the price alone, as the number of inputs grows?",
    table="cheap-gradient principle (Griewank and Walther 2008; Giles and Glasserman 2006)",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), n_normals=2**13, n_rounds=2),
    full=Config(n_normals=2**25, n_rounds=15),
)
