"""Calls in Black-Scholes over their strike, and committees that need no training."""

import jax
import jax.numpy as jnp
import numpy as np
from helpers import default_dtype
from jax.scipy.special import ndtr

from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.engines import mixture_of_experts as moe
from jaxprice.engines.mixture_of_experts.experts import Scaling
from jaxprice.engines.mixture_of_experts.gate import Gate
from jaxprice.learning.activation import Activation
from jaxprice.learning.samples import Normalisation
from jaxprice.learning.twin_net import Network

NAMES = ("log_moneyness", "root_maturity", "volatility")
LOWER, UPPER = np.array([-0.4, 0.1, 0.15]), np.array([0.4, 1.4, 0.45])


def domain():
    lower, upper = (jnp.asarray(bound, default_dtype()) for bound in (LOWER, UPPER))
    return Domain(lower=lower, upper=upper, names=NAMES)


def call(x):
    """Over its strike, without rates."""
    moneyness, root_maturity, volatility = x
    std = volatility * root_maturity
    up = moneyness / std + 0.5 * std
    return jnp.exp(moneyness) * ndtr(up) - ndtr(up - std)


@jax.jit
def _labels(x):
    return jax.vmap(jax.value_and_grad(call))(x)


def points(n, seed=0):
    share = np.random.default_rng(seed).uniform(size=(n, 3))
    return jnp.asarray(LOWER + (UPPER - LOWER) * (0.01 + 0.98 * share), default_dtype())


def dataset(n=1024, seed=0):
    x = points(n, seed)
    y, dydx = _labels(x)
    return DifferentialDataset(x=x, y=y, dydx=dydx, domain=domain())


def regimes(**change):
    numbers = {
        "moneyness": [-0.1, 0.12],
        "maturity": [0.5, 0.9],
        "moneyness_width": [0.15, 0.2],
        "maturity_width": [0.3, 0.4],
    }
    arrays = {name: jnp.asarray(value, default_dtype()) for name, value in (numbers | change).items()}
    return moe.Regimes(**arrays, is_standardised=False)


def committee(kind=moe.GateKind.WINDOW, top_k=2, seed=1, dtype=jnp.float32, gate_size=2.0, is_standardised=True):
    """Nine experts with random parameters, which agree on nothing."""
    chart = moe.Chart.of(dataset(), (0, 1), is_standardised)
    normalisation = Normalisation.of(chart.dataset(dataset()))
    network = Network(n_inputs=3, n_layers=2, n_units=8, activation=Activation.SILU)
    gate = Gate(kind=kind, n_inputs=3, n_experts=9, n_units=16, top_k=top_k)
    keys = jax.random.split(jax.random.key(seed), 11)
    params = {"experts": jax.vmap(network.create)(keys[:9]), "gate": gate.network.create(keys[9])}
    params["gate"]["output"]["kernel"] = gate_size * params["gate"]["output"]["kernel"]
    rng = np.random.default_rng(seed)
    scaling = Scaling(
        center=jnp.asarray(rng.normal(size=(9, 3)), jnp.float32),
        size=jnp.asarray(rng.uniform(0.5, 1.5, (9, 3)), jnp.float32),
        tilt=jnp.asarray(rng.normal(size=(9, 3)), jnp.float32),
        shift=jnp.asarray(rng.normal(size=9), jnp.float32),
        height=jnp.asarray(rng.uniform(0.5, 1.5, 9), jnp.float32),
    )
    return moe.Committee(
        network=network,
        gate=gate,
        params=params,
        scaling=scaling,
        regimes=regimes(),
        chart=chart,
        normalisation=normalisation,
        domain=domain(),
        status=jnp.int32(0),
        diagnostics={"spread": jnp.full((9, 9), 5.0, jnp.float32)},
    ).astype(dtype)
