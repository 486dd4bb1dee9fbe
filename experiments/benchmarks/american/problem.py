"""The problem that every peer solves: a Bermudan call on the best of independent assets, all of them alike."""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Problem:
    """The holder may take max_i S_i - strike at times k expiry / n_dates, k = 1 .. n_dates, once, and not at time 0."""

    n_assets: int
    spot: float
    strike: float
    rate: float
    dividend: float
    volatility: float
    expiry: float
    n_dates: int

    @property
    def step(self) -> float:
        """From one exercise date to the next."""
        return self.expiry / self.n_dates

    def discounted_payoff(self, k: int, price: Any) -> Any:
        """What exercise at date k pays, discounted to time 0: prices (n_assets, n) to (n,), of NumPy."""
        return np.exp(-self.rate * self.step * k) * np.maximum(price.max(axis=0) - self.strike, 0.0)


@dataclasses.dataclass(frozen=True)
class Effort:
    """What one peer is asked for.

    Attributes:
        n_paths: that the exercise rule is learned from.
        n_fresh: other paths, that the rule is priced on.
        batch: paths in a step of training; only peers that train by steps look at it.
    """

    n_paths: int
    n_fresh: int
    batch: int = 1024


@dataclasses.dataclass(frozen=True)
class Job:
    """A problem, an effort and the seeds that will be asked for, as a process of its own receives them."""

    problem: Problem
    effort: Effort
    seeds: tuple[int, ...]
    n_cores: int = 1


@dataclasses.dataclass(frozen=True)
class Reference:
    """Point estimate of Deep Optimal Stopping, its 95 % interval, and the standard error which that would be."""

    price: float
    interval: tuple[float, float]

    @property
    def std_error(self) -> float:
        """Half the interval over the normal quantile; the point is the mean of a lower and an upper estimate."""
        return 0.5 * (self.interval[1] - self.interval[0]) / 1.96


def symmetric(n_assets: int, spot: float = 100.0) -> tuple[Problem, Reference]:
    """A row of table 1 of Becker, Cheridito and Jentzen 2019.

    The import is inside, because it starts JAX, which the processes of the peers do without.
    """
    from jaxprice.reference.literature import deep_optimal_stopping as published

    row = published.TABLE_1.one(n_assets=n_assets, spot=spot)
    market = {name: value for name, value in published.PARAMETERS.items() if name != "correlation"}
    assert published.PARAMETERS["correlation"] == 0.0
    problem = Problem(n_assets=n_assets, spot=spot, volatility=published.SYMMETRIC_VOLATILITY, **market)
    return problem, Reference(row.point, row.interval)
