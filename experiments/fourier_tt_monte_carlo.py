"""Monte Carlo at the parameter sets of a tensor train, with independent paths for each of them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.fourier_tt_common import Case
from jaxprice.core.array import Array
from jaxprice.engines import monte_carlo

Estimates = tuple[np.ndarray, np.ndarray]
"""Values and standard errors."""


def prices(key: jax.Array, case: Case, x: Array, n_paths: int, sampling: str = "pseudo") -> Estimates:
    """Prices at points (n, m) -> (n,) each."""
    settings = monte_carlo.Config(n_paths=n_paths, sampling=sampling, greeks=False)

    def price(*given: Any) -> tuple[Any, Any]:
        result = monte_carlo.price(*given, settings)
        return result.price, result.std_error

    return _over_points(price, key, case, x)


def gradients(key: jax.Array, case: Case, x: Array, n_paths: int) -> Estimates:
    """Pathwise derivatives by what varies, which is one field, (n, d) each."""
    settings = monte_carlo.Config(n_paths=n_paths)

    def gradient(*given: Any) -> tuple[Any, Any]:
        result = monte_carlo.price(*given, settings)
        return getattr(result.greeks, case.varied), getattr(result.greeks_std_error, case.varied)

    return _over_points(gradient, key, case, x)


def gammas(key: jax.Array, case: Case, x: Array, n_paths: int) -> Estimates:
    """Likelihood ratios of pathwise deltas, by each spot alone, (n, d) each."""
    settings = monte_carlo.Config(n_paths=n_paths)

    def gamma(*given: Any) -> tuple[Any, Any]:
        value, error = monte_carlo.gamma(*given, settings)
        return jnp.diagonal(value), jnp.diagonal(error)

    return _over_points(gamma, key, case, x)


def _over_points(verb: Callable[..., tuple[Any, Any]], key: jax.Array, case: Case, x: Array) -> Estimates:
    found = [verb(jax.random.fold_in(key, i), case.moved(row), case.product()) for i, row in enumerate(x)]
    value, error = zip(*found, strict=True)
    return np.asarray(value), np.asarray(error)
