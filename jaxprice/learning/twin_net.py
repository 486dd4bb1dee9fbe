"""The twin network: one scalar network whose reverse pass is the second half, trained on both.

Nothing is written by hand for the backward half: the gradient of the network by its inputs is one reverse pass, and
training differentiates through it (Huge and Savine 2020, section 2).
"""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import flax.nnx as nnx
import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, PRNGKey
from jaxprice.learning.activation import Activation, activate

Function = Callable[[Float[Array, "q n"]], Float[Array, " n"]]
"""From normalised inputs, samples in columns, to normalised values."""

_WIDE_DEGREE = 3


class Dense(nnx.Module):
    """W h + b for samples in columns."""

    def __init__(self, n_in: int, n_out: int, *, rngs: nnx.Rngs):
        initial = nnx.initializers.variance_scaling(1.0, "fan_in", "truncated_normal", in_axis=1, out_axis=0)
        self.kernel = nnx.Param(initial(rngs.params(), (n_out, n_in), jnp.float32))
        self.bias = nnx.Param(jnp.zeros(n_out, jnp.float32))

    def __call__(self, h: Float[Array, "n_in n"]) -> Float[Array, "n_out n"]:
        """One layer, before its activation."""
        return self.kernel[...] @ h + self.bias[...][:, None]


class TwinNet(nnx.Module):
    """Layers of units, and beside them, if wide, the powers of each input, which enter the output directly.

    It works on samples in columns, (q, n): see `learning.samples.Samples`.
    """

    def __init__(
        self,
        n_inputs: int,
        n_layers: int,
        n_units: int,
        activation: Activation,
        is_wide: bool,
        n_outputs: int = 1,
        *,
        rngs: nnx.Rngs,
    ):
        sizes = [n_inputs] + [n_units] * n_layers
        self.hidden = nnx.List([Dense(i, o, rngs=rngs) for i, o in itertools.pairwise(sizes)])
        self.output = Dense(n_units + is_wide * _WIDE_DEGREE * n_inputs, n_outputs, rngs=rngs)
        self.activation = activation
        self.is_wide = is_wide

    def features(self, x: Float[Array, "q n"]) -> Float[Array, "f n"]:
        """What the output is a linear combination of."""
        h = x
        for layer in self.hidden:
            h = activate(self.activation, layer(h))
        if self.is_wide:
            h = jnp.concatenate([h] + [x**k for k in range(1, _WIDE_DEGREE + 1)])
        return h

    def outputs(self, x: Float[Array, "q n"]) -> Float[Array, "o n"]:
        """All outputs for each sample."""
        return self.output(self.features(x))

    def __call__(self, x: Float[Array, "q n"]) -> Float[Array, " n"]:
        """The value of each sample, the first output."""
        return self.outputs(x)[0]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Network:
    """A `TwinNet`; its parameters are a dictionary of arrays, layer by layer."""

    n_inputs: int
    n_layers: int
    n_units: int
    activation: Activation
    is_wide: bool = False
    n_outputs: int = 1

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
        return TwinNet(**dataclasses.asdict(self), rngs=nnx.Rngs(params=key))


def value_and_slope(net: Any, x: Float[Array, "q n"]) -> tuple[Float[Array, " n"], Float[Array, "q n"]]:
    """Value and gradient of each sample: a value depends on its own column only, so one pass of their sum does."""
    value, pull_back = jax.vjp(net, x)
    return value, pull_back(jnp.ones_like(value))[0]


def slope_along(net: Any, x: Float[Array, "q n"], direction: Float[Array, "k q"]) -> Float[Array, "k q n"]:
    """Second derivatives of each sample times each of k directions: forward over reverse."""

    def slope(x: Array) -> Array:
        return value_and_slope(net, x)[1]

    def along(v: Array) -> Array:
        return jax.jvp(slope, (x,), (jnp.broadcast_to(v[:, None], x.shape),))[1]

    return jax.vmap(along)(direction.astype(x.dtype))
