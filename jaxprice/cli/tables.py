"""The tables of a TOML file: keys, choices and numbers, and one sentence for each that is wrong."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


class ProblemError(ValueError):
    """A problem file that cannot be read as one; the message says where and what to write."""


def read_table(where: str, value: Any) -> dict[str, Any]:
    """A copy of a table, from which its reader may take keys away."""
    if not isinstance(value, dict):
        raise ProblemError(f"{where}: expected a table [{where}], got {show(value)}")
    return dict(value)


def take_kind(where: str, table: dict[str, Any], kinds: Mapping[str, Any]) -> Any:
    """What the table's `kind` names; the key is taken from the table."""
    if "kind" not in table:
        raise ProblemError(f"[{where}]: kind is missing; write one of {', '.join(kinds)}")
    return kinds[read_choice(f"[{where}] kind", table.pop("kind"), kinds)]


def read_choice(where: str, value: Any, options: Iterable[str]) -> str:
    """One of several words."""
    options = list(options)
    if isinstance(value, str) and value in options:
        return value
    raise ProblemError(f"{where}: expected one of {', '.join(options)}, got {show(value)}{_nearest(value, options)}")


def read_number(where: str, name: str, value: Any) -> float:
    """One number, whole or not."""
    if value is None:
        raise ProblemError(f"[{where}]: {name} is missing")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ProblemError(f"[{where}] {name}: expected a number, got {show(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ProblemError(f"[{where}] {name}: expected a number that 64 bits can hold") from None


def read_count(where: str, name: str, value: Any, lower: int, upper: int) -> int:
    """One whole number between two."""
    if not is_whole(value) or not lower <= value <= upper:
        raise ProblemError(f"{where} {name}: expected a whole number from {lower} to {upper}, got {show(value)}")
    return value


def read_field(where: str, name: str, annotation: Any, value: Any, n_assets: int) -> Any:
    """The value of a field, in the shape its annotation declares.

    One number stands for the same number for each asset, or for a correlation matrix with it off the diagonal.
    """
    if annotation is bool:
        if not isinstance(value, bool):
            raise ProblemError(f"[{where}] {name}: expected true or false, got {show(value)}")
        return value
    shape = shape_of(annotation)
    if not shape:
        return np.asarray(read_number(where, name, value))
    if shape[0] == "d" and not isinstance(value, list):
        same = read_number(where, name, value)
        return np.full(n_assets, same) if len(shape) == 1 else np.where(np.eye(n_assets, dtype=bool), 1.0, same)
    if not isinstance(value, list) or not value:
        raise ProblemError(f"[{where}] {name}: expected a list of numbers, got {show(value)}")
    if len(shape) == 1:
        array = np.asarray([read_number(where, name, entry) for entry in value])
    else:
        if any(not isinstance(row, list) or len(row) != len(value) for row in value):
            raise ProblemError(f"[{where}] {name}: expected one number or a square matrix, got {show(value)}")
        array = np.asarray([[read_number(where, name, entry) for entry in row] for row in value])
    if shape[0] == "d" and len(array) != n_assets:
        raise ProblemError(f"[{where}] {name}: expected {n_assets} entries, one for each asset, got {len(array)}")
    return array


def check_keys(where: str, table: Mapping[str, Any], allowed: Iterable[str], required: Iterable[str]) -> None:
    """Raises `ProblemError` for a key that means nothing here, or one that is missing."""
    allowed = list(allowed)
    keys = f"the keys are {', '.join(allowed)}" if allowed else "there are none to set"
    for name in table:
        if name not in allowed:
            raise ProblemError(f"{where}: unknown key {show(name)}{_nearest(name, allowed)}; {keys}")
    missing = [name for name in required if name not in table]
    if missing:
        raise ProblemError(f"{where}: {' and '.join(missing)} missing; {keys}")


def shape_of(annotation: Any) -> list[str]:
    """The axes that a field's jaxtyping annotation names; none for a scalar and for anything else."""
    return getattr(annotation, "dim_str", "").split()


def is_whole(value: Any) -> bool:
    """Whether a value is an integer; TOML tells true from 1."""
    return isinstance(value, int) and not isinstance(value, bool)


def show(value: Any) -> str:
    """A value for a message, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits
        text = f"something very long of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _nearest(value: Any, options: list[str]) -> str:
    near = difflib.get_close_matches(value, options, n=1, cutoff=0.5) if isinstance(value, str) else []
    return f" (did you mean {near[0]}?)" if near else ""
