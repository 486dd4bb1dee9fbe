"""European options under Heston by the Fourier-cosine (COS) method.

Truncation rule: log(S_T / F) is cut to c_1 -+ 12 sqrt(c_2 + sqrt(c_4)), the cumulants c_n taken from the
characteristic function by a Cauchy integral, and expanded in `n_terms` cosines. Puts are integrated, calls
follow by parity.

Stated error: with the default 2,048 terms below 1e-8 of the spot for expiries from one day to ten years
while the Feller ratio 2 kappa theta / vol_of_vol^2 is at least 0.06 (measured against QuantLib's adaptive
integration: 6e-10 on a spot of 100). At a ratio of 0.04 and five years it is 1e-5 on a spot of 100; 4,096
terms bring it to 3e-9.

Sources: Heston 1993; the stable form is Albrecher, Mayer, Schoutens and Tistaert 2007 ("the little Heston
trap"); Fang and Oosterlee 2008 for COS.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jaxprice.reference.inputs import as_float64

# The Cauchy circle around 0: small enough to stay inside the strip where moments exist (long expiries, large
# vol_of_vol), large enough that the fourth cumulant keeps six digits.
_RADIUS = 0.2
_N_CIRCLE = 32


def _log1p_ratio(x: Array) -> Array:
    """log(1 + x) / x, smooth at zero."""
    is_small = jnp.abs(x) < 1e-4
    safe = jnp.where(is_small, 1.0, x)
    series = 1.0 - x * (1.0 / 2.0 - x * (1.0 / 3.0 - x * (1.0 / 4.0 - x * (1.0 / 5.0))))
    return jnp.where(is_small, series, jnp.log1p(safe) / safe)


def _as_complex(*values: Array) -> tuple[Array, ...]:
    return tuple(value.astype(jnp.complex128) for value in values)


def _log_mgf(s, variance, mean_reversion, long_run_variance, vol_of_vol, correlation, expiry) -> Array:
    """Logarithm of E[(S_T / F)^s] for complex s.

    The little-trap formula divides by vol_of_vol^2 twice; here both divisions are carried out algebraically
    (beta - D = -vol_of_vol^2 q / (beta + D)), so that vol_of_vol = 0, the deterministic variance, is a
    regular point.
    """
    given = (s, variance, mean_reversion, long_run_variance, vol_of_vol, correlation, expiry)
    s, variance, mean_reversion, long_run_variance, vol_of_vol, correlation, expiry = _as_complex(*given)
    q = s - s * s
    beta = mean_reversion - correlation * vol_of_vol * s
    root = jnp.sqrt(beta * beta + vol_of_vol**2 * q)
    decay = -jnp.expm1(-root * expiry)
    minus = -q / (beta + root)
    ratio = minus * decay / (2.0 * root)
    x = vol_of_vol**2 * ratio
    # D(T) = (beta - D)/nu^2 (1 - e^{-DT}) / (1 - g e^{-DT}), with 1 - g e^{-DT} = (1 - g)(1 + x), 1 - g =
    # 2D/(beta + D)
    loading = minus * decay * (beta + root) / (2.0 * root * (1.0 + x))
    constant = mean_reversion * long_run_variance * (minus * expiry - 2.0 * ratio * _log1p_ratio(x))
    return constant + variance * loading


@jax.jit
def characteristic_fn(
    frequency: ArrayLike,
    variance: ArrayLike,
    mean_reversion: ArrayLike,
    long_run_variance: ArrayLike,
    vol_of_vol: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
) -> Array:
    """E[exp(i u log(S_T / F))] under Heston, F the forward; exact to rounding, without branch jumps.

    Args:
        frequency: u, real, any shape.
        variance: variance today.
        mean_reversion: speed kappa of the mean reversion, positive.
        long_run_variance: level theta.
        vol_of_vol: volatility of the variance; zero is allowed.
        correlation: between asset and variance.
        expiry: years.

    Returns:
        complex128 array shaped like the frequency.
    """
    frequency, *parameter = as_float64(
        frequency, variance, mean_reversion, long_run_variance, vol_of_vol, correlation, expiry
    )
    return jnp.exp(_log_mgf(1j * frequency.astype(jnp.complex128), *parameter))


def _truncation(parameter) -> tuple[Array, Array]:
    """Interval that holds log(S_T / F); frozen, because the price does not depend on it."""
    angle = 2.0 * np.pi * np.arange(_N_CIRCLE) / _N_CIRCLE
    value = _log_mgf(jnp.asarray(_RADIUS * np.exp(1j * angle)), *parameter)

    def cumulant(order, factorial):
        wave = jnp.asarray(np.exp(-1j * order * angle))
        return factorial * jnp.mean(value * wave).real / _RADIUS**order

    centre, second, fourth = cumulant(1, 1.0), cumulant(2, 2.0), cumulant(4, 24.0)
    second = jnp.maximum(second, 1e-12)
    half = 12.0 * jnp.sqrt(second + jnp.sqrt(jnp.maximum(fourth, 0.0)))
    return jax.lax.stop_gradient((centre - half, centre + half))


def _scaled_put(log_strike: Array, parameter, n_terms: int) -> Array:
    """E[(e^k - S_T / F)^+] by the cosine expansion, k the log-moneyness."""
    lower, upper = _truncation(parameter)
    width = upper - lower
    frequency = jnp.arange(n_terms, dtype=lower.dtype) * (jnp.pi / width)
    (wave,) = _as_complex(frequency)
    density = jnp.exp(_log_mgf(1j * wave, *parameter) - 1j * wave * lower.astype(wave.dtype)).real
    density = density.at[0].multiply(0.5)
    end = jnp.clip(log_strike, lower, upper)
    angle = frequency * (end - lower)
    # integrals over [lower, end] of e^y cos(w (y - lower)) and of cos(w (y - lower))
    exponential = (jnp.exp(end) * (jnp.cos(angle) + frequency * jnp.sin(angle)) - jnp.exp(lower)) / (1.0 + frequency**2)
    safe = jnp.where(frequency > 0.0, frequency, 1.0)
    constant = jnp.where(frequency > 0.0, jnp.sin(angle) / safe, end - lower)
    return (2.0 / width) * jnp.sum(density * (jnp.exp(log_strike) * constant - exponential))


@partial(jax.jit, static_argnames=("n_terms",))
def put(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    variance: ArrayLike,
    mean_reversion: ArrayLike,
    long_run_variance: ArrayLike,
    vol_of_vol: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
    *,
    n_terms: int = 2048,
) -> Array:
    """European put under Heston; differentiable in all arguments, error 1e-8 of the spot (see the module).

    All arguments are scalars. For many strikes `vmap` over `strike` alone: the characteristic function is
    then computed once.

    Args:
        spot: price today.
        strike: strike, positive.
        rate: interest rate.
        dividend: dividend yield.
        variance: variance today.
        mean_reversion: speed of the mean reversion, positive.
        long_run_variance: level to which the variance reverts.
        vol_of_vol: volatility of the variance; zero is allowed.
        correlation: between asset and variance, in (-1, 1).
        expiry: years, positive.
        n_terms: cosine terms.
    """
    spot, strike, rate, dividend, *parameter = as_float64(
        spot,
        strike,
        rate,
        dividend,
        variance,
        mean_reversion,
        long_run_variance,
        vol_of_vol,
        correlation,
        expiry,
    )
    expiry_ = parameter[-1]
    forward = spot * jnp.exp((rate - dividend) * expiry_)
    scaled = _scaled_put(jnp.log(strike / forward), parameter, n_terms)
    return jnp.exp(-rate * expiry_) * forward * scaled


@partial(jax.jit, static_argnames=("n_terms",))
def call(
    spot: ArrayLike,
    strike: ArrayLike,
    rate: ArrayLike,
    dividend: ArrayLike,
    variance: ArrayLike,
    mean_reversion: ArrayLike,
    long_run_variance: ArrayLike,
    vol_of_vol: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
    *,
    n_terms: int = 2048,
) -> Array:
    """European call under Heston, by parity from `put`; same arguments and error."""
    value = put(
        spot,
        strike,
        rate,
        dividend,
        variance,
        mean_reversion,
        long_run_variance,
        vol_of_vol,
        correlation,
        expiry,
        n_terms=n_terms,
    )
    spot, strike, rate, dividend, expiry = as_float64(spot, strike, rate, dividend, expiry)
    return value + spot * jnp.exp(-dividend * expiry) - strike * jnp.exp(-rate * expiry)
