"""Volatilities and correlations as the variables of an optimisation."""

from typing import NamedTuple

import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.models.uncertain_volatility import UncertainVolatility
from jaxprice.numerics.correlation import cholesky_factor, correlation_factor
from jaxprice.numerics.sqp import correlation_entries, correlation_matrix


class Controls(NamedTuple):
    """The box of controls: volatilities, then, if uncertain, the entries of the correlation matrix below its diagonal.

    Attributes:
        lower: (m,).
        upper: (m,).
        middle: inside the box, with a correlation matrix, (m,).
        fixed_correlation: where correlations are no controls, (d, d).
        n_assets: d.
        is_uncertain: whether correlations are controls.
    """

    lower: Float[Array, " m"]
    upper: Float[Array, " m"]
    middle: Float[Array, " m"]
    fixed_correlation: Float[Array, "d d"]
    n_assets: int
    is_uncertain: bool

    @classmethod
    def of(cls, model: UncertainVolatility, mid_correlation: Float[Array, "d d"], is_uncertain: bool) -> "Controls":
        """From a model's bounds."""
        lower, upper = model.min_volatility, model.max_volatility
        middle = 0.5 * (lower + upper)
        if is_uncertain:
            lower = jnp.concatenate([lower, correlation_entries(model.min_correlation)])
            upper = jnp.concatenate([upper, correlation_entries(model.max_correlation)])
            middle = jnp.concatenate([middle, correlation_entries(mid_correlation)])
        return cls(lower, upper, middle, mid_correlation, model.n_assets, is_uncertain)

    @property
    def n_correlated(self) -> int:
        """Number of assets whose correlations are controls."""
        return self.n_assets if self.is_uncertain else 0

    def volatility(self, control: Float[Array, " m"]) -> Float[Array, " d"]:
        """Its volatilities."""
        return control[: self.n_assets]

    def correlation(self, control: Float[Array, " m"]) -> Float[Array, "d d"]:
        """Its correlation matrix."""
        if not self.is_uncertain:
            return self.fixed_correlation
        return correlation_matrix(control[self.n_assets :], self.n_assets)

    def diffusion(self, control: Float[Array, " m"]) -> Float[Array, "d d"]:
        """Lower factor of the covariance per year; not a number where correlations make no matrix."""
        if self.is_uncertain:
            return cholesky_factor(self.correlation(control)) * self.volatility(control)[:, None]
        return correlation_factor(self.fixed_correlation) * self.volatility(control)[:, None]

    def join(self, volatility: Float[Array, " d"], correlation: Float[Array, "d d"]) -> Float[Array, " m"]:
        """A control of volatilities and correlations."""
        if not self.is_uncertain:
            return volatility
        return jnp.concatenate([volatility, correlation_entries(correlation)])
