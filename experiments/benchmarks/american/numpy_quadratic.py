"""Longstaff-Schwartz in NumPy as it is written first: quadratic polynomials of the prices as they come, and the payoff.

7 columns for two assets, 22 for five, 67 for ten, 232 for twenty.
"""

import functools
from typing import Any

import numpy as np

from experiments.benchmarks.american import longstaff_schwartz
from experiments.benchmarks.american.problem import Effort, Problem


def run(problem: Problem, effort: Effort, seed: int) -> dict[str, Any]:
    """Price on fresh paths, price in sample, standard error, effort."""
    # The payoff is the last variable, and of degree 1 only.
    d = problem.n_assets
    columns = functools.partial(longstaff_schwartz.monomials, n_variables=(d + 1, d))
    return longstaff_schwartz.price(problem, effort, seed, _with_payoff, columns)


def _with_payoff(price: np.ndarray, payoff: np.ndarray) -> np.ndarray:
    return np.vstack([price, payoff])
