"""The basis of the continuation value: sparse Hermite polynomials of the state, then functions of the prices."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Scalar
from jaxprice.engines.glsm.columns import Column, Observation
from jaxprice.engines.glsm.state import State
from jaxprice.numerics import hermite
from jaxprice.numerics.index_set import IndexKind, index_set


class Basis(NamedTuple):
    """Which functions; static.

    Attributes:
        index_kind: of the Hermite polynomials.
        order: of the Hermite polynomials.
        columns: of the prices.
    """

    index_kind: IndexKind
    order: int
    columns: tuple[Column, ...]

    def values(self, state: State, product: Any, z: Float[Array, "s n"], time: Scalar) -> Float[Array, "n_basis n"]:
        """Every function at every path, functions along rows so that loops over paths are vectorised.

        Raises:
            ValueError: for a column that does not return an array (m, n).
        """
        coordinate = state.coordinate(z, time)
        table = hermite.table(coordinate, self.order)
        parts = [index_set(self.index_kind, state.n_state, self.order).products(table)]
        if self.columns:
            price = state.price(z, time)
            observed = Observation(
                model=state.model,
                payoff=product.payoff,
                expiry=product.exercise_times[-1],
                price=price,
                standard_price=state.standard_price(z, time),
                exercise_value=pays(product.payoff, price),
                coordinate=coordinate,
            )
            parts += [_checked(column, column(observed), z.shape[1]) for column in self.columns]
        return jnp.concatenate(parts)

    def size(self, state: State, product: Any) -> int:
        """Number of functions."""
        dtype = state.initial(1).dtype
        one, time = jax.ShapeDtypeStruct((state.n_state, 1), dtype), jnp.ones((), dtype)
        return jax.eval_shape(lambda z: self.values(state, product, z, time), one).shape[0]

    def along(
        self, state: State, product: Any, z: Float[Array, "s n"], direction: Float[Array, "s n"], time: Scalar
    ) -> tuple[Float[Array, "n_basis n"], Float[Array, "n_basis n"]]:
        """Every function, and its derivative along a direction of the state: the martingale columns."""
        return jax.jvp(lambda z: self.values(state, product, z, time), (z,), (direction,))


def _checked(column: Column, found: Array, n_paths: int) -> Float[Array, "m n"]:
    if found.ndim != 2 or found.shape[1] != n_paths:
        raise ValueError(
            f"columns: expected (m, n) numbers from {column}, one row for each function, got shape "
            f"{tuple(found.shape)} for n = {n_paths}"
        )
    return found


def pays(payoff: Any, price: Float[Array, "d n"]) -> Float[Array, " n"]:
    """What a payoff pays at each column of prices."""
    return jax.vmap(payoff, in_axes=-1)(price)
