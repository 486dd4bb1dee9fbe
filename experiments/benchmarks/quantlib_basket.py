"""QuantLib's Monte Carlo engine for baskets, in 64 bits on one core; Greeks by one-sided bumps with the same seed."""

import functools
from collections.abc import Callable

import numpy as np
import QuantLib as ql

from experiments.benchmarks import problem
from experiments.benchmarks.problem import Answer, Effort

_BUMP = 1e-3


def tasks(effort: Effort) -> dict[str, Callable[[], Answer]]:
    """Price; delta and vega from ten more prices; every derivative from 26 more."""
    if effort.precision != "float64" or effort.n_cores != 1:
        return {}
    return {name: functools.partial(_run, effort, name) for name in problem.TASKS}


def _price(
    effort: Effort, spot: np.ndarray, volatility: np.ndarray, dividend: np.ndarray, matrix: np.ndarray, rate: float
) -> tuple[float, float]:
    today = ql.Date(1, 1, 2025)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()

    def curve(level: float) -> ql.YieldTermStructureHandle:
        return ql.YieldTermStructureHandle(ql.FlatForward(today, float(level), count))

    processes = []
    for s, v, q in zip(spot, volatility, dividend, strict=True):
        surface = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), float(v), count))
        quote = ql.QuoteHandle(ql.SimpleQuote(float(s)))
        processes.append(ql.BlackScholesMertonProcess(quote, curve(q), curve(rate), surface))
    whole = ql.StochasticProcessArray(processes, ql.Matrix(matrix.tolist()))
    payoff = ql.MinBasketPayoff(ql.PlainVanillaPayoff(ql.Option.Call, problem.STRIKE))
    option = ql.BasketOption(payoff, ql.EuropeanExercise(today + 365))
    engine = ql.MCEuropeanBasketEngine(
        whole, "pseudorandom", timeSteps=1, requiredSamples=effort.n_paths, seed=effort.seed + 1
    )
    option.setPricingEngine(engine)
    return option.NPV(), option.errorEstimate()


def _run(effort: Effort, task: str) -> Answer:
    market = {
        "spot": problem.SPOT,
        "volatility": problem.VOLATILITY,
        "dividend": problem.DIVIDEND,
        "matrix": problem.CORRELATION,
        "rate": problem.RATE,
    }
    price, error = _price(effort, **market)
    if task == "price":
        return Answer(price, error)

    def bumped(name: str, value: np.ndarray | float, size: float) -> float:
        return (_price(effort, **(market | {name: value}))[0] - price) / size

    def each(name: str, sizes: np.ndarray) -> list[float]:
        return [bumped(name, market[name] + size * np.eye(5)[i], size) for i, size in enumerate(sizes)]

    delta, vega = each("spot", _BUMP * problem.SPOT), each("volatility", np.full(5, _BUMP))
    if task == "delta_vega":
        return Answer(price, error, delta, vega)
    each("dividend", np.full(5, _BUMP))
    for i in range(5):
        for j in range(i):
            both = np.zeros((5, 5))
            both[i, j] = both[j, i] = _BUMP
            bumped("matrix", problem.CORRELATION + both, _BUMP)
    return Answer(price, error, delta, vega, bumped("rate", problem.RATE + _BUMP, _BUMP))
