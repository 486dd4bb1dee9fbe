"""What is fitted: a network or a polynomial, described by what is static and can be written to a file."""

import dataclasses
from collections.abc import Callable
from typing import Any

import flax.nnx as nnx
import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, PRNGKey
from jaxprice.core.precision import accumulator_dtype
from jaxprice.engines.differential.twin_net import TwinNet
from jaxprice.learning.activation import Activation
from jaxprice.numerics import hermite
from jaxprice.numerics.index_set import IndexKind, index_set

Function = Callable[[Float[Array, "q n"]], Float[Array, " n"]]
"""From normalised inputs, samples in columns, to normalised values."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Network:
    """A `TwinNet`; its parameters are a dictionary of arrays, layer by layer."""

    n_inputs: int
    n_layers: int
    n_units: int
    activation: Activation
    is_wide: bool

    def create(self, key: PRNGKey) -> Any:
        """Fresh parameters."""
        return nnx.to_pure_dict(nnx.state(self._module(key)))

    def template(self, n_members: int) -> Any:
        """Shapes and dtypes of the parameters of an ensemble."""
        key = jax.random.wrap_key_data(jnp.zeros((n_members, 2), jnp.uint32))
        return jax.eval_shape(jax.vmap(self.create), key)

    def bind(self, params: Any) -> TwinNet:
        """The network with these parameters."""
        any_key = jax.random.wrap_key_data(jnp.zeros(2, jnp.uint32))
        graph, state = nnx.split(nnx.eval_shape(self._module, any_key))
        nnx.replace_by_pure_dict(state, params)
        return nnx.merge(graph, state)

    def with_output(self, params: Any, coefficient: Float[Array, " f1"]) -> Any:
        """The parameters with another output layer: a coefficient for each feature, the constant last."""
        kernel, bias = params["output"]["kernel"], params["output"]["bias"]
        new = {"kernel": coefficient[None, :-1].astype(kernel.dtype), "bias": coefficient[-1:].astype(bias.dtype)}
        return params | {"output": new}

    def _module(self, key: PRNGKey) -> TwinNet:
        return TwinNet(
            self.n_inputs, self.n_layers, self.n_units, self.activation, self.is_wide, rngs=nnx.Rngs(params=key)
        )


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
