"""Moments over many paths, in chunks that fit the cache, on one device or on a mesh of them.

A chunk of paths is drawn, valued and merged before the next one starts, so memory does not grow with the number of
paths. Quantities that are costly to keep for each path (the derivatives with respect to every number of a model) are
reduced over groups of consecutive paths inside one reverse pass; the group means are the samples of their standard
errors. Groups, like draws, depend on the global path index only.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, Mesh, PartitionSpec
from jax.typing import DTypeLike
from jaxtyping import UInt32

from jaxprice.core.array import Array, Float, PRNGKey
from jaxprice.numerics import sobol
from jaxprice.numerics.normal import from_bits
from jaxprice.simulation import noise
from jaxprice.simulation.moments import Moments, merge_all
from jaxprice.simulation.noise import Sampling

MESH_AXIS = "paths"
_MIN_GROUPS = 256

GroupFunction = Callable[[Float[Array, "g n_steps m"], Float[Array, " g"]], tuple[Float[Array, " g"], Any]]
"""From the normals and weights of a group of paths to the value of each and to a pytree of weighted group means."""


class Plan(NamedTuple):
    """How paths are cut into blocks (one scan iteration each), chunks and groups; static, hashable."""

    sampling: Sampling
    n_paths: int
    n_steps: int
    n_factors: int
    n_replicates: int
    chunk: int
    group: int

    @property
    def n_blocks(self) -> int:
        """Blocks of the outer scan: replicates of Sobol points, chunks otherwise."""
        return self.n_replicates if self.sampling == Sampling.SOBOL else -(-self.n_paths // self.chunk)

    @property
    def unit(self) -> int:
        """Paths that make one independent sample of the price."""
        return 2 if self.sampling == Sampling.ANTITHETIC else 1


def plan(
    sampling: Sampling, n_paths: int, n_steps: int, n_factors: int, n_replicates: int = 1, chunk: int | None = None
) -> Plan:
    """Chooses chunk and group; both are powers of two.

    A group has up to 128 paths, or 16 for each factor, so that the derivative of the correlation's factor, d³ for each
    group, stays cheap beside that of the paths, d² each; but 256 groups are left, so that standard errors are known to
    about 4 %.
    """
    most = min(max(128, 16 * n_factors), n_paths // _MIN_GROUPS)
    group = max(2 if sampling == Sampling.ANTITHETIC else 1, _power_of_two_below(most))
    if chunk is None:
        chunk = max(default_chunk(n_steps * n_factors), 32)
    per_replicate = n_paths // n_replicates if sampling == Sampling.SOBOL else n_paths
    chunk = min(chunk, _power_of_two_above(per_replicate))
    chunk = max(chunk, group) if sampling != Sampling.SOBOL else chunk
    return Plan(sampling, n_paths, n_steps, n_factors, n_replicates, chunk, min(group, chunk))


def default_chunk(n_numbers: int) -> int:
    """How many paths of `n_numbers` normals each to have in memory at once, a power of two.

    They hold about 2¹⁶ normals on a CPU, which fit the second-level cache of a core with what is computed from them,
    and 2²⁴ on an accelerator, which wants wide work.
    """
    numbers = 2**16 if jax.default_backend() == "cpu" else 2**24
    return _power_of_two_below(numbers // n_numbers)


def accumulate(
    group_fn: GroupFunction,
    key: PRNGKey,
    plan: Plan,
    dtype: DTypeLike,
    arrange: Callable[[Float[Array, "n n_normals"]], Float[Array, "n n_steps m"]],
    mesh: Mesh | None = None,
) -> tuple[Moments, Moments]:
    """Moments of the value of a path and of the group means of everything else.

    Args:
        group_fn: what is computed.
        key: of the stream of paths.
        plan: how paths are cut.
        dtype: of the normals.
        arrange: from Sobol points, as normals in order of importance, to the normals of each step.
        mesh: devices to spread the blocks over, along its axis "paths"; None for one device.

    Returns:
        Moments of the values, whose samples are paths, antithetic pairs or replicates, and moments of the group means.
    """
    n_normals = plan.n_steps * plan.n_factors

    def one_chunk(index: UInt32[Array, " chunk"], normal: Float[Array, "chunk n_steps m"]) -> tuple[Moments, Moments]:
        weight = (index < plan.n_paths).astype(dtype)
        groups = (plan.chunk // plan.group, plan.group)
        value, other = jax.vmap(group_fn)(normal.reshape(*groups, *normal.shape[1:]), weight.reshape(groups))
        unit_weight = weight.reshape(-1, plan.unit).sum(axis=1)
        unit_value = value.reshape(-1, plan.unit).mean(axis=1)
        return Moments.of(unit_value, unit_weight), Moments.of(other, weight.reshape(groups).sum(axis=1))

    def chunk_block(block: UInt32[Array, ""]) -> tuple[Moments, Moments]:
        index = block * plan.chunk + jnp.arange(plan.chunk, dtype=jnp.uint32)

        def draw() -> Array:
            return noise.draw(key, plan.sampling, index, n_normals)

        # A block beyond the last draws nothing. The branch also stands between the drawing and its consumers: XLA
        # would fuse it into each of them, forward and reverse, and draw as many times.
        nothing = jnp.zeros((n_normals, plan.chunk), jnp.float32)
        normal = jax.lax.cond(block < plan.n_blocks, draw, lambda: nothing)
        return one_chunk(index, noise.by_path(normal, plan.n_steps, dtype))

    def replicate_block(block: UInt32[Array, ""]) -> tuple[Moments, Moments]:
        n_points = plan.n_paths // plan.n_replicates
        sequence = sobol.scrambled(jax.random.fold_in(key, block), n_normals)
        base = sobol.table(sequence, plan.chunk)

        def one(start: UInt32[Array, ""]) -> tuple[Moments, Moments]:
            normal = arrange(from_bits(sobol.block(sequence, base, start), dtype).T)
            return one_chunk(start + jnp.arange(plan.chunk, dtype=jnp.uint32), normal)

        whole = _scan_merge(one, jnp.arange(n_points // plan.chunk, dtype=jnp.uint32) * plan.chunk)
        return tuple(  # type: ignore[return-value]
            Moments.of(jax.tree.map(lambda leaf: leaf[None], part.mean), part.weight[None]) for part in whole
        )

    one_block = replicate_block if plan.sampling == Sampling.SOBOL else chunk_block
    if mesh is None:
        return _scan_merge(one_block, jnp.arange(plan.n_blocks, dtype=jnp.uint32))

    n_local = -(-plan.n_blocks // mesh.shape[MESH_AXIS])

    def local() -> tuple[Moments, Moments]:
        first = jax.lax.axis_index(MESH_AXIS).astype(jnp.uint32) * n_local
        parts = _scan_merge(masked_block, first + jnp.arange(n_local, dtype=jnp.uint32))
        value, other = jax.lax.all_gather(parts, MESH_AXIS)
        return merge_all(value), merge_all(other)

    def masked_block(block: UInt32[Array, ""]) -> tuple[Moments, Moments]:
        keep = block < plan.n_blocks
        return jax.tree.map(lambda leaf: jnp.where(keep, leaf, jnp.zeros_like(leaf)), one_block(block))

    return over_devices(local, mesh)


def over_devices(local: Callable[[], Any], mesh: Mesh) -> Any:
    """What every device of the mesh computes alike from its own share of the paths.

    The axes of the mesh are taken as automatic, however they were made: numbers that come from one such computation
    may then enter the next one.
    """
    automatic = Mesh(mesh.devices, mesh.axis_names, axis_types=(AxisType.Auto,) * len(mesh.axis_names))
    return jax.shard_map(local, mesh=automatic, in_specs=(), out_specs=PartitionSpec(), check_vma=False)()


def _scan_merge(one: Callable[[Any], tuple[Moments, Moments]], index: UInt32[Array, " n"]) -> tuple[Moments, Moments]:
    """Merges `one(i)` over the index, in order; memory and program size do not depend on its length."""
    value_shape, other_shape = jax.eval_shape(one, index[0])

    def body(total: tuple[Moments, Moments], i: UInt32[Array, ""]) -> tuple[tuple[Moments, Moments], None]:
        value, other = one(i)
        return (total[0].merge(value), total[1].merge(other)), None

    empty = (Moments.zeros_like(value_shape.mean), Moments.zeros_like(other_shape.mean))
    # Reverse mode through the whole sum recomputes each chunk instead of keeping it.
    total, _ = jax.lax.scan(jax.checkpoint(body, prevent_cse=False), empty, index)
    return total


def _power_of_two_below(n: int) -> int:
    return 1 << (max(n, 1).bit_length() - 1)


def _power_of_two_above(n: int) -> int:
    return 1 << (max(n, 1) - 1).bit_length()
