"""What training asks of a committee beside prices: even loads, small logits, agreement, no static arbitrage."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.engines.mixture_of_experts.committee import Parts
from jaxprice.learning.twin_net import slope_along, value_and_slope


def load_loss(logits: Float[Array, "e n"], weights: Float[Array, "e n"]) -> Scalar:
    """E Σ_e f_e p_e - 1, with f_e the share of samples that expert e has most weight in, p_e its mean probability.

    Zero for even loads, at most E - 1 (Fedus, Zoph and Shazeer 2022, equation 4).
    """
    n_experts = logits.shape[0]
    first = jax.nn.one_hot(jnp.argmax(weights, axis=0), n_experts, axis=0, dtype=logits.dtype)
    return n_experts * jnp.sum(jnp.mean(first, axis=1) * jnp.mean(jax.nn.softmax(logits, axis=0), axis=1)) - 1.0


def logit_loss(logits: Float[Array, "e n"]) -> Scalar:
    """Mean square of log Σ_e exp(l_e) (router z-loss, Zoph et al. 2022, equation 5)."""
    return jnp.mean(jax.scipy.special.logsumexp(logits, axis=0) ** 2)


def agreement_loss(values: Float[Array, "e n"], weights: Float[Array, "e n"]) -> Scalar:
    """Mean variance of the experts under their weights, which is Σ_{i<j} w_i w_j (f_i - f_j)².

    Where experts share a price and disagree, the gate's slope leaks into the Greeks.
    """
    mean = jnp.sum(weights * values, axis=0, keepdims=True)
    return jnp.mean(jnp.sum(weights * (values - mean) ** 2, axis=0))


def map_loss(logits: Float[Array, "e n"], windows: Float[Array, "e n"]) -> Scalar:
    """Cross-entropy of the gate's softmax from the windows of the map: what teaches a gate the regimes."""
    return -jnp.mean(jnp.sum(windows * jax.nn.log_softmax(logits, axis=0), axis=0))


class Arbitrage(NamedTuple):
    """By how much bounds that no model may break are broken, (n,) each, in shares of the strike; zero where kept.

    Attributes:
        monotone: by how much a call grows with its strike, by relative changes of it.
        convex: by how much it fails to be convex in the strike, likewise.
        calendar: by how much it falls with its root maturity.
    """

    monotone: Float[Array, " n"]
    convex: Float[Array, " n"]
    calendar: Float[Array, " n"]


def arbitrage(
    value: Float[Array, " n"],
    by_moneyness: Float[Array, " n"],
    by_maturity: Float[Array, " n"],
    twice_by_moneyness: Float[Array, " n"],
) -> Arbitrage:
    """Breaches by a call over its strike, g(x, s) with x = log(S/K): C_K = g - g_x <= 0 and K C_KK = g_xx - g_x >= 0.

    A call on an asset that pays dividends may fall with its maturity: the third bound holds without dividends.

    Args:
        value: g.
        by_moneyness: g_x.
        by_maturity: g_s.
        twice_by_moneyness: g_xx.
    """
    return Arbitrage(
        monotone=jnp.maximum(value - by_moneyness, 0.0),
        convex=jnp.maximum(by_moneyness - twice_by_moneyness, 0.0),
        calendar=jnp.maximum(-by_maturity, 0.0),
    )


def breaches(parts: Parts, params: Any, x: Float[Array, "n m"]) -> Arbitrage:
    """Breaches of static arbitrage bounds at points (n, m)."""

    def prices(columns: Float[Array, "m n"]) -> Float[Array, " n"]:
        return parts.prices(params, columns.T)

    (moneyness, maturity), columns = parts.regimes.inputs, x.T
    value, slope = value_and_slope(prices, columns)
    along = jnp.zeros((1, columns.shape[0]), x.dtype).at[0, moneyness].set(1.0)
    second = slope_along(prices, columns, along)[0, moneyness]
    return arbitrage(value, slope[moneyness], slope[maturity], second)
