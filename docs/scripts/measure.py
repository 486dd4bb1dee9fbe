"""Prints the tables of measured results of the documentation, as Markdown.

python docs/scripts/measure.py            all tables, about three minutes on one core
python docs/scripts/measure.py sampling   one of: sampling, estimators, dates, width, heston, speed
"""

import dataclasses
import statistics
import sys
import time

import jax
import jax.numpy as jnp

from jaxprice import models, products
from jaxprice.engines import monte_carlo
from jaxprice.reference import black_scholes, discrete_barrier, heston, rainbow

KEY = jax.random.key(0)
N_PATHS = 2**17


def _five_assets():
    model = models.BlackScholes.equicorrelated(
        n_assets=5, spot=100.0, volatility=0.2, correlation=0.3, rate=0.03, dividend=0.01
    )
    return dataclasses.replace(
        model,
        spot=jnp.array([100.0, 95.0, 105.0, 98.0, 102.0]),
        volatility=jnp.array([0.20, 0.25, 0.18, 0.30, 0.22]),
    )


def sampling():
    """Call on the worst of five at equal numbers of paths."""
    model = _five_assets()
    option = products.European(payoff=products.MinCall(strike=85.0), expiry=1.0)

    def exact(model):
        return rainbow.min_call(model.spot, 85.0, model.rate, model.dividend, model.volatility, 0.3, 1.0)

    truth, delta = exact(model), jax.grad(exact)(model).spot[0]
    print(f"Reference (quadrature): price {truth:.6f}, delta of the first asset {delta:.6f}.\n")
    print("| sampling | control variate | price | std. error | error / std. error | delta | std. error | paths saved |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    plain = None
    for kind in monte_carlo.Sampling:
        for control_variate in (False, True):
            config = monte_carlo.Config(n_paths=N_PATHS, sampling=kind, control_variate=control_variate)
            result = monte_carlo.price(KEY, model, option, config)
            plain = plain or result.std_error
            print(
                f"| `{kind}` | {'yes' if control_variate else 'no'} | {result.price:.4f} | {result.std_error:.4f} "
                f"| {(result.price - truth) / result.std_error:+.1f} | {result.greeks.spot[0]:.5f} "
                f"| {result.greeks_std_error.spot[0]:.5f} | {(plain / result.std_error) ** 2:.1f} x |"
            )


def _one_asset():
    return models.BlackScholes.equicorrelated(n_assets=1, spot=100.0, volatility=0.2, rate=0.03, dividend=0.01)


def _months(n_dates):
    return jnp.arange(1, n_dates + 1) / n_dates


def _barrier(n_dates):
    payoff = products.BarrierCall(strike=95.0, barrier=125.0)
    return products.PathDependent(payoff=payoff, observation_times=_months(n_dates))


def _exact_barrier(n_dates):
    def exact(model):
        return discrete_barrier.up_and_out_call(
            model.spot[0], 95.0, model.rate, model.dividend[0], model.volatility[0], _months(n_dates), 125.0
        )

    return exact


def estimators():
    """Delta and vega of two payoffs that jump, by each estimator that is right for them."""
    model = _one_asset()

    def exact_digital(model):
        return black_scholes.digital(model.spot[0], 100.0, model.rate, model.dividend[0], model.volatility[0], 1.0)

    cases = (
        ("digital", products.European(payoff=products.Digital(strike=100.0), expiry=1.0), exact_digital),
        ("up-and-out call, monthly", _barrier(12), _exact_barrier(12)),
    )
    print("| product | estimator | delta | std. error | reference | vega | std. error | reference |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for name, product, exact in cases:
        truth = jax.grad(exact)(model)
        for kind in ("likelihood_ratio", "smoothed", "conditional"):
            result = monte_carlo.price(KEY, model, product, monte_carlo.Config(n_paths=N_PATHS, estimator=kind))
            numbers = []
            for field in ("spot", "volatility"):
                numbers += [getattr(tree, field)[0] for tree in (result.greeks, result.greeks_std_error, truth)]
            texts = ["< 1e-15" if 0.0 <= number < 1e-15 else f"{float(number):.5g}" for number in numbers]
            print(f"| {name} | `{kind}` | " + " | ".join(texts) + " |")


def dates():
    """Standard error of delta as a year is cut into more observations."""
    model = _one_asset()
    print("| dates | likelihood ratio | smoothed | conditional |")
    print("|---:|---:|---:|---:|")
    for n_dates in (4, 12, 52, 252):
        row = []
        for kind in ("likelihood_ratio", "smoothed", "conditional"):
            config = monte_carlo.Config(n_paths=2**15, estimator=kind)
            row.append(float(monte_carlo.price(KEY, model, _barrier(n_dates), config).greeks_std_error.spot[0]))
        print(f"| {n_dates} | " + " | ".join(f"{number:.5f}" for number in row) + " |")


def width():
    """Bias and noise of the smoothed delta of a digital."""
    model = _one_asset()
    option = products.European(payoff=products.Digital(strike=100.0), expiry=1.0)
    truth = jax.grad(lambda spot: black_scholes.digital(spot, 100.0, 0.03, 0.01, 0.2, 1.0))(100.0)
    print(f"Reference: {truth:.6f}.\n")
    print("| width | delta | error | std. error |")
    print("|---:|---:|---:|---:|")
    for smoothing_width in (0.005, 0.02, 0.1, 0.3, 0.6):
        config = monte_carlo.Config(
            n_paths=2**18, estimator="smoothed", smoothing_width=smoothing_width, sampling="sobol"
        )
        result = monte_carlo.price(KEY, model, option, config)
        delta, error = result.greeks.spot[0], result.greeks_std_error.spot[0]
        print(f"| {smoothing_width:g} | {delta:.6f} | {delta / truth - 1.0:+.2%} | {error / truth:.2%} |")


def heston_steps():
    """Bias of calls under Heston against the number of time steps."""
    number = (100.0, 0.03, 0.01, 0.04, 1.5, 0.05, 0.5, -0.7)
    fields = (field.name for field in dataclasses.fields(models.Heston))
    model = models.Heston(**dict(zip(fields, map(jnp.asarray, number), strict=True)))
    print("| steps a year | strike 80 | strike 100 | strike 120 |")
    print("|---:|---:|---:|---:|")
    for n_substeps in (1, 2, 4, 8, 16, 32):
        cells = []
        for strike in (80.0, 100.0, 120.0):
            option = products.European(payoff=products.Call(strike=strike), expiry=1.0)
            config = monte_carlo.Config(
                n_paths=2**18, greeks=False, control_variate=True, sampling="sobol", n_substeps=n_substeps
            )
            result = monte_carlo.price(KEY, model, option, config)
            truth = heston.call(100.0, strike, *number[1:], 1.0)
            cells.append(f"{result.price - truth:+.4f} ± {result.std_error:.4f}")
        print(f"| {n_substeps} | " + " | ".join(cells) + " |")


def speed():
    """CPU seconds for a call on the worst of five with a million paths, compiled, median of nine."""
    option = products.European(payoff=products.MinCall(strike=85.0), expiry=1.0)
    print("| precision | price | price and all Greeks |")
    print("|---|---:|---:|")
    for dtype in (jnp.float64, jnp.float32):
        model = jax.tree.map(lambda leaf: leaf.astype(dtype), _five_assets())  # noqa: B023
        medians = []
        for greeks in (False, True):
            config = monte_carlo.Config(n_paths=1_000_000, greeks=greeks)
            seconds = []
            for _ in range(10):
                start = time.process_time()
                jax.block_until_ready(monte_carlo.price(KEY, model, option, config))
                seconds.append(time.process_time() - start)
            medians.append(statistics.median(seconds[1:]))
        print(f"| {dtype.__name__} | " + " | ".join(f"{number:.3f}" for number in medians) + " |")


TABLES = {
    "sampling": sampling,
    "estimators": estimators,
    "dates": dates,
    "width": width,
    "heston": heston_steps,
    "speed": speed,
}

if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    for name in sys.argv[1:] or TABLES:
        print(f"\n{TABLES[name].__doc__}\n")
        TABLES[name]()
