"""Errors of price and Greeks by regime: the committee, its kin, and single networks of equal size, over seeds.

Question: is a committee of regime experts more accurate than one network that costs as much?
Table: none published; the claims checked are those of the project: in at least 8 of 9 regimes no worse than one network
    of equal active size, and prices within half a per cent of an at-the-money option of the same expiry, 0DTE included.
Command: python -m experiments committee_accuracy --check
Expected: prices, deltas and vegas of the committee better in all regimes, prices by two to four times; gammas about
    alike. The article's gate is worse than one network, nine modules without overlap have the worst gammas.
Time: about 45 minutes on one core. Device: CPU.

Calls over their strike from six hours to two years, in Black-Scholes (five inputs) and Heston (nine), labels by closed
form and characteristic function with their derivatives. All models but one see moneyness and price over root maturity,
and all are trained for about as many CPU seconds; `weights` are the parameters that enter one price, on average. Errors
are root mean squares over test points of a regime and over seeds, in per cent: of price in units of the price of an
at-the-money option of the same expiry, which is vega times volatility (vega-scaled error); delta as it is; of gamma and
vega in units of those at the money. "0DTE" are options with less than a day to go, tested on points of their own.
"""

import dataclasses
import statistics
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from experiments import committee_models
from experiments.committee_errors import QUANTITIES, REGIMES, SHORTEST, Test
from experiments.committee_labels import MARKETS
from experiments.committee_models import ACTIVE, COMMITTEE, HARD, RAW, SEED, SOFT, TOTAL, Effort
from experiments.differential_common import over_seeds
from experiments.harness import Cell, Experiment, Metrics

_CLAIM = "claim of the project"
ALL = REGIMES + SHORTEST
EFFORT = Effort()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        markets: by name, in the order of `n_samples`.
        n_samples: labels of each market.
        models: compared.
        effort: of training.
        n_test: test points, and as many with less than a day to go.
        n_seeds: sets of labels and networks.
    """

    markets: tuple[str, ...] = ("Black-Scholes", "Heston")
    n_samples: tuple[int, ...] = (8192, 16384)
    models: tuple[str, ...] = (COMMITTEE, SEED, HARD, SOFT, ACTIVE, TOTAL, RAW)
    effort: Effort = EFFORT
    n_test: int = 4096
    n_seeds: int = 5


def run(key: jax.Array, config: Config) -> Metrics:
    """Errors of every model by market and regime."""
    both: list[tuple[dict[str, Any], dict[str, Any]]] = []
    models: list[dict[str, Any]] = []
    for name, n_samples in zip(config.markets, config.n_samples, strict=True):
        market = MARKETS[name]()
        test = Test.of(market, jax.random.fold_in(key, 1 << 20), config.n_test)
        found: dict[str, list[dict[str, Any]]] = {model: [] for model in config.models}
        for seed in range(config.n_seeds):
            mine = jax.random.fold_in(key, seed)
            data = market.samples(mine, n_samples)
            for model, fits in found.items():
                trained = committee_models.train(model, mine, data, config.effort)
                about = {name: getattr(trained, name) for name in ("n_active", "n_weights", "cpu", "is_ok")}
                fits.append(about | {"square": test.squares(trained.price)})
        models += [_about(name, model, fits) for model, fits in found.items()]
        both += [pair for model, fits in found.items() for pair in _rows(name, model, fits)]
    return {"rows": [row for row, _ in both], "std_errors": [error for _, error in both], "models": models}


def _about(market: str, model: str, fits: list[dict[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {"market": market, "model": model, "n_not_ok": sum(not fit["is_ok"] for fit in fits)}
    row |= {name: statistics.fmean(fit[name] for fit in fits) for name in ("n_active", "n_weights")}
    return row | {"cpu": statistics.median(fit["cpu"] for fit in fits)}


def _rows(market: str, model: str, fits: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for quantity in QUANTITIES:
        errors = 100.0 * np.sqrt([fit["square"][quantity] for fit in fits])
        mean, error = zip(*(over_seeds(column) for column in errors.T), strict=True)
        about = {"market": market, "error_of": quantity, "model": model}
        yield about | dict(zip(ALL, mean, strict=True)), about | dict(zip(ALL, error, strict=True))


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The committee's worst regime, and in how many it is no worse than one network of equal active size."""
    rows, bars = (
        {(row["market"], row["error_of"], row["model"]): row for row in metrics[name]}
        for name in ("rows", "std_errors")
    )
    found = []
    for market in config.markets:
        ours, error = rows[market, "price", COMMITTEE], bars[market, "price", COMMITTEE]
        for regimes in (REGIMES, SHORTEST):
            worst = max(regimes, key=lambda regime: ours[regime])
            about = f"{market}: vega-scaled error of price, per cent, worst of {len(regimes)} regimes ({worst})"
            found.append(Cell.at_most(about, ours[worst], 0.5, std_error=error[worst], source=_CLAIM))
        for name in QUANTITIES:
            ours, theirs = rows[market, name, COMMITTEE], rows[market, name, ACTIVE]
            n_better = sum(ours[regime] <= theirs[regime] for regime in REGIMES)
            about = f"{market}: regimes of 9 with {name} no worse than {ACTIVE}"
            found.append(Cell.at_least(about, n_better, 8, source=_CLAIM))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors by regime, a panel for each quantity and market."""
    from experiments import committee_figures

    return {"committee_accuracy": committee_figures.accuracy(metrics["rows"], ALL)}


EXPERIMENT = Experiment(
    question="Is a committee of regime experts more accurate than one network that costs as much?",
    table="claims on accuracy by regime",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(
        markets=("Black-Scholes",),
        n_samples=(512,),
        models=(COMMITTEE, ACTIVE),
        effort=Effort(n_units=8, n_expert_epochs=2, n_joint_epochs=1, n_active_epochs=2, n_total_epochs=1),
        n_test=256,
        n_seeds=1,
    ),
    full=Config(n_samples=(32768, 65536)),
)
