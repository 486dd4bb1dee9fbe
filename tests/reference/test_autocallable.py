import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from jaxprice.reference import autocallable, black_scholes

ONE = {
    "spot": np.array([95.0]),
    "volatility": np.array([0.25]),
    "correlation": 0.0,
    "rate": 0.03,
    "dividend": np.array([0.02]),
    "observation_times": np.array([0.5, 1.0, 1.5, 2.0]),
    "initial_fixing": np.array([100.0]),
    "autocall_level": 1.02,
    "coupon": 0.04,
    "protection_level": 0.7,
    "notional": 1000.0,
}
TWO = ONE | {
    "spot": np.array([95.0, 104.0]),
    "volatility": np.array([0.25, 0.18]),
    "correlation": 0.45,
    "dividend": np.array([0.02, 0.005]),
    "initial_fixing": np.array([100.0, 102.0]),
}


def simulate(note, rng, n_paths, oracle):
    n_assets = len(note["spot"])
    root = np.linalg.cholesky(oracle.correlation(n_assets, note["correlation"]))
    times = note["observation_times"]
    z = rng.standard_normal((n_paths, len(times), n_assets)) @ root.T
    z = np.stack([z, -z])
    steps = np.diff(times, prepend=0.0)[:, None]
    volatility = note["volatility"]
    moves = (note["rate"] - note["dividend"] - 0.5 * volatility**2) * steps + volatility * np.sqrt(steps) * z
    path = note["spot"] / note["initial_fixing"] * np.exp(np.cumsum(moves, axis=2))
    worst = path.min(axis=-1)
    value = np.where(worst[..., -1] >= note["protection_level"], 1.0, worst[..., -1])
    value = value * np.exp(-note["rate"] * times[-1])
    for k in range(len(times) - 1, -1, -1):
        paid = (1.0 + note["coupon"] * (k + 1)) * np.exp(-note["rate"] * times[k])
        value = np.where(worst[..., k] >= note["autocall_level"], paid, value)
    return oracle.mean_and_error(note["notional"] * value)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"autocall_level": 0.8, "protection_level": 0.75},
        {"observation_times": np.array([0.3, 0.5, 1.7])},
        {"coupon": 0.15, "autocall_level": 1.3},
    ],
)
@pytest.mark.parametrize("note", [ONE, TWO])
def test_against_simulation(note, change, oracle):
    note = note | change
    mean, error = simulate(note, np.random.default_rng(6), 150_000, oracle)
    assert abs(autocallable.price(**note) - mean) < 4.0 * error
    assert error < 1e-3 * mean


@pytest.mark.parametrize("rho", [-0.5, 0.9])
def test_two_assets_at_other_correlations(rho, oracle):
    note = TWO | {"correlation": rho}
    mean, error = simulate(note, np.random.default_rng(7), 150_000, oracle)
    assert abs(autocallable.price(**note) - mean) < 4.0 * error


def test_one_observation_one_asset_in_closed_form():
    note = ONE | {"observation_times": np.array([1.5])}
    fixing, market = 100.0, (0.03, 0.02, 0.25, 1.5)

    def digital(level):
        return black_scholes.digital(95.0, level * fixing, *market)

    bond = np.exp(-0.03 * 1.5)
    below = (bond - digital(0.7)) * 0.7 - black_scholes.put(95.0, 70.0, *market) / fixing
    exact = 1000.0 * (1.04 * digital(1.02) + digital(0.7) - digital(1.02) + below)
    assert_allclose(autocallable.price(**note), exact, rtol=1e-12)


def test_two_observations_one_asset_by_adaptive_quadrature():
    note = ONE | {"observation_times": np.array([0.5, 1.5])}
    last = note | {"observation_times": np.array([1.0]), "coupon": 0.08}
    value = jax.jit(lambda s: autocallable.price(**(last | {"spot": s[None], "notional": 1.0})))
    std = 0.25 * np.sqrt(0.5)
    drift = (0.01 - 0.5 * 0.25**2) * 0.5
    kink = (np.log(102.0 / 95.0) - drift) / std

    def integrand(z):
        return float(value(jnp.asarray(95.0 * np.exp(drift + std * z)))) * stats.norm.pdf(z)

    held = integrate.quad(integrand, -8.5, kink, epsabs=1e-11)[0]
    exact = 1000.0 * np.exp(-0.015) * (1.04 * stats.norm.sf(kink) + held)
    assert_allclose(autocallable.price(**note), exact, rtol=1e-9)


def test_two_assets_reduce_to_one():
    # The second asset is so high that it is never the worst.
    note = TWO | {"spot": np.array([95.0, 1e6])}
    assert_allclose(autocallable.price(**note), autocallable.price(**ONE), rtol=1e-9)


@pytest.mark.parametrize("note, fine, tolerance", [(ONE, 20, 1e-10), (TWO, 8, 1e-8)])
def test_convergence_in_panels(note, fine, tolerance):
    price = autocallable.price(**note)
    assert_allclose(price, autocallable.price(**note, n_panels=fine), rtol=tolerance)


def test_order_of_the_assets_does_not_matter():
    swapped = TWO | {k: TWO[k][::-1] for k in ("spot", "volatility", "dividend", "initial_fixing")}
    assert_allclose(autocallable.price(**swapped), autocallable.price(**TWO), rtol=1e-9)


@pytest.mark.parametrize("note", [ONE, pytest.param(TWO, marks=pytest.mark.slow)])
def test_gradients(note, oracle):
    n = len(note["spot"])
    scalar = ("correlation", "rate", "autocall_level", "coupon", "protection_level")

    def price(x):
        change = {"spot": x[:n], "volatility": x[n : 2 * n], "dividend": x[2 * n : 3 * n]}
        change |= {name: x[3 * n + i] for i, name in enumerate(scalar)}
        return autocallable.price(**(note | change))

    x = np.concatenate([note["spot"], note["volatility"], note["dividend"], [note[name] for name in scalar]])
    gradient = jax.jit(jax.grad(price))(jnp.asarray(x))
    assert_allclose(gradient, oracle.central_difference(price, x, 1e-5), rtol=1e-5, atol=1e-4)


def test_three_assets_are_refused():
    with pytest.raises(ValueError, match="one or two assets"):
        autocallable.price(**(TWO | {"spot": np.ones(3)}))
