"""European values as columns: the smooth shape of a contract on the best or the worst of several assets."""

import dataclasses

import jax
import jax.numpy as jnp

from jaxprice import models, products
from jaxprice.core.array import Array, Float
from jaxprice.engines.glsm.columns import Observation

_LARGEST = (products.MaxCall, products.MaxPut)
_CALLS = (products.MaxCall, products.MinCall)
_KINDS = (products.MaxCall, products.MaxPut, products.MinCall, products.MinPut)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EuropeanExtreme:
    """Values of the European option on the same extreme of the prices, paid a few horizons later; Black-Scholes only.

    The best log-price is taken as normal with the mean and variance of Clark 1961, "The greatest of a finite set of
    random variables", equations 2 to 7, and the normal distribution function as a hyperbolic tangent: approximations
    that a regression does not mind. Unlike polynomials of sorted prices it knows each asset's volatility.

    Attributes:
        horizon: years to the payment as shares of the contract's life, whatever the date.
    """

    horizon: tuple[float, ...] = (1.0 / 9.0, 1.0 / 3.0, 2.0 / 3.0)

    def __call__(self, observation: Observation) -> Float[Array, "m n"]:
        """The functions, one for each horizon, in units of the strike.

        Raises:
            TypeError: for another model or payoff.
        """
        model, kind, price = observation.model, observation.payoff, observation.price
        if not isinstance(model, models.BlackScholes) or not isinstance(kind, _KINDS):
            raise TypeError(
                f"EuropeanExtreme is a column for max- and min-payoffs in Black-Scholes, not for "
                f"{type(kind).__name__} in {type(model).__name__}; leave it out"
            )
        sign = 1.0 if isinstance(kind, _LARGEST) else -1.0
        horizon = observation.expiry * jnp.asarray(self.horizon, price.dtype)
        covariance = model.volatility[:, None] * model.correlation * model.volatility[None, :]
        covariance = horizon[:, None, None] * covariance[None]
        log_price = jnp.log(price / kind.strike)
        mean = sign * (log_price[None] + (horizon[:, None] * model.log_drift()[None])[:, :, None])
        best, variance = _greatest(mean, covariance)
        mean, std = sign * best, jnp.sqrt(variance)
        forward, d_minus = jnp.exp(mean + 0.5 * variance), mean / std
        if isinstance(kind, _CALLS):
            return forward * _ndtr(d_minus + std) - _ndtr(d_minus)
        return _ndtr(-d_minus) - forward * _ndtr(-d_minus - std)


def _greatest(
    mean: Float[Array, "h d n"], covariance: Float[Array, "h d d"]
) -> tuple[Float[Array, "h n"], Float[Array, "h n"]]:
    """Mean and variance of the greatest of d normal variables, taken one after the other."""
    floor = 1e-6 * jnp.max(covariance, axis=(1, 2))[:, None]

    def better(carry: tuple[Array, Array, Array], i: Array) -> tuple[tuple[Array, Array, Array], None]:
        first, variance, shared = carry
        own, own_variance = mean[:, i], covariance[:, i, i][:, None]
        width = jnp.sqrt(jnp.maximum(variance + own_variance - 2.0 * shared[:, i], floor))
        x = (first - own) / width
        share = _ndtr(x)
        spill = width * jnp.exp(-0.5 * x**2) / jnp.sqrt(2.0 * jnp.pi)
        moved = own + (first - own) * share + spill
        square = (first**2 + variance) * share + (own**2 + own_variance) * (1.0 - share) + (first + own) * spill
        shared = shared * share[:, None] + covariance[:, i][:, :, None] * (1.0 - share)[:, None]
        return (moved, jnp.maximum(square - moved**2, floor), shared), None

    variance = jnp.broadcast_to(covariance[:, 0, 0][:, None], mean[:, 0].shape)
    shared = jnp.broadcast_to(covariance[:, 0][:, :, None], mean.shape)
    (first, variance, _), _ = jax.lax.scan(better, (mean[:, 0], variance, shared), jnp.arange(1, mean.shape[1]))
    return first, variance


def _ndtr(x: Float[Array, "h n"]) -> Float[Array, "h n"]:
    """The normal distribution function to 3e-4, smooth, and many times faster than the error function."""
    return 0.5 + 0.5 * jnp.tanh(0.7978845608 * (x + 0.044715 * x**3))
