"""The fitted committee: experts, their gate, the map of regimes, and how far it may be trusted."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int
from jaxprice.core.domain import Domain
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.engines.mixture_of_experts import dispatch_dense
from jaxprice.engines.mixture_of_experts.chart import Chart
from jaxprice.engines.mixture_of_experts.experts import Scaling
from jaxprice.engines.mixture_of_experts.gate import Gate
from jaxprice.engines.mixture_of_experts.regimes import Regimes
from jaxprice.learning.samples import Normalisation
from jaxprice.learning.twin_net import Network


@pytree_dataclass
class Committee:
    """A price by regime experts, weighted by a gate.

    Attributes:
        network: what every expert is, static.
        gate: what chooses among them, static.
        params: {"experts": stacked on the leading axis of every leaf, "gate": of the gate's network}.
        scaling: of every expert.
        regimes: the map.
        chart: what experts see of inputs and prices.
        normalisation: of what they see.
        domain: the box that the training inputs filled.
        status: of the fit, one of `jaxprice.core.status.Status`.
        diagnostics: of the fit: losses by epoch and stage, samples of each expert, restarts.
        error: as `measure` found it; None before.
    """

    network: Network = static_field()
    gate: Gate = static_field()
    params: Any
    scaling: Scaling
    regimes: Regimes
    chart: Chart
    normalisation: Normalisation
    domain: Domain
    status: Int[Array, ""]
    diagnostics: dict[str, Array]
    error: dict[str, Array] | None = None

    @property
    def dtype(self) -> jnp.dtype:
        """Of the parameters, in which experts and gate are computed."""
        return jax.tree.leaves(self.params)[0].dtype

    def astype(self, dtype: Any) -> "Committee":
        """The committee computed in other numbers, such as 64 bits to look at differences of its prices."""
        cast = jax.tree.map(lambda leaf: leaf.astype(dtype), (self.params, self.scaling))
        return dataclasses.replace(self, params=cast[0], scaling=cast[1])


@pytree_dataclass
class Parts:
    """A committee as a function of normalised inputs, samples in columns; in training its parameters are fresh."""

    network: Network = static_field()
    gate: Gate = static_field()
    scaling: Scaling
    regimes: Regimes
    chart: Chart
    normalisation: Normalisation

    @classmethod
    def of(cls, committee: Committee) -> "Parts":
        """Without the parameters."""
        return cls(
            network=committee.network,
            gate=committee.gate,
            scaling=committee.scaling,
            regimes=committee.regimes,
            chart=committee.chart,
            normalisation=committee.normalisation,
        )

    def inputs(self, x: Float[Array, "n m"]) -> Float[Array, "q n"]:
        """Normalised inputs of points (n, m)."""
        return self.normalisation.inputs(self.chart.points(x))

    def points(self, u: Float[Array, "q n"]) -> Float[Array, "n m"]:
        """Of which these are the normalised inputs."""
        seen = self.normalisation.center[:, None] + self.normalisation.backward @ u.astype(
            self.normalisation.center.dtype
        )
        return self.chart.original(seen.T)

    def logits(self, params: Any, u: Float[Array, "q n"]) -> Float[Array, "e n"]:
        """Of the gate."""
        return self.gate.logits(params["gate"], u)

    def weights(self, logits: Float[Array, "e n"], u: Float[Array, "q n"]) -> Float[Array, "e n"]:
        """Of the experts."""
        return self.gate.weights(logits, self.points(u), self.regimes)

    def values(self, params: Any, u: Float[Array, "q n"]) -> Float[Array, " n"]:
        """Σ_i w_i(u) f_i(u)."""
        weights = self.weights(self.logits(params, u), u)
        return dispatch_dense.values(self.network, params["experts"], self.scaling, u, weights)

    def prices(self, params: Any, x: Float[Array, "n m"]) -> Float[Array, " n"]:
        """Prices at points (n, m)."""
        values = self.values(params, self.inputs(x).astype(jax.tree.leaves(params)[0].dtype))
        return self.chart.value(x, self.normalisation.value(values))
