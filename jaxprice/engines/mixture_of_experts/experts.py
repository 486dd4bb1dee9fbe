"""The experts: equal small networks with their parameters stacked, each on the scale of its own regime."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.core.struct import pytree_dataclass
from jaxprice.learning.samples import Samples
from jaxprice.learning.twin_net import Network

_LEAST = 1e-12
"""Of a mean square."""


@pytree_dataclass
class Scaling:
    """What every expert's inputs are divided by, and the line in them that its network need not learn.

    In the money a price is nearly a line. Without it what is left, the time value, would be a small part of what the
    network is trained on.

    Attributes:
        center: of the normalised inputs, (e, q).
        size: likewise, (e, q).
        shift: constant of the line, in normalised values, (e,).
        tilt: slopes of the line by the scaled inputs, (e, q).
        height: what is left of the values, (e,).
    """

    center: Float[Array, "e q"]
    size: Float[Array, "e q"]
    shift: Float[Array, " e"]
    tilt: Float[Array, "e q"]
    height: Float[Array, " e"]

    @classmethod
    def of(cls, samples: Samples, share: Float[Array, "e n"]) -> "Scaling":
        """Means, standard deviations and least squares over the samples, each counted by its share in the regime."""
        part = share / jnp.sum(share, axis=1, keepdims=True)
        center = part @ samples.x.T
        size = jnp.sqrt(jnp.maximum(part @ (samples.x**2).T - center**2, _LEAST))

        def line(part: Float[Array, " n"], center: Float[Array, " q"], size: Float[Array, " q"]) -> tuple[Array, ...]:
            x = (samples.x - center[:, None]) / size[:, None]
            shift = part @ samples.y
            gram = (part[None] * x) @ x.T + _LEAST**0.5 * jnp.eye(x.shape[0], dtype=x.dtype)
            tilt = jnp.linalg.solve(gram, x @ (part * (samples.y - shift)))
            return shift, tilt, jnp.sqrt(jnp.maximum(part @ (samples.y - shift - tilt @ x) ** 2, _LEAST))

        shift, tilt, height = jax.vmap(line)(part, center, size)
        return cls(center=center, size=size, shift=shift, tilt=tilt, height=height)

    def inputs(self, u: Float[Array, "q n"]) -> Float[Array, "q n"]:
        """What one expert sees, whose scaling this is, of normalised inputs."""
        return (u - self.center[:, None]) / self.size[:, None]

    def samples(self, samples: Samples) -> Samples:
        """The samples as one expert sees them, whose scaling this is."""
        x = self.inputs(samples.x)
        return Samples(
            x=x,
            y=(samples.y - self.shift - self.tilt @ x) / self.height,
            slope=(samples.slope * self.size[:, None] - self.tilt[:, None]) / self.height,
            weight=samples.weight,
        )


def expert(network: Network, params: Any, scaling: Scaling, u: Float[Array, "q n"]) -> Float[Array, " n"]:
    """Normalised values by one expert, whose parameters and scaling these are."""
    x = scaling.inputs(u)
    return scaling.shift + scaling.tilt @ x + scaling.height * network.bind(params)(x)


def all_experts(network: Network, params: Any, scaling: Scaling, u: Float[Array, "q n"]) -> Float[Array, "e n"]:
    """Normalised values by every expert."""
    return jax.vmap(lambda p, s: expert(network, p, s, u))(params, scaling)
