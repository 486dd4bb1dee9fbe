"""What makes labels silently wrong is refused: which inputs move what, and which derivatives that forbids.

Likelihood ratios hold the prices of a path still and differentiate their density. What an input does beside that, to
the payoff or to states that the density does not hold still, is differentiated path by path, which misses jumps in a
first derivative and kinks in a second one.
"""

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Bool, Float, PRNGKey, is_concrete
from jaxprice.core.dataset import place
from jaxprice.core.domain import Domain
from jaxprice.core.random import Stream, stream
from jaxprice.simulation import noise
from jaxprice.simulation.estimators import Estimator, check_estimator, jump_options
from jaxprice.simulation.jump_probe import check_declared
from jaxprice.simulation.labels.config import Config, SecondOrder
from jaxprice.simulation.labels.row import Market, market_at, n_substeps_of, sizes
from jaxprice.simulation.noise import Sampling
from jaxprice.simulation.paths import refine

_N_POINTS = 4
_CHECKED_ROWS = 16
_N_PATHS = 64


class Motion(NamedTuple):
    """Which inputs move what, (m,) each; found at a few points and paths."""

    payoff: Bool[Array, " m"]
    """What is paid, prices held still."""
    level: Bool[Array, " m"]
    """Where the payoff jumps; false for a payoff that does not say where."""
    hidden: Bool[Array, " m"]
    """States that the likelihood ratio does not hold still."""
    beside_spot: Bool[Array, " m"]
    """Any number of the model or the product but the spot."""


@functools.partial(jax.jit, static_argnames=("config",))
def motion(
    key: PRNGKey,
    market: Market,
    x: Float[Array, "p m"],
    lower: Float[Array, " m"],
    upper: Float[Array, " m"],
    *,
    config: Config,
) -> Motion:
    """Which inputs move what, from exact derivatives at points x and from payoffs at both ends of each input."""
    n_steps, n_factors = sizes(market, x[0], config)
    index = jnp.arange(_N_PATHS, dtype=jnp.uint32)
    normal = noise.by_path(noise.draw(key, Sampling.PSEUDO, index, n_steps * n_factors), n_steps, x.dtype)

    def of_path(point: Array, normal: Array) -> tuple[Array, Array, Array]:
        model, product = market_at(market, point)
        n_substeps = n_substeps_of(model, product, config)
        time = refine(product.time, n_substeps)
        path, _ = model.likelihood_path(normal, time)
        price = jax.lax.stop_gradient(model.observe(path)[n_substeps - 1 :: n_substeps])

        def paid(x: Array) -> Array:
            return market_at(market, x)[1].cash_flow(price)

        def differs(j: Array) -> Array:
            return jnp.any(paid(point.at[j].set(lower[j])) != paid(point.at[j].set(upper[j])))

        def hidden(x: Array) -> Array:
            return market_at(market, x)[0].likelihood_path(normal, time)[0]

        def through_levels(share: Array, x: Array) -> Array:
            # Half of every jump is taken; what moves with x beside the levels has no derivative in the share.
            payoff = market_at(market, x)[1].payoff

            def step(distance: Array) -> Array:
                return 0.5 + share * (distance - jax.lax.stop_gradient(distance))

            return product.cash_flow(price, lambda state: payoff.cash_flow(state, step))

        level = jnp.zeros(point.shape, bool)
        if hasattr(product.payoff, "cash_flow"):
            level = _moves(jax.jacfwd(jax.jacfwd(through_levels), argnums=1)(jnp.zeros((), x.dtype), point))
        return jax.vmap(differs)(jnp.arange(point.shape[0])), level, _moves(jax.jacfwd(hidden)(point))

    def of_point(point: Array) -> Motion:
        model, product = jax.jacfwd(lambda x: market_at(market, x))(point)
        payoff, level, hidden = (jnp.any(each, axis=0) for each in jax.vmap(of_path, in_axes=(None, 0))(point, normal))
        payoff = payoff | _moves(product.payoff, point.shape)
        rest = (dataclasses.replace(model, spot=None), product)
        return Motion(payoff=payoff, level=level, hidden=hidden, beside_spot=payoff | _moves(rest, point.shape))

    return jax.tree.map(lambda each: jnp.any(each, axis=0), jax.vmap(of_point)(x))


def _moves(jacobian: Any, shape: tuple[int, ...] = ()) -> Bool[Array, " m"]:
    """Whether any of the leaves (..., m) is not zero; NaN says nothing."""
    found = [jnp.any(jnp.abs(leaf) > 0, axis=tuple(range(leaf.ndim - 1))) for leaf in jax.tree.leaves(jacobian)]
    return functools.reduce(jnp.logical_or, found, jnp.zeros(shape, bool))


