"""jaxprice's least squares Monte Carlo, which the peers stand beside: gradient-enhanced, on one thread, in 64 bits.

The basis is of order 2 in the Brownian motions, and beside it the engine's default columns: the payoff, polynomials of
the three largest prices and European values of the same payoff at three horizons.

Not alike: the price subtracts the fitted martingale as a control variate, so that far fewer fresh paths would do than
it is given; paths are drawn anew at each date, backwards, instead of being kept. Compilation is in the run that is not
counted.
"""

from typing import Any

import jax

jax.config.update("jax_enable_x64", True)

from experiments.benchmarks.american.problem import Effort, Problem  # noqa: E402
from jaxprice import models, products  # noqa: E402
from jaxprice.engines import glsm  # noqa: E402

_ORDER = 2


def run(problem: Problem, effort: Effort, seed: int) -> dict[str, Any]:
    """Price on fresh paths, a lower estimate; price in sample; standard error; effort."""
    d = problem.n_assets
    model = models.BlackScholes.equicorrelated(
        n_assets=d, spot=problem.spot, volatility=problem.volatility, rate=problem.rate, dividend=problem.dividend
    )
    product = products.Bermudan.equally_spaced(products.MaxCall(strike=problem.strike), problem.expiry, problem.n_dates)
    config = glsm.Config(
        n_paths=effort.n_paths,
        n_price_paths=effort.n_fresh,
        n_dual_paths=0,
        order=_ORDER,
        greeks=False,
    )
    fit_key, price_key = jax.random.split(jax.random.key(seed))
    policy = glsm.fit(fit_key, model, product, config)
    found = glsm.follow(price_key, policy, config)
    return {
        "price": float(found.price),
        "in_sample": float(policy.diagnostics["in_sample_price"]),
        "std_error": float(found.std_error),
        "effort": {"n_paths": effort.n_paths, "n_fresh": effort.n_fresh},
    }
