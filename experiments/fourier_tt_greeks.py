"""Greeks of tensor trains: exact derivatives, differences on a table, Monte Carlo, beside closed forms.

Question: are derivatives of the train Greeks of the price, and what do the ways of others give?
Table: none published for this problem; the way of the paper's authors is a matrix of differences on one core (Sakurai,
    Miyamoto and Okubo 2025, arXiv 2507.08482). The claims checked are those of the project: deltas and vegas within
    1e-3 of the truth, relative, and closer than differences on the paper's table.
Command: python -m experiments fourier_tt_greeks --check
Expected: derivatives of the train right to 1e-5 or better, gammas to 1e-3; differences on the table to 1e-4; a million
    paths to some 3e-3.
Time: about 3 minutes on one core. Device: CPU.

Five assets, correlation 1/2, volatilities and spots by themselves. Errors are root mean squares over points of the
paper's grid and over assets, relative to the root mean square of the Greek by quadrature (automatic differentiation of
`reference.rainbow.min_call`). "table": a train on the paper's uniform grid of 100 points; central differences over
neighbouring points, the same as its matrix; points at the ends of the grid are left out. "Monte Carlo": pathwise
derivatives, one set of paths for each point; its gammas are likelihood ratios of these. Second derivatives are by spot
alone (gamma) and by volatility alone (volga, without Monte Carlo).
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments import fourier_tt_common as common
from experiments import fourier_tt_derivatives as derivatives
from experiments import fourier_tt_monte_carlo
from experiments.fourier_tt_common import CLAIM, GRIDS, SPOT, VOLATILITY, Case
from experiments.harness import Cell, Experiment, Metrics
from jaxprice.core.array import Array
from jaxprice.engines import fourier_tt

TRAIN, TABLE, MONTE_CARLO = "derivatives of the train", "differences on the table", "Monte Carlo"
_FIRST, _SECOND = {VOLATILITY: "vega", SPOT: "delta"}, {VOLATILITY: "volga", SPOT: "gamma"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Problem and effort.

    Attributes:
        n_assets: with correlation 1/2.
        n_points: parameter sets.
        n_second: of these, those with second derivatives.
        n_monte_carlo: of these, those that Monte Carlo prices.
        n_paths: of Monte Carlo.
        n_table: points of the table in each input.
    """

    n_assets: int = 5
    n_points: int = 50
    n_second: int = 10
    n_monte_carlo: int = 10
    n_paths: int = 1_000_000
    n_table: int = 100


def run(key: jax.Array, config: Config) -> Metrics:
    """A row for each Greek and each way to it."""
    rows: list[dict[str, Any]] = []
    for varied in (VOLATILITY, SPOT):
        case = Case(config.n_assets, "1/2", varied)
        start, step, n_grid = GRIDS[varied]
        # Neither end of the grid, so that every point has two neighbours.
        x = jnp.clip(
            case.points(jax.random.fold_in(key, 1), config.n_points), start + step, start + step * (n_grid - 2)
        )
        exact, second = case.exact(x)[1], derivatives.second(case, x[: config.n_second])
        surrogate = fourier_tt.fit(key, case.problem())
        rows += _train(varied, surrogate, x, exact, second)
        rows += _table(key, case, x, exact, second, config.n_table)
        rows += _monte_carlo(jax.random.fold_in(key, 2), case, x, exact, second, config)
    return {"rows": rows}


def _train(varied: str, surrogate: Any, x: Array, exact: np.ndarray, second: np.ndarray) -> list[dict[str, Any]]:
    seen = fourier_tt.evaluate(surrogate, x[: len(second)], jnp.eye(x.shape[1]))
    assert seen.curvature is not None
    curvature = np.einsum("nkk->nk", np.asarray(seen.curvature))
    slope = np.asarray(fourier_tt.predict(surrogate, x)[1])
    return [_row(TRAIN, _FIRST[varied], slope, exact), _row(TRAIN, _SECOND[varied], curvature, second)]


def _table(key: jax.Array, case: Case, x: Array, exact: np.ndarray, second: np.ndarray, n: int) -> list[dict[str, Any]]:
    surrogate, step = derivatives.on_table(key, case, n)
    slope, curvature = derivatives.differences(surrogate, x, step)
    n_second = len(second)
    return [
        _row(TABLE, _FIRST[case.varied], slope, exact),
        _row(TABLE, _SECOND[case.varied], curvature[:n_second], second),
    ]


def _monte_carlo(
    key: jax.Array, case: Case, x: Array, exact: np.ndarray, second: np.ndarray, config: Config
) -> list[dict[str, Any]]:
    n = min(config.n_monte_carlo, len(x))
    value, error = fourier_tt_monte_carlo.gradients(key, case, x[:n], config.n_paths)
    rows = [_row(MONTE_CARLO, _FIRST[case.varied], value, exact[:n], error)]
    if case.varied == SPOT:
        value, error = fourier_tt_monte_carlo.gammas(key, case, x[: min(n, len(second))], config.n_paths)
        rows.append(_row(MONTE_CARLO, _SECOND[case.varied], value, second[: len(value)], error))
    return rows


def _row(
    way: str, greek: str, found: np.ndarray, expected: np.ndarray, error: np.ndarray | None = None
) -> dict[str, Any]:
    size = float(np.sqrt(np.mean(expected**2)))
    row: dict[str, Any] = {
        "greek": greek,
        "by": way,
        "size": size,
        "relative_error": float(np.sqrt(np.mean((found - expected) ** 2))) / size,
        "largest": float(np.max(np.abs(found - expected))) / size,
    }
    if error is not None:
        row["std_error"] = float(np.sqrt(np.mean(error**2))) / size
        # Errors of one point's assets are not independent; of the points they are.
        row |= {"mean_z": float(np.mean((found - expected) / error)), "mean_z_error": len(found) ** -0.5}
    return row


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """Derivatives of the train right, and better than differences; Monte Carlo agrees with the quadrature."""
    rows = {(row["greek"], row["by"]): row for row in metrics["rows"]}
    found = []
    for varied in (VOLATILITY, SPOT):
        first, second = _FIRST[varied], _SECOND[varied]
        ours, theirs = (rows[first, way]["relative_error"] for way in (TRAIN, TABLE))
        found.append(Cell.at_most(f"{first}: error of derivatives of the train", ours, 1e-3, source=common.EXACT))
        name = f"{first}: error of derivatives over that of differences"
        found.append(Cell.at_most(name, ours / theirs, 1.0, source=CLAIM))
        ours = rows[second, TRAIN]["relative_error"]
        found.append(Cell.at_most(f"{second}: error of derivatives of the train", ours, 1e-2, source=common.EXACT))
        row = rows[first, MONTE_CARLO]
        name = f"{first}: mean distance of Monte Carlo in standard errors"
        found.append(Cell.unbiased(name, row["mean_z"], row["mean_z_error"], 0.0, source=common.EXACT))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Errors of every Greek by every way."""
    from experiments import fourier_tt_figures

    return {"fourier_tt_greeks": fourier_tt_figures.greeks(metrics["rows"])}


EXPERIMENT = Experiment(
    question="Are derivatives of the train Greeks of the price, and how good are differences and Monte Carlo?",
    table="claims on Greeks",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=2, n_points=4, n_second=2, n_monte_carlo=2, n_paths=1024, n_table=12),
    full=Config(n_points=100, n_monte_carlo=100),
)
