"""The library itself: `monte_carlo.price`, on one device, or on a mesh of CPU devices, one for each core."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks import problem
from experiments.benchmarks.problem import Answer, Effort
from jaxprice import models, products
from jaxprice.engines import monte_carlo


def _sum(state: jax.Array) -> jax.Array:
    return jnp.sum(state)


def tasks(effort: Effort) -> dict[str, Callable[[], Answer]]:
    """Every Greek costs the same reverse pass, so delta and vega alone are not a task of their own.

    "transform" prices the sum of the assets: noise and paths with the cheapest payoff.
    """
    mesh = None
    if effort.n_cores > 1:
        jax.config.update("jax_num_cpu_devices", effort.n_cores)
        mesh = jax.make_mesh((effort.n_cores,), ("paths",))
    dtype = np.dtype(effort.precision)
    model = models.BlackScholes(
        spot=jnp.asarray(problem.SPOT, dtype),
        volatility=jnp.asarray(problem.VOLATILITY, dtype),
        correlation=jnp.asarray(problem.CORRELATION, dtype),
        rate=jnp.asarray(problem.RATE, dtype),
        dividend=jnp.asarray(problem.DIVIDEND, dtype),
    )
    option = products.European(payoff=products.MinCall(strike=problem.STRIKE), expiry=problem.EXPIRY)
    total = products.European(payoff=products.Function(function=_sum, jumps=False), expiry=problem.EXPIRY)
    key = jax.random.key(effort.seed)

    def run(product: products.European, greeks: bool) -> Answer:
        config = monte_carlo.Config(n_paths=effort.n_paths, greeks=greeks)
        result = jax.device_get(monte_carlo.price(key, model, product, config, mesh=mesh))
        answer = Answer(float(result.price), float(result.std_error))
        if not greeks:
            return answer
        found = result.greeks
        return Answer(answer.price, answer.std_error, found.spot.tolist(), found.volatility.tolist(), float(found.rate))

    price, greeks = functools.partial(run, option, False), functools.partial(run, option, True)
    transform = functools.partial(run, total, False)
    return {"price": price, "delta_vega": greeks, "all_greeks": greeks, "transform": transform}
