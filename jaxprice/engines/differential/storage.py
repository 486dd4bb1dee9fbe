"""Surrogates on disk: arrays in safetensors, the rest as JSON in the same file; no code."""

import dataclasses
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from jaxprice.core import storage, validation
from jaxprice.core.domain import Domain
from jaxprice.core.storage import StorageError
from jaxprice.engines.differential.approximator import Polynomial
from jaxprice.engines.differential.surrogate import Surrogate
from jaxprice.learning.activation import Activation
from jaxprice.learning.checkpoint import flatten, group, unflatten
from jaxprice.learning.samples import Normalisation
from jaxprice.learning.twin_net import Network
from jaxprice.numerics.index_set import IndexKind

_SCHEMA = "differential/1"
_SAVED = ("params", "normalisation", "domain", "status", "diagnostics", "error")
_APPROXIMATOR: dict[str, Any] = {"Network": Network, "Polynomial": Polynomial}
_ENUM: dict[str, Any] = {"activation": Activation, "index_kind": IndexKind}


def save(surrogate: Surrogate, path: str | Path) -> None:
    """Writes a surrogate, whole or not at all, with its domain, its status and its measured error.

    Raises:
        ValueError: for a surrogate without a measured error: whoever loads it could not tell what it is worth; for
            one with numbers that are not finite.
        StorageError: if the disk refuses.
    """
    if surrogate.error is None:
        raise ValueError("the surrogate has no measured error; save(measure(surrogate, held_out), path) writes it")
    validation.check_finite((surrogate.params, surrogate.normalisation, surrogate.error), "surrogate")
    header = {
        "approximator": type(surrogate.approximator).__name__,
        "structure": dataclasses.asdict(surrogate.approximator),
        "n_members": surrogate.n_members,
        "names": list(surrogate.domain.names),
    }
    fields = {field.name: getattr(surrogate, field.name) for field in dataclasses.fields(surrogate)}
    storage.save(path, flatten({name: fields[name] for name in _SAVED}), header, _SCHEMA)


def load(path: str | Path) -> Surrogate:
    """Reads what `save` wrote.

    Raises:
        StorageError: for a file that is not there, damaged, of another schema, or whose parts do not fit together.
    """
    arrays, header = storage.load(path, _SCHEMA)
    try:
        structure = {name: _ENUM.get(name, _same)(value) for name, value in header["structure"].items()}
        approximator = _APPROXIMATOR[header["approximator"]](**structure)
        n_inputs, names = approximator.n_inputs, tuple(header["names"])
        parts = {name: group(arrays, name) for name in ("domain", "normalisation", "diagnostics", "error")}
        domain = Domain(**parts["domain"], names=names)
        domain.validate()
        validation.check_shape("domain", domain.lower, (n_inputs,))
        normalisation = Normalisation(**parts["normalisation"])
        shapes = {"center": (n_inputs,), "forward": (n_inputs, n_inputs), "backward": (n_inputs, n_inputs)}
        for name, shape in (shapes | {"y_mean": (), "y_std": ()}).items():
            validation.check_shape(name, getattr(normalisation, name), shape)
        for name, shape in {"value": (), "dydx": (n_inputs,)}.items():
            validation.check_shape(f"error/{name}", parts["error"][name], shape)
        surrogate = Surrogate(
            approximator=approximator,
            params=unflatten({"params": approximator.template(header["n_members"])}, arrays)["params"],
            normalisation=normalisation,
            domain=domain,
            status=jnp.asarray(arrays["status"]),
            diagnostics=parts["diagnostics"],
            error=parts["error"],
        )
        validation.check_finite((surrogate.params, normalisation, surrogate.error), "surrogate")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(f"{path}: not a surrogate that this version can trust ({error}); fit it again") from None
    return surrogate


def _same(value: Any) -> Any:
    return value
