"""A policy as one file of numbers and names: loading it runs no code but the package's own."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice import models, products
from jaxprice.core import storage
from jaxprice.core.storage import StorageError
from jaxprice.engines.glsm import columns
from jaxprice.engines.glsm.basis import Basis
from jaxprice.engines.glsm.columns import Column
from jaxprice.engines.glsm.european_column import EuropeanExtreme
from jaxprice.engines.glsm.policy import Policy
from jaxprice.engines.glsm.problem import Problem
from jaxprice.numerics.index_set import IndexKind

_SCHEMA = "glsm/1"
_COLUMNS = {
    kind.__name__: kind for kind in (columns.OrderStatistics, columns.Basket, columns.PayoffProducts, EuropeanExtreme)
}


def save(policy: Policy, path: str | Path) -> None:
    """Writes a policy, whole or not at all.

    Raises:
        TypeError: for a model, payoff or column that is not the package's own: a file holds names, not code.
        StorageError: if the disk refuses.
    """
    problem = policy.problem
    _check_own("model", problem.model, models)
    _check_own("payoff", problem.product.payoff, products)
    header = {
        "model": type(problem.model).__name__,
        "payoff": type(problem.product.payoff).__name__,
        "index_kind": str(problem.basis.index_kind),
        "order": problem.basis.order,
        "columns": [_describe(column) for column in problem.basis.columns],
        "n_substeps": problem.n_substeps,
    }
    storage.save(path, _arrays(policy), header, _SCHEMA)


def load(path: str | Path) -> Policy:
    """Reads what `save` wrote.

    Raises:
        StorageError: for a file that is not there, damaged, of another schema, or that does not fit together.
    """
    arrays, header = storage.load(path, _SCHEMA)
    try:
        parts = {name: _fields(arrays, name) for name in ("model", "payoff", "diagnostics")}
        problem = Problem(
            model=getattr(models, header["model"])(**parts["model"]),
            product=products.Bermudan(
                payoff=getattr(products, header["payoff"])(**parts["payoff"]),
                exercise_times=jnp.asarray(arrays["exercise_times"]),
            ),
            basis=Basis(IndexKind(header["index_kind"]), int(header["order"]), tuple(map(_column, header["columns"]))),
            n_substeps=int(header["n_substeps"]),
        )
        plain = {name: jnp.asarray(arrays[name]) for name in _PLAIN}
        policy = Policy(problem=problem, **plain, diagnostics=parts["diagnostics"])
        expected = (problem.n_steps, problem.n_basis)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise StorageError(f"{path}: not a policy that this version knows ({error!r}); fit it again") from None
    if policy.coefficient.shape != expected:
        raise StorageError(
            f"{path}: expected coefficients of shape {expected}, found {policy.coefficient.shape}; fit it again"
        )
    return policy


_PLAIN = ("coefficient", "initial_value", "initial_gradient", "initial_delta", "status")


def _arrays(policy: Policy) -> dict[str, np.ndarray]:
    problem = policy.problem
    groups = {"model": problem.model, "payoff": problem.product.payoff}
    found = {
        f"{group}.{f.name}": getattr(noun, f.name) for group, noun in groups.items() for f in dataclasses.fields(noun)
    }
    found |= {f"diagnostics.{name}": value for name, value in policy.diagnostics.items()}
    found |= {name: getattr(policy, name) for name in _PLAIN}
    found["exercise_times"] = problem.product.exercise_times
    return jax.tree.map(np.asarray, found)


def _fields(arrays: dict[str, np.ndarray], group: str) -> dict[str, Any]:
    prefix = f"{group}."
    return {name[len(prefix) :]: jnp.asarray(value) for name, value in arrays.items() if name.startswith(prefix)}


def _check_own(what: str, noun: Any, module: Any) -> None:
    if getattr(module, type(noun).__name__, None) is not type(noun) or not all(
        hasattr(getattr(noun, f.name), "dtype") for f in dataclasses.fields(noun)
    ):
        raise TypeError(
            f"{what}: {type(noun).__name__} is not one of {module.__name__}, and a file holds no code; keep the "
            "arrays of the policy and fit again, or add the class to the package"
        )


def _describe(column: Column) -> dict[str, Any]:
    kind = type(column).__name__
    if column is columns.payoff:
        return {"kind": "payoff"}
    if _COLUMNS.get(kind) is not type(column):
        raise TypeError(f"columns: {column} is not one of jaxprice.engines.glsm.columns, and a file holds no code")
    fields = {field.name: getattr(column, field.name) for field in dataclasses.fields(_COLUMNS[kind])}
    return {"kind": kind, **fields}


def _column(described: dict[str, Any]) -> Any:
    fields = dict(described)
    kind = fields.pop("kind")
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return columns.payoff if kind == "payoff" else _COLUMNS[kind](**fields)
