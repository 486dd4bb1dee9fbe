"""The machine's own limit: as many normals as the problem needs, and their exponentials, and nothing else."""

from collections.abc import Callable

import numpy as np

from experiments.benchmarks import problem
from experiments.benchmarks.problem import Answer, Effort

_CHUNK = 16384


def jaxprice_tasks(effort: Effort) -> dict[str, Callable[[], Answer]]:
    """The library's normals alone, and with an exponential of each."""
    import jax
    import jax.numpy as jnp

    from jaxprice.simulation import noise

    if effort.n_cores > 1:
        return {}
    d, size = len(problem.SPOT), 8192
    dtype = np.dtype(effort.precision)
    key = jax.random.key(effort.seed)

    def total(function: Callable[[jax.Array], jax.Array]) -> Callable[[], Answer]:
        @jax.jit
        def run(key: jax.Array) -> jax.Array:
            def body(sum_: jax.Array, block: jax.Array) -> tuple[jax.Array, None]:
                index = block * size + jnp.arange(size, dtype=jnp.uint32)
                # The branch keeps the drawing out of the loop that consumes it, as in the engine.
                normal = jax.lax.cond(
                    block < 2**31,
                    lambda: noise.draw(key, noise.Sampling.PSEUDO, index, d),
                    lambda: jnp.zeros((d, size), jnp.float32),
                )
                return sum_ + jnp.sum(function(normal.astype(dtype))), None

            blocks = jnp.arange(-(-effort.n_paths // size), dtype=jnp.uint32)
            return jax.lax.scan(body, jnp.zeros((), dtype), blocks)[0]

        return lambda: Answer(float(run(key)))

    return {"noise": total(lambda z: z), "noise_exp": total(jnp.exp)}


def numpy_tasks(effort: Effort) -> dict[str, Callable[[], Answer]]:
    """NumPy's normals alone, and with an exponential of each, in place."""
    if effort.n_cores > 1:
        return {}
    dtype = np.dtype(effort.precision)
    buffer = np.empty(_CHUNK, dtype)
    random = np.random.Generator(np.random.SFC64(effort.seed))

    def run(exponential: bool) -> Answer:
        total = 0.0
        for _ in range(-(-effort.n_paths * len(problem.SPOT) // _CHUNK)):
            random.standard_normal(out=buffer, dtype=dtype)
            if exponential:
                np.exp(buffer, out=buffer)
            total += float(buffer.sum())
        return Answer(total)

    return {"noise": lambda: run(False), "noise_exp": lambda: run(True)}
