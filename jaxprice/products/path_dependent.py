"""Payoffs on the whole path: they see the prices (n, d) at the observation times."""

from typing import ClassVar

import jax.numpy as jnp

from jaxprice.core import validation
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.numerics.safe import heaviside
from jaxprice.products.payoff import Step, one_asset, positive_part


def _one_price_path(state: Float[Array, "n 1"], payoff: object) -> Float[Array, " n"]:
    if state.ndim != 2 or state.shape[1] != 1:
        raise ValueError(
            f"{type(payoff).__name__} is written on one asset observed at several times, (n, 1); the state has shape "
            f"{tuple(state.shape)}"
        )
    return state[:, 0]


@pytree_dataclass
class BarrierCall:
    """(S_T - K)⁺ if the price was never (knock-out) or ever (knock-in) beyond the barrier at an observation time.

    Attributes:
        strike: K.
        barrier: the level, in units of the price.
        is_up: beyond means above the barrier; below it otherwise.
        is_knock_in: knock-in; knock-out otherwise.
    """

    strike: Scalar
    barrier: Scalar
    is_up: bool = static_field(default=True)
    is_knock_in: bool = static_field(default=False)
    jumps: ClassVar[bool] = True

    def __call__(self, state: Float[Array, "n 1"]) -> Scalar:
        """Cash flow at the last of the times."""
        return self.cash_flow(state, heaviside)

    def cash_flow(self, state: Float[Array, "n 1"], step: Step) -> Scalar:
        """The same with `step` of the relative distance to the barrier for each indicator."""
        price = _one_price_path(state, self)
        inside = 1.0 - price / self.barrier if self.is_up else price / self.barrier - 1.0
        survived = jnp.prod(step(inside))
        share = 1.0 - survived if self.is_knock_in else survived
        return share * self.surviving_cash_flow(state)

    def survival_bounds(self, n_times: int) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
        """Prices between which the option stays alive, at each of `n_times` observations."""
        level = jnp.broadcast_to(self.barrier, (n_times,))
        open_end = jnp.full((n_times,), jnp.inf, level.dtype)
        return (jnp.zeros_like(level), level) if self.is_up else (level, open_end)

    def surviving_cash_flow(self, state: Float[Array, "n 1"]) -> Scalar:
        """What is paid if nothing is knocked out."""
        return positive_part(_one_price_path(state, self)[-1] - self.strike)

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike or a barrier that is not positive."""
        validation.check_non_negative("BarrierCall.strike", self.strike)
        validation.check_positive("BarrierCall.barrier", self.barrier)


@pytree_dataclass
class AsianCall:
    """(A - K)⁺ with A the arithmetic mean of the price over the observation times."""

    strike: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, "n 1"]) -> Scalar:
        """Cash flow at the last of the times."""
        return positive_part(jnp.mean(_one_price_path(state, self)) - self.strike)

    def initial_memory(self) -> Float[Array, " 2"]:
        """Mean of the prices so far, and their number."""
        return jnp.zeros((2,), self.strike.dtype)

    def remember(self, memory: Float[Array, " 2"], price: Float[Array, " 1"]) -> Float[Array, " 2"]:
        """After one more price."""
        mean, count = memory
        return jnp.stack([mean + (one_asset(price, self) - mean) / (count + 1.0), count + 1.0])

    def pay(self, memory: Float[Array, " 2"], price: Float[Array, " 1"]) -> Scalar:
        """Cash flow after the last price."""
        return positive_part(memory[0] - self.strike)

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike."""
        validation.check_non_negative("AsianCall.strike", self.strike)


