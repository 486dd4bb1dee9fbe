"""Runs an experiment and keeps what it found."""

import dataclasses
import io
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from experiments.harness import environment
from experiments.harness.experiment import Cell, Experiment, Metrics

_PLAIN_WIDTH = 150


def execute(experiment: Experiment, config: Any, seed: int, out: Path, command: str) -> tuple[Metrics, list[Cell]]:
    """Runs, and writes config.json, metrics.json, env.json and the figures into the folder `out`.

    Each file is whole or not there. Numbers are in 64 bits: this is the application that switches them on.
    """
    import jax  # not at the top: a wrong command line is answered without starting JAX

    jax.config.update("jax_enable_x64", True)
    from jaxprice.cli.timing import timed
    from jaxprice.core.storage import plain, write_bytes, write_json

    about = environment.describe()
    cpu_start = time.process_time()
    metrics, seconds = timed(lambda: experiment.run(jax.random.key(seed), config))
    about["seconds"] = {"compile": seconds.compile, "run": seconds.run, "cpu": time.process_time() - cpu_start}
    metrics = plain(metrics)
    cells = experiment.cells(metrics, config)
    # Only now: a run that fails leaves the results of an older one as they are, all of them.
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "config.json", {"command": command, "seed": seed, "config": dataclasses.asdict(config)})
    write_json(out / "metrics.json", metrics | {"cells": [_row(cell) for cell in cells]})
    write_json(out / "env.json", about)
    if experiment.figures is not None:
        for name, figure in experiment.figures(metrics, config).items():
            picture = io.BytesIO()
            figure.savefig(picture, format="png", dpi=150)
            write_bytes(out / f"{name}.png", picture.getvalue())
    return metrics, cells


def _row(cell: Cell) -> dict[str, Any]:
    return dataclasses.asdict(cell) | {"is_met": cell.is_met, "target": cell.target}


def print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """A table in the terminal; plain lines where there is none."""
    if not rows:
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table()
    for name in names:
        is_text = all(isinstance(row.get(name), str) for row in rows)
        table.add_column(name.replace("_", " "), justify="left" if is_text else "right")
    for row in rows:
        table.add_row(*(_format(row.get(name)) for name in names))
    _console().print(table)


def print_cells(cells: Sequence[Cell]) -> bool:
    """Prints pass or fail for each cell; returns whether all passed."""
    table = Table("", "cell", "value", "std error", "expected", "source")
    for cell in cells:
        verdict = "[green]pass[/]" if cell.is_met else "[red]FAIL[/]"
        table.add_row(verdict, cell.name, _format(cell.value), _format(cell.std_error), cell.target, cell.source)
    _console().print(table)
    n_met = sum(cell.is_met for cell in cells)
    _console().print(f"{n_met} of {len(cells)} cells pass")
    return n_met == len(cells)


def _format(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)
    return f"{value:.5g}"


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_PLAIN_WIDTH)
