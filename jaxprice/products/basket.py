"""Payoffs on an average of several assets."""

from typing import ClassVar

import jax.numpy as jnp

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass
from jaxprice.products.payoff import assets, geometric_mean, positive_part


def _basket(state: Float[Array, " d"], weight: Float[Array, " d"], payoff: object) -> Scalar:
    validation.check_shape(f"{type(payoff).__name__}.weight", weight, state.shape)
    return jnp.sum(weight * state)


@pytree_dataclass
class BasketCall:
    """(Σ wᵢ Sᵢ - K)⁺ with weights (d,)."""

    strike: Scalar
    weight: Float[Array, " d"]
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        return positive_part(_basket(state, self.weight, self) - self.strike)

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike."""
        validation.check_non_negative("BasketCall.strike", self.strike)


@pytree_dataclass
class BasketPut:
    """(K - Σ wᵢ Sᵢ)⁺ with weights (d,)."""

    strike: Scalar
    weight: Float[Array, " d"]
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        return positive_part(self.strike - _basket(state, self.weight, self))

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike."""
        validation.check_non_negative("BasketPut.strike", self.strike)


@pytree_dataclass
class GeometricBasketCall:
    """(G - K)⁺ with G the geometric mean."""

    strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        return positive_part(geometric_mean(assets(state, self)) - self.strike)

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike."""
        validation.check_non_negative("GeometricBasketCall.strike", self.strike)


@pytree_dataclass
class GeometricBasketPut:
    """(K - G)⁺ with G the geometric mean."""

    strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        return positive_part(self.strike - geometric_mean(assets(state, self)))

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike."""
        validation.check_non_negative("GeometricBasketPut.strike", self.strike)


@pytree_dataclass
class GeometricCallSpread:
    """(G - K₁)⁺ - (G - K₂)⁺ with G the geometric mean (Goudenège, Molent and Zanette 2024, section 5.1.3)."""

    lower_strike: Scalar
    upper_strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        mean = geometric_mean(assets(state, self))
        return positive_part(mean - self.lower_strike) - positive_part(mean - self.upper_strike)

    def validate(self) -> None:
        """Raises `ValueError` for strikes that are negative or cross."""
        validation.check_non_negative("GeometricCallSpread.lower_strike", self.lower_strike)
        validation.check_ordered(
            "GeometricCallSpread.lower_strike", self.lower_strike, "upper_strike", self.upper_strike
        )


@pytree_dataclass
class StrangleSpread:
    """(K₂ - A)⁺ - (K₁ - A)⁺ + (A - K₃)⁺ - (A - K₄)⁺ with A the arithmetic mean (Kohler, Krzyzak and Todorovic 2010).

    Attributes:
        strike: four increasing strikes, (4,).
    """

    strike: Float[Array, " 4"]
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        below = positive_part(self.strike[:2] - jnp.mean(assets(state, self)))
        above = positive_part(jnp.mean(assets(state, self)) - self.strike[2:])
        return below[1] - below[0] + above[0] - above[1]

    def validate(self) -> None:
        """Raises `ValueError` unless there are four increasing positive strikes."""
        validation.check_shape("StrangleSpread.strike", self.strike, (4,))
        validation.check_increasing_times("StrangleSpread.strike", self.strike)
