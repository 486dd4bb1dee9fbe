"""Credit valuation adjustment of a netting set, by surrogates inside the outer simulation, beside nested Monte Carlo.

Question: how close, and how much faster, is a CVA whose values at future dates come from surrogates?
Table: none published (Huge and Savine 2020, section 3.3, has the kind); the claim checked is that of the project: a
    hundred times faster than nested Monte Carlo at the same error.
Command: python -m experiments differential_exposure --check
Expected: a CVA within a tenth of a per mille of the truth on the same outer paths, far inside its Monte Carlo error,
    and exposures in a thousandth of the time of nested Monte Carlo.
Time: about 8 minutes on one core. Device: CPU.

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
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.differential_cost import warm_seconds
from experiments.differential_cva import cva, merged_groups, root, same_error
from experiments.differential_nested import by_simulation, by_surrogates, fit, outer_paths
from experiments.differential_netting_set import exact_book
from experiments.harness import Cell, Experiment, Metrics

_TIMES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
_SETS, _SURROGATES, _NESTED = ("options", "options and note"), "surrogates", "nested Monte Carlo"


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
    n_nested: int = 2**12
    n_inner: int = 2**8
    n_groups: int = 2**5
    n_samples: int = 2**15
    n_paths: tuple[int, int] = (2**6, 2**10)
    times: tuple[float, ...] = _TIMES


def run(key: jax.Array, config: Config) -> Metrics:
    """CVA, errors and seconds of each netting set and method."""
    outer_key, fit_key, inner_key = jax.random.split(key, 3)
    times = jnp.asarray(config.times)
    (price, alive), outer = warm_seconds(lambda: outer_paths(outer_key, times, n_paths=config.n_outer))
    surrogates, spent = fit(fit_key, config.times, config.n_samples, config.n_paths)
    few, rows, profile = slice(config.n_nested), [], []
    for name, units in zip(_SETS, (None, alive), strict=True):
        found, seconds = warm_seconds(lambda: by_surrogates(surrogates, price, units))  # noqa: B023
        held = None if units is None else units[few]
        effort = (config.n_inner, config.n_groups)
        nested, inner = by_simulation(inner_key, config.times, price[few], held, *effort)
        if units is None:
            exact = np.stack([exact_book(time, price[:, i]) for i, time in enumerate(config.times)], axis=1)
            halves = np.maximum(exact, 0.0)[None].repeat(2, axis=0)
            truth = halves[0]
        else:
            halves = np.maximum(merged_groups(nested, config.n_groups // 2), 0.0)
            whole, groups = np.maximum(nested.mean(0), 0.0), np.maximum(nested, 0.0).mean(0)
            truth = whole - (groups - whole) / (config.n_groups - 1)
        positive = np.maximum(found, 0.0)
        error = np.mean((positive[: len(truth)] - halves[0]) * (positive[: len(truth)] - halves[1]))
        row = {"set": name, "method": _SURROGATES, "inner": None} | cva(positive, truth, config.times)
        rows.append(row | {"rmse": root(error), "seconds": 1e3 * (outer + seconds) / config.n_outer})
        for size in sorted({1, min(4, config.n_groups // 2), config.n_groups // 2}):
            merged = np.maximum(merged_groups(nested, size), 0.0)
            row = {"set": name, "method": _NESTED, "inner": size * config.n_inner} | cva(
                merged.mean(0), truth, config.times
            )
            cost = outer / config.n_outer + inner * size / config.n_groups / config.n_nested
            row |= cva(merged.mean(0), truth, config.times)
            rows.append(row | {"rmse": root(np.mean(merged.var(0, ddof=1))), "seconds": 1e3 * cost})
        profile.append({"set": name, "surrogates": positive[: len(truth)].mean(0), "truth": truth.mean(0)})
    return {"rows": rows, "spent": spent, "ratios": [same_error(rows, name) for name in _SETS], "profile": profile}


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
    from experiments import differential_figures

    methods = {_SURROGATES: "*", _NESTED: "o-"}
    return {"differential_exposure": differential_figures.exposure(metrics, config.times, methods)}


EXPERIMENT = Experiment(
    question="How close and how much faster is a CVA by surrogates than one by nested Monte Carlo?",
    table="claim on nested simulation",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_outer=64, n_nested=16, n_inner=8, n_groups=4, n_samples=512, n_paths=(2, 4), times=(1.75,)),
    full=Config(n_outer=2**16, n_nested=2**13, n_samples=2**16),
)
