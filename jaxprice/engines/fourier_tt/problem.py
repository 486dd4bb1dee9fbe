"""What is learned: a European product in a model, over a box of their numbers."""

import re
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxprice.core import validation
from jaxprice.core.array import is_concrete
from jaxprice.core.domain import Domain
from jaxprice.core.struct import pytree_dataclass

_NAME = re.compile(r"(\w+)(?:\[(\d+)\])?")
# What enters the integrand through the forward and the strike alone; only `spot` and `dividend` are by asset.
_COMMON = ("rate", "strike", "expiry")


@pytree_dataclass
class Problem:
    """A price as a function of the inputs that the domain names.

    Attributes:
        model: `models.BlackScholes`, `VarianceGamma`, or any other with fields spot (d,), rate (), dividend (d,) and a
            method `log_characteristic_fn(frequency, time)` of log S, into which spots enter as exp(i z · log S_0).
        product: `products.European` with a payoff that `payoff_transform.of` knows, strike above zero.
        domain: the box; names are "spot[0]", "volatility[2]" for numbers of one asset, "rate", "strike", "expiry" for
            those of all. What it does not name is as the model and the product have it.
    """

    model: Any
    product: Any
    domain: Domain

    def validate(self) -> None:
        """Raises `ValueError` or `TypeError` for what cannot be learned."""
        self.domain.validate()
        self.model.validate()
        self.product.validate()
        needed = ("log_characteristic_fn", "rate", "dividend")
        if not all(hasattr(self.model, name) for name in needed) or self.model.spot.ndim != 1:
            raise TypeError(
                "model: expected spots (d,), rate, dividends (d,) and log_characteristic_fn(frequency, time) of "
                f"log-prices, got {type(self.model).__name__}; learn its prices by fourier_tt.learn"
            )
        for name in self.domain.names:
            self._check_name(name)
        for name, lower in zip(self.domain.names, np.asarray(self.domain.lower), strict=True):
            if slot(name)[0] in ("spot", "strike", "expiry", "volatility"):
                validation.check_positive(f"domain.lower of {name}", lower)
        validation.check_positive("strike", self.product.payoff.strike)

    def _check_name(self, name: str) -> None:
        field, asset = slot(name)
        if field in _COMMON and asset is None:
            return
        value = getattr(self.model, field, None)
        shape = getattr(value, "shape", None)
        d = self.model.n_assets
        if shape != (d,) or asset is None or asset >= d:
            fields = [key for key in vars(self.model) if getattr(vars(self.model)[key], "shape", None) == (d,)]
            raise ValueError(
                f"domain: {name!r} is no input of {type(self.model).__name__}; expected one of "
                f"{', '.join(f'{key}[j]' for key in fields)} with j from 0 to {d - 1}, or {', '.join(_COMMON)}"
            )


def slot(name: str) -> tuple[str, int | None]:
    """Field and asset that an input's name means: ("spot", 2) for "spot[2]", ("rate", None) for "rate"."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"domain: expected names such as 'spot[0]' or 'rate', got {name!r}")
    return match[1], None if match[2] is None else int(match[2])


def box(model: Any, **bounds: tuple[Any, Any]) -> Domain:
    """The domain in which the named numbers vary, such as `box(model, volatility=(0.15, 0.25), rate=(0.0, 0.05))`.

    Args:
        model: whose numbers they are.
        **bounds: lower and upper end of a field, for each asset if it has one number for each: numbers, or (d,).
    """
    names: list[str] = []
    ends: list[tuple[float, float]] = []
    for field, (lower, upper) in bounds.items():
        if field in _COMMON:
            names.append(field)
            ends.append((float(lower), float(upper)))
            continue
        low, high = (np.broadcast_to(np.asarray(end, float), (model.n_assets,)) for end in (lower, upper))
        names.extend(f"{field}[{j}]" for j in range(model.n_assets))
        ends.extend(zip(low.tolist(), high.tolist(), strict=True))
    domain = Domain(
        lower=jnp.asarray([low for low, _ in ends], float),
        upper=jnp.asarray([high for _, high in ends], float),
        names=tuple(names),
    )
    domain.validate()
    return domain


def check_concrete(problem: Problem) -> None:
    """Raises `ValueError` under a transformation: learning looks at numbers."""
    if not is_concrete(problem.domain.lower) or not is_concrete(problem.model.spot):
        raise ValueError("fit: expected numbers, got a traced problem; call fit outside jit, vmap and grad")
