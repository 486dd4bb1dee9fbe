"""Surrogates on disk: arrays in safetensors, the rest as JSON in the same file; no code."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxprice.core import storage, validation
from jaxprice.core.domain import Domain
from jaxprice.core.precision import require_x64
from jaxprice.core.status import Status
from jaxprice.core.storage import StorageError
from jaxprice.core.validation import check_member
from jaxprice.engines.fourier_tt.chart import Chart, ForwardChart, PlainChart
from jaxprice.engines.fourier_tt.nodes import NodeKind
from jaxprice.engines.fourier_tt.surrogate import Surrogate
from jaxprice.learning.checkpoint import flatten, group
from jaxprice.numerics.tensor_train import TensorTrain

_SCHEMA = "fourier_tt/1"
_SAVED = ("lower", "upper", "domain", "status", "diagnostics", "error")


def save(surrogate: Surrogate, path: str | Path) -> None:
    """Writes a surrogate, whole or not at all, with its domain, its status and its measured error.

    Raises:
        ValueError: for a surrogate without a measured error: whoever loads it could not tell what it is worth; for one
            with numbers that are not finite.
        StorageError: if the disk refuses.
    """
    if surrogate.error is None:
        raise ValueError("the surrogate has no measured error; save(measure(surrogate, held_out), path) writes it")
    validation.check_finite((surrogate.train, surrogate.error), "surrogate")
    chart = surrogate.chart
    header: dict[str, Any] = {
        "names": list(surrogate.domain.names),
        "nodes": str(surrogate.nodes),
        "n_modes": len(surrogate.train.cores),
        "chart": None,
    }
    arrays: dict[str, Any] = {name: getattr(surrogate, name) for name in _SAVED}
    arrays["core"] = dict(enumerate(surrogate.train.cores))
    if isinstance(chart, ForwardChart):
        header["chart"] = {
            "axes": [list(axis) for axis in chart.axes],
            "scales_time": chart.scales_time,
            "is_cash": chart.is_cash,
        }
        arrays["number"], arrays["weight"] = chart.number, chart.weight
    storage.save(path, flatten(arrays), header, _SCHEMA)


def load(path: str | Path) -> Surrogate:
    """Reads what `save` wrote.

    Raises:
        StorageError: for a file that is not there, damaged, of another schema, or whose parts do not fit together.
        RuntimeError: without 64-bit numbers.
    """
    require_x64("fourier_tt")
    arrays, header = storage.load(path, _SCHEMA)
    try:
        names = tuple(header["names"])
        domain = Domain(**group(arrays, "domain"), names=names)
        domain.validate()
        train = TensorTrain(cores=tuple(jnp.asarray(arrays[f"core/{k}"]) for k in range(header["n_modes"])))
        _check_train(train)
        chart = _chart(arrays, header["chart"], names, len(train.cores))
        error = group(arrays, "error")
        for name, shape in {"value": (), "dydx": (len(names),)}.items():
            validation.check_shape(f"error/{name}", error[name], shape)
        surrogate = Surrogate(
            train=train,
            lower=jnp.asarray(arrays["lower"]),
            upper=jnp.asarray(arrays["upper"]),
            chart=chart,
            domain=domain,
            status=jnp.asarray(arrays["status"]),
            diagnostics=group(arrays, "diagnostics"),
            error=error,
            nodes=check_member("nodes", NodeKind, header["nodes"]),
        )
        for name in ("lower", "upper"):
            validation.check_shape(name, getattr(surrogate, name), (len(train.cores),))
        Status(int(np.asarray(surrogate.status)))
        validation.check_finite((train, surrogate.lower, surrogate.upper, chart, error), "surrogate")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as cause:
        raise StorageError(f"{path}: not a surrogate that this version can trust ({cause}); learn it again") from None
    return surrogate


def _check_train(train: TensorTrain) -> None:
    ranks = [1, *train.ranks, 1]
    for k, core in enumerate(train.cores):
        if core.ndim != 3 or (core.shape[0], core.shape[2]) != (ranks[k], ranks[k + 1]) or core.dtype != jnp.float64:
            raise ValueError(f"core {k} of shape {core.shape} and {core.dtype} does not fit its neighbours")


def _chart(arrays: dict[str, np.ndarray], about: Any, names: tuple[str, ...], n_modes: int) -> Chart:
    if about is None:
        if n_modes != len(names):
            raise ValueError(f"{n_modes} cores for {len(names)} inputs")
        return PlainChart()
    axes = tuple((str(name), int(asset)) for name, asset in about["axes"])
    if len(axes) != n_modes:
        raise ValueError(f"{n_modes} cores for {len(axes)} coordinates")
    chart = ForwardChart(
        number=group(arrays, "number"),
        weight=jnp.asarray(arrays["weight"]),
        names=names,
        axes=axes,
        scales_time=bool(about["scales_time"]),
        is_cash=bool(about["is_cash"]),
    )
    # A chart that cannot be evaluated at one point is found here, not by its user.
    chart.coordinates(jnp.ones((1, len(names))))
    return chart
