"""PyTorch: the twin network as Huge and Savine write it down, its backward half by hand, samples in columns.

Autograd differentiates the loss once; the graph is that of plain matrix products and activations, with no
`create_graph`. The same initial law, normalisation, weights, batches and learning rates as those of jaxprice.
"""

import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.functional import softplus

from experiments.benchmarks.twin_net.peers import Effort, errors

_LAYERS, _UNITS, _PEAK = 4, 20, 0.1
_SHARE, _LEVEL = (0.0, 0.2, 0.6, 0.9, 1.0), (1e-7, 1.0, 0.1, 1e-5, 1e-7)
_MIN_BATCH, _N_BATCHES = 256, 16


def prepare(data: Mapping[str, np.ndarray], effort: Effort, is_compiled: bool) -> Callable[[int], dict[str, Any]]:
    """One training by seed."""
    torch.set_num_threads(1)
    loss_fn = torch.compile(_loss) if is_compiled else _loss

    def train(seed: int) -> dict[str, Any]:
        wall, cpu = time.perf_counter(), time.process_time()
        predict = _fit(data, effort, seed, loss_fn)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        found = errors(data, *predict(data["test_x"]))
        return {"wall": wall, "cpu": cpu} | {name: [error] for name, error in found.items()}

    return train


def twin(params: list[torch.Tensor], x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Values (n,) and gradients (m, n) at normalised inputs (m, n)."""
    h, slopes = x, []
    for kernel, bias in zip(params[:-2:2], params[1:-2:2], strict=True):
        z = torch.addmm(bias, kernel, h)
        h = softplus(z)
        slopes.append(torch.sigmoid(z))
    value = torch.addmm(params[-1], params[-2], h)[0]
    back = params[-2].T * slopes[-1]
    for kernel, slope in zip(params[-4:1:-2], slopes[-2::-1], strict=True):
        back = torch.mm(kernel.T, back) * slope
    return value, torch.mm(params[0].T, back)


def _loss(params: list[torch.Tensor], weights: list[torch.Tensor], batch: list[torch.Tensor]) -> torch.Tensor:
    x, y, dydx = batch
    value, slope = twin(params, x)
    error = weights[0] * (value - y).square().sum() + (weights[1] * (slope - dydx).square().sum(1)).sum()
    return error / len(y)


def _fit(data: Mapping[str, np.ndarray], effort: Effort, seed: int, loss_fn: Callable[..., torch.Tensor]) -> Any:
    generator = torch.Generator().manual_seed(seed)
    x, y, dydx = (np.asarray(data[name], np.float64) for name in ("x", "y", "dydx"))
    center, std, y_mean, y_std = x.mean(0), x.std(0), y.mean(), y.std()
    slope = dydx * std / y_std
    n, m = x.shape
    n_batches = n // min(n, max(_MIN_BATCH, n // _N_BATCHES))
    order = torch.randperm(n, generator=generator)[: n - n % n_batches]
    columns = (((x - center) / std).T, (y - y_mean) / y_std, slope.T)
    whole = [torch.tensor(column, dtype=torch.float32)[..., order] for column in columns]
    batches = list(zip(*([part.contiguous() for part in leaf.chunk(n_batches, -1)] for leaf in whole), strict=True))
    weights = [torch.tensor(1.0 / (1.0 + m)), torch.tensor(1.0 / (1.0 + m) / (slope**2).mean(0), dtype=torch.float32)]

    sizes = [m] + [_UNITS] * _LAYERS + [1]
    params = []
    for n_in, n_out in itertools.pairwise(sizes):
        kernel = torch.empty(n_out, n_in)
        # A normal cut at two deviations, scaled so that its own deviation is the root of 1 / n_in.
        torch.nn.init.trunc_normal_(kernel, 0.0, 1.0, -2.0, 2.0, generator=generator)
        params += [kernel / (0.87962566 * n_in**0.5), torch.zeros(n_out, 1)]
    for leaf in params:
        leaf.requires_grad_()
    optimiser = torch.optim.Adam(params, lr=0.0, fused=True)
    for epoch in range(effort.n_epochs):
        optimiser.param_groups[0]["lr"] = _PEAK * float(np.interp(epoch / effort.n_epochs, _SHARE, _LEVEL))
        for batch in batches:
            loss = loss_fn(params, weights, list(batch))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

    def predict(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.no_grad():
            value, gradient = twin(params, torch.tensor((points - center) / std, dtype=torch.float32).T)
        return y_mean + y_std * value.double().numpy(), y_std * gradient.double().numpy().T / std

    return predict
