"""Sobol sequences by global index, scrambled or not, in whole words of 32 bits.

A point is the exclusive or of one word per set bit of its index. So any point can be had alone, which is why
neither chunk nor device count changes the draw; and a block of 2^k points is one table, the same for every
block, combined with one word per dimension, which is why a chunk costs one exclusive or per number.

Direction numbers: S. Joe and F. Y. Kuo 2008, "Constructing Sobol sequences with better two-dimensional
projections", SIAM J. Sci. Comput. 30(5), file new-joe-kuo-6.21201, the first 4,096 of its 21,201 dimensions;
extracted into `data/joe_kuo.npz` from SciPy's copy, the licence beside it. Unscrambled points are SciPy's, in
its Gray-code order.

Scrambling: Matousek's random linear matrix scramble with a digital shift. Its variance over replicates is
that of Owen's nested uniform scrambling (Hickernell and Yue 2000; Owen 2003), O(n^-3 log^(d-1) n) for smooth
integrands, but unlike a hash of every number (Burley 2020) it only changes the direction numbers: the points
cost nothing more.
"""

import functools
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, UInt32

from jaxprice.core.array import PRNGKey
from jaxprice.core.precision import require_x64
from jaxprice.core.struct import pytree_dataclass

MAX_DIMS = 4096
_N_BITS = 32
_DATA = pathlib.Path(__file__).parent / "data" / "joe_kuo.npz"


@pytree_dataclass
class Sequence:
    """A Sobol sequence: what the bits of an index stand for, in each dimension; made by a factory below."""

    word: UInt32[Array, "n_dims 32"]  # the unshifted point at index 2^k, for k = 0..31
    shift: UInt32[Array, " n_dims"]  # the point at index 0


@functools.cache
def _direction_numbers() -> np.ndarray:
    """The direction numbers v_1..v_32 of all dimensions, the first bit on the left, shape (MAX_DIMS, 32)."""
    with np.load(_DATA) as data:
        polynomial, initial = data["polynomial"].astype(np.uint32), data["initial"].astype(np.uint32)
    degree = np.frexp(polynomial.astype(np.float64))[1] - 1
    number = np.zeros((MAX_DIMS, _N_BITS), np.uint32)
    number[0] = 1
    for s in range(1, degree.max() + 1):
        rows = np.flatnonzero(degree == s)
        m = np.zeros((rows.size, _N_BITS), np.uint32)
        m[:, :s] = initial[rows, :s]
        # m_j = 2 a_1 m_{j-1} ^ ... ^ 2^s m_{j-s} ^ m_{j-s}; Joe and Kuo 2008, equation (2).
        for j in range(s, _N_BITS):
            m[:, j] = m[:, j - s]
            for k in range(1, s + 1):
                coefficient = (polynomial[rows] >> np.uint32(s - k)) & np.uint32(1)
                m[:, j] ^= coefficient * (m[:, j - k] << np.uint32(k))
        number[rows] = m
    return number << np.arange(_N_BITS - 1, -1, -1, dtype=np.uint32)


def unscrambled(n_dims: int) -> Sequence:
    """The plain sequence, that of `scipy.stats.qmc.Sobol(n_dims, scramble=False)`; it starts at the origin.

    Raises:
        ValueError: unless 1 <= n_dims <= MAX_DIMS.
    """
    if not 1 <= n_dims <= MAX_DIMS:
        raise ValueError(
            f"n_dims: expected 1 to {MAX_DIMS} Sobol dimensions, got {n_dims}; reduce steps times factors, "
            "or draw the later dimensions pseudo-randomly"
        )
    number = _direction_numbers()[:n_dims]
    # The Gray code of 2^k is 2^k ^ 2^(k-1): with these words the bits of the index itself select.
    word = number.copy()
    word[:, 1:] ^= number[:, :-1]
    return Sequence(word=jnp.asarray(word), shift=jnp.zeros(n_dims, jnp.uint32))


