"""What regression asks of a model: a Markov state that can be started anywhere, and coordinates for it."""

from typing import Any, ClassVar, Protocol

import jax
import jax.numpy as jnp

from jaxprice import models
from jaxprice.core.array import Array, Float, Scalar
from jaxprice.core.struct import pytree_dataclass
from jaxprice.engines.glsm.gaussian_state import BachelierState, BlackScholesState


class State(Protocol):
    """Steps and coordinates of a Markov state; arrays of states are (s, n), with the n paths innermost.

    `m` is the number of normals of a step, `start` and `end` are its times.
    """

    is_reversible: ClassVar[bool]
    """Whether `backward` exists: then a path is drawn from its end, and no date of it is kept."""

    @property
    def model(self) -> Any:
        """Whose state it is."""
        ...

    @property
    def n_state(self) -> int:
        """S."""
        ...

    @property
    def n_normals(self) -> int:
        """M."""
        ...

    def initial(self, n_paths: int) -> Float[Array, "s n"]:
        """States at time 0."""
        ...

    def forward(
        self, state: Float[Array, "s n"], normal: Float[Array, "m n"], start: Scalar, end: Scalar
    ) -> Float[Array, "s n"]:
        """States one step later."""
        ...

    def backward(
        self, following: Float[Array, "s n"], normal: Float[Array, "m n"], start: Scalar, end: Scalar
    ) -> Float[Array, "s n"]:
        """States at `start`, drawn from their law given those at `end`."""
        ...

    def increment(
        self,
        state: Float[Array, "s n"],
        following: Float[Array, "s n"],
        normal: Float[Array, "m n"],
        start: Scalar,
        end: Scalar,
    ) -> Float[Array, "s n"]:
        """A direction close to the change of the state over the step, with mean zero given the state at its start."""
        ...

    def price(self, state: Float[Array, "s n"], time: Scalar) -> Float[Array, "d n"]:
        """The prices that payoffs are written on."""
        ...

    def coordinate(self, state: Float[Array, "s n"], time: Scalar) -> Float[Array, "s n"]:
        """The state on the scale of standard normals, for the Hermite basis."""
        ...

    def standard_price(self, state: Float[Array, "s n"], time: Scalar) -> Float[Array, "d n"]:
        """Prices, or their logarithms, on one scale common to all assets, about that of standard normals."""
        ...

    def of_model(self, state: Float[Array, "s_model n"], time: Scalar) -> Float[Array, "s n"]:
        """From the states of `Model.path` to these."""
        ...


@pytree_dataclass
class RestartedState:
    """The state of any model that can be restarted: its own, as `Model.path` returns it.

    The model needs three methods beside those of `Model`, each for one state (s,):

    * `restart(state, time)`: the same model, started in that state at that time;
    * `coordinate(state, time)`: the state on the scale of standard normals, (s,);
    * `standard_price(state, time)`: the prices on one common scale of standard normals, (d,).

    Increments are the derivative of one step along its normals, at normals of zero: right to first order in the step,
    and of mean zero given the state, whatever the model. A model that knows better has a fourth method,
    `martingale_increment(normal, length)`: a direction (s,) of mean zero, close to its first step's change of state.
    """

    model: Any

    is_reversible: ClassVar[bool] = False

    @property
    def n_state(self) -> int:
        """Size of a state of the model's path."""
        one = jnp.ones(1, self._dtype)
        return jax.eval_shape(self.model.path, jnp.zeros((1, self.n_normals), self._dtype), one).shape[-1]

    @property
    def n_normals(self) -> int:
        """The model's factors."""
        return self.model.n_factors

    @property
    def _dtype(self) -> Any:
        return jax.tree.leaves(self.model)[0].dtype

    def initial(self, n_paths: int) -> Float[Array, "s n"]:
        """The model's state at time 0, for every path."""
        return jnp.broadcast_to(state_now(self.model)[:, None], (self.n_state, n_paths))

    def forward(
        self, state: Float[Array, "s n"], normal: Float[Array, "m n"], start: Scalar, end: Scalar
    ) -> Float[Array, "s n"]:
        """One step of the model's path."""

        def one(state: Array, normal: Array) -> Array:
            return self.model.restart(state, start).path(normal[None], (end - start)[None])[0]

        return jax.vmap(one, in_axes=-1, out_axes=-1)(state, normal)

    def backward(
        self, following: Float[Array, "s n"], normal: Float[Array, "m n"], start: Scalar, end: Scalar
    ) -> Float[Array, "s n"]:
        """Never called: the state is not reversible."""
        raise NotImplementedError(f"{type(self.model).__name__}: no law of a state given a later one")

    def increment(
        self,
        state: Float[Array, "s n"],
        following: Float[Array, "s n"],
        normal: Float[Array, "m n"],
        start: Scalar,
        end: Scalar,
    ) -> Float[Array, "s n"]:
        """The model's own, else the derivative of the step along the normals, at normals of zero."""
        del following
        if hasattr(self.model, "martingale_increment"):

            def one(state: Array, normal: Array) -> Array:
                return self.model.restart(state, start).martingale_increment(normal, end - start)

            return jax.vmap(one, in_axes=-1, out_axes=-1)(state, normal)

        def step(normal: Array) -> Array:
            return self.forward(state, normal, start, end)

        return jax.jvp(step, (jnp.zeros_like(normal),), (normal,))[1]

    def price(self, state: Float[Array, "s n"], time: Scalar) -> Float[Array, "d n"]:
        """What the model lets payoffs see."""
        del time
        return self.model.observe(state.T).T

    def coordinate(self, state: Float[Array, "s n"], time: Scalar) -> Float[Array, "s n"]:
        """The model's own."""
        return jax.vmap(self.model.coordinate, in_axes=(-1, None), out_axes=-1)(state, time)

    def standard_price(self, state: Float[Array, "s n"], time: Scalar) -> Float[Array, "d n"]:
        """The model's own."""
        return jax.vmap(self.model.standard_price, in_axes=(-1, None), out_axes=-1)(state, time)

    def of_model(self, state: Float[Array, "s n"], time: Scalar) -> Float[Array, "s n"]:
        """Unchanged."""
        del time
        return state


def state_now(model: Any) -> Float[Array, " s_model"]:
    """The state of a model's path at time 0: where a step of no length and no noise ends."""
    dtype = jax.tree.leaves(model)[0].dtype
    return model.path(jnp.zeros((1, model.n_factors), dtype), jnp.full(1, jnp.finfo(dtype).tiny, dtype))[0]


def state_of(model: Any) -> State:
    """The Markov state of a model.

    Raises:
        TypeError: for a model that has none.
    """
    if isinstance(model, models.BlackScholes):
        return BlackScholesState.of(model)
    if isinstance(model, models.Bachelier):
        return BachelierState.of(model)
    missing = [name for name in ("path", "restart", "coordinate", "standard_price") if not hasattr(model, name)]
    if missing:
        raise TypeError(
            f"glsm needs a model that can be restarted, {type(model).__name__} has no method {', '.join(missing)}; "
            "see jaxprice.engines.glsm.state.RestartedState for what to add"
        )
    return RestartedState(model=model)
