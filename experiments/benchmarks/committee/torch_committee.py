"""PyTorch: the layer of the seed article, the same sorted by expert, and one expert alone.

The article's layer is kept as it is: a gate with rectifiers, the k largest logits scattered into a table of minus
infinities, a softmax over it, every expert that any sample wants run on the whole batch, all outputs stacked and
weighted. Mended is `n_models`, which it reads and never sets; CUDA streams are left out, as it does itself without a
GPU. Gradients are those of autograd by the inputs; parameters ask for none.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from experiments.benchmarks.committee.peers import N_EXPERTS, Problem

_LARGE, _CHUNK = 2**25, 4096
"""Numbers in a layer from which a batch is cut, and into what: autograd would keep 15 GiB of nine experts."""


class SeedLayer(nn.Module):
    """As in the article; it has nothing to add up sample by sample, so the whole batch goes through each expert."""

    def __init__(self, gate: nn.Module, experts: list[nn.Module], top_k: int):
        super().__init__()
        self.gate, self.experts, self.top_k = gate, nn.ModuleList(experts), top_k
        self.n_models = len(experts)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Prices (n, 1) at points (n, 9)."""
        logits = self.gate(x)
        kept, index = torch.topk(logits, self.top_k, dim=1)
        mask = torch.full_like(logits, float("-inf"))
        mask.scatter_(1, index, kept)
        weights = torch.softmax(mask, dim=1)
        outputs: list[torch.Tensor | None] = [None] * self.n_models
        for active in torch.unique(index):
            outputs[active.item()] = self.experts[active.item()](x)
        filled = [torch.zeros(x.shape[0], 1, device=x.device) if one is None else one for one in outputs]
        return (weights * torch.stack(filled, dim=1).squeeze(-1)).sum(dim=1, keepdim=True)


class SortedLayer(SeedLayer):
    """The same prices with every expert run on its own samples: pairs sorted by expert, one chain of products each."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Prices (n, 1) at points (n, 9)."""
        kept, index = torch.topk(self.gate(x), self.top_k, dim=1)
        weights, owner = torch.softmax(kept, dim=1).reshape(-1), index.reshape(-1)
        order = torch.argsort(owner)
        sample = order // self.top_k
        counts = torch.bincount(owner, minlength=self.n_models).tolist()
        parts = x[sample].split(counts)
        values = [expert(part) for expert, part in zip(self.experts, parts, strict=True) if len(part)]
        weighted = weights[order] * torch.cat(values)[:, 0]
        return torch.zeros(x.shape[0]).index_add(0, sample, weighted)[:, None]


def prepare(problem: Problem, top_k: int, with_gradient: bool, kind: str) -> Callable[[np.ndarray], Any]:
    """Prices at points."""
    torch.set_num_threads(1)
    experts = [
        _network([k[i] for k in problem.kernel], [b[i] for b in problem.bias], nn.SiLU) for i in range(N_EXPERTS)
    ]
    if kind == "alone":
        layer: nn.Module = experts[0]
    else:
        gate = _network(problem.gate_kernel, problem.gate_bias, nn.ReLU)
        layer = (SeedLayer if kind == "seed" else SortedLayer)(gate, experts, top_k)
    layer.requires_grad_(False)
    width = problem.kernel[0].shape[1]

    def price(points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        if not with_gradient:
            with torch.no_grad():
                return layer(points)[:, 0], None
        points.requires_grad_()
        value = layer(points)[:, 0]
        return value.detach(), torch.autograd.grad(value.sum(), points)[0]

    def call(x: np.ndarray) -> Any:
        points = torch.tensor(x, dtype=torch.float32)
        if len(x) * width < _LARGE:
            return price(points)
        values, slopes = zip(*(price(part) for part in points.split(_CHUNK)), strict=True)
        return torch.cat(values), torch.cat(slopes) if with_gradient else None

    return call


def _network(kernels: list[np.ndarray], biases: list[np.ndarray], activation: type[nn.Module]) -> nn.Module:
    layers: list[nn.Module] = []
    for kernel, bias in zip(kernels, biases, strict=True):
        linear = nn.Linear(kernel.shape[1], kernel.shape[0])
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(kernel))
            linear.bias.copy_(torch.tensor(bias))
        layers += [linear, activation()]
    return nn.Sequential(*layers[:-1])
