"""What simulation asks of a model.

A model says what moves and how; it is written for one path, and the caller batches it. `BlackScholes` is the shortest
complete example; a model of your own is a `pytree_dataclass` with the same members.
"""

from typing import ClassVar, Protocol, runtime_checkable

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
