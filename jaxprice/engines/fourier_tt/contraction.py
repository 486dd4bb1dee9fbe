"""Sums over all frequencies of two trains: what remains is a train in the parameters alone.

On the host and in NumPy: ranks depend on numbers here, and a compiled program for every shape that comes up would cost
a hundred times as much as the sums.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from jaxprice.core.array import PRNGKey

# Of the rounding tolerance: what the sum may cut, so that the rounding after it decides.
_ZIP_SHARE = 0.1
_N_VECTORS = 32


class AssetCores(NamedTuple):
    """What one asset has in the sum.

    Attributes:
        law: core of the characteristic function at its frequency, (a, n, m).
        own: cores of its own parameters, (m, s, m') and so on to (·, s, a').
        phase: exp(-i u x) at nodes of its moneyness, (n, x).
        transform: core of the payoff transform, (b, n, b').
        has_moneyness: whether the moneyness is a mode of the result, not one fixed number.
    """

    law: np.ndarray
    own: list[np.ndarray]
    phase: np.ndarray
    transform: np.ndarray
    has_moneyness: bool


def sum_over_frequencies(key: PRNGKey, assets: Sequence[AssetCores], tolerance: float) -> list[np.ndarray]:
    """Cores (r, n, r') over each asset's own parameters and moneyness in turn, complex.

    Pairs of cores at z_j and p_j make an operator (Sakurai et al. 2025, section 3.2), which is never stored. The sum is
    taken from the first asset to the last, and each bond is cut at once to the rank that the result has there. What
    lies to the right of a bond is known by its products with random vectors; a cut that did not know it would keep
    five times the rank (Camaño, Epperly and Tropp 2025, successive randomised compression). Cost for each asset
    O(n r_φ m r_v l) with l vectors, a little more than the rank of the result.
    """
    n_modes = sum(len(asset.own) + asset.has_moneyness for asset in assets)
    n_vectors = _N_VECTORS
    while True:
        drawn = jax.random.normal(key, (n_modes, max(_largest_mode(assets), 1), n_vectors), np.float64)
        cores = _compressed(assets, np.asarray(drawn), tolerance)
        if max(core.shape[2] for core in cores) < n_vectors:
            return cores
        n_vectors *= 2


def _compressed(assets: Sequence[AssetCores], vectors: np.ndarray, tolerance: float) -> list[np.ndarray]:
    split = _vectors_of(assets, vectors)
    ends = _right_sketches(assets, split)
    rest = np.ones((1, 1, 1), complex)
    cores: list[np.ndarray] = []
    for asset, mine, end in zip(assets, split, ends[1:], strict=True):
        rest = _with_asset(rest, asset)
        for place in range(len(mine)):
            sketch = np.tensordot(rest, end, 2)
            for vector in mine[:place:-1]:
                sketch = np.einsum("...nl,nl->...l", sketch, vector)
            rank, n = rest.shape[:2]
            left, _ = _split(sketch.reshape(rank * n, -1), _ZIP_SHARE * tolerance)
            cores.append(left.reshape(rank, n, -1))
            rest = np.tensordot(left.conj().T, rest.reshape(rank * n, *rest.shape[2:]), 1)
    cores[-1] = np.tensordot(cores[-1], rest.reshape(-1, 1), 1)
    return cores


def _with_asset(carry: np.ndarray, asset: AssetCores) -> np.ndarray:
    """What has been summed, (k, a, b), times one more asset: (k, own ..., x, a', b'), without x where it is fixed."""
    reached = np.tensordot(carry, asset.transform, 1)
    k, a, n, b = reached.shape
    by_frequency = reached.transpose(2, 0, 3, 1).reshape(n, k * b, a) @ asset.law.transpose(1, 0, 2)
    summed = (asset.phase.T @ by_frequency.reshape(n, -1)).reshape(-1, k, b, asset.law.shape[2])
    whole = summed.transpose(1, 2, 0, 3)
    for core in asset.own:
        whole = np.tensordot(whole, core, 1)
    n_own = len(asset.own)
    whole = whole.transpose(0, *range(3, 3 + n_own), 2, 3 + n_own, 1)
    return whole if asset.has_moneyness else whole.reshape(*whole.shape[: 1 + n_own], *whole.shape[2 + n_own :])


def _right_sketches(assets: Sequence[AssetCores], split: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
    """The sum over each asset and all after it, its result contracted with the vectors, (a, b, l), up to a factor."""
    n_vectors = split[-1][-1].shape[1] if split[-1] else next(mine[-1].shape[1] for mine in split if mine)
    found = [np.ones((1, 1, n_vectors), complex)]
    for asset, mine in zip(assets[::-1], split[::-1], strict=True):
        end = found[-1]
        for core, vector in zip(asset.own[::-1], mine[: len(asset.own)][::-1], strict=True):
            end = np.einsum("msbl,sl->mbl", np.tensordot(core, end, 1), vector)
        phase = (
            asset.phase @ mine[-1]
            if asset.has_moneyness
            else np.broadcast_to(asset.phase, (len(asset.phase), n_vectors))
        )
        m, b, _ = end.shape
        a, n, _ = asset.law.shape
        reached = (asset.law.transpose(1, 0, 2) @ end.reshape(m, -1)).reshape(n, a, b, n_vectors)
        reached *= phase[:, None, None, :]
        summed = np.tensordot(asset.transform, reached, ((1, 2), (0, 2))).transpose(1, 0, 2)
        found.append(summed / max(float(np.abs(summed).max()), np.finfo(float).tiny))
    return found[::-1]


def _vectors_of(assets: Sequence[AssetCores], vectors: np.ndarray) -> list[list[np.ndarray]]:
    """Random vectors (n, l) of each asset's modes: its own parameters, then its moneyness."""
    rows = iter(vectors)
    split = []
    for asset in assets:
        sizes = [core.shape[1] for core in asset.own] + [asset.phase.shape[1]] * asset.has_moneyness
        split.append([next(rows)[:n] for n in sizes])
    return split


def _largest_mode(assets: Sequence[AssetCores]) -> int:
    return max(max([asset.phase.shape[1], *(core.shape[1] for core in asset.own)]) for asset in assets)


def real_part(cores: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Cores of the real part of a complex train; ranks double, so round after it."""
    doubled = []
    for place, core in enumerate(cores):
        block = np.concatenate(
            [np.concatenate([core.real, -core.imag], axis=2), np.concatenate([core.imag, core.real], axis=2)]
        )
        if place == 0:
            block = block[: len(core)]
        if place == len(cores) - 1:
            block = block[:, :, : core.shape[2]]
        doubled.append(block)
    return doubled


def rounded(cores: Sequence[np.ndarray], tolerance: float) -> list[np.ndarray]:
    """The train with an error of at most `tolerance` of its Frobenius norm, as `tensor_train.round`."""
    found = right_orthogonal(cores)
    share = tolerance / max(1, len(found) - 1) ** 0.5
    for place in range(len(found) - 1):
        core = found[place]
        left, right = _split(core.reshape(-1, core.shape[2]), share)
        found[place] = left.reshape(*core.shape[:2], -1)
        found[place + 1] = np.tensordot(right, found[place + 1], 1)
    return found


def right_orthogonal(cores: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The same train, every core but the first orthogonal as a matrix (r, n r')."""
    found = list(cores)
    for place in range(len(found) - 1, 0, -1):
        core = found[place]
        q, r = np.linalg.qr(core.reshape(len(core), -1).conj().T)
        found[place] = q.conj().T.reshape(-1, *core.shape[1:])
        found[place - 1] = np.tensordot(found[place - 1], r.conj().T, 1)
    return found


def norm(cores: Sequence[np.ndarray]) -> float:
    """Frobenius norm."""
    return float(np.linalg.norm(right_orthogonal(cores)[0]))


def tail_sizes(cores: Sequence[np.ndarray], n_last: int) -> np.ndarray:
    """Norm of the last slices of each core with all the others, relative to the norm of the whole, (n_modes,)."""
    left = [np.ones((1, 1))]
    for core in cores:
        left.append(np.einsum("ab,anc,bnd->cd", left[-1], core, core, optimize=True))
    right = [np.ones((1, 1))]
    for core in cores[::-1]:
        right.append(np.einsum("anc,bnd,cd->ab", core, core, right[-1], optimize=True))
    right = right[::-1]
    squares = []
    for place, core in enumerate(cores):
        tail = core[:, -n_last:]
        squares.append(np.einsum("ab,anc,bnd,cd->", left[place], tail, tail, right[place + 1], optimize=True))
    return np.sqrt(np.maximum(np.asarray(squares), 0.0) / max(float(right[0][0, 0]), np.finfo(float).tiny))


def _split(matrix: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """An orthogonal factor and the rest, without the singular values whose norm is below a share of the whole."""
    left, size, right = np.linalg.svd(matrix, full_matrices=False)
    tail = np.sqrt(np.cumsum(size[::-1] ** 2))[::-1]
    rank = max(1, int(np.sum(tail > share * tail[0])))
    return left[:, :rank], size[:rank, None] * right[:rank]
