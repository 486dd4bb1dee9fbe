"""Functions of the prices that stand beside the Hermite polynomials in the regression.

Polynomials of the state converge slowly where the payoff has a kink; the payoff itself, and polynomials of what it
is written on, carry the kink with them. A column is any function of an `Observation` that returns (m, n) numbers, one
row for each of its functions; its derivative along the paths comes from the same code by forward differentiation.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.numerics import hermite
from jaxprice.numerics.index_set import total_degree


class Observation(NamedTuple):
    """What a column may look at, for n paths at one date.

    Attributes:
        model: that moves the prices.
        payoff: of the product.
        expiry: last exercise time, ().
        price: (d, n).
        standard_price: prices, or their logarithms, on one scale common to all assets, about that of standard normals,
            (d, n).
        exercise_value: what the payoff pays, undiscounted, (n,).
        coordinate: the whole state on the scale of standard normals, as the Hermite polynomials see it, (s, n).
    """

    model: Any
    payoff: Any
    expiry: Scalar
    price: Float[Array, "d n"]
    standard_price: Float[Array, "d n"]
    exercise_value: Float[Array, " n"]
    coordinate: Float[Array, "s n"]


Column: TypeAlias = Callable[[Observation], Float[Array, "m n"]]


def payoff(observation: Observation) -> Float[Array, "1 n"]:
    """What exercise pays."""
    return observation.exercise_value[None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderStatistics:
    """Polynomials of the largest few prices, largest first, and their products with the payoff.

    For payoffs on the best or the worst of several assets: the value is smooth in the sorted prices where it has kinks
    in the unsorted ones.

    Attributes:
        count: of sorted prices.
        degree: total degree of the polynomials, at least 1.
        payoff_degree: total degree of the polynomials that multiply the payoff; 0 for none.
        largest: whether to count from the largest price or from the smallest.
    """

    count: int
    degree: int
    payoff_degree: int = 0
    largest: bool = True

    def __call__(self, observation: Observation) -> Float[Array, "m n"]:
        """The functions."""
        sign = 1.0 if self.largest else -1.0
        top = _largest(sign * observation.standard_price, self.count)
        return _with_payoff(top, self.degree, self.payoff_degree, observation.exercise_value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Basket:
    """Polynomials of the basket that the payoff is written on, over the strike, and their products with the payoff.

    Attributes:
        degree: of the polynomials, at least 1.
        payoff_degree: of the polynomials that multiply the payoff; 0 for none.
        geometric: whether the basket is a geometric mean, of which the logarithm is taken.
    """

    degree: int
    payoff_degree: int = 0
    geometric: bool = False

    def __call__(self, observation: Observation) -> Float[Array, "m n"]:
        """The functions."""
        kind, price = observation.payoff, observation.price
        if self.geometric:
            x = jnp.mean(jnp.log(price), axis=0) - jnp.log(kind.strike)
        else:
            x = kind.weight @ price / kind.strike - 1.0
        power = jnp.cumprod(jnp.broadcast_to(x[None], (self.degree, *x.shape)), axis=0)
        multiplied = observation.exercise_value[None] * power[: self.payoff_degree]
        return jnp.concatenate([power, multiplied])


@dataclasses.dataclass(frozen=True, kw_only=True)
class PayoffProducts:
    """The payoff times Hermite polynomials of the whole state: a kink whose size depends on where it is.

    Attributes:
        degree: total degree of the polynomials, at least 1.
    """

    degree: int

    def __call__(self, observation: Observation) -> Float[Array, "m n"]:
        """The functions."""
        table = hermite.table(observation.coordinate, self.degree)
        multiplier = total_degree(table.shape[0], self.degree).products(table)[1:]
        return observation.exercise_value[None] * multiplier


def _with_payoff(
    x: Float[Array, "k n"], degree: int, payoff_degree: int, value: Float[Array, " n"]
) -> Float[Array, "m n"]:
    table = hermite.table(x, degree)
    found = total_degree(x.shape[0], degree).products(table)[1:]
    if payoff_degree == 0:
        return found
    multiplier = total_degree(x.shape[0], payoff_degree).products(table[:, :payoff_degree])[1:]
    return jnp.concatenate([found, value[None] * multiplier])


def _largest(x: Float[Array, "d n"], count: int) -> Float[Array, "count n"]:
    """The largest rows, largest first, by insertion: comparisons of whole rows, quicker than sorting each column."""

    def insert(top: Array, row: Array) -> tuple[Array, None]:
        def place(candidate: Array, kept: Array) -> tuple[Array, Array]:
            return jnp.minimum(candidate, kept), jnp.maximum(candidate, kept)

        return jax.lax.scan(place, row, top, unroll=True)[1], None

    nothing = jnp.full((count, x.shape[1]), -jnp.inf, x.dtype)
    return jax.lax.scan(insert, nothing, x)[0]
