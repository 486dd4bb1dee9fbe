"""Payoffs on one asset."""

from typing import ClassVar

import jax.numpy as jnp

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass
from jaxprice.numerics.safe import heaviside
from jaxprice.products.payoff import Step, one_asset, positive_part


@pytree_dataclass
class Call:
    """(S - K)⁺."""

    strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " 1"]) -> Scalar:
        """Cash flow at price (1,)."""
        return positive_part(one_asset(state, self) - self.strike)

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike."""
        validation.check_non_negative("Call.strike", self.strike)


@pytree_dataclass
class Put:
    """(K - S)⁺."""

    strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " 1"]) -> Scalar:
        """Cash flow at price (1,)."""
        return positive_part(self.strike - one_asset(state, self))

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike."""
        validation.check_non_negative("Put.strike", self.strike)


@pytree_dataclass
class CallSpread:
    """(S - K₁)⁺ - (S - K₂)⁺."""

    lower_strike: Scalar
    upper_strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " 1"]) -> Scalar:
        """Cash flow at price (1,)."""
        price = one_asset(state, self)
        return positive_part(price - self.lower_strike) - positive_part(price - self.upper_strike)

    def validate(self) -> None:
        """Raises `ValueError` for strikes that are negative or cross."""
        validation.check_non_negative("CallSpread.lower_strike", self.lower_strike)
        validation.check_ordered("CallSpread.lower_strike", self.lower_strike, "upper_strike", self.upper_strike)


@pytree_dataclass
class Digital:
    """One unit of cash if S is at K or above: a cash-or-nothing call."""

    strike: Scalar
    jumps: ClassVar[bool] = True

    def __call__(self, state: Float[Array, " 1"]) -> Scalar:
        """Cash flow at price (1,)."""
        return self.cash_flow(state, heaviside)

    def cash_flow(self, state: Float[Array, " 1"], step: Step) -> Scalar:
        """The same with `step` of S / K - 1 for the indicator."""
        return step(one_asset(state, self) / self.strike - 1.0)

    def survival_bounds(self, n_times: int) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
        """Prices between which the option pays, at the last of `n_times` times."""
        is_last = jnp.arange(n_times) == n_times - 1
        return jnp.where(is_last, self.strike, 0.0), jnp.full((n_times,), jnp.inf, self.strike.dtype)

    def surviving_cash_flow(self, state: Float[Array, " 1"]) -> Scalar:
        """What is paid between the bounds."""
        return jnp.ones((), state.dtype)

    def validate(self) -> None:
        """Raises `ValueError` for a strike that is not positive."""
        validation.check_positive("Digital.strike", self.strike)
