"""A netting set on four assets: options with closed forms, and a note that may be called; values at a later date."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from experiments.differential_portfolio import market_of_four, note
from jaxprice import products, reference
from jaxprice.core.array import Array
from jaxprice.core.struct import pytree_dataclass, static_field

N_PAYMENTS, PERIOD = 4, 0.5
"""What is paid is paid every half year, for two years."""
_ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True)
class Trade:
    """So many units of a payoff, paid at the `payment`-th half year from 1 on, and its closed form.

    `exact` maps a model and a time to expiry to the value.
    """

    units: float
    payment: int
    payoff: Any
    exact: Callable[[Any, Any], Array]


def _vanilla(i: int, strike: float, is_call: bool) -> tuple[Any, Callable[[Any, Any], Array]]:
    kind = products.BasketCall if is_call else products.BasketPut
    exact = reference.black_scholes.call if is_call else reference.black_scholes.put
    payoff = kind(strike=jnp.asarray(strike), weight=jnp.eye(4)[i])
    return payoff, lambda m, t: exact(m.spot[i], strike, m.rate, m.dividend[i], m.volatility[i], t)


def _geometric(strike: float, is_call: bool) -> tuple[Any, Callable[[Any, Any], Array]]:
    kind = products.GeometricBasketCall if is_call else products.GeometricBasketPut
    exact = reference.geometric_basket.call if is_call else reference.geometric_basket.put
    payoff = kind(strike=jnp.asarray(strike))
    return payoff, lambda m, t: exact(m.spot, strike, m.rate, m.dividend, m.volatility, m.correlation, t)


def _exchange(i: int, j: int) -> tuple[Any, Callable[[Any, Any], Array]]:
    both, payoff = jnp.array([i, j]), products.BasketCall(strike=jnp.zeros(()), weight=jnp.eye(4)[i] - jnp.eye(4)[j])

    def exact(m: Any, t: Any) -> Array:
        return reference.margrabe.exchange(m.spot[both], m.dividend[both], m.volatility[both], m.correlation[i, j], t)

    return payoff, exact


def trades() -> list[Trade]:
    """Eight options, half of them sold."""
    return [
        Trade(1.0, 2, *_vanilla(0, 1.0, is_call=True)),
        Trade(-1.0, 3, *_vanilla(1, 0.9, is_call=False)),
        Trade(1.0, 4, *_vanilla(2, 1.05, is_call=False)),
        Trade(-1.0, 1, *_vanilla(3, 1.1, is_call=True)),
        Trade(1.5, 4, *_geometric(1.0, is_call=True)),
        Trade(-1.5, 2, *_geometric(0.95, is_call=False)),
        Trade(1.0, 3, *_exchange(0, 2)),
        Trade(-1.0, 4, *_exchange(3, 1)),
    ]


@pytree_dataclass
class Book:
    """Options, each paid at one of the dates to come.

    Attributes:
        units: of each.
        payoffs: of each.
        row: of each, which of the dates to come pays it.
    """

    units: Array
    payoffs: tuple[Any, ...]
    row: tuple[int, ...] = static_field()
    jumps: ClassVar[bool] = False

    def __call__(self, state: Array) -> Array:
        """Cash flows at each of the dates."""
        flow = jnp.zeros(state.shape[0], state.dtype)
        for i, (payoff, row) in enumerate(zip(self.payoffs, self.row, strict=True)):
            flow = flow.at[row].add(self.units[i] * payoff(state[row]))
        return flow


@pytree_dataclass
class Swap:
    """A note that has not been called at its first `n_past` dates, its notional returned as it is paid.

    Attributes:
        units: held; zero once it was called.
        note: its terms.
        n_past: dates at which it was not called.
    """

    units: Array
    note: products.WorstOfAutocallable
    n_past: int = static_field()
    jumps: ClassVar[bool] = True

    def __call__(self, state: Array) -> Array:
        """Cash flows at each of the dates to come."""
        # Where the worst asset stands at nothing a note is not called.
        past = jnp.zeros((self.n_past, state.shape[1]), state.dtype)
        flow = self.note(jnp.concatenate([past, state]))[self.n_past :]
        return self.units * jnp.where(flow > 0, flow - self.note.notional, 0.0)


@pytree_dataclass
class Netted:
    """All of it together."""

    parts: tuple[Any, ...]
    jumps: ClassVar[bool] = True

    def __call__(self, state: Array) -> Array:
        """Cash flows at each of the dates to come."""
        return sum((part(state) for part in self.parts[1:]), self.parts[0](state))


def n_past(time: float) -> int:
    """Payments at or before a time."""
    return int(time / PERIOD + _ROUNDING)


def at_time(payoff: Any, time: float) -> products.PathDependent:
    """The payments to come, seen from a time."""
    return products.PathDependent(
        payoff=payoff, observation_times=PERIOD * jnp.arange(n_past(time) + 1.0, N_PAYMENTS + 1.0) - time
    )


def book_at(time: float) -> Book:
    """The options that are not yet paid at a time."""
    alive = [trade for trade in trades() if trade.payment > n_past(time)]
    return Book(
        units=jnp.array([trade.units for trade in alive]),
        payoffs=tuple(trade.payoff for trade in alive),
        row=tuple(trade.payment - 1 - n_past(time) for trade in alive),
    )


def swap_at(time: float) -> Swap:
    """One unit of the note at a time."""
    return Swap(units=jnp.ones(()), note=note(), n_past=n_past(time))


def netted_at(time: float, *, has_note: bool) -> Netted:
    """The options, and one unit of the note or none, at a time."""
    return Netted(parts=(book_at(time), swap_at(time)) if has_note else (book_at(time),))


def with_units(parts: tuple[Any, ...], units: Array) -> tuple[Any, ...]:
    """So many units of the note, options as they are."""
    return tuple(dataclasses.replace(part, units=units) if isinstance(part, Swap) else part for part in parts)


@functools.partial(jax.jit, static_argnames=("time",))
def exact_book(time: float, spot: Array) -> Array:
    """Values at a time of the options that are not yet paid, in closed form; spot (n, 4)."""
    alive = [trade for trade in trades() if trade.payment > n_past(time)]

    def one(spot: Array) -> Array:
        model = dataclasses.replace(market_of_four(), spot=spot)
        return sum(trade.units * trade.exact(model, PERIOD * trade.payment - time) for trade in alive)

    return jax.vmap(one)(spot)
