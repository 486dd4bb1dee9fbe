"""Tensor trains: arrays with very many entries as products of small cores, and their algebra.

The cost of everything here is linear in the number of modes and a power of the ranks; the array itself never exists.
Shapes are static, so all of it can be jitted, mapped and differentiated, but for `round` to a tolerance, which looks at
numbers to decide shapes. Oseledets 2011.
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Float, Int, Scalar, is_concrete
from jaxprice.core.precision import full_precision
from jaxprice.core.struct import pytree_dataclass


@pytree_dataclass
class TensorTrain:
    """An array of n₁ × ... × n_d entries, each the product of one matrix from every core.

    Attributes:
        cores: real or complex, (r, n, r') each; the first r and the last r' are 1, neighbours agree.
    """

    cores: tuple[Array, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Entries in each mode."""
        return tuple(core.shape[1] for core in self.cores)

    @property
    def ranks(self) -> tuple[int, ...]:
        """Of each bond between two modes."""
        return tuple(core.shape[2] for core in self.cores[:-1])

    @property
    def dtype(self) -> jnp.dtype:
        """Of the entries."""
        return common_dtype(*self.cores)


def rank_one(vectors: Sequence[Float[Array, " n"]]) -> TensorTrain:
    """The outer product of one vector for each mode."""
    return TensorTrain(cores=tuple(jnp.asarray(vector)[None, :, None] for vector in vectors))


def from_full(tensor: Array, tolerance: float = 0.0, max_rank: int | None = None) -> TensorTrain:
    """Of a whole array, by one singular value decomposition for each bond; for arrays that fit memory.

    Error in the Frobenius norm at most `tolerance` times that of the array, unless `max_rank` cuts first.
    """
    whole = jnp.asarray(tensor)
    _check_tolerance(tolerance, whole)
    n_modes = whole.ndim
    cores, rank = [], 1
    cut = _cut(tolerance, n_modes) * jnp.linalg.norm(whole.ravel())
    for n in whole.shape[:-1]:
        left, whole = _split(whole.reshape(rank * n, -1), cut, max_rank)
        cores.append(left.reshape(rank, n, -1))
        rank = left.shape[1]
    return TensorTrain(cores=(*cores, whole.reshape(rank, -1, 1)))


def to_full(train: TensorTrain) -> Array:
    """The whole array, (n₁, ..., n_d); for small ones."""
    whole = jnp.ones((1, 1), train.dtype)
    for core in cast(train.cores, train.dtype):
        whole = (whole @ core.reshape(len(core), -1)).reshape(-1, core.shape[2])
    return whole.reshape(train.shape)


@jax.jit
@full_precision
def evaluate(train: TensorTrain, index: Int[Array, "samples modes"]) -> Array:
    """Entries at rows of indices, (n_samples,); indices out of range are clipped."""
    _check_modes("index", index.shape[1], train)
    cores = cast(train.cores, train.dtype)
    vector = cores[0][0][index[:, 0]]
    for mode, core in enumerate(cores[1:], start=1):
        # A sum of products fuses with the gather. A batched matrix product would first write one matrix for each
        # sample, and take 25 times as long.
        matrix = core.transpose(1, 0, 2)[index[:, mode]]
        vector = jnp.sum(vector[:, :, None] * matrix, axis=1)
    return vector[:, 0]


@jax.jit
@full_precision
def interpolate(train: TensorTrain, weights: Sequence[Float[Array, "samples n"]]) -> Array:
    """The train contracted with one vector for each mode and sample, (n_samples,).

    With a row of the identity as weights it is an entry; with interpolation weights, the value between grid points.
    Gradients of very many samples take less than half the time in blocks of a thousand, by `jax.lax.map`.

    Args:
        train: any.
        weights: (n_samples, n) for each mode.
    """
    _check_modes("weights", len(weights), train)
    dtype = common_dtype(*train.cores, *weights)
    cores, weights = cast(train.cores, dtype), cast(weights, dtype)
    vector = weights[0] @ cores[0][0]
    for core, weight in zip(cores[1:], weights[1:], strict=True):
        reached = (vector @ core.reshape(len(core), -1)).reshape(len(vector), *core.shape[1:])
        vector = jnp.sum(reached * weight[:, :, None], axis=1)
    return vector[:, 0]


def contract(train: TensorTrain, vectors: Sequence[Float[Array, " n"]]) -> Scalar:
    """Sum of all entries, each weighted by the product of one number from every vector, (): an integral."""
    return interpolate(train, [jnp.asarray(vector)[None] for vector in vectors])[0]


def total(train: TensorTrain) -> Scalar:
    """Sum of all entries, ()."""
    return contract(train, [jnp.ones(n, train.dtype) for n in train.shape])


@jax.jit
@full_precision
def inner(one: TensorTrain, other: TensorTrain) -> Scalar:
    """Sum over all entries of the conjugate of one times the other, ()."""
    _check_same_shape(one, other)
    dtype = common_dtype(*one.cores, *other.cores)
    matrix = jnp.ones((1, 1), dtype)
    for a, b in zip(cast(one.cores, dtype), cast(other.cores, dtype), strict=True):
        reached = jnp.tensordot(matrix, b, 1)
        matrix = jnp.tensordot(a.conj(), reached, ((0, 1), (0, 1)))
    return matrix[0, 0]


def norm(train: TensorTrain) -> Scalar:
    """Frobenius norm, (), without squaring it: of the last core once all others are orthogonal."""
    return jnp.linalg.norm(left_orthogonal(train).cores[-1].ravel())


def add(one: TensorTrain, other: TensorTrain) -> TensorTrain:
    """The sum; ranks add."""
    _check_same_shape(one, other)
    dtype = common_dtype(*one.cores, *other.cores)
    pairs = list(zip(cast(one.cores, dtype), cast(other.cores, dtype), strict=True))
    if len(pairs) == 1:
        return TensorTrain(cores=(pairs[0][0] + pairs[0][1],))
    cores = [jnp.concatenate(pairs[0], axis=2)]
    for a, b in pairs[1:-1]:
        above = jnp.pad(a, ((0, 0), (0, 0), (0, b.shape[2])))
        below = jnp.pad(b, ((0, 0), (0, 0), (a.shape[2], 0)))
        cores.append(jnp.concatenate([above, below]))
    return TensorTrain(cores=(*cores, jnp.concatenate(pairs[-1])))


def scale(train: TensorTrain, factor: Scalar | complex) -> TensorTrain:
    """Every entry times a number."""
    first, number = train.cores[0], jnp.asarray(factor)
    dtype = common_dtype(first, number)
    return TensorTrain(cores=(first.astype(dtype) * number.astype(dtype), *train.cores[1:]))


def multiply(one: TensorTrain, other: TensorTrain) -> TensorTrain:
    """The product entry by entry (Hadamard); ranks multiply, so round soon."""
    _check_same_shape(one, other)
    dtype = common_dtype(*one.cores, *other.cores)
    cores = []
    for a, b in zip(cast(one.cores, dtype), cast(other.cores, dtype), strict=True):
        product = a[:, None, :, :, None] * b[None, :, :, None, :]
        cores.append(product.reshape(len(a) * len(b), a.shape[1], -1))
    return TensorTrain(cores=tuple(cores))


@jax.jit
@full_precision
def left_orthogonal(train: TensorTrain) -> TensorTrain:
    """The same array, every core but the last orthogonal as a matrix (r n, r'); ranks fall to what a core holds."""
    cores = list(cast(train.cores, train.dtype))
    for mode in range(len(cores) - 1):
        core = cores[mode]
        q, r = jnp.linalg.qr(core.reshape(-1, core.shape[2]))
        cores[mode] = q.reshape(*core.shape[:2], -1)
        cores[mode + 1] = jnp.tensordot(r, cores[mode + 1], 1)
    return TensorTrain(cores=tuple(cores))


def right_orthogonal(train: TensorTrain) -> TensorTrain:
    """The same array with every core but the first one orthogonal as a matrix (r, n r')."""
    return _reversed(left_orthogonal(_reversed(train)))


def round(train: TensorTrain, tolerance: float = 0.0, max_rank: int | None = None) -> TensorTrain:
    """The array with smaller ranks: singular values that hardly count are cut.

    Its error in the Frobenius norm is at most `tolerance` times the norm of the train, unless `max_rank` cuts first,
    and at most √(n_modes - 1) times that of the best train of these ranks. Oseledets 2011, algorithm 2. Differentiate
    before rounding, not through it: derivatives of singular vectors blow up where singular values meet.

    Args:
        train: any; with a positive tolerance its numbers must be known, so not under `jit`.
        tolerance: relative error; 0 cuts nothing.
        max_rank: cap of every rank.
    """
    _check_tolerance(tolerance, *train.cores)
    cores = list(right_orthogonal(train).cores)
    cut = _cut(tolerance, len(cores)) * jnp.linalg.norm(cores[0].ravel())
    for mode in range(len(cores) - 1):
        core = cores[mode]
        left, right = _split(core.reshape(-1, core.shape[2]), cut, max_rank)
        cores[mode] = left.reshape(*core.shape[:2], -1)
        cores[mode + 1] = jnp.tensordot(right, cores[mode + 1], 1)
    return TensorTrain(cores=tuple(cores))


def merge(train: TensorTrain, sizes: Sequence[int]) -> TensorTrain:
    """Neighbouring modes fused to one, the first of them slowest: `sizes` (2, 2) makes two modes of four."""
    if sum(sizes) != len(train.cores) or min(sizes) < 1:
        raise ValueError(f"sizes: expected positive numbers that sum to {len(train.cores)} modes, got {tuple(sizes)}")
    given = cast(train.cores, train.dtype)
    cores, first = [], 0
    for size in sizes:
        merged = given[first]
        for core in given[first + 1 : first + size]:
            merged = jnp.tensordot(merged, core, 1).reshape(len(merged), -1, core.shape[2])
        cores.append(merged)
        first += size
    return TensorTrain(cores=tuple(cores))


def _split(matrix: Array, cut: Scalar | float, max_rank: int | None) -> tuple[Array, Array]:
    """An orthogonal factor and the rest, of the least rank that leaves out no more than `cut`."""
    left, size, right = jnp.linalg.svd(matrix, full_matrices=False)
    rank = len(size)
    if is_concrete(cut) and cut > 0.0:
        tail = np.sqrt(np.cumsum(np.asarray(size)[::-1] ** 2))[::-1]
        rank = max(1, int(np.sum(tail > float(cut))))
    rank = min(rank, max_rank or rank)
    return left[:, :rank], size[:rank, None].astype(right.dtype) * right[:rank]


def _check_tolerance(tolerance: float, *arrays: Array) -> None:
    if tolerance > 0.0 and not all(is_concrete(array) for array in arrays):
        raise ValueError(
            "tolerance: the ranks it leads to are not known under jit, vmap or grad; call it outside, or give max_rank "
            "alone"
        )


def _cut(tolerance: float, n_modes: int) -> float:
    """Share of one bond, so that the errors of all, which are orthogonal, stay within the tolerance."""
    return tolerance / math.sqrt(max(1, n_modes - 1))


def _reversed(train: TensorTrain) -> TensorTrain:
    return TensorTrain(cores=tuple(core.transpose(2, 1, 0) for core in train.cores[::-1]))


def common_dtype(*arrays: Array) -> jnp.dtype:
    """The dtype of a product, by NumPy's rules: JAX's strict ones refuse real times complex, which is meant here."""
    return jnp.dtype(np.result_type(*(array.dtype for array in arrays)))


def cast(arrays: Sequence[Array], dtype: jnp.dtype) -> tuple[Array, ...]:
    """Each array in a dtype."""
    return tuple(array.astype(dtype) for array in arrays)


def _check_same_shape(one: TensorTrain, other: TensorTrain) -> None:
    if one.shape != other.shape:
        raise ValueError(f"expected two trains of one shape, got {one.shape} and {other.shape}")


def _check_modes(name: str, n: int, train: TensorTrain) -> None:
    if n != len(train.cores):
        raise ValueError(f"{name}: expected one for each of {len(train.cores)} modes, got {n}")