@pytree_dataclass
class WorstOfAutocallable:
    """A note that is called at the first observation at which its worst asset stands at the autocall level or above.

    With P_k the smallest of the prices at t_k over their initial fixings: called at the first k with P_k at the
    autocall level or above, it pays notional (1 + coupon k) at t_k; never called, it pays at the last time the
    notional if P_n is at the protection level or above, and notional P_n otherwise.

    Attributes:
        initial_fixing: prices fixed when the note was issued, (d,); contract data, not today's spot.
        autocall_level: share of the initial fixing.
        protection_level: share of the initial fixing.
        coupon: share of the notional per observation.
        notional: cash.
    """

    initial_fixing: Float[Array, " d"]
    autocall_level: Scalar
    protection_level: Scalar
    coupon: Scalar
    notional: Scalar
    jumps: ClassVar[bool] = True

    def __call__(self, state: Float[Array, "n d"]) -> Float[Array, " n"]:
        """Cash flows at each of the times."""
        return self.cash_flow(state, heaviside)

    def cash_flow(self, state: Float[Array, "n d"], step: Step) -> Float[Array, " n"]:
        """The same with `step` of the relative distance to each level for each indicator."""
        validation.check_shape("WorstOfAutocallable.initial_fixing", self.initial_fixing, state.shape[1:])
        performance = jnp.min(state / self.initial_fixing[None], axis=-1)
        called = step(performance / self.autocall_level - 1.0)
        not_called = jnp.cumprod(1.0 - called)
        alive = jnp.concatenate([jnp.ones_like(not_called[:1]), not_called[:-1]])
        period = jnp.arange(1, performance.shape[0] + 1, dtype=performance.dtype)
        redemption = alive * called * (1.0 + self.coupon * period)
        protected = step(performance[-1] / self.protection_level - 1.0)
        final = not_called[-1] * (protected + (1.0 - protected) * performance[-1])
        return self.notional * redemption.at[-1].add(final)

    def validate(self) -> None:
        """Raises `ValueError` for levels that are not positive."""
        validation.check_positive("WorstOfAutocallable.initial_fixing", self.initial_fixing)
        validation.check_positive("WorstOfAutocallable.autocall_level", self.autocall_level)
        validation.check_positive("WorstOfAutocallable.protection_level", self.protection_level)
        validation.check_positive("WorstOfAutocallable.notional", self.notional)


@pytree_dataclass
class CallSharpe:
    """(S_T - K)⁺ / √V with V the realised variance per year of the log-returns (Guyon and Henry-Labordère 2011).

    V is the sum of the squared log-returns between observations over their number, times the observations per year.

    Attributes:
        strike: K.
        initial_fixing: the price at which the first return starts; contract data, not today's spot.
        observations_per_year: 12 for monthly ones.
    """

    strike: Scalar
    initial_fixing: Scalar
    observations_per_year: Scalar
    jumps: ClassVar[bool] = False

    def __call__(self, state: Float[Array, "n 1"]) -> Scalar:
        """Cash flow at the last of the times."""
        price = _one_price_path(state, self)
        log_return = jnp.diff(jnp.log(price), prepend=jnp.log(self.initial_fixing)[None])
        return self._over_volatility(jnp.mean(log_return**2), price[-1])

    def initial_memory(self) -> Float[Array, " 3"]:
        """Mean of the squared log-returns so far, their number, and the logarithm of the last fixing."""
        nothing = jnp.zeros_like(self.initial_fixing)
        return jnp.stack([nothing, nothing, jnp.log(self.initial_fixing)])

    def remember(self, memory: Float[Array, " 3"], price: Float[Array, " 1"]) -> Float[Array, " 3"]:
        """After one more fixing."""
        mean, count, fixing = memory
        log_price = jnp.log(one_asset(price, self))
        mean = mean + ((log_price - fixing) ** 2 - mean) / (count + 1.0)
        return jnp.stack([mean, count + 1.0, log_price])

    def pay(self, memory: Float[Array, " 3"], price: Float[Array, " 1"]) -> Scalar:
        """Cash flow after the last fixing."""
        return self._over_volatility(memory[0], one_asset(price, self))

    def _over_volatility(self, mean_square: Scalar, price: Scalar) -> Scalar:
        variance = self.observations_per_year * mean_square
        is_flat = variance <= 0.0
        pays = positive_part(price - self.strike)
        return jnp.where(is_flat, 0.0, pays / jnp.sqrt(jnp.where(is_flat, 1.0, variance)))

    def validate(self) -> None:
        """Raises `ValueError` for a negative strike, or a fixing or frequency that is not positive."""
        validation.check_non_negative("CallSharpe.strike", self.strike)
        validation.check_positive("CallSharpe.initial_fixing", self.initial_fixing)
        validation.check_positive("CallSharpe.observations_per_year", self.observations_per_year)
