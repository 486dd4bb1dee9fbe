"""What the regressions in NumPy share: paths, the backward sweep over stored paths, the forward sweep over fresh ones.

F. Longstaff and E. Schwartz 2001, "Valuing American options by simulation": at every date, backwards, the realised cash
flow of the paths in the money is regressed on functions of the state. A peer is two functions: which variables of the
state, and which columns of these.
"""

from collections.abc import Callable
from math import comb
from typing import Any, NamedTuple

import numpy as np

from experiments.benchmarks.american.problem import Effort, Problem

_CHUNK = 4096
_RIDGE = 1e-11
"""Beside a Gram matrix whose diagonal is 1: far below what sampling does to it, enough for more columns than paths."""

Variables = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From prices (n_assets, n) and payoffs (n,) to variables (m, n)."""
Columns = Callable[[np.ndarray], np.ndarray]
"""From variables (m, n), shifted and scaled to mean 0 and variance 1 at each date, to columns (n_columns, n)."""


class _Rule(NamedTuple):
    shift: np.ndarray
    scale: np.ndarray
    coefficient: np.ndarray


def price(problem: Problem, effort: Effort, seed: int, variables: Variables, columns: Columns) -> dict[str, Any]:
    """Price on fresh paths, a lower estimate; price on the paths of the fit, of no certain sign."""
    rules, in_sample = _fit(
        problem, effort.n_paths, np.random.Generator(np.random.SFC64([seed, 0])), variables, columns
    )
    sizes = [min(_CHUNK, effort.n_fresh - start) for start in range(0, effort.n_fresh, _CHUNK)]
    paid = np.concatenate(
        [
            _apply(problem, rules, size, np.random.Generator(np.random.SFC64([seed, 1, i])), variables, columns)
            for i, size in enumerate(sizes)
        ]
    )
    n_columns = max((rule.coefficient.size for rule in rules if rule is not None), default=0)
    return {
        "price": float(paid.mean()),
        "in_sample": in_sample,
        "std_error": float(paid.std() / np.sqrt(paid.size)),
        "effort": {"n_paths": effort.n_paths, "n_fresh": effort.n_fresh, "n_columns": n_columns},
    }


def monomials(x: np.ndarray, n_variables: tuple[int, ...]) -> np.ndarray:
    """The constant, then the monomials of degree k + 1 in the first `n_variables[k]` variables, for every k.

    Those of degree k whose last variable is the i-th are that variable times the first of the degree before.
    """
    sizes = [comb(m + k, k + 1) for k, m in enumerate(n_variables)]
    out = np.empty((1 + sum(sizes), x.shape[1]))
    out[0] = 1.0
    before, end = 0, 1
    for k, m in enumerate(n_variables):
        start = end
        for i in range(m):
            n_rows = comb(i + k, k)
            np.multiply(out[before : before + n_rows], x[i], out=out[end : end + n_rows])
            end += n_rows
        before = start
    return out


def _steps(problem: Problem, n: int, random: np.random.Generator) -> Any:
    """Yields the prices (n_assets, n) at one date after the other; the array is the caller's."""
    drift = (problem.rate - problem.dividend - 0.5 * problem.volatility**2) * problem.step
    log_price = np.full((problem.n_assets, n), np.log(problem.spot))
    normal = np.empty_like(log_price)
    for _ in range(problem.n_dates):
        random.standard_normal(out=normal)
        normal *= problem.volatility * np.sqrt(problem.step)
        log_price += normal
        log_price += drift
        yield np.exp(log_price)


def _fit(
    problem: Problem, n_paths: int, random: np.random.Generator, variables: Variables, columns: Columns
) -> tuple[list[_Rule | None], float]:
    paths = list(_steps(problem, n_paths, random))
    cash = problem.discounted_payoff(problem.n_dates, paths.pop())
    rules: list[_Rule | None] = [None] * (problem.n_dates - 1)
    for k in range(problem.n_dates - 1, 0, -1):
        prices = paths.pop()
        payoff = problem.discounted_payoff(k, prices)
        (inside,) = np.nonzero(payoff)
        if not inside.size:
            continue
        x = variables(prices[:, inside], payoff[inside])
        rules[k - 1], continuation = _regress(x, cash[inside], columns)
        exercised = payoff[inside] >= continuation
        cash[inside[exercised]] = payoff[inside[exercised]]
    return rules, float(cash.mean())


def _regress(x: np.ndarray, target: np.ndarray, columns: Columns) -> tuple[_Rule, np.ndarray]:
    shift, scale = x.mean(axis=1, keepdims=True), x.std(axis=1, keepdims=True)
    scale[scale == 0.0] = 1.0
    gram: Any = 0.0
    moment: Any = 0.0
    for start in range(0, target.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        block = columns((x[:, part] - shift) / scale)
        gram, moment = gram + block @ block.T, moment + block @ target[part]
    size = np.sqrt(np.maximum(np.diag(gram), np.finfo(float).tiny))
    scaled = gram / (size[:, None] * size) + _RIDGE * np.eye(size.size)
    rule = _Rule(shift, scale, np.linalg.solve(scaled, moment / size) / size)
    return rule, _continuation(rule, x, columns)


def _continuation(rule: _Rule, x: np.ndarray, columns: Columns) -> np.ndarray:
    found = np.empty(x.shape[1])
    for start in range(0, found.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        found[part] = rule.coefficient @ columns((x[:, part] - rule.shift) / rule.scale)
    return found


def _apply(
    problem: Problem,
    rules: list[_Rule | None],
    n: int,
    random: np.random.Generator,
    variables: Variables,
    columns: Columns,
) -> np.ndarray:
    """What each fresh path pays, discounted to time 0, when it is exercised by the rules."""
    paid, is_held = np.zeros(n), np.ones(n, np.bool_)
    for k, prices in enumerate(_steps(problem, n, random), 1):
        payoff = problem.discounted_payoff(k, prices)
        (inside,) = np.nonzero(is_held & (payoff > 0.0))
        if k < problem.n_dates:
            rule = rules[k - 1]
            if rule is None:
                continue
            continuation = _continuation(rule, variables(prices[:, inside], payoff[inside]), columns)
            inside = inside[payoff[inside] >= continuation]
        paid[inside], is_held[inside] = payoff[inside], False
    return paid