def check_market(market: Market, x: Float[Array, "n m"], domain: Domain, *, is_box: bool) -> None:
    """Raises `ValueError` for a bad model or product at a corner of a box, at its centre or at one of some rows.

    Both corners of what is not a box may lie far from every row; there, the rows with the smallest and the largest
    number stand for them.
    """
    if is_box:
        points = [domain.lower, 0.5 * (domain.lower + domain.upper), domain.upper]
    else:
        points = [x[jnp.argmin(jnp.min(x, axis=1))], x[jnp.argmax(jnp.max(x, axis=1))]]
    for point in [*points, *x[:_CHECKED_ROWS]]:
        try:
            market_at(market, point)
        except ValueError as error:
            if not is_concrete(point):
                raise
            raise ValueError(f"market at {place(domain.names, point)}: {error}") from error


def check(
    key: PRNGKey,
    market: Market,
    x: Float[Array, "p m"],
    domain: Domain,
    direction: Float[Array, "k m"] | None,
    config: Config,
) -> None:
    """Raises `ValueError` where labels would be silently wrong, and says what works.

    What only numbers can tell is not checked while JAX traces.

    Args:
        key: of the labels.
        market: the market.
        x: rows of inputs, of which the first few are looked at.
        domain: the box around all of them.
        direction: of second derivatives; None if there are none, or if they are the estimate's own choice.
        config: the estimators.
    """
    model, product = market_at(market, x[0])
    check_estimator(config.estimator, model, product.payoff)
    if config.second_order == SecondOrder.MIXED:
        check_estimator(config.estimator, model, product.payoff, order=2)
    if not all(is_concrete(leaf) for leaf in jax.tree.leaves((key, market, x, domain))):
        return
    for point in x[:_N_POINTS]:
        check_declared(key, config.estimator, *market_at(market, point))
    if config.second_order is None and config.estimator != Estimator.LIKELIHOOD_RATIO:
        return
    found = motion(stream(key, Stream.PILOT), market, x[:_N_POINTS], domain.lower, domain.upper, config=config)
    found = jax.tree.map(np.asarray, found)
    if Estimator.LIKELIHOOD_RATIO in (config.estimator, config.second_order):
        _check_levels(model, product.payoff, found, domain)
    if config.second_order == SecondOrder.MIXED and found.beside_spot.any():
        raise ValueError(
            f"second_order='mixed' is right for inputs that move the spot alone, {_names(found.beside_spot, domain)} "
            "moves more; use second_order='likelihood_ratio', or leave it out"
        )
    if config.second_order == SecondOrder.LIKELIHOOD_RATIO:
        steps = np.ones(domain.n_inputs, bool) if direction is None else np.any(np.asarray(direction) != 0, axis=0)
        _check_second_order(type(model).__name__, found, steps, domain)


def _check_levels(model: Any, payoff: Any, found: Motion, domain: Domain) -> None:
    name, jumps = type(payoff).__name__, getattr(payoff, "jumps", None)
    if jumps is False:
        return
    knows_where = hasattr(payoff, "cash_flow")
    moving = found.level if knows_where else found.payoff
    if not moving.any():
        return
    inputs = _names(moving, domain)
    if not knows_where and jumps is None:
        raise ValueError(
            f"{name}: the payoff does not declare whether it jumps, and {inputs} moves it: if it jumps, likelihood "
            "ratios, which hold prices still, miss the jump and would be silently wrong; declare "
            "products.Function(function=..., jumps=False) if it does not, else leave the input out"
        )
    options = jump_options(model, payoff, levels_move=True)
    raise ValueError(
        f"{name} jumps, and {inputs} moves {'the jump' if knows_where else 'the payoff'}: likelihood ratios hold "
        "prices still, so that the derivative by it misses the jump and would be silently wrong; "
        f"{f'use {options}, or ' if options else ''}leave the input out"
    )


def _check_second_order(model: str, found: Motion, steps: np.ndarray, domain: Domain) -> None:
    for moving, what in ((found.payoff, "the payoff"), (found.hidden, f"states of {model} other than prices")):
        if (moving & steps).any():
            raise ValueError(
                f"second_order='likelihood_ratio' differentiates prices held still, {_names(moving & steps, domain)} "
                f"moves {what}, whose kinks that misses: the second derivative would be silently wrong; give a "
                "direction that is zero there"
            )


def _names(which: Any, domain: Domain) -> str:
    names = [repr(name) for name, is_one in zip(domain.names, which, strict=True) if is_one]
    return f"the input {names[0]}" if len(names) == 1 else f"each of the inputs {', '.join(names)}"
