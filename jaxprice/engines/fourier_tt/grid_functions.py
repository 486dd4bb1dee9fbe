"""What cross interpolation evaluates: functions of rows of indices, of size one at most or about."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Float, Int
from jaxprice.core.struct import pytree_dataclass
from jaxprice.engines.fourier_tt.integrand import ReturnLaw
from jaxprice.engines.fourier_tt.payoff_transform import PayoffTransform


@pytree_dataclass
class LawOnGrid:
    """φ_Y(-z; p) over the modes z_1 p_1 z_2 p_2 ..., divided by its size without oscillation.

    On the damped axis u = 0 the function grows by orders of magnitude over the parameters. What one parameter alone
    does to it there is divided out, a factor of each core, so that one tolerance means the same everywhere in the box.

    Attributes:
        law: of the returns.
        frequency: u of each asset.
        own: nodes of each asset's own parameters, in the order of `law.own`.
        log_size: log of the factor at each of these nodes.
        log_centre: log of φ_Y(-i α) in the middle of the box, ().
        damping: α, (d,).
    """

    law: ReturnLaw
    frequency: tuple[Array, ...]
    own: tuple[Array, ...]
    log_size: tuple[Array, ...]
    log_centre: Array
    damping: Float[Array, " d"]

    @property
    def shape(self) -> tuple[int, ...]:
        """Points in each mode."""
        sizes: list[int] = []
        for asset, column in enumerate(self.frequency):
            sizes.append(len(column))
            sizes.extend(len(nodes) for (_, of), nodes in zip(self.law.own, self.own, strict=True) if of == asset)
        return tuple(sizes)

    def __call__(self, index: Int[Array, "n modes"]) -> Array:
        """Complex values, (n,)."""
        columns = iter(index.T)
        frequency, own = [], []
        log_size = jnp.zeros(len(index), self.damping.dtype)
        for asset, nodes in enumerate(self.frequency):
            frequency.append(nodes[next(columns)])
            for k, (_, of) in enumerate(self.law.own):
                if of == asset:
                    place = next(columns)
                    own.append(self.own[k][place])
                    log_size = log_size + self.log_size[k][place]
        u = jnp.stack(frequency, axis=1)
        z = jax.lax.complex(u, jnp.broadcast_to(self.damping[None], u.shape))
        parameter = jnp.stack(own, axis=1) if own else jnp.zeros((len(index), 0), u.dtype)
        log_value = jax.vmap(self.law.log_characteristic_fn)(-z, parameter)
        return jnp.exp(log_value - (self.log_centre + log_size).astype(log_value.dtype))


@pytree_dataclass
class TransformOnGrid:
    """v̂(z) / v̂(i α) over the modes z_1 z_2 ...

    Attributes:
        transform: of the payoff.
        frequency: u of each asset.
        damping: α, (d,).
    """

    transform: PayoffTransform
    frequency: tuple[Array, ...]
    damping: Float[Array, " d"]

    @property
    def shape(self) -> tuple[int, ...]:
        """Points in each mode."""
        return tuple(len(column) for column in self.frequency)

    def __call__(self, index: Int[Array, "n modes"]) -> Array:
        """Complex values, (n,)."""
        u = jnp.stack([nodes[place] for nodes, place in zip(self.frequency, index.T, strict=True)], axis=1)
        z = jax.lax.complex(u, jnp.broadcast_to(self.damping[None], u.shape))
        peak = self.transform.log_transform(1j * self.damping.astype(z.dtype))
        return jnp.exp(jax.vmap(self.transform.log_transform)(z) - peak)


@pytree_dataclass
class OnNodes:
    """A pricer of points at the nodes of a box.

    Attributes:
        nodes: of each input.
        function: of points (n, m) to prices (n,), a pytree.
    """

    nodes: tuple[Array, ...]
    function: Any

    def __call__(self, index: Int[Array, "n m"]) -> Array:
        """Prices, (n,)."""
        return self.function(jnp.stack([nodes[place] for nodes, place in zip(self.nodes, index.T, strict=True)], 1))


class OnHostNodes:
    """The same for a pricer of NumPy arrays; its work is not traced."""

    def __init__(self, nodes: Sequence[np.ndarray], function: Callable[[Any], Any]):
        self._nodes, self._function = nodes, function

    def __call__(self, index: np.ndarray) -> np.ndarray:
        """Prices, (n,)."""
        return self._function(np.stack([nodes[place] for nodes, place in zip(self._nodes, index.T, strict=True)], 1))
