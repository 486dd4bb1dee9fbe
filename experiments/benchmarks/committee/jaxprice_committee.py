"""The library itself: `mixture_of_experts.predict` as users call it, arrays of NumPy in, arrays of JAX out."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks.committee.peers import GATE_UNITS, N_EXPERTS, N_INPUTS, N_LAYERS, Problem
from jaxprice.core.domain import Domain
from jaxprice.engines import mixture_of_experts as moe
from jaxprice.engines.mixture_of_experts.experts import Scaling
from jaxprice.engines.mixture_of_experts.gate import Gate
from jaxprice.learning.samples import Normalisation
from jaxprice.learning.twin_net import Network


def prepare(problem: Problem, top_k: int, with_gradient: bool, dispatch: str | None) -> Callable[[np.ndarray], Any]:
    """Prices at points."""
    found, wanted = committee(problem, top_k), None if dispatch is None else moe.Dispatch(dispatch)

    def call(x: np.ndarray) -> Any:
        return jax.block_until_ready(moe.predict(found, x, dispatch=wanted, return_gradient=with_gradient))

    return call


def committee(problem: Problem, top_k: int) -> moe.Committee:
    """With the parameters of the problem; its changes of variables are there, and change nothing."""
    layers = [
        {"kernel": jnp.asarray(kernel), "bias": jnp.asarray(bias)}
        for kernel, bias in zip(problem.kernel, problem.bias, strict=True)
    ]
    gate_layers = [
        {"kernel": jnp.asarray(kernel), "bias": jnp.asarray(bias)}
        for kernel, bias in zip(problem.gate_kernel, problem.gate_bias, strict=True)
    ]
    one, many = jnp.ones(N_INPUTS), jnp.ones((N_EXPERTS, N_INPUTS), jnp.float32)
    width = problem.kernel[0].shape[1]
    border, strip = jnp.asarray([-0.5, 0.5]), jnp.ones(2)
    return moe.Committee(
        network=Network(n_inputs=N_INPUTS, n_layers=N_LAYERS, n_units=width, activation=moe.Activation.SILU),
        gate=Gate(kind=moe.GateKind.TOP_K, n_inputs=N_INPUTS, n_experts=N_EXPERTS, n_units=GATE_UNITS, top_k=top_k),
        params={
            "experts": {"hidden": dict(enumerate(layers[:-1])), "output": layers[-1]},
            "gate": {"hidden": dict(enumerate(gate_layers[:-1])), "output": gate_layers[-1]},
        },
        scaling=Scaling(center=0.0 * many, size=many, shift=0.0 * many[:, 0], tilt=0.0 * many, height=many[:, 0]),
        regimes=moe.Regimes(moneyness=border, maturity=border, moneyness_width=strip, maturity_width=strip),
        chart=moe.Chart(lowest=-8.0 * one[0], highest=8.0 * one[0], is_standardised=False),
        normalisation=Normalisation(
            center=0.0 * one, forward=jnp.diag(one), backward=jnp.diag(one), y_mean=0.0 * one[0], y_std=one[0]
        ),
        domain=Domain(lower=-8.0 * one, upper=8.0 * one, names=tuple(f"input_{i}" for i in range(N_INPUTS))),
        status=jnp.int32(0),
        diagnostics={"spread": jnp.zeros((N_EXPERTS, N_EXPERTS), jnp.float32)},
    )
