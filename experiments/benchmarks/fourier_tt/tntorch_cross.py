"""tntorch: its cross approximation, with ranks that may grow, the function on index matrices."""

import numpy as np
import tntorch
import torch

from experiments.benchmarks.fourier_tt.peers import Found, Problem

_MAX_RANK, _MAX_ITERATIONS, _KICK = 200, 60, 5


def learn(problem: Problem, tolerance: float, seed: int) -> Found:
    """See `peers.PEERS`."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    n_evaluations = 0

    def function(index: torch.Tensor) -> torch.Tensor:
        nonlocal n_evaluations
        n_evaluations += len(index)
        return torch.from_numpy(problem(np.rint(index.numpy()).astype(np.int64)))

    previous = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        train, info = tntorch.cross(
            function=function,
            domain=[torch.arange(n, dtype=torch.float64) for n in problem.shape],
            function_arg="matrix",
            eps=tolerance,
            kickrank=_KICK,
            rmax=_MAX_RANK,
            max_iter=_MAX_ITERATIONS,
            verbose=False,
            return_info=True,
        )
    finally:
        torch.set_default_dtype(previous)
    cores = [core.numpy() for core in train.cores]
    return Found(
        evaluate=lambda points: evaluate(cores, points),
        n_evaluations=n_evaluations,
        rank=max(core.shape[2] for core in cores),
        has_converged=float(info["val_eps"]) <= tolerance,
    )


def evaluate(cores: list[np.ndarray], points: np.ndarray) -> np.ndarray:
    """A train at rows of indices."""
    vector = np.ones((len(points), 1), cores[0].dtype)
    for core, index in zip(cores, points.T, strict=True):
        vector = np.einsum("ka,akb->kb", vector, core[:, index])
    return vector[:, 0]
