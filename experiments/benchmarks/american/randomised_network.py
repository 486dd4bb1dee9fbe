"""Randomised least squares Monte Carlo: the columns are the neurons of one random hidden layer, which is never trained.

C. Herrera, F. Krach, P. Ruyssen and J. Teichmann 2021, "Optimal stopping via randomized neural networks", arXiv
2104.13669: leaky rectifiers of random affine functions of the state, the same for all dates, and the constant; only the
paths in the money are regressed.

Not alike: 100 neurons, more than the authors need (with 20 the rule is worse here by two per cent in five dimensions);
the payoff is an input beside the prices (an option of theirs; without it the rule is worse by half a per cent), and all
inputs are shifted and scaled at each date. Weights and biases are normal, the weights with variance 1 / inputs.
"""

import functools
from typing import Any

import numpy as np

from experiments.benchmarks.american import longstaff_schwartz
from experiments.benchmarks.american.problem import Effort, Problem

_N_NEURONS = 100
_LEAK = 0.01


def run(problem: Problem, effort: Effort, seed: int) -> dict[str, Any]:
    """Price on fresh paths, price in sample, standard error, effort."""
    random = np.random.Generator(np.random.SFC64([seed, 2]))
    n_inputs = problem.n_assets + 1
    weight = random.standard_normal((_N_NEURONS, n_inputs)) / np.sqrt(n_inputs)
    columns = functools.partial(_neurons, weight=weight, bias=random.standard_normal((_N_NEURONS, 1)))
    return longstaff_schwartz.price(problem, effort, seed, _with_payoff, columns)


def _with_payoff(price: np.ndarray, payoff: np.ndarray) -> np.ndarray:
    return np.vstack([price, payoff])


def _neurons(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    out = np.empty((1 + len(weight), x.shape[1]))
    out[0] = 1.0
    np.matmul(weight, x, out=out[1:])
    out[1:] += bias
    return np.maximum(out, _LEAK * out, out=out)
