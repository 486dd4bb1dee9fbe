"""One peer in a process of its own, pinned to its cores: reads the name of a task, runs it, answers in JSON.

python -m experiments.benchmarks.worker SUITE PEER '{"n_paths": 1000000, ..., "n_cores": 1}'

SUITE is a module with `tasks(peer, fields)`: from a peer's name and what the JSON holds to a function for each task.
"""

import contextlib
import dataclasses
import importlib
import json
import os
import sys
import time


def main() -> None:
    """Answers on the standard output until the standard input ends; what others print goes to the standard error."""
    suite, peer, fields_json = sys.argv[1:]
    fields = json.loads(fields_json)
    if hasattr(os, "sched_setaffinity"):
        # The last cores: the first ones serve the interrupts.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-fields["n_cores"] :])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["JAX_ENABLE_X64"] = "1"

    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr
    try:
        tasks = importlib.import_module(suite).tasks(peer, fields)
    except ModuleNotFoundError as missing:
        print(json.dumps({"absent": missing.name}), file=out, flush=True)
        return
    print(json.dumps({"tasks": list(tasks)}), file=out, flush=True)
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        answer = tasks[line.strip()]()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        answer = dataclasses.asdict(answer) if dataclasses.is_dataclass(answer) else answer
        report = {"wall": wall, "cpu": cpu, "peak_mib": _peak_mib()} | answer
        print(json.dumps(report), file=out, flush=True)


def _peak_mib() -> float | None:
    """Peak resident memory of this program; `getrusage` would count that of the process that started it, too."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) / 1024.0 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
