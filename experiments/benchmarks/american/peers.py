"""The peers of the Bermudan problem, by name."""

import functools
import importlib
from collections.abc import Callable, Mapping
from typing import Any

from experiments.benchmarks.american.problem import Effort, Problem

SUITE = "experiments.benchmarks.american.peers"
PEERS = {
    "jaxprice": "jaxprice_glsm",
    "NumPy, sorted cubic": "numpy_sorted_cubic",
    "NumPy, quadratic": "numpy_quadratic",
    "randomised network": "randomised_network",
    "QuantLib": "quantlib_american_basket",
    "Deep Optimal Stopping": "deep_optimal_stopping",
}
"""Module of each peer, with a function `run(problem, effort, seed)`.

It returns a dictionary: `price`, a lower estimate on paths that the rule was not learned from; `std_error` of that;
`in_sample`, the price on the paths that the rule was learned from, or None; `effort`, what was spent, in numbers.
"""


def tasks(peer: str, fields: Mapping[str, Any]) -> dict[str, Callable[[], dict[str, Any]]]:
    """A task for each seed of a job of these fields; imports the peer, and only that."""
    run = importlib.import_module(f"experiments.benchmarks.american.{PEERS[peer]}").run
    problem, effort = Problem(**fields["problem"]), Effort(**fields["effort"])
    return {str(seed): functools.partial(run, problem, effort, seed) for seed in fields["seeds"]}
