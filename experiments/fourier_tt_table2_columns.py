"""Columns of `fourier_tt_table2`: errors, Monte Carlo, and what is printed."""

from typing import Any

import jax
import numpy as np

from experiments import fourier_tt_common as common
from experiments import fourier_tt_monte_carlo
from experiments.fourier_tt_common import RANDOM, Case
from jaxprice.reference.literature import fourier_tt as literature

_HALF_WIDTH = 1.959964


def errors(
    case: Case, value: np.ndarray, gradient: np.ndarray, x: jax.Array, key: jax.Array, n_sobol: int
) -> dict[str, Any]:
    """Against the exact price and its gradient, or, for the random matrix, against Sobol Monte Carlo."""
    if case.correlation != RANDOM:
        price, greeks = case.exact(x)
        error = np.abs(value - price)
        return {
            "price": price.mean(),
            "e_train": error.mean(),
            "largest": error.max(),
            "greeks": common.greek_error(gradient, greeks),
        }
    price, std_error = fourier_tt_monte_carlo.prices(key, case, x, n_sobol, "sobol")
    distance = np.abs(value - price)
    # Independent scrambles, so that the mean difference is known far better than one price.
    return {
        "price": price.mean(),
        "e_train": distance.mean(),
        "largest": distance.max(),
        "bias": np.mean(value - price),
        "bias_error": np.sqrt(np.sum(std_error**2)) / len(std_error),
    }


def monte_carlo(case: Case, value: np.ndarray, x: jax.Array, key: jax.Array, n_paths: int) -> dict[str, Any]:
    """What pseudo-random paths find at these points, (n,), and what they cost."""
    price, std_error = fourier_tt_monte_carlo.prices(key, case, x, n_paths)
    score = (value - price) / std_error
    return {
        "e_mc": _HALF_WIDTH * std_error.mean(),
        "largest_z": np.abs(score).max(),
        "mean_z": score.mean(),
        "c_mc": case.n_assets * n_paths,
        "mc_seconds": common.seconds(fourier_tt_monte_carlo.prices, key, case, x[:1], n_paths),
    }


def printed(case: Case) -> dict[str, Any]:
    """The row of table II for as many assets, if it is known."""
    for row in literature.TABLE_2.row:
        if row.n_assets == case.n_assets:
            return {
                "printed_e_train": row.train_error,
                "printed_e_mc": row.monte_carlo_error,
                "printed_price_us": 1e6 * row.train_seconds,
                "printed_mc_seconds": row.monte_carlo_seconds,
            }
    return {}
