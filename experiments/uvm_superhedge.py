"""A hedger who sells at the worst-case price and holds the worst-case delta, in markets that move within the bounds.

Question: does the hedge never lose more than what rebalancing in steps costs, whatever the volatilities do?
Table: none published; Avellaneda, Levy and Paras 1995 prove it for a hedge at all times.
Command: python -m experiments uvm_superhedge --check
Expected: no market in which the hedger loses on average; losses of the unluckiest path in a hundred that shrink like
    the square root of the step.
Time: about 10 minutes on one core. Device: CPU.

Volatilities are at the lowest or highest, or drawn anew at every step, anywhere in the bounds or at either one. The
outcome is the worst-case price, plus gains of the hedge, less the payoff, in per cent of that price.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments import uvm_common as common
from experiments.harness import Cell, Experiment, Metrics
from experiments.harness.figure import COLOUR, panels
from jaxprice import models, products
from jaxprice.engines import gpr_tree
from jaxprice.reference.literature import uncertain_volatility as literature

# From uniform numbers to shares of the way from the lowest volatility to the highest.
_MARKETS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "lowest": jnp.zeros_like,
    "highest": jnp.ones_like,
    "anywhere": jnp.asarray,
    "at either bound": jnp.round,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        n_steps: of tree and hedge.
        n_points: of each regression.
        n_paths: of every market.
        n_assets: of the options among the rows.
    """

    n_steps: tuple[int, ...] = (16, 64)
    n_points: int = 250
    n_paths: int = 2**13
    n_assets: tuple[int, ...] = (1, 2)


def run(key: jax.Array, config: Config) -> Metrics:
    """Outcomes of the hedge for every option, number of steps and market."""
    p = literature.PARAMETERS
    strikes = {name: p[name] for name in ("lower_strike", "upper_strike")}
    ratios = {name: p[name] for name in ("lower_ratio", "upper_ratio")}
    options = {
        1: ("call spread", common.market(1, 0.0), products.CallSpread(**strikes)),
        2: ("outperformer spread", common.market(2, -0.5), products.OutperformerSpread(**ratios)),
    }
    rows, samples = [], {}
    for name, model, payoff in (options[d] for d in config.n_assets):
        for n_steps in config.n_steps:
            settings = gpr_tree.Config(n_steps=n_steps, n_points=config.n_points)
            surface = gpr_tree.fit(key, model, common.european(payoff), settings)
            for place, market in enumerate(_MARKETS):
                gain = _outcomes(jax.random.fold_in(key, place), surface, model, market, config.n_paths)
                gain = 100.0 * np.asarray(gain) / float(surface.price)
                samples[f"{name}, {n_steps} steps, {market}"] = gain
                rows.append(
                    {
                        "case": name,
                        "n_steps": n_steps,
                        "market": market,
                        "price": float(surface.price),
                        "mean": float(gain.mean()),
                        "std_error": float(gain.std(ddof=1) / np.sqrt(gain.size)),
                        "quantile_1": float(np.quantile(gain, 0.01)),
                        "worst": float(gain.min()),
                        "status": int(surface.status),
                    }
                )
    edges = np.linspace(-15.0, 60.0, 76)
    counts = {name: np.histogram(np.clip(gain, -15.0, 60.0), edges)[0].tolist() for name, gain in samples.items()}
    return {"rows": rows, "edges": edges.tolist(), "counts": counts}


def _outcomes(
    key: jax.Array, surface: gpr_tree.Surface, model: models.UncertainVolatility, market: str, n_paths: int
) -> jax.Array:
    """Price, plus gains of the hedge, less the payoff, of every path; the rate is zero."""
    n_steps, shape = surface.n_steps, (n_paths, model.n_assets)
    low, high = jnp.asarray(model.min_volatility), jnp.asarray(model.max_volatility)
    factor = jnp.linalg.cholesky(jnp.asarray(model.min_correlation))
    length = literature.PARAMETERS["expiry"] / n_steps

    def step(carry: tuple[jax.Array, jax.Array], index: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
        spot, gain = carry
        draws = jax.random.fold_in(key, index)
        share = _MARKETS[market](jax.random.uniform(jax.random.fold_in(draws, 0), shape, spot.dtype))
        volatility = low[None] + share * (high - low)[None]
        normal = jax.random.normal(jax.random.fold_in(draws, 1), shape, spot.dtype) @ factor.T
        new = spot * jnp.exp(-0.5 * volatility**2 * length + volatility * jnp.sqrt(length) * normal)
        return (new, gain + jnp.sum(surface.delta(index, spot) * (new - spot), axis=1)), None

    first = (jnp.broadcast_to(jnp.asarray(model.spot)[None], shape), jnp.full(n_paths, surface.price))
    (spot, gain), _ = jax.jit(lambda: jax.lax.scan(step, first, jnp.arange(n_steps, dtype=jnp.int32)))()
    return gain - surface.value(n_steps, spot)


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """No market loses on average; unlucky losses shrink with the step."""
    found = []
    for row in metrics["rows"]:
        about = f"{row['case']}, {row['n_steps']} steps, volatilities {row['market']}: mean plus 3 errors, per cent"
        bound = row["mean"] + 3.0 * row["std_error"]
        found.append(Cell.at_least(about, bound, 0.0, source="Avellaneda et al. 1995"))
    for name in dict.fromkeys(row["case"] for row in metrics["rows"]):
        worst = [
            -min(row["quantile_1"] for row in metrics["rows"] if row["case"] == name and row["n_steps"] == n)
            for n in config.n_steps
        ]
        if len(worst) > 1:
            ideal = (config.n_steps[0] / config.n_steps[-1]) ** 0.5
            ratio = worst[-1] / worst[0]
            label = f"{name}: loss of one path in a hundred, {config.n_steps[-1]} steps over {config.n_steps[0]}"
            found.append(Cell.at_most(label, ratio, 1.3 * ideal, source="square root of the step, and 30 per cent"))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Distributions of the outcome with the most steps."""
    names = list(dict.fromkeys(row["case"] for row in metrics["rows"]))
    n_steps = config.n_steps[-1]
    drawn, axes = panels(len(names), title=f"A worst-case hedge in {n_steps} steps, by market")
    centre = 0.5 * (np.array(metrics["edges"][1:]) + np.array(metrics["edges"][:-1]))
    for axis, name in zip(axes, names, strict=True):
        for market, colour in zip(_MARKETS, COLOUR, strict=False):
            count = np.array(metrics["counts"][f"{name}, {n_steps} steps, {market}"])
            axis.plot(centre, count / count.sum(), color=colour, label=market)
        axis.axvline(0.0, color=COLOUR[6], linewidth=0.8)
        axis.set(title=name, xlabel="outcome, per cent of the worst-case price")
    axes[0].set(ylabel="share of paths")
    drawn.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return {"uvm_superhedge": drawn}


EXPERIMENT = Experiment(
    question="Does a hedge at the worst case never lose more than what rebalancing in steps costs?",
    table="claims of the theory",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_steps=(4,), n_points=20, n_paths=64, n_assets=(1,)),
    full=Config(n_steps=(16, 64, 256), n_points=500, n_paths=2**15),
)
