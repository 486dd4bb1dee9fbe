"""What the commands of the command line do. Each starts JAX before anything that needs it is imported."""

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxprice.cli import terminal

if TYPE_CHECKING:
    from jax.sharding import Mesh

_SCHEMA = "jaxprice.price/1"
_MAX_MATRIX_ROWS = 10
_MAX_CORES = 1024
_DEMO_PATHS = (2**10, 2**24)


class Mistake(Exception):
    """What the user can put right; the message says how."""


def run_doctor(command: Any) -> int:
    """Prints versions, devices and the outcome of every check; 1 if any failed."""
    from jaxprice.cli import doctor

    with contextlib.suppress(ImportError):  # The report says so.
        _start_jax()
    with terminal.progress(1) as announce:
        announce("seven checks, about ten seconds")
        checks, facts = doctor.run(), doctor.facts()
    is_well = all(check.passed for check in checks)
    if command.json:
        _print_json({"passed": is_well, "checks": [dataclasses.asdict(check) for check in checks], **facts})
        return 0 if is_well else 1
    versions = ", ".join(f"{name} {version or 'missing'}" for name, version in facts["versions"].items())
    devices = ", ".join(device["kind"] for device in facts["devices"] or []) or "none found"
    memory = f"{facts['host_memory_bytes'] / 2**30:.1f} GiB" if facts["host_memory_bytes"] else "unknown"
    print(f"python {facts['python']}, {versions}\n{facts['platform']}, {facts['cores']} cores, {memory}")
    print(f"devices: {devices}; 64-bit numbers {'on' if facts['x64'] else 'off'}\n")
    rows = [[check.name, "passed" if check.passed else "FAILED", check.finding] for check in checks]
    terminal.print_table("doctor", ("check", "", "finding"), rows, [not check.passed for check in checks])
    for remedy in dict.fromkeys(check.remedy for check in checks if not check.passed):
        print(f"\nTo do: {remedy}")
    return 0 if is_well else 1


def run_price(command: Any) -> int:
    """Prints the price of one problem with its Greeks; 1 if its status is not OK."""
    if not 1 <= command.cores <= _MAX_CORES:
        raise Mistake(f"--cores: expected a whole number from 1 to {_MAX_CORES}, got {command.cores}")
    _start_jax(command.cores)
    from jaxprice.cli import doctor, problem
    from jaxprice.core.status import Status, describe
    from jaxprice.core.storage import plain

    try:
        task = problem.load(command.file)
        result, seconds = problem.solve(task, _mesh())
    except problem.ProblemError as error:
        if command.debug:
            raise
        raise Mistake(str(error)) from error
    status = int(result.status)
    half_width = None if result.std_error is None else 1.96 * result.std_error
    lower = result.lower if half_width is None or result.lower is not None else result.price - half_width
    upper = result.upper if half_width is None or result.upper is not None else result.price + half_width
    if command.json:
        greeks, errors = (
            None if tree is None else {field.name: getattr(tree, field.name) for field in dataclasses.fields(tree)}
            for tree in (result.greeks, result.greeks_std_error)
        )
        answer = {
            "price": result.price, "std_error": result.std_error, "lower": lower, "upper": upper, "level": 0.95,
            "greeks": greeks, "greeks_std_error": errors, "status": Status(status).name,
            "diagnostics": result.diagnostics,
        }  # fmt: skip
        about = {"schema": _SCHEMA, "problem": task.source, "seconds": seconds._asdict(), **doctor.facts()}
        _print_json(plain({**about, "result": answer}))
    else:
        rows = [["price", _digits(result.price), _digits(result.std_error)]]
        rows += _greek_rows(result.greeks, result.greeks_std_error)
        title = f"{task.source.get('title', Path(command.file).stem)}, by {task.engine}"
        terminal.print_table(title, ("", "value", "standard error"), rows)
        if lower is not None and upper is not None:
            print(f"95 % interval: {_digits(lower)} to {_digits(upper)}")
        print(f"{seconds.compile:.2f} s to compile, {seconds.run:.2f} s to run; status {Status(status).name}")
    if status != Status.OK:
        print(f"jaxprice: {describe(status)}", file=sys.stderr)
        return 1
    return 0


