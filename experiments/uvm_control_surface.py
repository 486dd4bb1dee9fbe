"""Which volatility is the worst where: the controls of the GPR tree beside the sign of the exact gamma.

Question: does the tree take the largest volatility where the price is convex, and the smallest where it is concave?
Table: none published; the theory is that of Avellaneda, Lévy and Parás 1995: controls are at a bound, by the sign of
    the gamma of the Black-Scholes-Barenblatt price.
Command: python -m experiments uvm_control_surface --check
Expected: both volatilities at a bound nearly everywhere; above a line in the plane of prices, on which the ratio of the
    two is constant, the smallest, below the largest. Points on the wrong side lie where gamma hardly differs from 0.
Time: about 2 minutes on one core. Device: CPU.

Outperformer spread on two assets with correlation -0.5: its price over the first asset is a function of their ratio,
whose variance rises with both volatilities. The exact second derivative by the logarithm of the ratio, less the first,
is a difference of solutions of the equation. Points are the design points of the tree; "weighted" shares count a point
by the size of its gamma.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments import uvm_common as common
from experiments.harness import Cell, Experiment, Metrics
from experiments.harness.figure import COLOUR, panels
from jaxprice import products
from jaxprice.engines import gpr_tree
from jaxprice.reference import uncertain_volatility_pde as pde
from jaxprice.reference.literature import uncertain_volatility as literature

_THEORY = "Avellaneda, Levy and Paras 1995"
_REACH, _DIFFERENCE = 0.6, 0.02


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        times: of the rows and panels, as shares of the expiry.
        n_steps: of the tree.
        n_points: of each regression.
        n_ratios: at which the exact gamma is computed.
        n_space: points of its grid.
    """

    times: tuple[float, ...] = (0.25, 0.5, 0.75)
    n_steps: int = 32
    n_points: int = 500
    n_ratios: int = 61
    n_space: int = 1001


def run(key: jax.Array, config: Config) -> Metrics:
    """Controls and exact gamma at the design points of some times."""
    p = literature.PARAMETERS
    model = common.market(2, -0.5)
    payoff = products.OutperformerSpread(lower_ratio=p["lower_ratio"], upper_ratio=p["upper_ratio"])
    product = products.European(payoff=payoff, expiry=p["expiry"])
    settings = gpr_tree.Config(n_steps=config.n_steps, n_points=config.n_points)
    found = gpr_tree.price(key, model, product, settings).diagnostics
    rows, points = [], []
    for share in config.times:
        step = int(np.argmin(np.abs(np.asarray(found["time"]) - share * p["expiry"])))
        time = float(found["time"][step])
        spot, volatility = (np.asarray(found[name][step]) for name in ("spot", "volatility"))
        log_ratio = np.log(spot[:, 1] / spot[:, 0])
        place, gamma = _exact_gamma(model, p, p["expiry"] - time, config)
        at = np.interp(log_ratio, place, gamma)
        level = (volatility - p["min_volatility"]) / (p["max_volatility"] - p["min_volatility"])
        is_right = np.all(np.where(at[:, None] > 0.0, level > 0.5, level < 0.5), axis=1)
        crossing = place[:-1][np.diff(np.sign(gamma)) != 0]
        rows.append(
            {
                "time": time,
                "at_a_bound": float(np.mean((level < 0.01) | (level > 0.99))),
                "right": float(np.mean(is_right)),
                "right_weighted": float(np.sum(is_right * np.abs(at)) / np.sum(np.abs(at))),
                "switches_at_ratio": [float(np.exp(one)) for one in crossing],
            }
        )
        points.append({"time": time, "spot": spot.tolist(), "level": level.tolist()})
    return {"rows": rows, "points": points}


def _exact_gamma(model: Any, p: Any, left: float, config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of ratios, and V'' - V' by them."""
    place = jnp.linspace(-_REACH, _REACH, config.n_ratios)

    def value(log_ratio: jax.Array) -> jax.Array:
        return pde.outperformer_spread(
            jnp.stack([jnp.ones_like(log_ratio), jnp.exp(log_ratio)]),
            model.dividend,
            model.min_volatility,
            model.max_volatility,
            model.min_correlation[0, 1],
            model.max_correlation[0, 1],
            left,
            p["lower_ratio"],
            p["upper_ratio"],
            n_space=config.n_space,
            n_time=100,
        )

    h = _DIFFERENCE
    down, middle, up = (np.asarray(jax.lax.map(value, place + move)) for move in (-h, 0.0, h))
    return np.asarray(place), (up - 2.0 * middle + down) / h**2 - (up - down) / (2.0 * h)


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Bounds, and the right ones."""
    found = []
    for row in metrics["rows"]:
        about = f"time {row['time']:.2f}"
        found.append(
            Cell.at_least(f"{about}: share of volatilities at a bound", row["at_a_bound"], 0.9, source=_THEORY)
        )
        name = f"{about}: share of points at the right bounds, weighted by gamma"
        found.append(Cell.at_least(name, row["right_weighted"], 0.95, source=_THEORY))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """The plane of prices, a panel for each time."""
    drawn, axes = panels(len(metrics["points"]), title="Worst volatility of the first asset, between its bounds")
    for axis, at, row in zip(axes, metrics["points"], metrics["rows"], strict=True):
        spot, level = np.asarray(at["spot"]), np.asarray(at["level"])
        shown = axis.scatter(spot[:, 0], spot[:, 1], c=level[:, 0], s=9, cmap="coolwarm", vmin=0.0, vmax=1.0)
        ends = np.array([spot[:, 0].min(), spot[:, 0].max()])
        for i, ratio in enumerate(row["switches_at_ratio"]):
            label = "exact gamma changes sign" if i == 0 else None
            axis.plot(ends, ratio * ends, color=COLOUR[6], lw=1.0, label=label)
        axis.set(title=f"time {at['time']:.2f}", xlabel="first asset", ylim=(spot[:, 1].min(), spot[:, 1].max()))
    axes[0].set(ylabel="second asset")
    axes[0].legend(loc="upper right")
    drawn.colorbar(shown, ax=axes, label="0: smallest, 1: largest")
    return {"uvm_control_surface": drawn}


EXPERIMENT = Experiment(
    question="Does the GPR tree take the largest volatility where the price is convex, and the smallest where not?",
    table="theory of worst-case volatilities",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(times=(0.5,), n_steps=4, n_points=20, n_ratios=7, n_space=101),
    full=Config(n_steps=64, n_points=1000),
)
