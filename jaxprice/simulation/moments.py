"""Means and standard errors that merge: over chunks, devices, hosts and resumed runs."""

from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.precision import accumulator_dtype
from jaxprice.core.struct import pytree_dataclass


@pytree_dataclass
class Moments:
    """Mean and scatter of a pytree of quantities over independent samples.

    A sample may stand for the mean of several paths (an antithetic pair, a group, a replicate). Its weight is that
    number of paths; the variance of a sample is then inversely proportional to its weight.

    Attributes:
        weight: number of paths.
        count: number of samples, those of weight zero left out.
        mean: weighted mean, a pytree.
        scatter: weighted sum of squared deviations from the mean, the same pytree.
    """

    weight: Scalar
    count: Scalar
    mean: Any
    scatter: Any

    @classmethod
    def zeros_like(cls, sample: Any) -> "Moments":
        """Moments of no samples; `sample` gives the structure and the shapes."""
        dtype = accumulator_dtype()
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, dtype), sample)
        return cls(weight=jnp.zeros((), dtype), count=jnp.zeros((), dtype), mean=zeros, scatter=zeros)

    @classmethod
    def of(cls, samples: Any, weight: Float[Array, " n"]) -> "Moments":
        """Moments of n samples, stacked on the leading axis of every leaf, with their weights (n,)."""
        dtype = accumulator_dtype()
        weight = weight.astype(dtype)
        total = jnp.sum(weight)
        safe_total = jnp.where(total > 0, total, 1.0)

        def mean_of(leaf: Array) -> Array:
            return jnp.tensordot(weight, leaf.astype(dtype), axes=1) / safe_total

        def scatter_of(leaf: Array, mean: Array) -> Array:
            deviation = leaf.astype(dtype) - mean[None]
            return jnp.tensordot(weight, deviation**2, axes=1)

        mean = jax.tree.map(mean_of, samples)
        return cls(
            weight=total,
            count=jnp.sum(weight > 0).astype(dtype),
            mean=mean,
            scatter=jax.tree.map(scatter_of, samples, mean),
        )

    def merge(self, other: "Moments") -> "Moments":
        """Moments of both sets of samples together (Chan, Golub and LeVeque 1983, equation 2.1)."""
        weight = self.weight + other.weight
        share = other.weight / jnp.where(weight > 0, weight, 1.0)
        delta = jax.tree.map(jnp.subtract, other.mean, self.mean)
        return Moments(
            weight=weight,
            count=self.count + other.count,
            mean=jax.tree.map(lambda mean, d: mean + share * d, self.mean, delta),
            scatter=jax.tree.map(
                lambda a, b, d: a + b + self.weight * share * d**2, self.scatter, other.scatter, delta
            ),
        )

    def std_error(self) -> Any:
        """Standard error of the mean, a pytree; NaN where there are fewer than two samples."""
        degrees = self.count - 1.0
        safe = jnp.where(degrees > 0, degrees * self.weight, 1.0)
        return jax.tree.map(lambda scatter: jnp.where(degrees > 0, jnp.sqrt(scatter / safe), jnp.nan), self.scatter)


def merge_all(stacked: Moments) -> Moments:
    """Merges moments that are stacked on the leading axis of every leaf, in their order."""
    first = jax.tree.map(lambda leaf: leaf[0], stacked)
    rest = jax.tree.map(lambda leaf: leaf[1:], stacked)
    merged, _ = jax.lax.scan(lambda total, part: (total.merge(part), None), first, rest)
    return merged
