"""Exercise regions of the Bermudan max-call on two assets beside exact ones.

Question: where does the fitted policy decide wrongly, how likely is that, and what does it cost?
Table: exercise regions in the manner of figures 4 and 5 of Yang and Li 2025, arXiv 2405.02570, whose print was not at
    hand: the symmetric max-call (example 3) and the asymmetric one (example 4), S0 = 100, at several dates.
Command: python -m experiments glsm_exercise_region --check
Expected: a probability of a per cent or less to be on the wrong side, which costs a fraction of a cent; the published
    method, polynomials of order 10 without columns of the prices, loses several times as much.
Time: about a minute on two cores. Device: CPU or GPU.

The exact regions come from `reference.bermudan_two_asset`, on whose grid both are compared. Probabilities are of being
there at the date, whether or not the contract was exercised before; regret is the mean loss from a wrong decision then.
"""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.glsm_common import problem, published_method
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.engines import glsm
from jaxprice.reference import bermudan_two_asset

_EXAMPLE = {"symmetric": 3, "asymmetric": 4}
_SKIP, _REACH = 4, 3.0  # the figure's: nodes of the grid, standard deviations


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        date: at which the regions are compared and drawn, of 9.
        n_paths: of the fit.
        n_paths_published: of that of the published method.
        order: of the published method.
        n_cells: along each axis of the exact grid.
    """

    date: tuple[int, ...] = (2, 5, 8)
    n_paths: int = 2**18
    n_paths_published: int = 100_000
    order: int = 10
    n_cells: int = 512


@partial(jax.jit, static_argnames=("step",))
def _held(policy: glsm.Policy, price: jax.Array, step: int) -> jax.Array:
    return jax.vmap(jax.vmap(lambda state: glsm.continuation_value(policy, state, step)))(price)


def run(key: jax.Array, config: Config) -> Metrics:
    """Probabilities and losses of wrong decisions, and the regions."""
    rows: list[dict[str, Any]] = []
    regions: list[dict[str, Any]] = []
    settings = {
        "default": glsm.Config(n_paths=config.n_paths),
        "published": published_method(config.order, config.n_paths_published),
    }
    for name, example in _EXAMPLE.items():
        model, product = problem(example, 2, 100.0)
        payoff_fn = jax.tree_util.Partial(bermudan_two_asset.max_call_payoff, product.payoff.strike)
        market = (model.spot, model.rate, model.dividend, model.volatility, model.correlation[0, 1])
        exact = bermudan_two_asset.continuation(payoff_fn, *market, product.exercise_times, n_cells=config.n_cells)
        gain = exact.exercise_value - exact.value
        policies = {
            method: glsm.fit(jax.random.fold_in(key, example), model, product, one) for method, one in settings.items()
        }
        for k in config.date:
            price = jnp.stack([exact.first[k - 1], exact.second[k - 1]], axis=-1)
            time = product.exercise_times[k - 1]
            center = jnp.log(model.spot) + model.log_drift() * time
            standard = (jnp.log(price) - center[None, None]) / (model.volatility * jnp.sqrt(time))[None, None]
            mass = jnp.exp(-0.5 * jnp.sum(standard**2, axis=-1))
            mass = mass / jnp.sum(mass)
            pays, exact_gain = exact.exercise_value[k - 1], gain[k - 1]
            is_exact = (exact_gain > 0) & (pays > 0)
            axes = {"first": price[::_SKIP, 0, 0], "second": price[0, ::_SKIP, 1]}
            is_near = jnp.sum(standard**2, axis=-1) < _REACH**2

            def shown(gain: jax.Array) -> jax.Array:
                return jnp.where(is_near, jnp.where(pays > 0, gain, -1.0), jnp.nan)[::_SKIP, ::_SKIP]  # noqa: B023

            regions.append({"name": name, "date": k} | axes | {"exact": shown(exact_gain)})
            for method, policy in policies.items():
                fitted_gain = pays - _held(policy, price, k)
                wrong = jnp.where(((fitted_gain > 0) & (pays > 0)) != is_exact, mass, 0.0)
                row = {"contract": name, "method": method, "date": k}
                row |= {
                    "exercised_%": 100.0 * jnp.sum(jnp.where(is_exact, mass, 0.0)),
                    "wrong_%": 100.0 * jnp.sum(wrong),
                }
                rows.append(row | {"regret": jnp.sum(wrong * jnp.abs(exact_gain))})
                regions[-1][method] = shown(fitted_gain)
    return {"rows": rows, "regions": regions}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Limits on what the default method gets wrong, and on its share of what the published one loses."""
    found, lost = [], {"default": 0.0, "published": 0.0}
    for row in metrics["rows"]:
        name, source = f"{row['contract']}, date {row['date']}", "reference.bermudan_two_asset"
        lost[row["method"]] += row["regret"]
        if row["method"] == "default":
            found.append(Cell.at_most(f"{name}: probability of error, %", row["wrong_%"], 1.0, source=source))
            found.append(Cell.at_most(f"{name}: regret", row["regret"], 0.005, source=source))
    ratio = lost["default"] / lost["published"]
    return [*found, Cell.at_most("regret over that of the published method", ratio, 0.5, source="claim")]


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Regions, a panel for each date: exact in colour, fitted by their boundaries."""
    from experiments.harness.figure import COLOUR, panels

    title = "Exercise regions of the two-asset max-call: exact (shaded), fitted (blue), as published (red)"
    figure, axes = panels(len(config.date), len(_EXAMPLE), height=3.6, title=title)
    for axis, region in zip(axes, metrics["regions"], strict=True):
        place = (region["first"], region["second"])
        gain = {method: np.array(region[method], np.float64).T for method in ("exact", "published", "default")}
        axis.contourf(*place, gain["exact"], levels=[0.0, 1e9], colors=[COLOUR[5]], alpha=0.4)
        for method, colour in (("published", COLOUR[1]), ("default", COLOUR[0])):
            axis.contour(*place, gain[method], levels=[0.0], colors=[colour], linewidths=1.2)
        limits = [
            (0.9 * np.nanmin(there), 1.05 * np.nanmax(there))
            for there in np.where(np.isfinite(gain["exact"]), np.stack(np.meshgrid(*place)), np.nan)
        ]
        axis.set(title=f"{region['name']}, date {region['date']}", xlabel="first price", ylabel="second price")
        axis.set(xlim=limits[0], ylim=limits[1])
    return {"glsm_exercise_region": figure}


EXPERIMENT = Experiment(
    question="Where does the fitted policy of a two-asset max-call decide wrongly, and what does it cost?",
    table="exercise regions, as in figures 4 and 5",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(date=(5,), n_paths=4096, n_paths_published=4096, order=3, n_cells=128),
    full=Config(date=tuple(range(1, 9)), n_paths=2**21),
)
