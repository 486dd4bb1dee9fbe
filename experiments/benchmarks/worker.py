"""One peer in a process of its own, pinned to its cores: reads the name of a task, runs it, answers in JSON.

python -m experiments.benchmarks.worker PEER '{"n_paths": 1000000, "precision": "float64", "n_cores": 1, "seed": 0}'
"""

import contextlib
import dataclasses
import importlib
import json
import os
import sys
import time

PEERS = {
    "jaxprice": ("jaxprice_engine", "tasks"),
    "NumPy, hand-written": ("numpy_pathwise", "tasks"),
    "NumPy, naive": ("numpy_naive", "tasks"),
    "PyTorch": ("torch_autograd", "tasks"),
    "QuantLib": ("quantlib_basket", "tasks"),
    "limit: jaxprice noise": ("limits", "jaxprice_tasks"),
    "limit: NumPy noise": ("limits", "numpy_tasks"),
}
"""Module and function of each peer."""


def main() -> None:
    """Answers on the standard output until the standard input ends; what others print goes to the standard error."""
    peer, effort_json = sys.argv[1:]
    fields = json.loads(effort_json)
    if hasattr(os, "sched_setaffinity"):
        # The last cores: the first ones serve the interrupts.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-fields["n_cores"] :])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["JAX_ENABLE_X64"] = "1"

    from experiments.benchmarks.problem import Effort

    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr
    module, function = PEERS[peer]
    try:
        tasks = getattr(importlib.import_module(f"experiments.benchmarks.{module}"), function)(Effort(**fields))
    except ModuleNotFoundError as missing:
        print(json.dumps({"absent": missing.name}), file=out, flush=True)
        return
    print(json.dumps({"tasks": list(tasks)}), file=out, flush=True)
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        answer = tasks[line.strip()]()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        report = {"wall": wall, "cpu": cpu, "peak_mib": _peak_mib()} | dataclasses.asdict(answer)
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
