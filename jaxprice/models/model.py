"""What simulation asks of a model.

A model says what moves and how; it is written for one path, and the caller batches it. `BlackScholes` is the shortest
complete example; a model of your own is a `pytree_dataclass` with the same members.
"""

from typing import Any, ClassVar, Protocol, runtime_checkable

from jaxprice.core.array import Array, Float, Scalar


@runtime_checkable
class Model(Protocol):
    """One path at a time: standard normals in, states at the given times out.

    `n` is the number of times, `m` the number of normals a step takes, `s` the size of a state, `d` the number of
    assets a payoff sees.
    """

    is_exact: ClassVar[bool]
    """Whether `path` has the exact joint law at its times, whatever their distance."""

    @property
    def n_assets(self) -> int:
        """D."""
        ...

    @property
    def n_factors(self) -> int:
        """M."""
        ...

    def path(self, normal: Float[Array, "n m"], time: Float[Array, " n"]) -> Float[Array, "n s"]:
        """States at increasing `time` (years), driven by independent standard normals, one row a step."""
        ...

    def observe(self, state: Float[Array, "n s"]) -> Float[Array, "n d"]:
        """The prices that payoffs are written on."""
        ...

    def discount_factor(self, time: Float[Array, " n"]) -> Float[Array, " n"]:
        """Value now of one unit paid at `time`."""
        ...

    def forward(self, time: Float[Array, " n"]) -> Float[Array, "n d"]:
        """Expected prices at `time`."""
        ...

    def likelihood_path(
        self, normal: Float[Array, "n m"], time: Float[Array, " n"]
    ) -> tuple[Float[Array, "n s"], Scalar]:
        """A path whose prices are frozen, and the log-density of those prices under the model.

        The derivative of the log-density with respect to the model is the score; a payoff on the frozen path times the
        score has the derivative of the price as its mean, however the payoff jumps.
        """
        ...

    def from_spot(
        self, state: Float[Array, "n s"], time: Float[Array, " n"], spot: Float[Array, " d"]
    ) -> Float[Array, "n s"]:
        """The path that the same noise draws when it starts at `spot` instead of the model's own."""
        ...

    def validate(self) -> None:
        """Raises `ValueError` for numbers that are no model."""
        ...


@runtime_checkable
class Restartable(Protocol):
    """What an engine that restarts the model asks in addition, as `engines.glsm` does; optional for all others.

    The states of `path` are then Markov: the law of the later ones depends on the last one only. Each method is for one
    state. `martingale_increment(normal, length)` may stand beside them: for the normals (m,) of the first step of the
    path and its length, a direction (s,) of mean zero close to the change of state. Without it the derivative of the
    step along its normals serves, which is as good where the step is close to linear in them.
    """

    def restart(self, state: Float[Array, " s"], time: Scalar) -> Any:
        """The same model, started in that state at that time: its own times count from there."""
        ...

    def coordinate(self, state: Float[Array, " s"], time: Scalar) -> Float[Array, " s"]:
        """The state on the scale of standard normals, whose polynomials approximate values at that time.

        The closer its law is to the standard normal the better polynomials of high degree behave; it has a finite
        derivative wherever the state can be, and is finite where nothing moves, as at time 0.
        """
        ...

    def standard_price(self, state: Float[Array, " s"], time: Scalar) -> Float[Array, " d"]:
        """The prices, or their logarithms, on one scale common to all assets, about that of standard normals."""
        ...
