"""What an answer costs: of a surrogate in a batch, and of our own Monte Carlo at the same error."""

import math
import statistics
import time
from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp

from experiments.differential_portfolio import Problem, simulate
from jaxprice.core.array import Array
from jaxprice.engines import differential

_T = TypeVar("_T")
_N_ROUNDS = 10


def cpu_seconds(function: Callable[[], _T]) -> tuple[_T, float]:
    """What a function returns, when its arrays are there, and the CPU seconds that it took."""
    start = time.process_time()
    return jax.block_until_ready(function()), time.process_time() - start


def warm_seconds(function: Callable[[], _T]) -> tuple[_T, float]:
    """The same of the second of two calls."""
    function()
    return cpu_seconds(function)


def answer_seconds(surrogate: differential.Surrogate, x: Array) -> float:
    """CPU seconds of value and gradient at one of the points (n, m) asked for together; median after warm-up."""
    differential.predict(surrogate, x)
    runs = [cpu_seconds(lambda: differential.predict(surrogate, x))[1] for _ in range(_N_ROUNDS)]
    return statistics.median(runs) / len(x)


def monte_carlo_seconds(
    key: jax.Array, problem: Problem, x: Array, error: float, sampling: str, n_paths: int
) -> tuple[float, float]:
    """CPU seconds and paths of one price with all Greeks whose standard error is `error`, root mean square over x.

    The time is linear in the paths, the error falls as a power of them: one half, but of Sobol points from two runs.
    """

    def run(n: int) -> tuple[float, float]:
        simulate(key, problem, x[:1], n, sampling)  # compiles
        found, seconds = cpu_seconds(lambda: simulate(key, problem, x, n, sampling))
        return float(jnp.sqrt(jnp.mean(found.value_error**2))), seconds

    here, seconds = run(n_paths)
    power = 0.5 if sampling != "sobol" else math.log(run(n_paths // 8)[0] / here) / math.log(8.0)
    times = (here / error) ** (1.0 / power)
    return seconds / len(x) * times, n_paths * times
