"""How often committees offer static arbitrage, without and with penalties on it in training.

Question: at how many strikes and maturities do learned prices grow with the strike, bend the wrong way, or fall with
    maturity?
Table: none published; the claim checked is that of the project: penalties leave fewer violations and prices as good.
Command: python -m experiments committee_arbitrage --check
Expected: without penalties a few per cent of the points are not convex, all of them far from the money, by less than a
    hundredth of an at-the-money gamma; with penalties several times fewer; errors of price within a tenth.
Time: about 6 minutes on one core. Device: CPU.

Calls under Heston without dividends over their strike, eight inputs. The grid has strikes up to four standard
deviations away and maturities from six hours to two years, for parameters drawn at random. Violations are counted
beyond 1e-6: of C_K <= 0, of K C_KK >= 0, and of a derivative by root maturity, over the strike, that is not negative
(Yang, Zheng and Hospedales 2017, C1 to C3). `largest` is over the grid; errors of price, root mean squares in per cent
of an at-the-money option, are those of the accuracy experiment.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments import committee_models
from experiments.committee_errors import AT_THE_MONEY
from experiments.committee_labels import Market, heston_without_dividends
from experiments.committee_models import ACTIVE, COMMITTEE, PENALISED, Effort
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.core.array import Array
from jaxprice.engines.mixture_of_experts.losses import Arbitrage, arbitrage
from jaxprice.learning.twin_net import slope_along, value_and_slope

_CLAIM = "claim of the project"
_LEAST, _REACH = 1e-6, 4.0
EFFORT = Effort()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        models: by name.
        n_samples: labels.
        effort: of training.
        n_grid: points in each direction.
        n_parameters: sets of the other inputs.
        n_test: points at which prices are compared.
    """

    models: tuple[str, ...] = (COMMITTEE, PENALISED, ACTIVE)
    n_samples: int = 16384
    effort: Effort = EFFORT
    n_grid: int = 65
    n_parameters: int = 16
    n_test: int = 4096


def run(key: jax.Array, config: Config) -> Metrics:
    """Shares and sizes of violations, and errors of price, by model."""
    market = heston_without_dividends()
    data = market.samples(key, config.n_samples)
    test = market.samples(jax.random.fold_in(key, 1), config.n_test)
    grid = _grid(jax.random.fold_in(key, 2), market, config)
    unit = AT_THE_MONEY * market.volatility(test.x) * test.x[:, 1]
    rows, maps = [], {}
    for name in config.models:
        found = committee_models.train(name, key, data, config.effort)
        breach = jax.tree.map(np.asarray, _breaches(found.price, grid))
        error = np.asarray((jax.jit(lambda price, x: price(x.T))(found.price, test.x) - test.y) / unit)
        row = {"model": name, "cpu": found.cpu, "price": 100.0 * float(np.mean(error**2) ** 0.5)}
        for kind, size in breach._asdict().items():
            row |= {f"{kind}_percent": 100.0 * float(np.mean(size > _LEAST)), f"{kind}_largest": float(size.max())}
        rows.append(row)
        shape = (config.n_parameters, config.n_grid, config.n_grid)
        maps[name] = np.mean(breach.convex.reshape(shape) > _LEAST, axis=0).tolist()
    return {"rows": rows, "not_convex": maps}


def _grid(key: jax.Array, market: Market, config: Config) -> Array:
    """Standard deviations times root maturities for every set of parameters, (n, m)."""
    parameters = market.points(key, config.n_parameters)[:, None, None]
    shape = (config.n_parameters, config.n_grid, config.n_grid)
    x = jnp.broadcast_to(parameters, (*shape, parameters.shape[-1]))
    root = jnp.linspace(market.domain.lower[1], market.domain.upper[1], config.n_grid)
    x = x.at[..., 1].set(jnp.broadcast_to(root[None, None], shape)).reshape(-1, x.shape[-1])
    away = jnp.broadcast_to(jnp.linspace(-_REACH, _REACH, config.n_grid)[None, :, None], shape).ravel()
    limit = market.domain.upper[0]
    return x.at[:, 0].set(jnp.clip(away * market.volatility(x) * x[:, 1], -limit, limit))


@jax.jit
def _breaches(price: Any, x: Array) -> Arbitrage:
    columns = x.T
    value, slope = value_and_slope(price, columns)
    along = jnp.zeros((1, columns.shape[0]), x.dtype).at[0, 0].set(1.0)
    return arbitrage(value, slope[0], slope[1], slope_along(price, columns, along)[0, 0])


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Violations and errors of price with penalties over those without."""
    rows, found = {row["model"]: row for row in metrics["rows"]}, []
    before, after = rows[COMMITTEE], rows[PENALISED]
    for kind in Arbitrage._fields:
        name = f"{kind}_percent"
        about = f"{kind}: share of violations with penalties, per cent, at most that without"
        found.append(Cell.at_most(about, after[name], before[name], source=_CLAIM))
    ratio = after["price"] / before["price"]
    found.append(Cell.at_most("error of price with penalties over that without", ratio, 1.25, source=_CLAIM))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Where prices are not convex."""
    from experiments import committee_figures

    return {"committee_arbitrage": committee_figures.arbitrage(metrics["not_convex"], _REACH)}


EXPERIMENT = Experiment(
    question="How often do learned prices offer static arbitrage, without and with penalties on it?",
    table="claims on arbitrage",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(
        models=(COMMITTEE, PENALISED),
        n_samples=512,
        effort=Effort(n_units=8, n_expert_epochs=2, n_joint_epochs=1),
        n_grid=9,
        n_parameters=2,
        n_test=64,
    ),
    full=Config(n_parameters=256),
)
