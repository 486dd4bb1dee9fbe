"""The exercise boundary of the Bermudan geometric put beside the exact one.

Question: how far is the fitted exercise boundary from the exact one, at each date?
Table: the boundary over time in the manner of figure 2 of Yang and Li 2025, arXiv 2405.02570 (example 1), whose print
    was not at hand.
Command: python -m experiments glsm_boundary --check
Expected: within a per cent of the price for one asset and one and a half for five, wherever paths come near it.
Time: about a minute on two cores. Device: CPU or GPU.

The exact boundary is the price at which exercise pays what the Bermudan put on the remaining dates is worth, by
quadrature (`reference.bermudan`). Five assets are looked at where all their prices are equal, at the geometric mean:
one line through five dimensions, on which few paths are. The value hardly feels an error of the boundary, which is
squared in it, and not at all on the first dates, where the boundary is many standard deviations away: only dates where
these are three or fewer are held against a limit.
"""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.glsm_common import problem
from experiments.harness import Cell, Experiment, Metrics
from jaxprice import reference
from jaxprice.engines import glsm
from jaxprice.reference.geometric_basket import equivalent_asset
from jaxprice.reference.quadrature import bisect

_PRICES = np.linspace(70.0, 100.0, 3001)
_EXAMPLE, _LIMIT, _REACH = 1, {1: 1.0, 5: 1.5}, 3.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        n_assets: of the puts.
        date: at which the boundaries are compared, of 50.
        n_paths: of each fit.
    """

    n_assets: tuple[int, ...] = (1, 5)
    date: tuple[int, ...] = (5, 10, 15, 20, 25, 30, 35, 40, 45, 49)
    n_paths: int = 2**18


@partial(jax.jit, static_argnames=("step",))
def _fitted_boundary(policy: glsm.Policy, step: int) -> jax.Array:
    """Greatest price, the same for all assets, at which the policy exercises."""
    n_assets = policy.problem.model.n_assets
    is_exercised = jax.vmap(lambda s: glsm.exercise(policy, jnp.full(n_assets, s), step))(jnp.asarray(_PRICES))
    return jnp.max(jnp.where(is_exercised, jnp.asarray(_PRICES), jnp.nan), initial=0.0, where=is_exercised)


@jax.jit
def _exact_boundary(model: Any, strike: jax.Array, now: jax.Array, remaining: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The price, and how many standard deviations below its mean it is."""
    spot, dividend, volatility = equivalent_asset(model.spot, model.dividend, model.volatility, model.correlation)

    def gain(spot: jax.Array) -> jax.Array:
        held = reference.bermudan.put(spot, strike, model.rate, dividend, volatility, remaining)
        return held - (strike - spot)

    boundary = bisect(gain, 0.5 * strike, strike, 40)
    mean = jnp.log(spot) + (model.rate - dividend - 0.5 * volatility**2) * now
    return boundary, (mean - jnp.log(boundary)) / (volatility * jnp.sqrt(now))


def run(key: jax.Array, config: Config) -> Metrics:
    """Boundaries by number of assets and date."""
    rows = []
    for n_assets in config.n_assets:
        model, product = problem(_EXAMPLE, n_assets)
        policy = glsm.fit(jax.random.fold_in(key, n_assets), model, product, glsm.Config(n_paths=config.n_paths))
        for k in config.date:
            now = product.exercise_times[k - 1]
            found = _exact_boundary(model, product.payoff.strike, now, product.exercise_times[k:] - now)
            exact, fitted = float(found[0]), float(_fitted_boundary(policy, k))
            row = {"assets": n_assets, "date": k, "time": float(now), "deviations": float(found[1])}
            rows.append(row | {"exact": exact, "fitted": fitted, "error_%": 100.0 * (fitted / exact - 1.0)})
    return {"rows": rows}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Error of the boundary in per cent of the price."""
    return [
        Cell.near(
            f"d = {row['assets']}, date {row['date']}: boundary, error in %",
            row["error_%"],
            0.0,
            _LIMIT.get(row["assets"], 2.0),
            source="reference.bermudan",
        )
        for row in metrics["rows"]
        if row["deviations"] <= _REACH
    ]


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Boundaries over time, a panel for each number of assets."""
    from experiments.harness.figure import COLOUR, panels

    title = "Exercise boundary of the Bermudan geometric put"
    figure, axes = panels(len(config.n_assets), title=title)
    for axis, n_assets in zip(axes, config.n_assets, strict=True):
        rows = [row for row in metrics["rows"] if row["assets"] == n_assets]
        axis.plot([row["time"] for row in rows], [row["exact"] for row in rows], color=COLOUR[0], label="exact")
        for is_near, face, label in ((True, COLOUR[1], "fitted"), (False, "none", "fitted where hardly a path comes")):
            there = [row for row in rows if (row["deviations"] <= _REACH) == is_near]
            place = [row["time"] for row in there], [row["fitted"] for row in there]
            axis.plot(*place, "o", color=COLOUR[1], markerfacecolor=face, label=label)
        name = f"{n_assets} asset" + "s" * (n_assets > 1)
        axis.set(title=name, xlabel="years", ylabel="geometric mean of the prices")
    axes[0].legend()
    return {"glsm_boundary": figure}


EXPERIMENT = Experiment(
    question="How far is the fitted exercise boundary of a Bermudan put from the exact one?",
    table="exercise boundary, as in figure 2",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(1,), date=(48, 49), n_paths=4096),
    full=Config(date=tuple(range(1, 50)), n_paths=2**21),
)
