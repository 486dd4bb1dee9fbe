"""Where labels are made: points of a box, or prices that a model reaches at a horizon."""

import functools
from collections.abc import Iterable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import UInt32

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, PRNGKey, Scalar, as_arrays, numeric_dtype
from jaxprice.core.domain import Domain
from jaxprice.core.precision import full_precision
from jaxprice.core.random import Stream, stream
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.numerics import sobol
from jaxprice.numerics.normal import from_bits
from jaxprice.numerics.threefry import words
from jaxprice.simulation.labels.config import InputSampling
from jaxprice.simulation.paths import simulate, substeps

_ROWS_AT_ONCE = 1024


@pytree_dataclass
class Horizon:
    """Inputs with the law of a model's observed prices at a time, instead of points of a box (Huge and Savine 2020).

    Labels are then dense where the model goes. Raise its volatility to cover a wider set: Huge and Savine take one and
    a half times that of the market. What the model hides from payoffs, such as Heston's variance, is no input.

    Attributes:
        model: what moves until the horizon, with d assets; an inexact model takes 32 steps.
        time: of the horizon, years, ().
        names: of the inputs, d strings; None for spot_0, spot_1 and so on.
    """

    model: Any
    time: Scalar
    names: tuple[str, ...] | None = static_field(default=None)

    @property
    def n_inputs(self) -> int:
        """Number of inputs: d."""
        return self.model.n_assets

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names, given or not."""
        return tuple(f"spot_{i}" for i in range(self.n_inputs)) if self.names is None else self.names

    def validate(self) -> None:
        """Raises `ValueError` for numbers that are no model, a time that is not positive, or names that do not fit."""
        self.model.validate()
        validation.check_shape("Horizon.time", self.time, ())
        validation.check_finite(self.time, "Horizon.time")
        validation.check_positive("Horizon.time", self.time)
        # A box of the right size has the checks of names.
        box = jnp.arange(self.n_inputs, dtype=self.time.dtype)
        Domain(lower=box, upper=box + 1.0, names=self.input_names).validate()


Inputs: TypeAlias = Domain | Horizon


def prepare_inputs(inputs: Any) -> Inputs:
    """The same with arrays for numbers, checked.

    Raises:
        TypeError: for what is neither a box nor a horizon; ValueError: for one that is not usable.
    """
    if not isinstance(inputs, (Domain, Horizon)):
        raise TypeError(
            "inputs: expected a jaxprice.core.domain.Domain(lower=..., upper=..., names=...) or a "
            f"labels.Horizon(model=..., time=...), got {type(inputs).__name__}"
        )
    if isinstance(inputs, Horizon) and not hasattr(inputs.model, "path"):
        raise TypeError(f"Horizon.model: expected a model that can be simulated, got {type(inputs.model).__name__}")
    inputs = as_arrays(inputs, numeric_dtype(inputs))
    inputs.validate()
    return inputs


@functools.partial(jax.jit, static_argnames=("n_rows", "sampling"))
@full_precision
def draw(
    key: PRNGKey, inputs: Inputs, first: UInt32[Array, ""], *, n_rows: int, sampling: InputSampling
) -> Float[Array, "n_rows m"]:
    """The inputs of `n_rows` rows from row `first` on; each is a function of the key and of its own index."""
    key = stream(key, Stream.INPUTS)
    n_steps = 1 if isinstance(inputs, Domain) else substeps(inputs.model, 1, None)
    n_numbers = inputs.n_inputs if isinstance(inputs, Domain) else n_steps * inputs.model.n_factors
    sequence = sobol.scrambled(key, n_numbers) if sampling == InputSampling.SOBOL else None

    def one(row: UInt32[Array, ""]) -> Float[Array, " m"]:
        if sequence is not None:
            bits = sobol.points(sequence, row)
        else:
            place = jnp.arange(n_numbers, dtype=jnp.uint32)
            bits = words(key, jnp.broadcast_to(row, place.shape), place)[0]
        if isinstance(inputs, Domain):
            share = sobol.uniform(bits, inputs.lower.dtype)
            # Clipped, because rounding may lead a number's last digit out of the box.
            return jnp.clip(inputs.lower + (inputs.upper - inputs.lower) * share, inputs.lower, inputs.upper)
        normal = from_bits(bits, inputs.time.dtype).reshape(n_steps, -1)
        return simulate(inputs.model, normal, inputs.time[None], n_steps)[0]

    return jax.lax.map(one, first + jnp.arange(n_rows, dtype=jnp.uint32), batch_size=min(n_rows, _ROWS_AT_ONCE))


def hull(inputs: Horizon, parts: Iterable[Float[Array, "n m"]]) -> Domain:
    """The smallest box around all inputs that were drawn."""
    corners = ((jnp.min(x, axis=0), jnp.max(x, axis=0)) for x in parts)
    lower, upper = functools.reduce(lambda a, b: (jnp.minimum(a[0], b[0]), jnp.maximum(a[1], b[1])), corners)
    return Domain(lower=lower, upper=upper, names=inputs.input_names)
