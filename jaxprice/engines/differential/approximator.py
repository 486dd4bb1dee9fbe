"""What is fitted: a network or a polynomial, described by what is static and can be written to a file."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.core.precision import accumulator_dtype
from jaxprice.learning.twin_net import Function
from jaxprice.numerics import hermite
from jaxprice.numerics.index_set import IndexKind, index_set


@dataclasses.dataclass(frozen=True, kw_only=True)
class Polynomial:
    """A polynomial in Hermite's form; its parameters are {"coefficient": (n_basis,)}."""

    n_inputs: int
    degree: int
    index_kind: IndexKind

    def features(self, x: Float[Array, "q n"]) -> Float[Array, "f n"]:
        """All basis functions but the constant."""
        basis = index_set(self.index_kind, self.n_inputs, self.degree)
        return basis.products(hermite.table(x, self.degree))[1:]

    def template(self, n_members: int) -> Any:
        """Shape and dtype of the parameters; a polynomial has no ensemble, so of one member."""
        n_basis = index_set(self.index_kind, self.n_inputs, self.degree).size
        return {"coefficient": jax.ShapeDtypeStruct((n_members, n_basis), accumulator_dtype())}

    def bind(self, params: Any) -> Function:
        """The polynomial with these coefficients, the constant last."""
        coefficient = params["coefficient"]

        def value(x: Array) -> Array:
            return (
                jnp.sum(coefficient[:-1, None] * self.features(x.astype(coefficient.dtype)), axis=0) + coefficient[-1]
            )

        return value
