"""Credit valuation adjustment of simulated exposures, and what makes two ways to it equally wrong."""

from typing import Any

import numpy as np

from experiments.differential_portfolio import market_of_four

_RECOVERY, _HAZARD, _BASIS_POINT = 0.4, 0.02, 1e-4


def cva(positive: np.ndarray, truth: np.ndarray, times: tuple[float, ...]) -> dict[str, Any]:
    """CVA of positive exposures (n, n_times), and its difference from that of the true ones, both with errors."""
    time = np.asarray(times)
    chance = -np.diff(np.exp(-_HAZARD * time), prepend=1.0)
    weight = (1.0 - _RECOVERY) * np.exp(-float(market_of_four().rate) * time) * chance / _BASIS_POINT
    path, n = positive @ weight, min(len(positive), len(truth))
    difference = path[:n] - truth[:n] @ weight
    found: dict[str, Any] = {"outer": len(path)}
    for name, sample in (("cva", path), ("difference", difference)):
        found |= {name: sample.mean(), f"{name}_error": sample.std(ddof=1) / len(sample) ** 0.5}
    return found


def merged_groups(groups: np.ndarray, size: int) -> np.ndarray:
    """Means of so many groups of inner paths that follow one another, (n_groups / size, ...)."""
    return groups.reshape(-1, size, *groups.shape[1:]).mean(1)


def root(square: float) -> float:
    """Of an estimate of a square that noise may make negative."""
    return float(np.sqrt(max(square, 0.0)))


def same_error(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Inner paths with which nested Monte Carlo errs as much as the surrogates, and its time over theirs.

    Args:
        rows: of a set, the surrogates first, then nested Monte Carlo by growing number of inner paths.
        name: of the set.
    """
    ours, few, *_, most = (row for row in rows if row["set"] == name)
    each = (most["seconds"] - few["seconds"]) / (most["inner"] - few["inner"])
    error = abs(ours["difference"]) + 2.0 * ours["difference_error"]
    needed = {"CVA": few["difference"] / error, "exposure": (few["rmse"] / ours["rmse"]) ** 2}
    found: dict[str, Any] = {"set": name, "error_percent": 100.0 * error / ours["cva"]}
    for kind, groups in needed.items():
        found[kind] = {"inner": groups * few["inner"], "ratio": groups * few["inner"] * each / ours["seconds"]}
    return found
