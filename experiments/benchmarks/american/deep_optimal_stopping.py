"""Deep Optimal Stopping in PyTorch, trained at a scale that one core can afford.

S. Becker, P. Cheridito and A. Jentzen 2019, "Deep optimal stopping", JMLR 20: for every date but the last a network
with two hidden layers of d + 40 neurons says with what probability to stop, from the prices and the payoff. Adam, on
fresh paths in every step, makes the expected payoff as large as it can, where later dates are decided by the networks
already there; a path stops once a probability is above one half. There are `n_paths / batch` steps; the authors take
3,000 + d steps of 8,192 paths.

Not alike: the networks of all dates take their step on the same batch, so that one product of batched matrices serves
all of them; batch normalisation stands before every layer; the rate of learning falls linearly to zero; nothing is
stopped where the payoff is zero. 32 bits, one thread. There is no price in sample: no path is seen twice.
"""

import itertools
from typing import Any

import torch
from torch import nn

from experiments.benchmarks.american.problem import Effort, Problem

_LEARNING_RATE = 0.005
_CHUNK = 8192


def run(problem: Problem, effort: Effort, seed: int) -> dict[str, Any]:
    """Price on fresh paths, a lower estimate; standard error; effort."""
    torch.set_num_threads(1)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        n_steps = max(effort.n_paths // effort.batch, 1)
        networks = _train(problem, n_steps, effort.batch)
        sizes = [min(_CHUNK, effort.n_fresh - start) for start in range(0, effort.n_fresh, _CHUNK)]
        with torch.inference_mode():
            paid = torch.cat([_decide(networks, *_simulate(problem, size)) for size in sizes]).double()
    return {
        "price": float(paid.mean()),
        "in_sample": None,
        "std_error": float(paid.std(correction=0) / len(paid) ** 0.5),
        "effort": {"n_paths": n_steps * effort.batch, "n_fresh": effort.n_fresh, "n_steps": n_steps},
    }


class _Networks(nn.Module):
    """From states (n_dates, n_inputs, n) to logits (n_dates, n): a network for each date, all at once."""

    def __init__(self, n_dates: int, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.norm = nn.ModuleList(nn.BatchNorm1d(n_dates * size) for size in sizes[:-1])
        self.weight = nn.ParameterList()
        for n_in, n_out in itertools.pairwise(sizes):
            weight = torch.empty(n_dates, n_out, n_in)
            for one in weight:
                nn.init.xavier_normal_(one)
            self.weight.append(weight)
        self.bias = nn.Parameter(torch.zeros(n_dates, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i, (norm, weight) in enumerate(zip(self.norm, self.weight, strict=True)):
            # Batch normalisation takes mean and variance over the last axis if the channels stand in the second.
            x = norm(x.reshape(1, -1, x.shape[-1])).reshape(x.shape)
            x = torch.bmm(weight, torch.relu(x) if i else x)
        return x[:, 0] + self.bias


def _simulate(problem: Problem, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What the networks see (n_dates - 1, n_assets + 1, n), and the discounted payoffs (n_dates, n)."""
    drift = (problem.rate - problem.dividend - 0.5 * problem.volatility**2) * problem.step
    normal = torch.randn(problem.n_dates, problem.n_assets, n)
    log_return = torch.cumsum(drift + problem.volatility * problem.step**0.5 * normal, dim=0)
    price = problem.spot * torch.exp(log_return)
    time = problem.step * torch.arange(1, problem.n_dates + 1)
    payoff = torch.exp(-problem.rate * time)[:, None] * torch.relu(price.amax(dim=1) - problem.strike)
    return torch.cat([price, payoff[:, None]], dim=1)[:-1], payoff


def _train(problem: Problem, n_steps: int, batch: int) -> _Networks:
    width = problem.n_assets + 40
    networks = _Networks(problem.n_dates - 1, (problem.n_assets + 1, width, width, 1))
    optimiser = torch.optim.Adam(networks.parameters(), lr=_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1.0 - step / n_steps)
    for _ in range(n_steps):
        state, payoff = _simulate(problem, batch)
        logit = networks(state)
        with torch.no_grad():
            advantage, cash = torch.empty_like(logit), payoff[-1]
            for k in reversed(range(len(logit))):
                advantage[k] = payoff[k] - cash
                cash = torch.where(_stops(logit[k], payoff[k]), payoff[k], cash)
        # The expected payoff is the cash of going on, plus this.
        gain = (torch.sigmoid(logit) * advantage).mean(dim=1).sum()
        optimiser.zero_grad()
        (-gain / problem.strike).backward()
        optimiser.step()
        schedule.step()
    return networks.eval()


def _decide(networks: _Networks, state: torch.Tensor, payoff: torch.Tensor) -> torch.Tensor:
    logit, cash = networks(state), payoff[-1]
    for k in reversed(range(len(logit))):
        cash = torch.where(_stops(logit[k], payoff[k]), payoff[k], cash)
    return cash


def _stops(logit: torch.Tensor, payoff: torch.Tensor) -> torch.Tensor:
    return (logit >= 0.0) & (payoff > 0.0)
