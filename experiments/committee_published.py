"""Hard modules and a soft gate on simulated quotes, in the set-ups of the two papers that began it.

Question: do nine modules beat one network, and a learned soft gate nine modules, as published?
Table: Gradojevic, Gencay and Kukolj 2009, tables 2 and 3; Yang, Zheng and Hospedales 2016, table 4.
Command: python -m experiments committee_published --check
Expected: where there is a price to be learned, the orderings of print: one network worst, nine modules better, a soft
    gate best. Where the variance moves unseen, over a year as over days, all are alike: most of the error is nobody's.
Time: about 10 minutes on one core. Device: CPU.

The papers' quotes are not public; ours are simulated under Heston, with a variance that moves from day to day and is
not among the inputs, log-moneyness and root maturity, and prices off by up to 0.2 per cent. "Year": trained on the
first two quarters, units (5 or 10) chosen on the third, tested on the fourth (2009). "Days": trained on five days,
tested on the next, networks of five units (2016). "Still": as "days", with a variance at rest and exact prices. One
hidden layer everywhere; all are trained on values alone.
Errors are mean squares times 1e4, in shares of the strike, means over seeds; beside them what they are over that of the
nine modules, and the same ratio in print (the geometric mean of the seven years).
"""

import dataclasses
import math
import statistics
from typing import Any

import jax
import numpy as np

from experiments.committee_modules import BY_MATURITY, BY_MONEYNESS, NINE, ONE, SIXTEEN, SOFT, fit, mean_square
from experiments.committee_quotes import simulate
from experiments.differential_common import over_seeds
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.reference.literature.mixture_of_experts import TABLE_4_GATED, TABLES_2_3

_YEAR, _DAYS, _STILL = "year", "days", "still"


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
            fits = [fit(name, mine, parts[0], n, config.n_epochs) for n in config.n_units]
            best = min(fits, key=lambda price: mean_square(price, parts[1]))
            errors.setdefault((_YEAR, name), []).append(mean_square(best, parts[2]))
        for setting in (_DAYS, _STILL):
            quotes = simulate(1000 + seed, 6, config.n_each[1], is_still=setting == _STILL)
            for name in (ONE, NINE, SOFT):
                price = fit(name, mine, quotes.of_days(0, 5), config.n_units[0], config.n_epochs)
                errors.setdefault((setting, name), []).append(mean_square(price, quotes.of_days(5, 6)))
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


def _printed() -> dict[tuple[str, str], float]:
    fields = {ONE: "single", BY_MONEYNESS: "three_by_moneyness", BY_MATURITY: "three_by_maturity"}
    found = {
        (_YEAR, name): statistics.geometric_mean(getattr(row, field) / row.nine for row in TABLES_2_3.row)
        for name, field in fields.items()
    }
    test = {row.method.split(" ")[0]: row.test_mse for row in TABLE_4_GATED.row}
    ratios = {ONE: test["Single"] / test["MNN"], SOFT: test["Multi"] / test["MNN"]}
    return found | {(setting, name): ratio for setting in (_DAYS, _STILL) for name, ratio in ratios.items()}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Orderings as published: who is worse or better than nine modules in print is so here, within two errors."""
    found = []
    for row in metrics["rows"]:
        if row["printed"] is None:
            continue
        name, error = f"{row['setting']}: {row['model']} over nine modules", row["log_error"] or 0.0
        ratio, source = row["over_nine"], f"{row['printed']:.2f} in print"
        if row["printed"] > 1.0:
            found.append(Cell.at_least(name, ratio, math.exp(-2.0 * error), std_error=error * ratio, source=source))
        else:
            found.append(Cell.at_most(name, ratio, math.exp(2.0 * error), std_error=error * ratio, source=source))
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
