"""How many frequencies, and how far apart: the two errors of a sum on a grid, each held below a target.

*Cutoff.* Frequencies of asset j end at L_j. The largest values beyond it lie on the ridge u = t C⁻¹ e_j, with C the
covariance of the returns under the damped law: for a Gaussian law φ there is exp(-u_j² σ_j² T c_j / 2) with c_j the
conditional variance of the return of asset j given the others, at least the smallest eigenvalue of the correlation.
L_j is where φ has fallen on that ridge by so much that the integrand's peak times it is the target. The transform may
help, but not everywhere: that of a spread does not fall at all while one frequency follows another.

*Step.* A sum with step η is the price plus images of it, with spots moved by a factor exp(2π m / η) and weights
exp(-2π m α / η). By moving the contour by a, an image is at most exp(-2π a / η) times the integrand's size there.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Float
from jaxprice.engines.fourier_tt.integrand import Integrand, log_sizes

_CUTOFFS = np.geomspace(0.5, 1e5, 800)
_MOVES = np.geomspace(1e-2, 1e2, 96)


class FrequencyGrid(NamedTuple):
    """Midpoints u = (k + 1/2 - n / 2) η of each asset: symmetric, so that half of one sum is the conjugate of the rest.

    Attributes:
        n_frequencies: even, (d,).
        step: η, (d,).
    """

    n_frequencies: np.ndarray
    step: np.ndarray

    def frequencies(self) -> list[np.ndarray]:
        """Of each asset, only the positive half of the first one's."""
        full = [step * (np.arange(n) + 0.5 - n / 2) for n, step in zip(self.n_frequencies, self.step, strict=True)]
        return [full[0][len(full[0]) // 2 :], *full[1:]]


def choose(
    integrand: Integrand,
    damping: np.ndarray,
    moneyness: Float[Array, "c d"],
    own: Float[Array, "c p"],
    tolerance: float,
    max_frequencies: int,
) -> FrequencyGrid:
    """The smallest grid whose errors stay below `tolerance`, at c given points of the parameters.

    They are errors of an undiscounted price of unit strike, from the cutoff and from the step of one asset.

    Raises:
        ValueError: for a grid of more than `max_frequencies` in an asset; it says which grid is needed, and why.
    """
    cutoff = _cutoffs(integrand, damping, moneyness, own, tolerance)
    step = 2.0 * np.pi / _distances(integrand, damping, moneyness, own, tolerance)
    n = 2 * np.ceil(cutoff / step)
    worst = int(np.argmax(n))
    if not n[worst] <= max_frequencies:
        covariance = np.asarray(_covariances(integrand, jnp.asarray(damping), own))
        eigenvalue = np.linalg.eigvalsh(_correlations(covariance)).min()
        deviation = np.sqrt(covariance[:, worst, worst]).min()
        needed = f"{n[worst]:.0f}" if np.isfinite(n[worst]) else f"more than {2 * _CUTOFFS[-1] / step[worst]:.0f}"
        raise ValueError(
            f"frequency grid: asset {worst} needs {needed} frequencies, {step[worst]:.3g} apart, and max_frequencies "
            f"is {max_frequencies}; the smallest standard deviation of its return is {deviation:.3g} and the smallest "
            f"eigenvalue of the correlation {eigenvalue:.3g}. Raise max_frequencies or the smallest volatility, loosen "
            "grid_tolerance, or leave out an asset that the others nearly determine"
        )
    return FrequencyGrid(n_frequencies=np.maximum(n, 4).astype(int), step=step)


def error(
    integrand: Integrand,
    damping: np.ndarray,
    moneyness: Float[Array, "c d"],
    own: Float[Array, "c p"],
    grid: FrequencyGrid,
) -> float:
    """What a grid may add to an undiscounted price of unit strike: both errors times the integrand's largest peak."""
    size = _sizes(integrand, damping, moneyness, own)
    cutoff = grid.step * grid.n_frequencies / 2
    falls = np.asarray(_falls(integrand, jnp.asarray(damping), own, _ridges(integrand, damping, own), cutoff))
    cut_off = np.exp(np.einsum("jcj->cj", falls) + size[:, None]).sum(axis=1)
    aliased = 0.0
    for moved, sizes in _moved(integrand, damping, moneyness, own):
        distance = 2.0 * np.pi / grid.step[:, None, None]
        aliased = aliased + np.exp(np.min(sizes - moved[None, :, None] * distance, axis=1)).sum(axis=0)
    return float(np.max(cut_off + aliased))


def _cutoffs(integrand: Integrand, damping: np.ndarray, moneyness: Array, own: Array, tolerance: float) -> np.ndarray:
    """L of each asset, (d,); infinite where the integrand does not fall far enough."""
    ridge = _ridges(integrand, damping, own)
    falls = np.asarray(_falls(integrand, jnp.asarray(damping), own, ridge, jnp.asarray(_CUTOFFS)))
    falls = falls + _sizes(integrand, damping, moneyness, own)[None, :, None]
    # (cutoffs, corners, assets): the last cutoff at which the integrand is still above the target.
    is_above = ~(falls < np.log(tolerance))
    last = np.where(is_above.any(axis=0), len(_CUTOFFS) - np.argmax(is_above[::-1], axis=0), 0)
    return np.append(_CUTOFFS, np.inf)[last].max(axis=0)


def _distances(integrand: Integrand, damping: np.ndarray, moneyness: Array, own: Array, tolerance: float) -> np.ndarray:
    """Of images of the price along each asset's log-price, (d,), so that they weigh no more than the tolerance."""
    found = np.zeros(len(damping))
    for moved, sizes in _moved(integrand, damping, moneyness, own):
        needed = np.min((sizes - np.log(tolerance)) / moved[None, :, None], axis=1)
        found = np.maximum(found, needed.max(axis=1))
    return found


def _moved(
    integrand: Integrand, damping: np.ndarray, moneyness: Array, own: Array
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The integrand's size where one asset's damping is lowered, and where it is raised.

    Returns:
        For both: by how much (k,), and the log of the size (d, k, c), infinite outside the strip.
    """
    d = len(damping)
    found = []
    for sign in (-1.0, 1.0):
        moves = sign * np.eye(d)[:, None] * _MOVES[None, :, None]
        trial = jnp.asarray((damping[None, None] + moves).reshape(-1, d))
        sizes = np.asarray(log_sizes(integrand, trial, moneyness, own)).reshape(d, len(_MOVES), -1)
        found.append((_MOVES, sizes))
    return found


def _sizes(integrand: Integrand, damping: np.ndarray, moneyness: Array, own: Array) -> np.ndarray:
    """Log of the integrand's peak at each point of the parameters, (c,)."""
    return np.asarray(log_sizes(integrand, jnp.asarray(damping)[None], moneyness, own))[0]


def _ridges(integrand: Integrand, damping: np.ndarray, own: Array) -> Array:
    """Directions C⁻¹ e_j, of length one along asset j, as columns, (c, d, d)."""
    covariance = np.asarray(_covariances(integrand, jnp.asarray(damping), own))
    precision = np.linalg.pinv(covariance, rcond=1e-14, hermitian=True)
    return jnp.asarray(precision / np.einsum("cjj->cj", precision)[:, None, :])


@jax.jit
def _covariances(integrand: Integrand, damping: Float[Array, " d"], own: Float[Array, "c p"]) -> Float[Array, "c d d"]:
    """Of the returns under the damped law, (c, d, d): second derivatives of the log of the exponential moment."""

    def log_moment(damping: Array, own: Array) -> Array:
        return jnp.real(integrand.law.log_characteristic_fn(-1j * damping.astype(complex), own))

    return jax.vmap(jax.hessian(log_moment), (None, 0))(damping, own)


@jax.jit
def _falls(integrand: Integrand, damping: Array, own: Array, ridge: Array, cutoff: Array) -> Float[Array, "n c d"]:
    """Log of the characteristic function at L along each ridge, relative to its value at zero."""

    def at(cutoff: Array) -> Array:
        def of_corner(own: Array, ridge: Array) -> Array:
            def log_value(frequency: Array) -> Array:
                return jnp.real(integrand.law.log_characteristic_fn(-jax.lax.complex(frequency, damping), own))

            return jax.vmap(log_value, 1)(cutoff * ridge) - log_value(jnp.zeros_like(damping))

        return jax.vmap(of_corner)(own, ridge)

    return jax.lax.map(at, jnp.asarray(cutoff))


def _correlations(covariance: np.ndarray) -> np.ndarray:
    deviation = np.sqrt(np.einsum("cjj->cj", covariance))
    return covariance / (deviation[:, :, None] * deviation[:, None, :])