def scrambled(key: PRNGKey, n_dims: int) -> Sequence:
    """A randomised sequence: each point is uniform, the set keeps its uniformity, so means are unbiased.

    Several keys give independent replicates, for a standard error: `jax.vmap(scrambled, (0, None))(keys,
    n_dims)`. A dimension's scramble does not depend on n_dims.

    Args:
        key: key of the replicate.
        n_dims: number of dimensions, at most `MAX_DIMS`.
    """
    plain = unscrambled(n_dims)
    keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(n_dims, dtype=jnp.uint32))
    random = jax.vmap(lambda k: jax.random.bits(k, (_N_BITS + 1,), jnp.uint32))(keys)

    def output_bit(word: Array, inputs: tuple[Array, Array]) -> tuple[Array, None]:
        random, own = inputs
        # Row of a unit lower triangular matrix over GF(2): its own bit, and at random those left of it.
        row = (random & ~(own | (own - jnp.uint32(1)))) | own
        parity = lax.population_count(row[:, None] & plain.word) & jnp.uint32(1)
        return word | (parity * own), None

    own = jnp.uint32(1) << jnp.arange(_N_BITS - 1, -1, -1, dtype=jnp.uint32)
    word, _ = lax.scan(output_bit, jnp.zeros_like(plain.word), (random[:, :_N_BITS].T, own))
    return Sequence(word=word, shift=random[:, _N_BITS])


def points(sequence: Sequence, index: UInt32[Array, "*shape"]) -> UInt32[Array, "n_dims ..."]:
    """Points of any indices below 2^32, as integers: point / 2^32 is in [0, 1).

    Thirty-two steps per number: for long runs take `block`.
    """
    expand = (...,) + (None,) * index.ndim
    value = jnp.broadcast_to(sequence.shift[expand], sequence.shift.shape + index.shape)
    for k in range(_N_BITS):
        selected = jnp.uint32(0) - ((index >> jnp.uint32(k)) & jnp.uint32(1))
        value = value ^ (sequence.word[:, k][expand] & selected[None])
    return value


def table(sequence: Sequence, size: int) -> UInt32[Array, "n_dims size"]:
    """The points of indices 0 .. size - 1, from which `block` makes any other; size is a power of two."""
    if size < 1 or size & (size - 1):
        raise ValueError(f"size: expected a power of two, got {size}; let the chunk be a power of two")
    value = sequence.shift[:, None]
    for k in range(size.bit_length() - 1):
        value = jnp.concatenate([value, value ^ sequence.word[:, k, None]], axis=1)
    return value


def block(
    sequence: Sequence, base: UInt32[Array, "n_dims size"], start: UInt32[Array, ""]
) -> UInt32[Array, "n_dims size"]:
    """The points of indices start .. start + size - 1, equal to `points`; one exclusive or per number.

    Args:
        sequence: the sequence that the table was made of.
        base: as `table` made it, once, outside the loop over blocks.
        start: traced index, a multiple of size; of any other the result is a wrong set of points.
    """
    first = points(Sequence(word=sequence.word, shift=jnp.zeros_like(sequence.shift)), start)
    return base ^ first[:, None]


def uniform(bits: UInt32[Array, "*shape"], dtype: DTypeLike = jnp.float32) -> Float[Array, "*shape"]:
    """Uniform numbers strictly inside (0, 1), the midpoints of the cells: 2^32 cells in f64, 2^23 in f32.

    For normals take `normal.from_bits`, which loses no bits in single precision.
    """
    if dtype == jnp.float64:
        require_x64("a uniform number in float64")
        return (bits.astype(dtype) + 0.5) * 2.0**-32
    if dtype == jnp.float32:
        return ((bits >> jnp.uint32(9)).astype(dtype) + 0.5) * 2.0**-23
    raise TypeError(f"expected float32 or float64, got {jnp.dtype(dtype).name}")
