"""A Bermudan contract laid out on steps: the static part of every program of this engine, and the numbers in it."""

from typing import Any

import jax.numpy as jnp

from jaxprice.core.array import Array, Bool, Float, Scalar
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.engines.glsm.basis import Basis, pays
from jaxprice.engines.glsm.config import Config
from jaxprice.engines.glsm.default_columns import default_columns
from jaxprice.engines.glsm.state import State, state_of
from jaxprice.simulation.paths import refine, substeps


@pytree_dataclass
class Problem:
    """What is exercised, on what, and when.

    Attributes:
        model: what moves.
        product: a payoff with `exercise_times`.
        basis: of the continuation value.
        n_substeps: steps between two exercise dates.
    """

    model: Any
    product: Any
    basis: Basis = static_field()
    n_substeps: int = static_field()

    @classmethod
    def of(cls, model: Any, product: Any, config: Config) -> "Problem":
        """Chooses basis and steps."""
        state = state_of(model)
        columns = config.columns
        if columns is None:
            columns = default_columns(model, product.payoff, state.n_state)
        return cls(
            model=model,
            product=product,
            basis=Basis(config.index_kind, config.order_for(state.n_state), columns),
            n_substeps=substeps(model, product.time.shape[0], config.n_substeps),
        )

    @property
    def state(self) -> State:
        """Of the model."""
        return state_of(self.model)

    @property
    def time(self) -> Float[Array, " n_steps"]:
        """End of each step."""
        return refine(self.product.time, self.n_substeps)

    @property
    def start(self) -> Float[Array, " n_steps"]:
        """Start of each step."""
        return jnp.concatenate([jnp.zeros(1, self.time.dtype), self.time[:-1]])

    @property
    def n_steps(self) -> int:
        """Steps in all."""
        return self.product.time.shape[0] * self.n_substeps

    @property
    def n_basis(self) -> int:
        """Functions in the basis."""
        return self.basis.size(self.state, self.product)

    def is_exercise_date(self) -> Bool[Array, " n_steps"]:
        """Whether exercise is possible at the end of each step."""
        return jnp.arange(1, self.n_steps + 1) % self.n_substeps == 0

    def exercise_value(self, price: Float[Array, "d n"], time: Scalar) -> Float[Array, " n"]:
        """What exercise pays or else nothing, discounted to time 0: regression and policy live in today's money."""
        return self.model.discount_factor(time) * jnp.maximum(pays(self.product.payoff, price), 0.0)
