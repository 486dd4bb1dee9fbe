"""Values of the netting set on outer paths: by surrogates, by nested Monte Carlo, in closed form."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.differential_common import at_spot
from experiments.differential_cost import cpu_seconds
from experiments.differential_netting_set import PERIOD, Netted, at_time, book_at, netted_at, swap_at, with_units
from experiments.differential_portfolio import market_of_four
from jaxprice.core.array import Array
from jaxprice.engines import differential, monte_carlo
from jaxprice.simulation import labels
from jaxprice.simulation.estimators import Estimator
from jaxprice.simulation.noise import Sampling

_WIDER, _STATES_AT_ONCE = 1.5, 64
_NETWORK = differential.Config(
    n_units=32, activation=differential.Activation.SILU, training=differential.Training(batch_size=512)
)
Surrogates = list[tuple[differential.Surrogate, differential.Surrogate]]
"""Of the options and of one unit of the note, date by date."""


@functools.partial(jax.jit, static_argnames=("n_paths",))
def outer_paths(key: jax.Array, time: Array, *, n_paths: int) -> tuple[Array, Array]:
    """Prices (n, n_times, 4), and the units of the note, one or none, after each date (n, n_times)."""
    model = market_of_four()
    normal = jax.random.normal(key, (n_paths, len(time), model.n_assets), jnp.float64)
    price = jax.vmap(model.path, (0, None))(normal, time)
    is_observed = jnp.abs(time / PERIOD - jnp.round(time / PERIOD)) < 1e-6
    is_called = is_observed[None] & (jnp.min(price, axis=-1) >= 1.0)
    return price, jnp.where(jnp.cumsum(is_called, axis=1) > 0, 0.0, 1.0)


def fit(
    key: jax.Array, times: tuple[float, ...], n_samples: int, n_paths: tuple[int, int]
) -> tuple[Surrogates, dict[str, float]]:
    """Surrogates of options and note at each date, and the CPU seconds of labels and training.

    Args:
        key: one key.
        times: the dates.
        n_samples: labels of each surrogate, with the law of the prices at 1.5 times the volatility.
        n_paths: averaged into a label of the options, pathwise, and of the note, by likelihood ratio.
    """
    model, found, spent = market_of_four(), [], {"labels": 0.0, "training": 0.0}
    wide = dataclasses.replace(model, volatility=_WIDER * model.volatility)
    for i, time in enumerate(times):
        inputs, pair = labels.Horizon(model=wide, time=jnp.asarray(time)), []
        parts = ((book_at(time), Estimator.PATHWISE), (swap_at(time), Estimator.LIKELIHOOD_RATIO))
        for (payoff, estimator), k in zip(parts, n_paths, strict=True):
            mine, market = jax.random.fold_in(jax.random.fold_in(key, i), k), at_spot(model, at_time(payoff, time))
            effort = labels.Config(n_samples=n_samples, n_paths=k, estimator=estimator)
            data, made = cpu_seconds(lambda: labels.make(mine, market, inputs, effort))  # noqa: B023
            surrogate, trained = cpu_seconds(lambda: differential.fit(mine, data, _NETWORK))  # noqa: B023
            pair.append(surrogate)
            spent = {"labels": spent["labels"] + made, "training": spent["training"] + trained}
        found.append((pair[0], pair[1]))
    return found, spent


@jax.jit
def by_surrogates(surrogates: Surrogates, price: Array, units: Array | None) -> Array:
    """Values (n, n_times); without units, of the options alone. What nobody asks for, gradients, is not computed."""
    values = []
    for i, (book, swap) in enumerate(surrogates):
        value = differential.predict(book, price[:, i])[0]
        values.append(value if units is None else value + units[:, i] * differential.predict(swap, price[:, i])[0])
    return jnp.stack(values, axis=1)


def by_simulation(
    key: jax.Array, times: tuple[float, ...], price: Array, units: Array | None, n_inner: int, n_groups: int
) -> tuple[np.ndarray, float]:
    """Values (n_groups, n, n_times) from groups of inner paths of their own, and the CPU seconds of all of them."""
    values, seconds = [], 0.0
    for i, time in enumerate(times):
        mine, product = jax.random.fold_in(key, i), at_time(netted_at(time, has_note=units is not None), time)
        held = jnp.zeros(len(price)) if units is None else units[:, i]

        def group(g: int) -> Array:
            return _nested(jax.random.fold_in(mine, g), product, price[:, i], held, n_paths=n_inner)  # noqa: B023

        group(0).block_until_ready()
        found, spent = cpu_seconds(lambda: [group(g) for g in range(n_groups)])
        values.append(np.stack(found))
        seconds += spent
    return np.stack(values, axis=-1), seconds


@functools.partial(jax.jit, static_argnames=("n_paths",))
def _nested(key: Array, product: Any, spot: Array, units: Array, *, n_paths: int) -> Array:
    config = monte_carlo.Config(n_paths=n_paths, greeks=False, sampling=Sampling.ANTITHETIC)

    def one(state: tuple[Array, Array, Array]) -> Array:
        i, spot, units = state
        model = dataclasses.replace(market_of_four(), spot=spot)
        payoff = Netted(parts=with_units(product.payoff.parts, units))
        here = dataclasses.replace(product, payoff=payoff)
        return monte_carlo.price(jax.random.fold_in(key, i), model, here, config).price

    return jax.lax.map(one, (jnp.arange(spot.shape[0]), spot, units), batch_size=_STATES_AT_ONCE)
