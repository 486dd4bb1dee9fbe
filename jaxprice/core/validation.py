"""Checks at the entry of a verb: what came, what was expected, what to do.

Shapes are always checked; values only where they are concrete, because under `jit`, `vmap` and `grad` there are no
numbers to look at. Nothing here runs inside a compiled program.
"""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from jaxprice.core.array import is_concrete

_PSD_TOLERANCE = 1e-8


def check_shape(name: str, value: Any, expected: Sequence[int]) -> None:
    """Raises `ValueError` unless `value` has the expected shape."""
    if not hasattr(value, "shape"):
        raise TypeError(f"{name}: expected an array of shape {tuple(expected)}, got {type(value).__name__}")
    if tuple(value.shape) != tuple(expected):
        raise ValueError(f"{name}: expected shape {tuple(expected)}, got {tuple(value.shape)}")


def check_finite(tree: Any, what: str) -> None:
    """Raises `ValueError` naming the first field with a NaN or an infinity."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if hasattr(leaf, "dtype") and is_concrete(leaf) and np.issubdtype(leaf.dtype, np.floating):
            bad = ~np.isfinite(np.asarray(leaf))
            if bad.any():
                first = np.asarray(leaf)[bad].ravel()[0]
                raise ValueError(
                    f"{what}{jax.tree_util.keystr(path)}: expected finite numbers, got {first} in {int(bad.sum())} of "
                    f"{bad.size} places; remove or repair them"
                )


def _check(name: str, value: Any, is_bad: Any, expected: str) -> None:
    if not is_concrete(value):
        return
    array = np.asarray(value)
    bad = is_bad(array)
    if bad.any():
        raise ValueError(f"{name}: expected {expected}, got {array[bad].ravel()[0]:g}")


def check_positive(name: str, value: Any) -> None:
    """Raises `ValueError` unless every number is above zero."""
    _check(name, value, lambda array: ~(array > 0), "a positive number")


def check_non_negative(name: str, value: Any) -> None:
    """Raises `ValueError` unless no number is below zero."""
    _check(name, value, lambda array: ~(array >= 0), "a number that is not negative")


def check_between(name: str, value: Any, lower: float, upper: float) -> None:
    """Raises `ValueError` unless every number lies in [lower, upper]."""
    _check(
        name, value, lambda array: ~((array >= lower) & (array <= upper)), f"a number between {lower:g} and {upper:g}"
    )


def check_ordered(lower_name: str, lower: Any, upper_name: str, upper: Any) -> None:
    """Raises `ValueError` where a lower bound lies above its upper bound."""
    if not (is_concrete(lower) and is_concrete(upper)):
        return
    bad = np.asarray(lower) > np.asarray(upper)
    if bad.any():
        where = np.unravel_index(np.argmax(bad), bad.shape)
        place = f" at index {', '.join(map(str, where))}" if where else ""
        raise ValueError(
            f"{lower_name} and {upper_name} cross: {np.asarray(lower)[bad].ravel()[0]:g} > "
            f"{np.asarray(upper)[bad].ravel()[0]:g}{place}; exchange them"
        )


def check_correlation_entries(name: str, value: Any, n_assets: int) -> None:
    """Raises `ValueError` unless `value` is symmetric, one on the diagonal, and has entries in [-1, 1]."""
    check_shape(name, value, (n_assets, n_assets))
    if not is_concrete(value):
        return
    matrix = np.asarray(value, np.float64)
    tolerance = _tolerance(value)
    asymmetry = np.abs(matrix - matrix.T).max()
    if asymmetry > tolerance:
        raise ValueError(
            f"{name}: expected a symmetric matrix, got entries that differ from their mirror image by up to "
            f"{asymmetry:.3g}; use (c + c.T) / 2"
        )
    if np.abs(np.diag(matrix) - 1.0).max() > tolerance:
        raise ValueError(
            f"{name}: expected ones on the diagonal, got {np.diag(matrix)}; a covariance matrix must be divided by the "
            "volatilities first"
        )
    check_between(name, value, -1.0 - tolerance, 1.0 + tolerance)


def check_correlation(name: str, value: Any, n_assets: int) -> None:
    """Raises `ValueError` unless `value` is a correlation matrix: its entries right, and positive semi-definite."""
    check_correlation_entries(name, value, n_assets)
    if not is_concrete(value):
        return
    smallest = float(np.linalg.eigvalsh(np.asarray(value, np.float64)).min())
    if smallest < -max(_PSD_TOLERANCE, _tolerance(value)):
        raise ValueError(
            f"{name}: expected a positive semi-definite matrix, got a smallest eigenvalue of {smallest:.3g}; project "
            "it on the nearest correlation matrix"
        )


def _tolerance(value: Any) -> float:
    return 1e-6 if value.dtype == np.float32 else 1e-10


def check_increasing_times(name: str, value: Any) -> None:
    """Raises `ValueError` unless times are one or more, positive and strictly increasing."""
    if len(value.shape) != 1 or value.shape[0] == 0:
        raise ValueError(f"{name}: expected a list of one or more times, got shape {tuple(value.shape)}")
    if not is_concrete(value):
        return
    times = np.asarray(value)
    if not times[0] > 0:
        raise ValueError(
            f"{name}: expected times after 0, got {times[0]:g}; what is exercised or observed now is worth "
            "its payoff now"
        )
    steps = np.diff(times)
    if not (steps > 0).all():
        at = int(np.argmin(steps > 0))
        raise ValueError(f"{name}: expected strictly increasing times, got {times[at]:g} followed by {times[at + 1]:g}")


def check_count(name: str, value: Any, minimum: int = 1) -> None:
    """Raises `ValueError` unless `value` is an integer of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ValueError(f"{name}: expected a whole number of at least {minimum}, got {value!r}")


def check_member(name: str, kind: Any, value: Any) -> Any:
    """The member of an enumeration that `value` is or names; raises `ValueError` with those there are."""
    try:
        return kind(value)
    except ValueError:
        options = ", ".join(repr(member.value) for member in kind)
        raise ValueError(f"{name}: expected one of {options}, got {value!r}") from None
