"""A Bermudan call on the better of two assets: a policy from G-LSM, what it earns from a spot, and the truth."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice import models, products, reference
from jaxprice.core.array import Array
from jaxprice.core.domain import Domain
from jaxprice.engines import glsm

_STRIKE, _EXPIRY, _N_DATES, _LEAD, _SPOT, _WIDTH = 100.0, 3.0, 9, 1.0, 100.0, 0.2
BOX = Domain(lower=np.full(2, _SPOT * (1 - _WIDTH)), upper=np.full(2, _SPOT * (1 + _WIDTH)), names=("first", "second"))
"""Of the spots."""


def _model() -> models.BlackScholes:
    return models.BlackScholes(
        spot=jnp.full(2, _SPOT),
        volatility=jnp.array([0.2, 0.25]),
        correlation=jnp.array([[1.0, 0.3], [0.3, 1.0]]),
        rate=jnp.asarray(0.05),
        dividend=jnp.array([0.1, 0.08]),
    )


def fitted(key: jax.Array, n_paths: int) -> glsm.Policy:
    """A policy whose exercise dates are those of the contract, later by the lead of the paths."""
    product = products.Bermudan.equally_spaced(products.MaxCall(strike=jnp.asarray(_STRIKE)), _EXPIRY, _N_DATES)
    product = dataclasses.replace(product, exercise_times=product.exercise_times + _LEAD)
    return glsm.fit(key, _model(), product, glsm.Config(n_paths=n_paths))


@functools.partial(jax.jit, static_argnames=("n_paths",))
def earned(key: jax.Array, policy: glsm.Policy, x: Array, *, n_paths: int) -> tuple[Array, Array]:
    """What the policy earns from spots x (n, 2) on a few paths, and its pathwise derivatives, decisions held still."""
    model, product = policy.problem.model, policy.problem.product
    time, steps = product.exercise_times - _LEAD, jnp.arange(1, _N_DATES + 1)

    def mean(spot: Array, normal: Array) -> Array:
        path = jax.vmap(dataclasses.replace(model, spot=spot).path, (0, None))(normal, time)
        frozen = jax.lax.stop_gradient(path)
        stops = jax.vmap(jax.vmap(glsm.exercise, (None, 0, 0)), (None, 0, None))(policy, frozen, steps)
        first = jnp.argmax(stops, axis=1)
        price = jnp.take_along_axis(path, first[:, None, None], axis=1)[:, 0]
        paid = model.discount_factor(time)[first] * jax.vmap(product.payoff)(price)
        return jnp.mean(jnp.where(jnp.any(stops, axis=1), paid, 0.0))

    def row(place: tuple[Array, Array]) -> tuple[Array, Array]:
        i, spot = place
        normal = jax.random.normal(jax.random.fold_in(key, i), (n_paths // 2, _N_DATES, 2), x.dtype)
        return jax.value_and_grad(mean)(spot, jnp.concatenate([normal, -normal]))

    return jax.lax.map(row, (jnp.arange(x.shape[0]), x), batch_size=max(1, 4096 // n_paths))


def spots(key: jax.Array, n: int) -> Array:
    """Independent points of the box, (n, 2)."""
    return _SPOT * (1.0 + _WIDTH * jax.random.uniform(key, (n, 2), jnp.float64, -1.0, 1.0))


def exact(x: Array) -> tuple[Array, Array, Array]:
    """Points (n, 2), and value and deltas there by Fourier quadrature."""
    model, time = _model(), _EXPIRY / _N_DATES * jnp.arange(1.0, _N_DATES + 1.0)

    def price(spot: Array) -> Array:
        market = (model.rate, model.dividend, model.volatility, model.correlation[0, 1], time)
        return reference.bermudan_two_asset.max_call(spot, _STRIKE, *market)

    value, delta = zip(*(jax.value_and_grad(price)(spot) for spot in x), strict=True)
    return x, jnp.stack(value), jnp.stack(delta)
