"""Credit valuation adjustment of a netting set, by surrogates inside the outer simulation, beside nested Monte Carlo.

Question: how close, and how much faster, is a CVA whose values at future dates come from surrogates?
Table: none published (Huge and Savine 2020, section 3.3, has the kind); the claim checked is that of the project: a
    hundred times faster than nested Monte Carlo at the same error.
Command: python -m experiments differential_exposure --check
Expected: the cells pass; numbers follow with the first recorded run.
Time: some minutes on one core. Device: CPU.

CVA = (1 - R) Σ_j P(0, t_j) E[max(V(t_j), 0)] Q(default in (t_j-1, t_j]), quarterly until the last payment, R = 0.4,
hazard rate 2 %; in basis points of the notional of an option. The netting set is eight options on four assets, half of
them sold, with closed forms; then with a worst-of-four note less its notional, which is there until called. There is
one surrogate for each part and date, trained on labels with the law of the prices of that date at 1.5 times the
volatility: pathwise for the options, by likelihood ratio for the note. Nested Monte Carlo prices the set anew from each
outer state. Its noise makes max(V, 0) too high, by one over the inner paths: the truth of the set with the note is what
it found on all inner paths less the excess that its groups tell. `difference` is from the truth on the same outer
states; `rmse` is that of max(V, 0) over states and dates, free of the noise of the truth. The same error of the CVA
is the bias of nested Monte Carlo against the surrogates' difference and twice its standard error; that of the exposure,
the same rmse. Seconds are CPU seconds for a thousand outer paths, labels and training apart.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from experiments.differential_cost import cpu_seconds
from experiments.differential_nested import by_simulation, by_surrogates, fit, outer_paths
from experiments.differential_netting_set import exact_book
from experiments.differential_portfolio import market_of_four
from experiments.harness import Cell, Experiment, Metrics

_TIMES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
_RECOVERY, _HAZARD, _BASIS_POINT = 0.4, 0.02, 1e-4
_SETS, _SURROGATES, _NESTED = ("options", "options and note"), "surrogates", "nested Monte Carlo"
_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        n_outer: outer paths.
        n_nested: of these, those that nested Monte Carlo sees.
        n_inner: inner paths in a group.
        n_groups: of inner paths, independent of one another; an even number.
        n_samples: labels of each surrogate.
        n_paths: averaged into a label of the options, and of the note.
        times: dates of the exposure.
    """

    n_outer: int = 2**14
    n_nested: int = 2**10
    n_inner: int = 2**8
    n_groups: int = 2**5
    n_samples: int = 2**13
    n_paths: tuple[int, int] = (2**6, 2**10)
    times: tuple[float, ...] = _TIMES


