"""The labels of many rows: in chunks that fit the cache, on one device or on a mesh of them."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import UInt32

from jaxprice.core.array import Array, Float, PRNGKey
from jaxprice.core.precision import full_precision
from jaxprice.core.random import Stream, stream
from jaxprice.simulation import noise
from jaxprice.simulation.accumulate import MESH_AXIS, default_chunk, over_devices
from jaxprice.simulation.labels.config import Config
from jaxprice.simulation.labels.row import Label, Market, label, sizes


class _Cut(NamedTuple):
    """How many rows, and paths of each of them, are in memory at once."""

    rows: int
    paths: int


@functools.partial(jax.jit, static_argnames=("config", "mesh"))
@full_precision
def labels_of(
    key: PRNGKey,
    market: Market,
    x: Float[Array, "n m"],
    first: UInt32[Array, ""],
    direction: Float[Array, "k m"] | None,
    *,
    config: Config,
    mesh: Mesh | None,
) -> Label:
    """Labels of n rows, whose inputs are x and whose indices in the data set are `first`, `first` + 1 and so on.

    Path p of row r has the normals of path r n_paths + p, whatever the block, the chunk and the device.
    """
    n_steps, n_factors = sizes(market, x[0], config)
    n_devices = 1 if mesh is None else mesh.shape[MESH_AXIS]
    cut = _cut(config, n_steps * n_factors, direction, -(-x.shape[0] // n_devices))
    n_chunks = -(-x.shape[0] // cut.rows)
    n_local = -(-n_chunks // n_devices)
    n_beyond = n_devices * n_local * cut.rows - x.shape[0]
    # Rows beyond the last repeat it: numbers that the market takes, for labels that nobody sees.
    chunked = jnp.pad(x, ((0, n_beyond), (0, 0)), mode="edge").reshape(-1, cut.rows, x.shape[1])
    key = stream(key, Stream.PATHS)

    def chunk(i: UInt32[Array, ""]) -> Label:
        row = first + i * cut.rows + jnp.arange(cut.rows, dtype=jnp.uint32)

        def share(start: UInt32[Array, ""]) -> Label:
            path = start + jnp.arange(cut.paths, dtype=jnp.uint32)
            index = (row[:, None] * config.n_paths + path[None]).ravel()

            def drawn() -> Array:
                return noise.draw(key, config.sampling, index, n_steps * n_factors)

            # The branch keeps XLA from drawing anew for each consumer, forward and reverse; see `accumulate`.
            nothing = jnp.zeros((n_steps * n_factors, index.shape[0]), jnp.float32)
            normal = noise.by_path(jax.lax.cond(i < n_chunks, drawn, lambda: nothing), n_steps, x.dtype)
            normal = jnp.moveaxis(normal.reshape(cut.rows, cut.paths, n_steps, n_factors), 1, 0)
            # Rows are the inner axis, so that no loop over the few paths of a row is an inner one; and each path has
            # its own reverse pass, for the sums over paths inside one would each compute its steps anew.
            of_row = jax.vmap(lambda x, z: label(market, x, z, direction, config))
            found = jax.vmap(of_row, in_axes=(None, 0))(chunked[i], normal)
            weight = (path < config.n_paths).astype(x.dtype) / config.n_paths
            return jax.tree.map(lambda leaf: jnp.tensordot(weight, leaf, axes=1), found)

        def add(total: Label, start: UInt32[Array, ""]) -> tuple[Label, None]:
            return jax.tree.map(jnp.add, total, share(start)), None

        if cut.paths == config.n_paths:
            return share(jnp.uint32(0))
        starts = jnp.arange(0, config.n_paths, cut.paths, dtype=jnp.uint32)
        empty = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(share, starts[0]))
        return jax.lax.scan(add, empty, starts)[0]

    def local() -> Label:
        start = jax.lax.axis_index(MESH_AXIS).astype(jnp.uint32) * n_local if mesh is not None else jnp.uint32(0)
        parts = jax.lax.map(chunk, start + jnp.arange(n_local, dtype=jnp.uint32))
        return parts if mesh is None else jax.lax.all_gather(parts, MESH_AXIS, tiled=True)

    parts = local() if mesh is None else over_devices(local, mesh)
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[: x.shape[0]], parts)


def _cut(config: Config, n_normals: int, direction: Array | None, n_rows: int) -> _Cut:
    """Both are powers of two, unless all paths of a row fit."""
    # Reverse passes keep a few numbers for each normal.
    numbers = n_normals * (4 if direction is None else 4 + 4 * direction.shape[0])
    most = max(default_chunk(numbers), 2)
    paths = min(config.n_paths, most)
    rows = default_chunk(numbers * paths) if config.chunk is None else config.chunk
    return _Cut(rows=min(rows, 1 << (n_rows - 1).bit_length()), paths=paths)
