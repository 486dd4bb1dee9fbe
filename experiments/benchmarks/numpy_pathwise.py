"""NumPy with the derivatives written by hand: the bar for a general library.

Chunks that fit the second-level cache, buffers used again, in-place operations, assets outermost, ziggurat normals
from SFC64 (the fastest of NumPy's). The worst price is the exponential of the smallest log-price, so one exponential is
taken per path, not five: a program for one payoff may know that. The Cholesky factor is differentiated once, at the
end.
"""

import functools
import threading
from collections.abc import Callable

import numpy as np

from experiments.benchmarks import problem
from experiments.benchmarks.problem import Answer, Effort

_CHUNK = 16384


class _Buffers(threading.local):
    def __init__(self, n_assets: int, dtype: np.dtype) -> None:
        self.normal, self.log_price, self.share = (np.empty((n_assets, _CHUNK), dtype) for _ in range(3))
        self.lowest, self.paid = np.empty(_CHUNK, dtype), np.empty(_CHUNK, dtype)
        self.is_lowest = np.empty(_CHUNK, np.bool_)


def tasks(effort: Effort) -> dict[str, Callable[[], Answer]]:
    """Price; price with delta and vega; price with the derivative by every number."""
    dtype = np.dtype(effort.precision)
    buffers = _Buffers(len(problem.SPOT), dtype)
    return {name: functools.partial(_run, effort, dtype, buffers, name != "price") for name in problem.TASKS}


def _run(effort: Effort, dtype: np.dtype, buffers: _Buffers, greeks: bool) -> Answer:
    spot, volatility, expiry = problem.SPOT, problem.VOLATILITY, problem.EXPIRY
    factor = np.linalg.cholesky(problem.CORRELATION)
    root = (np.sqrt(expiry) * volatility[:, None] * factor).astype(dtype)
    mean = np.log(spot) + (problem.RATE - problem.DIVIDEND - 0.5 * volatility**2) * expiry
    mean = mean.astype(dtype)[:, None]
    discount = np.exp(-problem.RATE * expiry)
    d = len(spot)

    def one(index: int, size: int) -> np.ndarray:
        random = np.random.Generator(np.random.SFC64([effort.seed, index]))
        normal, log_price, share = (
            buffer.reshape(-1)[: d * size].reshape(d, size)
            for buffer in (buffers.normal, buffers.log_price, buffers.share)
        )
        lowest, paid, is_lowest = buffers.lowest[:size], buffers.paid[:size], buffers.is_lowest[:size]
        random.standard_normal(out=normal.reshape(-1), dtype=dtype)
        np.matmul(root, normal, out=log_price)
        log_price += mean
        np.minimum(log_price[0], log_price[1], out=lowest)
        for i in range(2, d):
            np.minimum(lowest, log_price[i], out=lowest)
        np.exp(lowest, out=share[0])
        np.subtract(share[0], dtype.type(problem.STRIKE), out=paid)
        np.maximum(paid, 0, out=paid)
        sums = np.zeros(2 + d + d * d)
        sums[0], sums[1] = paid.sum(dtype=np.float64), np.dot(paid, paid)
        if greeks:
            # What each log-price adds to the payoff: the worst price where that asset is the worst and in the money.
            np.greater(paid, 0, out=is_lowest)
            np.multiply(share[0], is_lowest, out=paid)
            for i in range(d):
                np.equal(log_price[i], lowest, out=is_lowest)
                np.multiply(paid, is_lowest, out=share[i])
            sums[2 : 2 + d] = share.sum(axis=1, dtype=np.float64)
            sums[2 + d :] = np.matmul(share, normal.T).reshape(-1)
        return sums

    sums = np.array(problem.over_chunks(one, effort.n_paths, _CHUNK, effort.n_cores))
    total = discount * sums.sum(axis=0) / effort.n_paths
    price = total[0]
    variance = discount * total[1] - price**2
    answer = Answer(price=float(price), std_error=float(np.sqrt(variance / effort.n_paths)))
    if not greeks:
        return answer
    by_log_price, by_root = total[2 : 2 + d], total[2 + d :].reshape(d, d)
    vega = np.sqrt(expiry) * np.sum(by_root * factor, axis=1) - volatility * expiry * by_log_price
    by_factor = np.sqrt(expiry) * volatility[:, None] * np.tril(by_root)
    problem.pull_back_cholesky(factor, by_factor)  # the derivative by the correlation matrix
    return Answer(
        price=answer.price,
        std_error=answer.std_error,
        spot=(by_log_price / spot).tolist(),
        volatility=vega.tolist(),
        rate=float(expiry * (by_log_price.sum() - price)),
    )