def run_demo(command: Any) -> int:
    """Prints and draws every row of the demonstration; 1 if one is far from its reference."""
    smallest, largest = _DEMO_PATHS
    if command.n_paths & (command.n_paths - 1) or not smallest <= command.n_paths <= largest:
        raise Mistake(f"--n-paths: expected a power of two from {smallest:,} to {largest:,}, got {command.n_paths}")
    if not 0 <= command.seed < 2**32:
        raise Mistake(f"--seed: expected a whole number from 0 to 2**32 - 1, got {command.seed}")
    try:
        command.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Mistake(f"--out {command.out}: {error.strerror}; choose another folder") from error
    if not os.access(command.out, os.W_OK):
        raise Mistake(f"--out {command.out}: no permission to write there; choose another folder")
    _start_jax()
    import jax

    from jaxprice.cli import demo, doctor
    from jaxprice.core import storage

    key = jax.random.key(command.seed)
    rows = demo.rows() if not command.smoke else [demo.rows()[i] for i in (1, 5)]
    curves = [] if command.smoke else demo.convergence_rows()
    with terminal.progress(len(rows) + len(curves) * len(demo.SIZES)) as announce:
        outcomes = []
        for row in rows:
            announce(f"{row.name}: {row.engine}")
            outcomes.append(demo.run(row, key, command.n_paths))
        convergences = demo.converge(key, curves, announce=announce)
    _print_demo(outcomes, f"jaxprice demo, {command.n_paths:,} paths, seed {command.seed}")
    try:
        storage.write_bytes(command.out / "demo.png", demo.draw(outcomes, convergences))
        written = [{**dataclasses.asdict(row), "seconds": row.seconds._asdict()} for row in outcomes]
        curves_written = [dataclasses.asdict(line) for line in convergences]
        storage.write_json(
            command.out / "demo.json",
            {"rows": written, "convergence": curves_written, "seed": command.seed, **doctor.facts()},
        )
    except storage.StorageError as error:
        raise Mistake(str(error)) from error
    print(f"picture: {command.out / 'demo.png'}")
    failed = [row.name for row in outcomes if not row.passed]
    if failed:
        print(f"jaxprice: far from the reference, or not well: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _print_demo(outcomes: Sequence[Any], title: str) -> None:
    cells = [
        [row.name, row.engine, *_estimate(row.price), *_estimate(row.delta), row.source, *_seconds(row.seconds)]
        for row in outcomes
    ]
    columns = (
        "problem",
        "engine",
        "price",
        "reference",
        "z",
        "delta",
        "reference",
        "z",
        "source",
        "compile s",
        "run s",
    )
    terminal.print_table(title, columns, cells, [not row.passed for row in outcomes])


def _estimate(estimate: Any) -> tuple[str, str, str]:
    value = "" if estimate.value is None else f"{estimate.value:.4f}"
    spread = "" if estimate.std_error is None else f" ± {estimate.std_error:.4f}"
    return value + spread, f"{estimate.reference:.4f}", "" if estimate.z is None else f"{estimate.z:+.1f}"


def _seconds(seconds: Any) -> tuple[str, str]:
    return f"{seconds.compile:.1f}", f"{seconds.run:.2f}"


def _greek_rows(greeks: Any, errors: Any) -> list[list[str]]:
    """One row for each number of the model; of a matrix, one for each pair, both of its entries together."""
    import numpy as np

    rows: list[list[str]] = []
    for field in dataclasses.fields(greeks) if greeks is not None else ():
        value = np.asarray(getattr(greeks, field.name))
        error = np.full_like(value, np.nan) if errors is None else np.asarray(getattr(errors, field.name))
        for place in np.ndindex(value.shape):
            if value.ndim == 2 and (
                place[0] >= place[1] or value.shape[0] * (value.shape[0] - 1) / 2 > _MAX_MATRIX_ROWS
            ):
                continue
            share = 2.0 if value.ndim == 2 else 1.0
            name = field.name + (f"[{', '.join(map(str, place))}]" if place else "")
            rows.append([f"d price / d {name}", _digits(share * value[place]), _digits(share * error[place])])
    return rows


def _digits(value: Any) -> str:
    return "" if value is None or value != value else f"{float(value):.6g}"


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, allow_nan=False))


def _start_jax(n_cores: int = 1) -> None:
    """64-bit numbers, and as many CPU devices as asked for."""
    import jax

    jax.config.update("jax_enable_x64", True)
    if n_cores > 1:
        jax.config.update("jax_num_cpu_devices", n_cores)


def _mesh() -> "Mesh | None":
    """All devices along the axis that paths are spread over; None for one device."""
    import jax

    n_devices = jax.device_count()
    if n_devices == 1:
        return None
    return jax.make_mesh((n_devices,), ("paths",), axis_types=(jax.sharding.AxisType.Auto,))
