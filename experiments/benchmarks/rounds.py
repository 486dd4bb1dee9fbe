"""Times peers in turns, so that a machine that slows down slows them all alike."""

import contextlib
import dataclasses
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from experiments.benchmarks.problem import Effort

_REPOSITORY = Path(__file__).resolve().parents[2]


class Worker:
    """A peer in its own process."""

    def __init__(self, peer: str, effort: Any, suite: str = "experiments.benchmarks.peers") -> None:
        """Starts it, and learns what it can do; `suite` is the module that knows the peer and its effort."""
        self.peer, self.effort = peer, effort
        fields = json.dumps(dataclasses.asdict(effort))
        command = [sys.executable, "-m", "experiments.benchmarks.worker", suite, peer, fields]
        self.process = subprocess.Popen(
            command, cwd=_REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        hello = self._read()
        self.absent: str | None = hello.get("absent")
        self.tasks: list[str] = hello.get("tasks", [])

    def run(self, task: str) -> dict[str, Any]:
        """Runs a task once: seconds, peak memory and what was found."""
        assert self.process.stdin is not None
        self.process.stdin.write(task + "\n")
        self.process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """Ends the process."""
        self.process.communicate()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            error = self.process.communicate()[1]
            raise RuntimeError(f"the worker of {self.peer!r} stopped:\n{error[-2000:]}")
        return json.loads(line)


@contextlib.contextmanager
def opened(jobs: Sequence[tuple[str, Any]], suite: str = "experiments.benchmarks.peers") -> Iterator[list[Worker]]:
    """A worker for each job, all of them ended at the end."""
    workers: list[Worker] = []
    try:
        for peer, effort in jobs:
            workers.append(Worker(peer, effort, suite))
        yield workers
    finally:
        for worker in workers:
            worker.close()


def measure(jobs: Sequence[tuple[str, Effort]], n_rounds: int) -> list[dict[str, Any]]:
    """A row for each peer and task: median, over the rounds, of what a warm run costs.

    Every task is run twice before the rounds start; the first of these, which compiles, is reported as it is.
    """
    with opened(jobs) as workers:
        present = [(worker, task) for worker in workers for task in worker.tasks]
        first = {(id(worker), task): worker.run(task) for worker, task in present}
        for worker, task in present:
            worker.run(task)
        runs: dict[tuple[int, str], list[dict[str, Any]]] = {name: [] for name in first}
        for i in range(n_rounds):
            order = present if i % 2 == 0 else present[::-1]
            for worker, task in order:
                runs[id(worker), task].append(worker.run(task))
        rows = [_row(worker, task, first[id(worker), task], runs[id(worker), task]) for worker, task in present]
        return rows + [
            {"peer": worker.peer, "absent": worker.absent} | vars(worker.effort) for worker in workers if worker.absent
        ]


def by_seed(workers: Sequence[Worker], seeds: Sequence[int]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """For each worker, whose tasks are seeds, a first run of the first seed, not counted, and the runs of all seeds.

    They take turns, there and back; an absent worker has none.
    """
    present = [i for i, worker in enumerate(workers) if not worker.absent]
    first = {i: workers[i].run(str(seeds[0])) for i in present}
    runs: list[list[dict[str, Any]]] = [[] for _ in workers]
    for turn, seed in enumerate(seeds):
        for i in present if turn % 2 == 0 else present[::-1]:
            runs[i].append(workers[i].run(str(seed)))
    return [(first.get(i, {}), found) for i, found in enumerate(runs)]


def _row(worker: Worker, task: str, first: dict[str, Any], runs: list[dict[str, Any]]) -> dict[str, Any]:
    wall, cpu = (statistics.median(run[name] for run in runs) for name in ("wall", "cpu"))
    found = {name: runs[0][name] for name in ("price", "std_error", "spot", "volatility", "rate")}
    return {
        "peer": worker.peer,
        "task": task,
        **vars(worker.effort),
        "first_wall": first["wall"],
        "wall": wall,
        "cpu": cpu,
        "fastest_wall": min(run["wall"] for run in runs),
        "million_paths_per_cpu_second": 1e-6 * worker.effort.n_paths / cpu,
        "peak_mib": runs[-1]["peak_mib"],
        **found,
    }
