"""jaxprice: cross interpolation with its defaults but for the tolerance; its independent check is part of it."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks.fourier_tt.peers import Found, Problem
from jaxprice import Status, pytree_dataclass
from jaxprice.numerics import cross_interpolation, error_search


@pytree_dataclass
class _Law:
    """As `Problem.__call__`."""

    frequency: jax.Array
    volatility: jax.Array
    correlation: jax.Array
    drift: jax.Array

    def __call__(self, index: jax.Array) -> jax.Array:
        z, volatility = self.frequency[index[:, 0::2]], self.volatility[index[:, 1::2]]
        scaled = -z * volatility.astype(z.dtype)
        square = jnp.sum((scaled @ self.correlation.astype(z.dtype)) * scaled, axis=1)
        mean = (self.drift - 0.5 * volatility**2).astype(z.dtype)
        return jnp.exp(1j * jnp.sum(-z * mean, axis=1) - 0.5 * square)


def learn(problem: Problem, tolerance: float, seed: int) -> Found:
    """See `peers.PEERS`."""
    law = _Law(
        frequency=jnp.asarray(problem.frequency),
        volatility=jnp.asarray(problem.volatility),
        correlation=jnp.asarray(problem.correlation),
        drift=jnp.asarray(problem.drift),
    )
    config = cross_interpolation.Config(tolerance=tolerance)
    start = problem.peak[None].astype(np.int32)
    found = cross_interpolation.learn(jax.random.key(seed), law, problem.shape, config, start)
    cores = [np.asarray(core) for core in found.train.cores]
    return Found(
        evaluate=lambda points: error_search.evaluate(cores, points),
        n_evaluations=int(found.n_evaluations),
        rank=max(found.train.ranks),
        has_converged=int(found.status) == Status.OK,
    )