def run(key: jax.Array, config: Config) -> Metrics:
    """CVA, errors and seconds of each netting set and method."""
    outer_key, fit_key, inner_key = jax.random.split(key, 3)
    times = jnp.asarray(config.times)
    (price, alive), outer = _warm(lambda: outer_paths(outer_key, times, n_paths=config.n_outer))
    surrogates, spent = fit(fit_key, config.times, config.n_samples, config.n_paths)
    few, rows, profile = slice(config.n_nested), [], []
    for name, units in zip(_SETS, (None, alive), strict=True):
        found, seconds = _warm(lambda: by_surrogates(surrogates, price, units))  # noqa: B023
        held = None if units is None else units[few]
        effort = (config.n_inner, config.n_groups)
        nested, inner = by_simulation(inner_key, config.times, price[few], held, *effort)
        if units is None:
            exact = np.stack([exact_book(time, price[:, i]) for i, time in enumerate(config.times)], axis=1)
            halves = np.maximum(exact, 0.0)[None].repeat(2, axis=0)
            truth = halves[0]
        else:
            halves = np.maximum(_merged(nested, config.n_groups // 2), 0.0)
            whole, groups = np.maximum(nested.mean(0), 0.0), np.maximum(nested, 0.0).mean(0)
            truth = whole - (groups - whole) / (config.n_groups - 1)
        positive = np.maximum(found, 0.0)
        error = np.mean((positive[: len(truth)] - halves[0]) * (positive[: len(truth)] - halves[1]))
        row = {"set": name, "method": _SURROGATES, "inner": None} | _cva(positive, truth, config)
        rows.append(row | {"rmse": _root(error), "seconds": 1e3 * (outer + seconds) / config.n_outer})
        for size in sorted({1, min(4, config.n_groups // 2), config.n_groups // 2}):
            merged = np.maximum(_merged(nested, size), 0.0)
            row = {"set": name, "method": _NESTED, "inner": size * config.n_inner} | _cva(merged.mean(0), truth, config)
            cost = outer / config.n_outer + inner * size / config.n_groups / config.n_nested
            rows.append(row | {"rmse": _root(np.mean(merged.var(0, ddof=1))), "seconds": 1e3 * cost})
        profile.append(
            {"set": name, "surrogates": positive.mean(0), "truth": truth.mean(0), "few": positive[few].mean(0)}
        )
    return {"rows": rows, "spent": spent, "ratios": [_ratios(rows, name) for name in _SETS], "profile": profile}


def _warm(function: Callable[[], _T]) -> tuple[_T, float]:
    function()
    return cpu_seconds(function)


def _merged(groups: np.ndarray, size: int) -> np.ndarray:
    return groups.reshape(-1, size, *groups.shape[1:]).mean(1)


def _root(square: float) -> float:
    return float(np.sqrt(max(square, 0.0)))


def _cva(positive: np.ndarray, truth: np.ndarray, config: Config) -> dict[str, Any]:
    """CVA of positive exposures (n, n_times), and its difference from that of the true ones, both with errors."""
    time = np.asarray(config.times)
    chance = -np.diff(np.exp(-_HAZARD * time), prepend=1.0)
    weight = (1.0 - _RECOVERY) * np.exp(-float(market_of_four().rate) * time) * chance / _BASIS_POINT
    path, n = positive @ weight, min(len(positive), len(truth))
    difference = path[:n] - truth[:n] @ weight
    found: dict[str, Any] = {"outer": len(path)}
    for name, sample in (("cva", path), ("difference", difference)):
        found |= {name: sample.mean(), f"{name}_error": sample.std(ddof=1) / len(sample) ** 0.5}
    return found


def _ratios(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Inner paths with which nested Monte Carlo errs as much as the surrogates, and its time over theirs."""
    ours, few, *_, most = (row for row in rows if row["set"] == name)
    each = (most["seconds"] - few["seconds"]) / (most["inner"] - few["inner"])
    error = abs(ours["difference"]) + 2.0 * ours["difference_error"]
    needed = {"CVA": few["difference"] / error, "exposure": (few["rmse"] / ours["rmse"]) ** 2}
    found: dict[str, Any] = {"set": name, "error_percent": 100.0 * error / ours["cva"]}
    for kind, groups in needed.items():
        found[kind] = {"inner": groups * few["inner"], "ratio": groups * few["inner"] * each / ours["seconds"]}
    return found


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The surrogates' CVA within its own Monte Carlo error, and how much faster it is."""
    found = []
    for row in metrics["rows"]:
        if row["method"] == _SURROGATES:
            name, tolerance = f"{row['set']}: CVA by surrogates less the truth", row["cva_error"]
            about = {"std_error": row["difference_error"], "source": "its Monte Carlo error"}
            found.append(Cell.near(name, row["difference"], 0.0, tolerance, **about))
    for row in metrics["ratios"]:
        for kind in ("CVA", "exposure"):
            name = f"{row['set']}: times faster than nested Monte Carlo at the same error of the {kind}"
            found.append(Cell.at_least(name, row[kind]["ratio"], 100.0, source="claim of the project"))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Expected exposure over time, and error against cost."""
    from experiments.harness.figure import COLOUR, panels

    figure, (exposure, cost) = panels(2, width=4.8)
    for i, curve in enumerate(metrics["profile"]):
        exposure.plot(config.times, curve["surrogates"], color=COLOUR[i], label=curve["set"])
        exposure.plot(config.times, curve["truth"], "o", color=COLOUR[i])
        for method, line in ((_SURROGATES, "*"), (_NESTED, "o-")):
            rows = [row for row in metrics["rows"] if (row["set"], row["method"]) == (curve["set"], method)]
            place = [row["seconds"] for row in rows], [row["rmse"] for row in rows]
            cost.plot(*place, line, ms=12 if line == "*" else 5, color=COLOUR[i], label=f"{curve['set']}: {method}")
    exposure.set(title="Expected exposure: surrogates, truth (dots)", xlabel="years")
    exposure.legend()
    cost.set(xscale="log", yscale="log", title="RMSE of the exposure", xlabel="CPU seconds for a thousand outer paths")
    cost.legend(fontsize=7)
    return {"differential_exposure": figure}


EXPERIMENT = Experiment(
    question="How close and how much faster is a CVA by surrogates than one by nested Monte Carlo?",
    table="claim on nested simulation",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_outer=64, n_nested=16, n_inner=8, n_groups=4, n_samples=256, n_paths=(2, 4), times=(1.75,)),
    full=Config(n_outer=2**16, n_nested=2**12, n_samples=2**15),
)
