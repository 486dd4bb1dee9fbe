"""Longstaff-Schwartz in NumPy on cubic polynomials of the sorted prices.

All monomials up to degree 3 of the prices in descending order: 10 columns for two assets, 56 for five, 286 for ten. The
price of a max-call does not know the order of the assets, so sorting loses nothing, and the kinks of the payoff
vanish: it is the largest price less the strike. Beyond ten assets the cubic ones are those of the ten largest prices
only (451 columns for twenty assets, where all would be 1,771).
"""

import functools
from typing import Any

import numpy as np

from experiments.benchmarks.american import longstaff_schwartz
from experiments.benchmarks.american.problem import Effort, Problem

_N_CUBIC = 10


def run(problem: Problem, effort: Effort, seed: int) -> dict[str, Any]:
    """Price on fresh paths, price in sample, standard error, effort."""
    d = problem.n_assets
    columns = functools.partial(longstaff_schwartz.monomials, n_variables=(d, d, min(d, _N_CUBIC)))
    return longstaff_schwartz.price(problem, effort, seed, _sorted, columns)


def _sorted(price: np.ndarray, payoff: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.sort(price.T, axis=1)[:, ::-1].T)
