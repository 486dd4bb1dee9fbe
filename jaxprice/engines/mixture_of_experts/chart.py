"""How experts look at options: moneyness and price over the root of the time that is left.

With log-moneyness x and root maturity s a call over its strike is about s f(x / s), f as smooth for an hour as for two
years, while the price itself bends ever more sharply and shrinks to nothing. Learned as f(x / s, s, ...), an error is
the same share of an at-the-money option whatever its maturity.
"""

import dataclasses

import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Bool, Float, Scalar
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.struct import pytree_dataclass, static_field


@pytree_dataclass
class Chart:
    """From inputs and prices to what networks see of them, and back; without standardising all stays as it is.

    Attributes:
        lowest: of the first coordinate in the samples, ().
        highest: likewise, ().
        inputs: columns that hold log-moneyness and root maturity.
        is_standardised: whether moneyness and price are divided by root maturity.
    """

    lowest: Scalar
    highest: Scalar
    inputs: tuple[int, int] = static_field(default=(0, 1))
    is_standardised: bool = static_field(default=True)

    @classmethod
    def of(cls, dataset: DifferentialDataset, inputs: tuple[int, int], is_standardised: bool) -> "Chart":
        """The chart of a data set; `ValueError` where root maturity is not positive."""
        x = np.asarray(dataset.x)
        first, second = (x[:, column] for column in inputs)
        if is_standardised:
            if second.min() <= 0.0:
                raise ValueError(
                    f"{dataset.domain.names[inputs[1]]}: {int(np.sum(second <= 0.0))} rows have a root maturity that "
                    "is not positive; leave them out, or set is_standardised=False"
                )
            first = first / second
        dtype = dataset.domain.lower.dtype
        return cls(
            lowest=jnp.asarray(first.min(), dtype),
            highest=jnp.asarray(first.max(), dtype),
            inputs=inputs,
            is_standardised=is_standardised,
        )

    def points(self, x: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """What networks see of points (n, m)."""
        if not self.is_standardised:
            return x
        return x.at[:, self.inputs[0]].divide(self._root(x))

    def original(self, points: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """The points of which networks see these."""
        if not self.is_standardised:
            return points
        return points.at[:, self.inputs[0]].multiply(points[:, self.inputs[1]])

    def value(self, x: Float[Array, "n m"], seen: Float[Array, " n"]) -> Float[Array, " n"]:
        """Prices at points x, of what networks say of them."""
        return self.size(x) * seen

    def gradient(
        self, x: Float[Array, "n m"], seen: Float[Array, " n"], slope: Float[Array, "n m"]
    ) -> Float[Array, "n m"]:
        """Gradients of prices at points x, of what networks say and its gradient by what they see."""
        if not self.is_standardised:
            return slope
        first, second = self.inputs
        root = self._root(x)
        moneyness = slope[:, first]
        maturity = seen + root * slope[:, second] - x[:, first] / root * moneyness
        return (root[:, None] * slope).at[:, first].set(moneyness).at[:, second].set(maturity)

    def size(self, x: Float[Array, "n m"]) -> Float[Array, " n"]:
        """What prices at points x are divided by."""
        return self._root(x) if self.is_standardised else jnp.ones_like(x[:, 0])

    def contains(self, x: Float[Array, "n m"]) -> Bool[Array, " n"]:
        """Whether points (n, m) lie no further from the money than the samples did."""
        first = self.points(x)[:, self.inputs[0]].astype(self.lowest.dtype)
        return (first >= self.lowest) & (first <= self.highest)

    def dataset(self, dataset: DifferentialDataset) -> DifferentialDataset:
        """The data set that networks are trained on; second derivatives are left out."""
        if not self.is_standardised:
            return dataclasses.replace(dataset, direction=None, curvature=None)
        (first, second), x = self.inputs, dataset.x
        root, points = self._root(x), self.points(x)
        seen, moneyness = dataset.y / root, dataset.dydx[:, first]
        maturity = (dataset.dydx[:, second] + points[:, first] * moneyness - seen) / root
        slope = (dataset.dydx / root[:, None]).at[:, first].set(moneyness).at[:, second].set(maturity)
        lower, upper = dataset.domain.lower.at[first].set(self.lowest), dataset.domain.upper.at[first].set(self.highest)
        domain = dataclasses.replace(dataset.domain, lower=lower, upper=upper)
        return DifferentialDataset(x=points, y=seen, dydx=slope, domain=domain)

    def _root(self, x: Float[Array, "n m"]) -> Float[Array, " n"]:
        return jnp.maximum(x[:, self.inputs[1]], jnp.finfo(x.dtype).tiny)
