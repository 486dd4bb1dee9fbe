"""When a payoff is paid, and who chooses."""

from typing import Any

import jax.numpy as jnp

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, Scalar, as_arrays, numeric_dtype
from jaxprice.core.struct import pytree_dataclass


@pytree_dataclass
class European:
    """A payoff on the prices at expiry, paid then.

    Attributes:
        payoff: from prices (d,) to one cash flow.
        expiry: years, ().
    """

    payoff: Any
    expiry: Scalar

    @property
    def time(self) -> Float[Array, " 1"]:
        """The times at which prices are looked at, (1,)."""
        return self.expiry[None]

    def cash_flow(self, price: Float[Array, "1 d"], payoff: Any = None) -> Float[Array, " 1"]:
        """Cash flow at each of the times, given the prices there; `payoff` may stand in for the product's own."""
        return jnp.reshape((payoff or self.payoff)(price[0]), (1,))

    def validate(self) -> None:
        """Raises `ValueError` for an expiry that is not positive."""
        validation.check_shape("European.expiry", self.expiry, ())
        validation.check_finite(self, "European")
        validation.check_positive("European.expiry", self.expiry)


@pytree_dataclass
class PathDependent:
    """A payoff on the prices at several times, with no choice for its holder.

    Attributes:
        payoff: from prices (n, d) to one cash flow, paid at the last time, or to (n,) cash flows, one for each time.
        observation_times: years, increasing, (n,).
    """

    payoff: Any
    observation_times: Float[Array, " n"]

    @property
    def time(self) -> Float[Array, " n"]:
        """The times at which prices are looked at, (n,)."""
        return self.observation_times

    def cash_flow(self, price: Float[Array, "n d"], payoff: Any = None) -> Float[Array, " n"]:
        """Cash flow at each of the times, given the prices there; `payoff` may stand in for the product's own."""
        paid = (payoff or self.payoff)(price)
        if paid.ndim == 0:
            return jnp.zeros(price.shape[0], price.dtype).at[-1].set(paid)
        validation.check_shape("cash flows of a path-dependent payoff", paid, price.shape[:1])
        return paid

    def validate(self) -> None:
        """Raises `ValueError` for times that are not positive and increasing."""
        validation.check_finite(self, "PathDependent")
        validation.check_increasing_times("PathDependent.observation_times", self.observation_times)


@pytree_dataclass
class Bermudan:
    """A payoff that its holder may take once, at one of several times, or never.

    Attributes:
        payoff: from prices (d,) to one cash flow.
        exercise_times: years, increasing, after 0, (n,).
    """

    payoff: Any
    exercise_times: Float[Array, " n"]

    @classmethod
    def equally_spaced(cls, payoff: Any, expiry: float | Array, n_dates: int) -> "Bermudan":
        """Exercise at k expiry / n_dates for k = 1 ... n_dates; none now.

        Raises:
            ValueError: for no dates or an expiry that is not positive.
        """
        validation.check_count("n_dates", n_dates)
        last = as_arrays(expiry, numeric_dtype(expiry))
        product = cls(payoff=payoff, exercise_times=last * jnp.arange(1, n_dates + 1, dtype=last.dtype) / n_dates)
        validation.check_increasing_times("Bermudan.exercise_times", product.exercise_times)
        return product

    @property
    def time(self) -> Float[Array, " n"]:
        """The times at which prices are looked at, (n,)."""
        return self.exercise_times

    def validate(self) -> None:
        """Raises `ValueError` for times that are not positive and increasing."""
        validation.check_finite(self, "Bermudan")
        validation.check_increasing_times("Bermudan.exercise_times", self.exercise_times)
