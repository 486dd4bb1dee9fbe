"""Committees on disk: arrays in safetensors, the rest as JSON in the same file; no code."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core import storage, validation
from jaxprice.core.domain import Domain
from jaxprice.core.storage import StorageError
from jaxprice.engines.mixture_of_experts.chart import Chart
from jaxprice.engines.mixture_of_experts.committee import Committee
from jaxprice.engines.mixture_of_experts.experts import Scaling
from jaxprice.engines.mixture_of_experts.gate import Gate, GateKind
from jaxprice.engines.mixture_of_experts.regimes import Regimes
from jaxprice.learning.activation import Activation
from jaxprice.learning.checkpoint import flatten, group, unflatten
from jaxprice.learning.samples import Normalisation
from jaxprice.learning.twin_net import Network

_SCHEMA = "mixture_of_experts/1"
_SAVED = ("params", "scaling", "regimes", "chart", "normalisation", "domain", "status", "diagnostics", "error")


def save(committee: Committee, path: str | Path) -> None:
    """Writes a committee, whole or not at all, with its map, its domain, its status and its measured error.

    Raises:
        ValueError: for a committee without a measured error: whoever loads it could not tell what it is worth; for one
            with numbers that are not finite.
        StorageError: if the disk refuses.
    """
    if committee.error is None:
        raise ValueError("the committee has no measured error; save(measure(committee, held_out), path) writes it")
    validation.check_finite((committee.params, committee.normalisation, committee.error), "committee")
    header = {
        "network": dataclasses.asdict(committee.network),
        "gate": dataclasses.asdict(committee.gate),
        "map": _columns(committee.regimes),
        "chart": _columns(committee.chart),
        "names": list(committee.domain.names),
    }
    fields = {field.name: getattr(committee, field.name) for field in dataclasses.fields(committee)}
    storage.save(path, flatten({name: fields[name] for name in _SAVED}), header, _SCHEMA)


def load(path: str | Path) -> Committee:
    """Reads what `save` wrote.

    Raises:
        StorageError: for a file that is not there, damaged, of another schema, or whose parts do not fit together.
    """
    arrays, header = storage.load(path, _SCHEMA)
    try:
        structure, gate = header["network"], header["gate"]
        network = Network(**(structure | {"activation": Activation(structure["activation"])}))
        chosen = Gate(**(gate | {"kind": GateKind(gate["kind"])}))
        parts = {name: group(arrays, name) for name in _SAVED if name != "params"}
        domain = Domain(**parts["domain"], names=tuple(header["names"]))
        domain.validate()
        validation.check_shape("domain", domain.lower, (network.n_inputs,))
        regimes = Regimes(**parts["regimes"], **_of_columns(header["map"]))
        regimes.validate()
        chart = Chart(**parts["chart"], **_of_columns(header["chart"]))
        for name in ("lowest", "highest"):
            validation.check_shape(f"chart/{name}", getattr(chart, name), ())
        if (regimes.n_experts, network.n_inputs) != (chosen.n_experts, chosen.n_inputs):
            raise ValueError(f"a gate for {chosen.n_experts} experts and a map of {regimes.n_experts}")
        committee = Committee(
            network=network,
            gate=chosen,
            params=unflatten({"params": _template(network, chosen)}, arrays)["params"],
            scaling=_checked(Scaling(**parts["scaling"]), chosen.n_experts, network.n_inputs),
            regimes=regimes,
            chart=chart,
            normalisation=_normalisation(parts["normalisation"], network.n_inputs),
            domain=domain,
            status=jnp.asarray(arrays["status"]),
            diagnostics=parts["diagnostics"],
            error=parts["error"],
        )
        for name, shape in {"value": (), "dydx": (network.n_inputs,)}.items():
            validation.check_shape(f"error/{name}", parts["error"][name], shape)
        validation.check_shape("diagnostics/spread", parts["diagnostics"]["spread"], (chosen.n_experts,) * 2)
        validation.check_finite((committee.params, committee.scaling, chart, committee.error), "committee")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StorageError(f"{path}: not a committee that this version can trust ({error}); fit it again") from None
    return committee


def _columns(place: Regimes | Chart) -> dict[str, Any]:
    return {"inputs": list(place.inputs), "is_standardised": place.is_standardised}


def _of_columns(found: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": tuple(found["inputs"]), "is_standardised": bool(found["is_standardised"])}


def _template(network: Network, gate: Gate) -> Any:
    """Shapes and dtypes of the parameters."""
    single = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), gate.network.template(1))
    return {"experts": network.template(gate.n_experts), "gate": single}


def _checked(scaling: Scaling, n_experts: int, n_inputs: int) -> Scaling:
    shapes = dict.fromkeys(("center", "size", "tilt"), (n_experts, n_inputs))
    for name, shape in (shapes | {"shift": (n_experts,), "height": (n_experts,)}).items():
        validation.check_shape(f"scaling/{name}", getattr(scaling, name), shape)
    return scaling


def _normalisation(parts: dict[str, Any], n_inputs: int) -> Normalisation:
    shapes = {"center": (n_inputs,), "forward": (n_inputs, n_inputs), "backward": (n_inputs, n_inputs)}
    for name, shape in (shapes | {"y_mean": (), "y_std": ()}).items():
        validation.check_shape(f"normalisation/{name}", parts[name], shape)
    return Normalisation(**parts)
