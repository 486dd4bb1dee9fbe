"""Payoffs on the best, the worst or the difference of several assets."""

from typing import ClassVar

import jax.numpy as jnp

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass
from jaxprice.products.payoff import assets, geometric_mean, positive_part


@pytree_dataclass
class MaxCall:
    """(max Sᵢ - K)⁺."""

    strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        return positive_part(jnp.max(assets(state, self)) - self.strike)

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike."""
        validation.check_non_negative("MaxCall.strike", self.strike)


@pytree_dataclass
class MinCall:
    """(min Sᵢ - K)⁺."""

    strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        return positive_part(jnp.min(assets(state, self)) - self.strike)

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike."""
        validation.check_non_negative("MinCall.strike", self.strike)


@pytree_dataclass
class MaxPut:
    """(K - max Sᵢ)⁺."""

    strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        return positive_part(self.strike - jnp.max(assets(state, self)))

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike."""
        validation.check_non_negative("MaxPut.strike", self.strike)


@pytree_dataclass
class MinPut:
    """(K - min Sᵢ)⁺."""

    strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        return positive_part(self.strike - jnp.min(assets(state, self)))

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike."""
        validation.check_non_negative("MinPut.strike", self.strike)


@pytree_dataclass
class Spread:
    """(S₁ - Σ_{i>1} Sᵢ - K)⁺; the strike may have any sign."""

    strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        price = assets(state, self, at_least=2)
        return positive_part(price[0] - jnp.sum(price[1:]) - self.strike)


@pytree_dataclass
class Outperformer:
    """(S₂ - S₁)⁺: the option to exchange the first asset for the second (Margrabe 1978)."""

    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " 2"]) -> Scalar:
        """Cash flow at prices (2,)."""
        first, second = assets(state, self, at_least=2, at_most=2)
        return positive_part(second - first)


@pytree_dataclass
class OutperformerSpread:
    """(S₂ - a S₁)⁺ - (S₂ - b S₁)⁺ (Guyon and Henry-Labordère 2011)."""

    lower_ratio: Scalar
    upper_ratio: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " 2"]) -> Scalar:
        """Cash flow at prices (2,)."""
        first, second = assets(state, self, at_least=2, at_most=2)
        return positive_part(second - self.lower_ratio * first) - positive_part(second - self.upper_ratio * first)

    def validate(self) -> None:
        """Raises `ValueError` for ratios that are negative or cross."""
        validation.check_non_negative("OutperformerSpread.lower_ratio", self.lower_ratio)
        validation.check_ordered("OutperformerSpread.lower_ratio", self.lower_ratio, "upper_ratio", self.upper_ratio)


@pytree_dataclass
class GeometricOutperformer:
    """(G - S₁)⁺ with G the geometric mean of the other assets (Goudenège, Molent and Zanette 2024, equation 5.3)."""

    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, " d"]) -> Scalar:
        """Cash flow at prices (d,)."""
        price = assets(state, self, at_least=2)
        return positive_part(geometric_mean(price[1:]) - price[0])
