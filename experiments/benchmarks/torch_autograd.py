"""PyTorch with its reverse mode, in chunks; the Cholesky factor is differentiated once, at the end."""

import functools
from collections.abc import Callable

import torch

from experiments.benchmarks import problem
from experiments.benchmarks.problem import Answer, Effort

_CHUNK = 16384


def tasks(effort: Effort) -> dict[str, Callable[[], Answer]]:
    """Price; price with delta and vega; price with the derivative by every number."""
    # One thread for each chunk is faster here than two for each operation, which is too small to share.
    torch.set_num_threads(1)
    return {name: functools.partial(_run, effort, name) for name in problem.TASKS}


def _run(effort: Effort, task: str) -> Answer:
    dtype = getattr(torch, effort.precision)
    make = functools.partial(torch.tensor, dtype=torch.float64)
    spot, volatility, dividend = make(problem.SPOT), make(problem.VOLATILITY), make(problem.DIVIDEND)
    correlation, rate = make(problem.CORRELATION), make(problem.RATE)
    inputs = {"price": (), "delta_vega": (spot, volatility)}.get(task, (spot, volatility, dividend, correlation, rate))
    for number in inputs:
        number.requires_grad_()
    root = problem.EXPIRY**0.5 * volatility[:, None] * torch.linalg.cholesky(correlation)
    mean = torch.log(spot) + (rate - dividend - 0.5 * volatility**2) * problem.EXPIRY
    discount = torch.exp(-rate * problem.EXPIRY)

    def one(index: int, size: int) -> tuple[torch.Tensor, ...]:
        generator = torch.Generator().manual_seed(effort.seed * 1_000_003 + index)
        normal = torch.randn(size, len(problem.SPOT), dtype=dtype, generator=generator)
        here = [leaf.detach().to(dtype).requires_grad_(bool(inputs)) for leaf in (mean, root)]
        with torch.set_grad_enabled(bool(inputs)):
            price = torch.exp(torch.addmm(here[0], normal, here[1].T))
            paid = torch.relu(price.amin(dim=1) - problem.STRIKE)
            total = paid.sum()
        slope = torch.autograd.grad(total, here) if inputs else ()
        return total.detach().double(), (paid.detach().double() ** 2).sum(), *(part.double() for part in slope)

    sums = problem.over_chunks(one, effort.n_paths, _CHUNK, effort.n_cores)
    paid, square, *slope = (torch.stack(part).sum(0) / effort.n_paths for part in zip(*sums, strict=True))
    price = discount * paid
    error = torch.sqrt((discount**2 * square - price**2).detach() / effort.n_paths)
    answer = Answer(price=float(price), std_error=float(error))
    if not inputs:
        return answer
    # A function of the inputs with the right value and derivative: the paths enter by their sums only.
    moved = sum((g * (leaf - leaf.detach())).sum() for g, leaf in zip(slope, (mean, root), strict=True))
    linear = discount * (paid + moved)
    greeks = torch.autograd.grad(linear, inputs)
    rho = float(greeks[4]) if len(greeks) == 5 else None
    return Answer(answer.price, answer.std_error, greeks[0].tolist(), greeks[1].tolist(), rho)
