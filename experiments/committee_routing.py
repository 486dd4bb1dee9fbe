"""Who prices what: the map of every gate, the load of every expert, and what is lost without one.

Question: do experts specialise, and does a committee depend on each of them?
Table: none published; the claims checked are those of the project: no expert idle, each the best in its own regime, and
    prices there at least ten times worse without it.
Command: python -m experiments committee_routing --check
Expected: with the window gate loads between 6 and 13 per cent and every expert the best of nine in its regime; experts
    under a gate that learns the map are not, and a dense softmax prices with all nine everywhere.
Time: about 5 minutes on one core. Device: CPU.

Calls under Heston over their strike, nine inputs; every gate is fitted on the same labels. Errors are root mean squares
over test points of a regime, in per cent of an at-the-money option of the same expiry: of the committee, of the own
expert of the regime by itself, of the best other one by itself, and of the committee with that expert silenced.
"""

import dataclasses
from typing import Any

import jax
import numpy as np

from experiments import committee_models
from experiments.committee_errors import AT_THE_MONEY, REGIMES
from experiments.committee_labels import heston
from experiments.committee_models import COMMITTEE, SEED, SOFT, Effort
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.core.array import Array
from jaxprice.engines import mixture_of_experts as moe

_CLAIM = "claim of the project"
EFFORT = Effort()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        models: committees by name.
        n_samples: labels.
        effort: of training.
        n_test: test points.
        n_grid: points of the map in each direction.
    """

    models: tuple[str, ...] = (COMMITTEE, SEED, SOFT)
    n_samples: int = 16384
    effort: Effort = EFFORT
    n_test: int = 8192
    n_grid: int = 121


def run(key: jax.Array, config: Config) -> Metrics:
    """Loads and errors of every expert of every gate, and the maps."""
    market = heston()
    data = market.samples(key, config.n_samples)
    test = market.samples(jax.random.fold_in(key, 1), config.n_test)
    unit = AT_THE_MONEY * market.volatility(test.x) * test.x[:, 1]
    rows, maps = [], {}
    for name in config.models:
        found = committee_models.train(name, key, data, config.effort).committee
        rows += [{"gate": name} | row for row in _rows(found, test.x, test.y, unit)]
        seen = moe.routing_map(found, config.n_grid, config.n_grid)
        maps[name] = {
            "log_moneyness": seen.log_moneyness.tolist(),
            "root_maturity": seen.root_maturity.tolist(),
            "leader": seen.leader.tolist(),
            "largest": np.round(np.asarray(seen.weights.max(axis=-1)), 3).tolist(),
        }
    return {"rows": rows, "maps": maps}


def _rows(found: moe.Committee, x: Array, y: Array, unit: Array) -> list[dict[str, Any]]:
    regime, use = np.asarray(found.regimes.index(x)), moe.usage(found, x)

    def errors(value: Array) -> list[float]:
        square = np.asarray(((value - y) / unit) ** 2)
        return [100.0 * float(np.mean(square[regime == i]) ** 0.5) for i in range(len(REGIMES))]

    whole = errors(moe.predict(found, x)[0])
    alone = np.array([errors(value) for value in moe.values_by_expert(found, x)])
    silenced = [errors(moe.predict(moe.without_expert(found, i), x)[0])[i] for i in range(len(REGIMES))]
    return [
        {
            "expert": name,
            "load": float(use.load[i]),
            "active": float(use.active[i]),
            "error": whole[i],
            "own_expert": float(alone[i, i]),
            "best_other": float(np.min(np.delete(alone[:, i], i))),
            "without_it": silenced[i],
        }
        for i, name in enumerate(REGIMES)
    ]


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Of the default gate: loads, specialists, and what is lost without one."""
    rows = [row for row in metrics["rows"] if row["gate"] == COMMITTEE]
    n_best = sum(row["own_expert"] <= row["best_other"] for row in rows)
    lost = min(row["without_it"] / row["error"] for row in rows)
    return [
        Cell.at_least("smallest load of an expert", min(row["load"] for row in rows), 0.03, source=_CLAIM),
        Cell.at_least("experts of 9 that are the best in their regime", n_best, 9, source=_CLAIM),
        Cell.at_least("error without an expert over that with it, least of 9", lost, 10.0, source=_CLAIM),
    ]


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Leading experts and their weights over the map, a column for each gate."""
    from experiments import committee_figures

    return {"committee_routing": committee_figures.routing(metrics["maps"], REGIMES)}


EXPERIMENT = Experiment(
    question="Do experts specialise, and does a committee depend on each of them?",
    table="claims on routing",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(
        models=(COMMITTEE,),
        n_samples=512,
        effort=Effort(n_units=8, n_expert_epochs=2, n_joint_epochs=1),
        n_test=256,
        n_grid=11,
    ),
    full=Config(n_samples=65536),
)
