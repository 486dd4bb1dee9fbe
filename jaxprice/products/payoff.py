"""What every payoff has in common."""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, TypeAlias

import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass, static_field

Step: TypeAlias = Callable[[Array], Array]
"""From a signed distance to a jump to the share of the jump that is taken: 0 below, 1 above."""


class Payoff(Protocol):
    """Maps one state to one cash flow; the caller batches.

    A state is the prices (d,) at expiry, or for a path-dependent payoff the prices (n, d) at the observation times. A
    path-dependent payoff returns one cash flow, paid at the last time, or (n,) of them, one for each time. Any callable
    works; one that declares `jumps = True` also says how it is smoothed.
    """

    jumps: ClassVar[bool]
    """Whether the cash flow is discontinuous in the state. Then derivatives through it miss the jump."""

    def __call__(self, state: Float[Array, "..."]) -> Float[Array, "..."]:
        """The cash flow."""
        ...


class JumpingPayoff(Payoff, Protocol):
    """A payoff that jumps and knows where: `cash_flow` takes the step function to use at each jump."""

    def cash_flow(self, state: Float[Array, "..."], step: Step) -> Float[Array, "..."]:
        """The cash flow with `step(relative distance to the jump)` for each indicator."""
        ...


class RememberingPayoff(Payoff, Protocol):
    """A path-dependent payoff that needs a few numbers of the path only: its memory, (s,), and the last prices."""

    def initial_memory(self) -> Float[Array, " s"]:
        """Before the first observation."""
        ...

    def remember(self, memory: Float[Array, " s"], price: Float[Array, " d"]) -> Float[Array, " s"]:
        """After prices are observed."""
        ...

    def pay(self, memory: Float[Array, " s"], price: Float[Array, " d"]) -> Scalar:
        """The cash flow after the last observation, whose prices these are."""
        ...


@pytree_dataclass
class Function:
    """A plain Python function as a payoff; it is part of the program, so define it once, not in a loop.

    Attributes:
        function: from one state to one cash flow.
        jumps: what its author declares; None if nobody did.
    """

    function: Callable[[Any], Any] = static_field()
    jumps: bool | None = static_field(default=None)

    def __call__(self, state: Float[Array, "..."]) -> Float[Array, "..."]:
        """Calls the function."""
        return self.function(state)


def one_asset(state: Float[Array, " d"], payoff: object) -> Scalar:
    """The only price in a state.

    Raises:
        ValueError: if there are more.
    """
    if state.ndim == 0:
        return state
    if state.shape != (1,):
        raise ValueError(
            f"{type(payoff).__name__} is written on one asset, the state has shape {tuple(state.shape)}; "
            "use a basket, min or max payoff, or a function of your own"
        )
    return state[0]


def assets(
    state: Float[Array, " d"], payoff: object, at_least: int = 1, at_most: int | None = None
) -> Float[Array, " d"]:
    """The prices in a state: one for each asset, at one time.

    Raises:
        ValueError: if there are fewer than `at_least` or more than `at_most`, or a whole path of them.
    """
    if state.ndim != 1 or state.shape[0] < at_least or (at_most is not None and state.shape[0] > at_most):
        count = f"{at_least}" if at_most == at_least else f"{at_least} or more"
        raise ValueError(
            f"{type(payoff).__name__} is written on the prices of {count} assets at one time, the state has shape "
            f"{tuple(state.shape)}; a payoff on a path is a function of your own of all its prices (n, d)"
        )
    return state


def positive_part(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """max(x, 0)."""
    return jnp.maximum(x, 0.0)


def geometric_mean(price: Float[Array, " d"]) -> Scalar:
    """Geometric mean of positive prices."""
    return jnp.exp(jnp.mean(jnp.log(price)))
