"""What labels with derivatives cost beside values alone, and beside bumping every input."""

import dataclasses
import functools
import statistics
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from experiments.differential_cost import cpu_seconds
from experiments.differential_label_problems import PointProblem
from jaxprice.core.array import Array
from jaxprice.simulation import labels
from jaxprice.simulation.labels import Estimator, SecondOrder

KINDS, SECOND, BUMPING = ("pathwise", "likelihood ratio"), "second order", "bumping"
_BUMP, _REACH = 0.01, 0.2


def label_cost(key: jax.Array, problem: PointProblem, n_rows: int, n_rounds: int) -> dict[str, Any]:
    """CPU time of labels of one path each over that of their values alone: medians over rounds, after warm-up.

    Bumping is one-sided: values at the spots and with each of them moved, by one program.
    """
    plain, spot = labels.Config(n_samples=n_rows, n_paths=1), problem.spot

    def program(settings: labels.Config, *wanted: str) -> Callable[[Array], Any]:
        def made(spot: Array) -> Any:
            data = dataclasses.replace(problem, spot=spot).samples(key, settings, _REACH)
            return [getattr(data, name) for name in wanted]  # what nobody wants is not computed

        return jax.jit(made)

    value = program(plain, "y")
    ratio, mixed = Estimator.LIKELIHOOD_RATIO, SecondOrder.MIXED
    labelled = {
        KINDS[0]: program(plain, "y", "dydx"),
        KINDS[1]: program(dataclasses.replace(plain, estimator=ratio), "y", "dydx"),
        SECOND: program(dataclasses.replace(plain, second_order=mixed), "y", "dydx", "curvature"),
    }
    bumped = [spot, *(spot[None] + _BUMP * jnp.eye(spot.size))]
    runs = {kind: functools.partial(each, spot) for kind, each in labelled.items()}
    runs[BUMPING] = lambda: [value(each) for each in bumped]
    for each in (functools.partial(value, spot), *runs.values()):
        jax.block_until_ready(each())
    seconds, ratios = [], {kind: [] for kind in runs}
    for _ in range(n_rounds):
        seconds.append(cpu_seconds(lambda: value(spot))[1])
        for kind, each in runs.items():
            ratios[kind].append(cpu_seconds(each)[1] / seconds[-1])
    row = {"d": spot.size, "value_ns": 1e9 * statistics.median(seconds) / n_rows}
    return row | {kind: statistics.median(each) for kind, each in ratios.items()}
