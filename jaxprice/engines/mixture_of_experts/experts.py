"""The experts: equal small networks with their parameters stacked, each on the scale of its own regime."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.core.struct import pytree_dataclass
from jaxprice.learning.samples import Samples
from jaxprice.learning.twin_net import Network


@pytree_dataclass
class Scaling:
    """What every expert's inputs are divided by and its output multiplied with, so that its regime has size one.

    Attributes:
        center: of the normalised inputs, (e, q).
        size: likewise, (e, q).
        shift: of the normalised values, (e,).
        height: likewise, (e,).
    """

    center: Float[Array, "e q"]
    size: Float[Array, "e q"]
    shift: Float[Array, " e"]
    height: Float[Array, " e"]

    @classmethod
    def of(cls, samples: Samples, share: Float[Array, "e n"]) -> "Scaling":
        """Means and standard deviations of the samples, each counted by its share in the expert's regime."""
        part = share / jnp.sum(share, axis=1, keepdims=True)
        center = part @ samples.x.T
        size = jnp.sqrt(jnp.maximum(part @ (samples.x**2).T - center**2, 1e-12))
        shift = part @ samples.y
        height = jnp.sqrt(jnp.maximum(part @ samples.y**2 - shift**2, 1e-12))
        return cls(center=center, size=size, shift=shift, height=height)

    def inputs(self, u: Float[Array, "q n"]) -> Float[Array, "q n"]:
        """What one expert sees, whose scaling this is, of normalised inputs."""
        return (u - self.center[:, None]) / self.size[:, None]

    def samples(self, samples: Samples) -> Samples:
        """The samples as one expert sees them, whose scaling this is."""
        return Samples(
            x=self.inputs(samples.x),
            y=(samples.y - self.shift) / self.height,
            slope=samples.slope * (self.size[:, None] / self.height),
            weight=samples.weight,
        )


def expert(network: Network, params: Any, scaling: Scaling, u: Float[Array, "q n"]) -> Float[Array, " n"]:
    """Normalised values by one expert, whose parameters and scaling these are."""
    return scaling.shift + scaling.height * network.bind(params)(scaling.inputs(u))


def all_experts(network: Network, params: Any, scaling: Scaling, u: Float[Array, "q n"]) -> Float[Array, "e n"]:
    """Normalised values by every expert."""
    return jax.vmap(lambda p, s: expert(network, p, s, u))(params, scaling)
