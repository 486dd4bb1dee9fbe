"""Hard modules and a soft gate on simulated quotes, in the set-ups of the two papers that began it.

Question: do nine modules beat one network, and a learned soft gate nine modules, as published?
Table: Gradojevic, Gencay and Kukolj 2009, tables 2 and 3; Yang, Zheng and Hospedales 2016, table 4.
Command: python -m experiments committee_published --check
Expected: the orderings of print where networks are as small as theirs: one network worst, nine modules better, a soft
    gate best by several times within days; over a year, in which the variance nobody sees moves, some per cent of that
    are left, in print as here.
Time: about 10 minutes on one core. Device: CPU.

The papers' quotes are not public; ours are simulated under Heston, with a variance that moves from day to day and is
not among the inputs, log-moneyness and root maturity, and prices off by up to 0.2 per cent. "Year": trained on the
first two quarters, units (5 or 10) chosen on the third, tested on the fourth (2009). "Days": trained on five days,
tested on the next, networks of five units (2016). One hidden layer everywhere; all are trained on values alone.
Errors are mean squares times 1e4, in shares of the strike, means over seeds; beside them what they are over that of the
nine modules, and the same ratio in print (the geometric mean of the seven years).
"""

import dataclasses
import statistics
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.committee_quotes import simulate
from experiments.differential_common import over_seeds
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.core.array import Array
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.engines import differential
from jaxprice.engines import mixture_of_experts as moe
from jaxprice.reference.literature.mixture_of_experts import TABLE_4_GATED, TABLES_2_3

ONE, BY_MONEYNESS, BY_MATURITY = "one network", "three modules by moneyness", "three modules by maturity"
NINE, SIXTEEN, SOFT = "nine modules", "sixteen modules", "nine experts, soft gate"
_HARD = 1e-3
_YEAR, _DAYS = "year", "days"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        n_each: quotes a day, over the year and in the days.
        n_units: tried on the third quarter of the year; the first is that of the days.
        n_epochs: of every training.
        n_seeds: years, and sets of days.
    """

    n_each: tuple[int, int] = (28, 500)
    n_units: tuple[int, ...] = (5, 10)
    n_epochs: int = 400
    n_seeds: int = 5


def run(key: jax.Array, config: Config) -> Metrics:
    """Errors of every model in both set-ups."""
    errors: dict[tuple[str, str], list[float]] = {}
    for seed in range(config.n_seeds):
        mine, quotes = jax.random.fold_in(key, seed), simulate(seed, 252, config.n_each[0])
        parts = [quotes.of_days(*days) for days in ((0, 126), (126, 189), (189, 252))]
        for name in (ONE, BY_MONEYNESS, BY_MATURITY, NINE, SIXTEEN, SOFT):
            fits = [_fit(name, mine, parts[0], n, config.n_epochs) for n in config.n_units]
            best = min(fits, key=lambda price: _mean_square(price, parts[1]))
            errors.setdefault((_YEAR, name), []).append(_mean_square(best, parts[2]))
        quotes = simulate(1000 + seed, 6, config.n_each[1])
        for name in (ONE, NINE, SOFT):
            price = _fit(name, mine, quotes.of_days(0, 5), config.n_units[0], config.n_epochs)
            errors.setdefault((_DAYS, name), []).append(_mean_square(price, quotes.of_days(5, 6)))
    printed, rows = _printed(), []
    for (setting, name), found in errors.items():
        mean, error = over_seeds([1e4 * one for one in found])
        ratios = np.log(np.divide(found, errors[setting, NINE]))
        spread = None if config.n_seeds == 1 else float(np.std(ratios, ddof=1) / config.n_seeds**0.5)
        row = {"setting": setting, "model": name, "mse": mean, "mse_error": error}
        rows.append(
            row
            | {
                "over_nine": float(np.exp(np.mean(ratios))),
                "log_error": spread,
                "printed": printed.get((setting, name)),
            }
        )
    return {"rows": rows}


def _fit(name: str, key: jax.Array, data: DifferentialDataset, n_units: int, n_epochs: int) -> Callable[[Array], Array]:
    training = moe.Training(n_epochs=n_epochs)
    if name == ONE:
        config = differential.Config(
            n_layers=1, n_units=n_units, gradient_weight=0.0, component_tolerance=None, training=training
        )
        found = differential.fit(key, data, config)
        return lambda x: differential.predict(found, x)[0]
    committee = moe.Config(
        is_standardised=False, n_layers=1, n_units=n_units, activation=moe.Activation.SOFTPLUS, gradient_weight=0.0,
        gate_units=5, expert_training=training, load_weight=0.0, logit_noise=0.0,
    )  # fmt: skip
    if name == SOFT:
        once = dict(gate=moe.GateKind.SOFTMAX, stages=moe.Stages.AT_ONCE, joint_training=training)
        committee = dataclasses.replace(committee, **once)
    whole = moe.classical(data.domain, overlap=_HARD)
    none = jnp.zeros(0, whole.moneyness.dtype)
    regimes = {
        BY_MONEYNESS: dataclasses.replace(whole, maturity=none, maturity_width=none),
        BY_MATURITY: dataclasses.replace(whole, moneyness=none, moneyness_width=none),
        SIXTEEN: moe.of_quantiles(data, 4, 4, overlap=_HARD),
    }.get(name, whole)
    fitted = moe.fit(key, data, committee, regimes)
    return lambda x: moe.predict(fitted, x)[0]


def _mean_square(price: Callable[[Array], Array], data: DifferentialDataset) -> float:
    return float(jnp.mean((price(data.x) - data.y) ** 2))


def _printed() -> dict[tuple[str, str], float]:
    fields = {ONE: "single", BY_MONEYNESS: "three_by_moneyness", BY_MATURITY: "three_by_maturity"}
    found = {
        (_YEAR, name): statistics.geometric_mean(getattr(row, field) / row.nine for row in TABLES_2_3.row)
        for name, field in fields.items()
    }
    test = {row.method.split(" ")[0]: row.test_mse for row in TABLE_4_GATED.row}
    return found | {(_DAYS, ONE): test["Single"] / test["MNN"], (_DAYS, SOFT): test["Multi"] / test["MNN"]}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Orderings as published: whoever is worse or better than nine modules in print is so here."""
    found = []
    for row in metrics["rows"]:
        if row["printed"] is None:
            continue
        name = f"{row['setting']}: {row['model']} over nine modules"
        cell = Cell.at_least if row["printed"] > 1.0 else Cell.at_most
        found.append(cell(name, row["over_nine"], 1.0, source=f"{row['printed']:.2f} in print"))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Ratios here and in print."""
    from experiments import committee_figures

    return {"committee_published": committee_figures.published(metrics["rows"])}


EXPERIMENT = Experiment(
    question="Do nine modules beat one network, and a learned soft gate nine modules, as published?",
    table="Gradojevic, Gencay and Kukolj 2009, tables 2 and 3; Yang, Zheng and Hospedales 2016, table 4",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_each=(8, 128), n_units=(2,), n_epochs=2, n_seeds=1),
    full=Config(n_seeds=20),
)
