"""The box of inputs that a surrogate answers for."""

import jax.numpy as jnp
import numpy as np

from jaxprice.core import validation
from jaxprice.core.array import Array, Bool, Float, Int, is_concrete
from jaxprice.core.status import Status
from jaxprice.core.struct import pytree_dataclass, static_field


@pytree_dataclass
class Domain:
    """All points between two corners, both included.

    Attributes:
        lower: smallest value of each input, (m,).
        upper: largest value of each input, (m,).
        names: what each input is, m strings; the order is that of the columns of a data set.
    """

    lower: Float[Array, " m"]
    upper: Float[Array, " m"]
    names: tuple[str, ...] = static_field()

    @property
    def n_inputs(self) -> int:
        """Number of inputs m."""
        return len(self.names)

    def contains(self, x: Float[Array, " m"]) -> Bool[Array, ""]:
        """Whether a point (m,) lies in the box; one with a NaN does not.

        The point is compared in the precision of the corners: 0.1 in 64 bits lies in a box that starts at 0.1 in
        32 bits.
        """
        validation.check_shape("x", x, self.lower.shape)
        point = jnp.asarray(x, self.lower.dtype)
        return jnp.all((point >= self.lower) & (point <= self.upper))

    def status(self, x: Float[Array, " m"]) -> Int[Array, ""]:
        """`OUTSIDE_DOMAIN` for a point (m,) outside the box, else `OK`."""
        return jnp.where(self.contains(x), jnp.int32(Status.OK), jnp.int32(Status.OUTSIDE_DOMAIN))

    def points(self, x: Float[Array, "*n m"]) -> Float[Array, "n m"]:
        """Points (n, m), or the only one (m,), as rows; `ValueError` for other shapes."""
        if x.ndim not in (1, 2) or x.shape[-1] != self.n_inputs:
            raise ValueError(
                f"x: expected shape ({self.n_inputs},) or (n, {self.n_inputs}), the inputs {self.names}, got "
                f"{tuple(x.shape)}"
            )
        return x.reshape(-1, self.n_inputs)

    def check_directions(self, direction: Float[Array, "k m"]) -> None:
        """Raises `ValueError` for directions that are not (k, m)."""
        if direction.ndim != 2 or direction.shape[1] != self.n_inputs:
            raise ValueError(
                f"direction: expected shape (k, {self.n_inputs}), one row for each of k directions, got "
                f"{tuple(direction.shape)}"
            )

    def validate(self) -> None:
        """Raises `ValueError` for a box that is empty, not finite, or not named input by input."""
        if self.lower.ndim != 1 or self.lower.shape[0] == 0:
            raise ValueError(f"Domain.lower: expected shape (m,), got {tuple(self.lower.shape)}")
        validation.check_shape("Domain.upper", self.upper, self.lower.shape)
        _check_names(self.names, self.lower.shape[0])
        validation.check_finite(self, "Domain")
        if not (is_concrete(self.lower) and is_concrete(self.upper)):
            return
        lower, upper = np.asarray(self.lower), np.asarray(self.upper)
        for name, low, high in zip(self.names, lower, upper, strict=True):
            if low > high:
                raise ValueError(f"Domain: the bounds of {name!r} cross, {low:g} > {high:g}; exchange them")
            if low == high:
                raise ValueError(
                    f"Domain: {name!r} has the one value {low:g}, so the box is empty inside; "
                    "leave out an input that does not vary"
                )


def _check_names(names: tuple[str, ...], n_inputs: int) -> None:
    if not isinstance(names, tuple) or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"Domain.names: expected a tuple of strings that are not empty, got {names!r}")
    if len(names) != n_inputs:
        raise ValueError(f"Domain.names: expected {n_inputs}, one for each input, got {len(names)}: {names}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Domain.names: expected different names, got {twice[0]!r} more than once")
