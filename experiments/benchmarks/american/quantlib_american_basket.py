"""QuantLib's MCAmericanBasketEngine on a MaxBasketPayoff: Longstaff-Schwartz on paths of their own, then a price.

The engine takes its exercise dates from the steps in time, whatever earliest date the exercise names: with an American
exercise over 1,095 days of 365 to the year and `timeSteps` equal to the number of dates these are exactly k / 3 years,
and there is none at time 0. One step gives the European price. (Given a BermudanExercise it takes whole days, of which
a third of a year has none.) So the product is the same. The paths are exact: constant coefficients, log-prices.

The engine calibrates on `n_paths` and prices on `n_fresh` others, so its price is a lower estimate; it has no other.
Not alike: its basis is the monomials up to degree 2 of the prices and the payoff, in the money, solved by a singular
value decomposition; normals come from the inverse of the distribution function. Degree 3 costs four times as much for
five assets and prices no better.
"""

from typing import Any

import numpy as np
import QuantLib as ql

from experiments.benchmarks.american.problem import Effort, Problem

_DEGREE = 2
_DAYS_IN_YEAR = 365


def run(problem: Problem, effort: Effort, seed: int) -> dict[str, Any]:
    """Price on fresh paths, a lower estimate; standard error; effort.

    Raises:
        ValueError: if the expiry is not a whole number of days.
    """
    days = round(problem.expiry * _DAYS_IN_YEAR)
    if abs(days - problem.expiry * _DAYS_IN_YEAR) > 1e-9:
        raise ValueError(f"expected an expiry of whole days, got {problem.expiry} years; choose another expiry")
    # Whatever today is: setting it would expire the options of others in this process.
    today = ql.Settings.instance().evaluationDate
    count = ql.Actual365Fixed()

    def curve(level: float) -> ql.YieldTermStructureHandle:
        return ql.YieldTermStructureHandle(ql.FlatForward(today, level, count))

    surface = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), problem.volatility, count))
    quote, dividend, rate = ql.QuoteHandle(ql.SimpleQuote(problem.spot)), curve(problem.dividend), curve(problem.rate)
    one = ql.BlackScholesMertonProcess(quote, dividend, rate, surface)
    d = problem.n_assets
    process = ql.StochasticProcessArray([one] * d, ql.Matrix(np.eye(d).tolist()))
    payoff = ql.MaxBasketPayoff(ql.PlainVanillaPayoff(ql.Option.Call, problem.strike))
    option = ql.BasketOption(payoff, ql.AmericanExercise(today, today + days))
    engine = ql.MCAmericanBasketEngine(
        process,
        "pseudorandom",
        timeSteps=problem.n_dates,
        requiredSamples=effort.n_fresh,
        nCalibrationSamples=effort.n_paths,
        polynomOrder=_DEGREE,
        seed=seed + 1,
    )
    option.setPricingEngine(engine)
    return {
        "price": option.NPV(),
        "in_sample": None,
        "std_error": option.errorEstimate(),
        "effort": {"n_paths": effort.n_paths, "n_fresh": effort.n_fresh, "degree": _DEGREE},
    }
