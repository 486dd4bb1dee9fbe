"""Who prices what: from inputs to the weights of the experts."""

import dataclasses
import enum
from typing import Any

import jax.numpy as jnp

from jaxprice.core.array import Array, Float, PRNGKey
from jaxprice.engines.mixture_of_experts import gate_softmax, gate_top_k, gate_window
from jaxprice.engines.mixture_of_experts.regimes import Regimes
from jaxprice.learning.activation import Activation
from jaxprice.learning.twin_net import Network


class GateKind(enum.StrEnum):
    """How the weights of the experts depend on the inputs."""

    WINDOW = "window"
    """Smooth windows over the regimes times a learned softmax: at most two experts on each axis, prices C²."""
    TOP_K = "top_k"
    """Softmax over the k largest logits, as in the seed article: prices jump where the set changes."""
    SOFTMAX = "softmax"
    """Softmax over all experts: smooth and not sparse."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gate:
    """A gate with one hidden layer; its parameters are those of `network`.

    Attributes:
        kind: how the logits become weights.
        n_inputs: normalised inputs.
        n_experts: to choose from.
        n_units: of the hidden layer.
        top_k: experts that `TOP_K` keeps.
    """

    kind: GateKind
    n_inputs: int
    n_experts: int
    n_units: int
    top_k: int

    @property
    def network(self) -> Network:
        """From normalised inputs to logits."""
        return Network(
            n_inputs=self.n_inputs,
            n_layers=1,
            n_units=self.n_units,
            activation=Activation.SOFTPLUS,
            n_outputs=self.n_experts,
        )

    @property
    def most_active(self) -> int:
        """How many experts a price can have."""
        return {GateKind.WINDOW: min(4, self.n_experts), GateKind.TOP_K: self.top_k}.get(self.kind, self.n_experts)

    def create(self, key: PRNGKey) -> Any:
        """Fresh parameters; the output is zero, so that training starts with equal logits."""
        params = self.network.create(key)
        return params | {"output": {name: jnp.zeros_like(leaf) for name, leaf in params["output"].items()}}

    def logits(self, params: Any, u: Float[Array, "q n"]) -> Float[Array, "e n"]:
        """One number for each expert and sample."""
        return self.network.bind(params).outputs(u)

    def weights(self, logits: Float[Array, "e n"], x: Float[Array, "n m"], regimes: Regimes) -> Float[Array, "e n"]:
        """Shares that are not negative and add up to one.

        Args:
            logits: of the network.
            x: inputs as they are; only windows look at them.
            regimes: the map; only windows look at it.
        """
        if self.kind == GateKind.WINDOW:
            return gate_window.weights(logits, regimes.windows(x).astype(logits.dtype))
        if self.kind == GateKind.TOP_K:
            return gate_top_k.weights(logits, self.top_k)
        return gate_softmax.weights(logits)
