"""The damping α: on which contour the integrand is summed.

Any α inside the strip gives the same integral. A small one puts the contour beside a pole and asks for many
frequencies; a large one makes the integrand large, and its sum cancel. Bayer et al. 2023 (arXiv 2203.08196) take the
least integrand.
"""

import enum

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.engines.fourier_tt.integrand import Integrand, log_sizes

_N_STEPS, _N_HALVINGS, _CONVERGED = 100, 40, 1e-10
_SHARES = (1.0, 0.8, 0.6, 0.45, 0.35, 0.28, 0.24, 0.22)


class Damping(enum.StrEnum):
    """How the contour is chosen."""

    RULE = "rule"
    """5 / d for each asset, the paper's."""
    OPTIMISED = "optimised"
    """Where the integrand is least in the mean of its logarithm over the corners of the parameters."""


def choose(integrand: Integrand, kind: Damping, moneyness: Float[Array, "c d"], own: Float[Array, "c p"]) -> np.ndarray:
    """The damping of each asset, (d,), inside the strip at c given points of the parameters.

    Raises:
        ValueError: where the rule leaves the strip, or where no damping is inside it.
    """
    if kind == Damping.RULE:
        rule = np.asarray(integrand.transform.rule(moneyness.shape[1]))
        check_strip(integrand, rule, moneyness, own)
        return rule
    return _least(integrand, moneyness, own)


def log_price(integrand: Integrand, moneyness: Float[Array, "c d"], own: Float[Array, "c p"]) -> float:
    """Log of about the undiscounted price of unit strike, the mean of it over c points of the parameters.

    By the saddle point approximation: on the contour where the integrand is least over the dampings it is about
    exp(-u · H u / 2) times its value at u = 0. Good to a third or so, which is enough to say what a small error is.
    """
    value, _, hessian = _expansion(integrand, jnp.asarray(_least(integrand, moneyness, own)), moneyness, own)
    return float(value) - 0.5 * float(np.linalg.slogdet(2.0 * np.pi * np.asarray(hessian))[1])


def _least(integrand: Integrand, moneyness: Float[Array, "c d"], own: Float[Array, "c p"]) -> np.ndarray:
    """Where the mean of the integrand's logarithm is least, (d,)."""
    rule = np.asarray(integrand.transform.rule(moneyness.shape[1]))
    shares = jnp.asarray(_SHARES)[:, None] * jnp.asarray(rule)[None]
    inside = np.flatnonzero(np.isfinite(np.asarray(log_sizes(integrand, shares, moneyness, own))).all(axis=1))
    if not len(inside):
        raise ValueError(
            "damping: no point of the strip was found: the payoff needs moments of the prices that this model does not "
            "have at the corners of the domain; take narrower bounds or a payoff with a put's strip"
        )
    damping = np.asarray(shares)[inside[0]]
    for _ in range(_N_STEPS):
        value, gradient, hessian = _expansion(integrand, jnp.asarray(damping), moneyness, own)
        step = -np.linalg.solve(np.asarray(hessian), np.asarray(gradient))
        decrease = -float(np.asarray(gradient) @ step)
        if not decrease > _CONVERGED:
            break
        # All halvings at once: the first that stays inside and makes the integrand smaller.
        trial = damping[None] + 0.5 ** np.arange(_N_HALVINGS)[:, None] * step[None]
        sizes = np.asarray(log_sizes(integrand, jnp.asarray(trial), moneyness, own)).mean(axis=1)
        better = np.flatnonzero(sizes < float(value))
        if not len(better):
            break
        damping = trial[better[0]]
    return damping


def check_strip(
    integrand: Integrand, damping: np.ndarray, moneyness: Float[Array, "c d"], own: Float[Array, "c p"]
) -> None:
    """Raises `ValueError` for a damping outside the strip of the payoff or of the law."""
    slack = np.asarray(integrand.transform.slack(jnp.asarray(damping)))
    shown = ", ".join(f"{value:g}" for value in damping)
    kind = type(integrand.transform).__name__
    if not (slack > 0.0).all():
        raise ValueError(
            f"damping: ({shown}) is outside the strip of {kind}, whose borders are at distances "
            f"{np.array2string(slack, precision=3)}, all of which must be positive; see its docstring"
        )
    sizes = np.asarray(log_sizes(integrand, jnp.asarray(damping)[None], moneyness, own))
    if not np.isfinite(sizes).all():
        raise ValueError(
            f"damping: the model has no exponential moment of order ({shown}) at a corner of the domain; take "
            "damping='optimised', or narrower bounds"
        )


@jax.jit
def _expansion(
    integrand: Integrand, damping: Float[Array, " d"], moneyness: Float[Array, "c d"], own: Float[Array, "c p"]
) -> tuple[Scalar, Array, Array]:
    def mean(damping: Array) -> Scalar:
        return jnp.mean(jax.vmap(integrand.log_size, (None, 0, 0))(damping, moneyness, own))

    return mean(damping), jax.grad(mean)(damping), jax.hessian(mean)(damping)
