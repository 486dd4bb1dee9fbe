"""The certified interval: the policy and its dual on the same fresh paths.

Rogers 2002, Haugh and Kogan 2004, Andersen and Broadie 2004: for every martingale M that starts at zero,
E[max_k (g_k - M_k)] is at least the price. Here the increment of M over a step is V - E[V | start of the step] with
V = max(exercise value, fitted continuation value), and the expectation is the mean over inner draws of that step: a
randomised Sobol set of its own for each path and step, hence unbiased, and independent of every path. The noise of the
inner draws only loosens the bound. The same martingale, stopped with the policy, is the control variate of the lower
bound, whose paths then differ from those of the upper one by little more than the duality gap.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import UInt32

from jaxprice.core.array import Array, Float, Int, PRNGKey, Scalar
from jaxprice.core.random import Stream, stream
from jaxprice.core.struct import pytree_dataclass
from jaxprice.engines.glsm.config import Config
from jaxprice.engines.glsm.policy import Policy, decide
from jaxprice.numerics import sobol
from jaxprice.numerics.normal import from_bits
from jaxprice.numerics.threefry import words
from jaxprice.simulation import noise
from jaxprice.simulation.accumulate import MESH_AXIS, over_devices
from jaxprice.simulation.moments import Moments, merge_all
from jaxprice.simulation.noise import Sampling

Z_95 = 1.959964
_NORMALS_IN_MEMORY = 2**17


@pytree_dataclass
class Bounds:
    """Two estimates on either side of the price, on the same paths.

    Attributes:
        lower: mean of what the policy earns, ().
        lower_std_error: its standard error, ().
        upper: mean of the dual, ().
        upper_std_error: its standard error, ().
        gap_std_error: of the difference, which is less than either suggests, ().
    """

    lower: Scalar
    lower_std_error: Scalar
    upper: Scalar
    upper_std_error: Scalar
    gap_std_error: Scalar

    def interval(self, z: float = Z_95) -> tuple[Scalar, Scalar]:
        """Limits that hold the price with 95 % confidence, or more where the bounds lie apart."""
        return self.lower - z * self.lower_std_error, self.upper + z * self.upper_std_error


class _Pair(NamedTuple):
    lower: Float[Array, " n"]
    upper: Float[Array, " n"]
    gap: Float[Array, " n"]


def estimate(key: PRNGKey, policy: Policy, config: Config, mesh: Mesh | None) -> Bounds:
    """Both bounds on `config.n_dual_paths` outer paths with `config.n_inner` draws for each of their steps."""
    chunk = max(1, _NORMALS_IN_MEMORY // (config.n_inner * policy.problem.state.n_normals))
    chunk = 1 << (chunk.bit_length() - 1)
    n_devices = 1 if mesh is None else mesh.shape[MESH_AXIS]
    n_chunks = -(-config.n_dual_paths // (chunk * n_devices))
    inner = sobol.table(sobol.unscrambled(policy.problem.state.n_normals), config.n_inner)

    def one_chunk(index: UInt32[Array, " n"]) -> Moments:
        lower, upper = _paths(key, policy, index, inner, config.n_dual_paths)
        return Moments.of(_Pair(lower, upper, upper - lower), (index < config.n_dual_paths).astype(lower.dtype))

    def local() -> Moments:
        first = 0 if mesh is None else jax.lax.axis_index(MESH_AXIS).astype(jnp.uint32) * jnp.uint32(n_chunks)
        start = (first + jnp.arange(n_chunks, dtype=jnp.uint32)) * jnp.uint32(chunk)

        def body(total: Moments, start: UInt32[Array, ""]) -> tuple[Moments, None]:
            return total.merge(one_chunk(start + jnp.arange(chunk, dtype=jnp.uint32))), None

        zero = jnp.zeros(())
        found, _ = jax.lax.scan(body, Moments.zeros_like(_Pair(zero, zero, zero)), start)
        return found if mesh is None else merge_all(jax.lax.all_gather(found, MESH_AXIS))

    found = local() if mesh is None else over_devices(local, mesh)
    error = found.std_error()
    return Bounds(
        lower=found.mean.lower,
        lower_std_error=error.lower,
        upper=found.mean.upper,
        upper_std_error=error.upper,
        gap_std_error=error.gap,
    )


def _paths(
    key: PRNGKey, policy: Policy, index: UInt32[Array, " n"], inner: UInt32[Array, "m n_inner"], n_paths: int
) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """What the policy earns on each path, and the best that hindsight earns, both less the martingale."""
    problem, n, (n_normals, n_inner) = policy.problem, index.shape[0], inner.shape
    state, time = problem.state, problem.time
    dtype = time.dtype
    outer_key, inner_key = stream(key, Stream.PATHS), stream(key, Stream.INNER)

    def value(z: Array, k: Int[Array, ""], time: Scalar) -> tuple[Array, Array, Array]:
        """Fitted value, exercise value (nothing where it is not possible), and whether the policy exercises."""
        held = jnp.where(k < problem.n_steps, policy.held(z, k, time), 0.0)
        pays = problem.exercise_value(state.price(z, time), time)
        pays = jnp.where(k % problem.n_substeps == 0, pays, 0.0)
        return jnp.maximum(held, pays), pays, decide(policy, pays, held, k)

    def draw(k: Int[Array, ""]) -> tuple[Array, Array]:
        outer = noise.draw(jax.random.fold_in(outer_key, k), Sampling.PSEUDO, index, n_normals)
        shape = (n_normals, n)
        row = jnp.broadcast_to(jnp.arange(n_normals, dtype=jnp.uint32)[:, None], shape)
        shift, _ = words(jax.random.fold_in(inner_key, k), jnp.broadcast_to(index[None], shape), row)
        return outer.astype(dtype), from_bits(inner[:, :, None] ^ shift[:, None, :], dtype)

    def nothing() -> tuple[Array, Array]:
        return jnp.zeros((n_normals, n), dtype), jnp.zeros((n_normals, n_inner, n), dtype)

    def step(carry: Any, x: Any) -> tuple[Any, None]:
        (z, martingale, lower, upper, is_alive), (k, start, end) = carry, x
        # The branch stands between the drawing and its consumers, into each of which XLA would fuse it.
        outer, draws = jax.lax.cond(index[0] < n_paths, lambda: draw(k), nothing)
        repeated = jnp.broadcast_to(z[:, None, :], (z.shape[0], n_inner, n)).reshape(z.shape[0], -1)
        inner_z = state.forward(repeated, draws.reshape(n_normals, -1), start, end)
        expected = jnp.mean(value(inner_z, k, end)[0].reshape(n_inner, n), axis=0)
        z = state.forward(z, outer, start, end)
        fitted, pays, is_exercised = value(z, k, end)
        martingale = martingale + fitted - expected
        is_exercised = is_alive & is_exercised
        is_last = k == problem.n_steps
        # A path that is never exercised earns nothing, less its martingale at the end.
        lower = jnp.where(is_exercised, pays - martingale, jnp.where(is_last & is_alive, -martingale, lower))
        candidate = jnp.where(k % problem.n_substeps == 0, pays - martingale, -jnp.inf)
        return (z, martingale, lower, jnp.maximum(upper, candidate), is_alive & ~is_exercised), None

    zero = jnp.zeros(n, dtype)
    first = (state.initial(n), zero, zero, zero - jnp.inf, jnp.ones(n, bool))
    steps = (jnp.arange(1, problem.n_steps + 1), problem.start, time)
    (_, _, lower, upper, _), _ = jax.lax.scan(step, first, steps)
    return lower, upper
