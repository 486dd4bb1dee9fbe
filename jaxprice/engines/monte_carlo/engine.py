"""Price, standard error and every Greek by simulation."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from jaxprice.core import status
from jaxprice.core.array import Array, Float, PRNGKey, Scalar
from jaxprice.core.precision import full_precision
from jaxprice.core.random import Stream, check_key, stream
from jaxprice.core.result import PriceResult
from jaxprice.engines.monte_carlo import control_variate
from jaxprice.engines.monte_carlo.config import Config
from jaxprice.engines.monte_carlo.control_variate import Control
from jaxprice.models.model import Model
from jaxprice.simulation.accumulate import GroupFunction, Plan, accumulate, plan
from jaxprice.simulation.active_directions import arrange, arrangement
from jaxprice.simulation.estimators import Estimator, check_estimator, present_value, refuse_derivative, spot_hessian
from jaxprice.simulation.inputs import prepare
from jaxprice.simulation.jump_probe import check_declared
from jaxprice.simulation.moments import Moments
from jaxprice.simulation.noise import Sampling
from jaxprice.simulation.paths import substeps


def price(
    key: PRNGKey,
    model: Model,
    product: Any,
    config: Config = Config(),
    *,
    control: Control | None = None,
    mesh: Mesh | None = None,
) -> PriceResult:
    """Monte Carlo price of a European or path-dependent product, with the derivative by every number of the model.

    The price is unbiased where the model's paths are exact; its standard error is that of the mean over paths,
    antithetic pairs or Sobol replicates. All Greeks come from one reverse pass through the paths, their standard errors
    from the means over groups of up to 128 paths. Cost: linear in paths and steps, Greeks about as much again,
    whatever their number; memory: one chunk.

    Args:
        key: one key; the same key gives the same paths, whatever chunk, mesh and precision.
        model: what moves.
        product: what is paid; its payoff may be any callable, batched by the engine.
        config: effort and estimator.
        control: a payoff of known value to subtract, besides or instead of `config.control_variate`.
        mesh: devices with an axis "paths" to spread the paths over.

    Raises:
        ValueError: for numbers that are no problem, and for a pathwise derivative through a payoff that jumps.
        TypeError: for a product whose holder chooses; price it with an engine that finds the choice.
    """
    model, product, config = _check(key, model, product, config)
    if config.greeks:
        check_estimator(config.estimator, model, product.payoff)
        check_declared(key, config.estimator, model, product)
    return _price(key, model, product, control, config=config, mesh=mesh)


def gamma(
    key: PRNGKey, model: Model, product: Any, config: Config = Config(), *, mesh: Mesh | None = None
) -> tuple[Float[Array, "d d"], Float[Array, "d d"]]:
    """Second derivatives of the price with respect to the spots, gamma on the diagonal and cross-gamma off it.

    By the likelihood ratio of the pathwise delta (`estimator="pathwise"`), or the score taken twice
    (`"likelihood_ratio"`, for payoffs that jump): both unbiased. `"smoothed"` is the first of these for the
    smoothed payoff.

    Returns:
        The matrix and its standard errors, each (d, d); () for a model of one asset with a scalar spot.

    Raises:
        ValueError: as `price`, and for an estimator that has no second order.
    """
    model, product, config = _check(key, model, product, config)
    check_estimator(config.estimator, model, product.payoff, order=2)
    check_declared(key, config.estimator, model, product)
    return _gamma(key, model, product, config=config, mesh=mesh)


def _check(key: PRNGKey, model: Any, product: Any, config: Config) -> tuple[Any, Any, Config]:
    check_key(key)
    model, product = prepare(model, product)
    if not hasattr(product, "cash_flow"):
        raise TypeError(
            f"monte_carlo prices what pays without a choice, got {type(product).__name__}; "
            "an engine for early exercise finds when to exercise"
        )
    if not hasattr(model, "path"):
        raise TypeError(
            f"monte_carlo simulates one law, {type(model).__name__} has none; use an engine that bounds prices"
        )
    return model, product, config.validate()


def _plan(model: Any, product: Any, config: Config) -> tuple[Plan, int]:
    n_times = product.time.shape[0]
    n_substeps = substeps(model, n_times, config.n_substeps)
    n_steps = n_times * n_substeps
    cut = plan(config.sampling, config.n_paths, n_steps, model.n_factors, config.n_replicates, config.chunk)
    return cut, n_substeps


def _accumulate(
    group: GroupFunction, key: PRNGKey, cut: Plan, model: Any, product: Any, n_substeps: int, mesh: Mesh | None
) -> tuple[Moments, Moments]:
    rotation = None
    if cut.sampling == Sampling.SOBOL:
        rotation = arrangement(stream(key, Stream.PILOT), model, product, cut.n_steps, n_substeps)

    def by_importance(normal: Array) -> Array:
        return arrange(normal, rotation, product.time, n_substeps)

    return accumulate(group, stream(key, Stream.PATHS), cut, product.time.dtype, by_importance, mesh)


@functools.partial(jax.jit, static_argnames=("config", "mesh"))
@full_precision
def _price(
    key: PRNGKey, model: Any, product: Any, control: Control | None, *, config: Config, mesh: Mesh | None
) -> PriceResult:
    cut, n_substeps = _plan(model, product, config)
    if config.estimator == Estimator.PATHWISE and getattr(product.payoff, "jumps", False):
        model = jax.tree.map(refuse_derivative, model)
    coefficient = control_variate.fit(stream(key, Stream.PILOT), model, product, control, config, n_substeps)

    def path_value(model: Any, normal: Array) -> Scalar:
        value = present_value(config.estimator, model, product, normal, n_substeps, config.smoothing_width)
        return value - control_variate.correction(coefficient, model, product, control, config, normal, n_substeps)

    def group_value(model: Any, normal: Array, weight: Array) -> tuple[Scalar, Array]:
        value = jax.vmap(path_value, in_axes=(None, 0))(model, normal)
        total = jnp.sum(weight)
        return jnp.sum(weight * value) / jnp.where(total > 0, total, 1.0), value

    def group(normal: Array, weight: Array) -> tuple[Array, Any]:
        if not config.greeks:
            return group_value(model, normal, weight)[1], ()
        (_, value), greeks = jax.value_and_grad(group_value, has_aux=True)(model, normal, weight)
        return value, greeks

    price, greeks = _accumulate(group, key, cut, model, product, n_substeps, mesh)
    return PriceResult(
        price=price.mean,
        std_error=price.std_error(),
        greeks=greeks.mean if config.greeks else None,
        greeks_std_error=greeks.std_error() if config.greeks else None,
        status=status.non_finite(price.mean, greeks.mean),
        diagnostics={"n_paths": price.weight, "n_samples": price.count},
    )


@functools.partial(jax.jit, static_argnames=("config", "mesh"))
@full_precision
def _gamma(
    key: PRNGKey, model: Any, product: Any, *, config: Config, mesh: Mesh | None
) -> tuple[Float[Array, "d d"], Float[Array, "d d"]]:
    cut, n_substeps = _plan(model, product, config)

    def group(normal: Array, weight: Array) -> tuple[Array, Array]:
        def one(normal: Array) -> Array:
            return spot_hessian(config.estimator, model, product, normal, n_substeps, config.smoothing_width)

        total = jnp.sum(weight)
        hessian = jax.vmap(one)(normal)
        return jnp.zeros_like(weight), jnp.tensordot(weight, hessian, axes=1) / jnp.where(total > 0, total, 1.0)

    _, hessian = _accumulate(group, key, cut, model, product, n_substeps, mesh)
    return hessian.mean, hessian.std_error()
