"""Error against cost: runs over several seeds in turns, their root mean square, the seconds that an error costs."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

from experiments.benchmarks.american.peers import SUITE
from experiments.benchmarks.american.problem import Effort, Job, Problem, Reference
from experiments.benchmarks.rounds import by_seed, opened


def measure(
    problem: Problem, reference: Reference, efforts: Sequence[tuple[str, Effort]], seeds: tuple[int, ...]
) -> list[dict[str, Any]]:
    """A row for each peer and effort: error over the seeds, median of what a warm run costs on one core.

    Each peer runs in a process of its own; the first seed is run once more before, and not counted; then the peers
    take turns, there and back.
    """
    jobs = [(peer, Job(problem, effort, seeds)) for peer, effort in efforts]
    with opened(jobs, SUITE) as workers:
        rows = []
        for worker, (first, runs) in zip(workers, by_seed(workers, seeds), strict=True):
            about = {"assets": problem.n_assets, "peer": worker.peer}
            if worker.absent:
                rows.append(about | {"absent": worker.absent})
                continue
            rows.append(about | summarise(runs, reference) | {"first_wall": first["wall"]})
        return rows


def summarise(runs: Sequence[dict[str, Any]], reference: Reference) -> dict[str, Any]:
    """Mean and root-mean-square error over the seeds, medians of standard error and cost; nothing measured is dropped.

    The errors are against the reference's point; below the reference's own standard error they say little.
    """
    row: dict[str, Any] = {"n_paths": runs[0]["effort"]["n_paths"], "n_fresh": runs[0]["effort"]["n_fresh"]}
    for name, suffix in (("price", ""), ("in_sample", "_in_sample")):
        found = [run[name] for run in runs]
        if None not in found:
            row[name] = statistics.fmean(found)
            row[f"rmse{suffix}"] = math.sqrt(statistics.fmean((one - reference.price) ** 2 for one in found))
    row["reference"] = reference.price
    for name in ("std_error", "cpu", "wall", "peak_mib"):
        row[name] = statistics.median(run[name] for run in runs)
    row["effort"] = runs[0]["effort"]
    row["prices"] = [run["price"] for run in runs]
    return row


def seconds_to_reach(target: float, points: Sequence[tuple[float, float]]) -> tuple[float, bool] | None:
    """CPU seconds at which the error falls to the target, and stays there: from points (seconds, error).

    Returns:
        Seconds, on a straight line in log-log between the two efforts on either side, and whether they are a limit
        only, because the least effort was enough; None where the greatest effort does not reach the target.
    """
    points = sorted(points)
    reached = len(points)
    while reached and points[reached - 1][1] <= target:
        reached -= 1
    if reached == len(points):
        return None
    if reached == 0:
        return points[0][0], True
    (before, high), (after, low) = points[reached - 1], points[reached]
    share = math.log(high / target) / math.log(high / max(low, 1e-300))
    return before * (after / before) ** share, False


def cost_ratios(rows: Sequence[dict[str, Any]], peer: str, column: str) -> dict[str, float]:
    """Cost of one peer over that of each other one, in a column of their last rows.

    A peer without that cost did not reach the target: all it spent at its greatest effort stands in for it, and
    infinity for the one that the others are compared with.
    """
    last = {row["peer"]: row for row in rows}
    own = (last.pop(peer, None) or {}).get(column) or math.inf
    return {name: own / (row.get(column) or row["cpu"]) for name, row in last.items()}
