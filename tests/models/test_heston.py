"""Heston: exactness of what the scheme promises, its bias, its derivatives, its edges."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy import integrate, stats

from jaxprice.models import BlackScholes, Heston, Model
from jaxprice.models.model import Restartable
from jaxprice.reference import heston as reference

needs_x64 = pytest.mark.x64

FELLER = {
    "spot": 100.0,
    "rate": 0.03,
    "dividend": 0.01,
    "variance": 0.05,
    "mean_reversion": 2.0,
    "long_run_variance": 0.04,
    "vol_of_vol": 0.3,
    "correlation": -0.7,
}
VIOLATED = FELLER | {"variance": 0.04, "mean_reversion": 0.5, "vol_of_vol": 0.9}
MARKETS = {
    "feller": FELLER,
    "violated": VIOLATED,
    "glsm_table_9": {
        "spot": 10.0,
        "rate": 0.1,
        "dividend": 0.0,
        "variance": 0.0625,
        "mean_reversion": 5.0,
        "long_run_variance": 0.16,
        "vol_of_vol": 0.9,
        "correlation": 0.1,
    },
    "positive_correlation": VIOLATED | {"correlation": 0.6},
    "starts_at_zero": VIOLATED | {"variance": 0.0},
}
EDGES = {
    "zero_variance": {"variance": 0.0},
    "no_vol_of_vol": {"vol_of_vol": 0.0},
    "no_long_run": {"long_run_variance": 0.0},
    "no_variance_ever": {"variance": 0.0, "long_run_variance": 0.0},
    "no_variance_no_vol_of_vol": {"variance": 0.0, "long_run_variance": 0.0, "vol_of_vol": 0.0},
    "slow_reversion": {"mean_reversion": 1e-3},
    "fast_reversion": {"mean_reversion": 50.0},
    "wild": {"vol_of_vol": 3.0, "correlation": 0.9},
    "uncorrelated": {"correlation": 0.0},
}
# Four standard errors: one false alarm in 16,000 tests.
N_SIGMA = 4.0


def heston(dtype=None, **numbers):
    return Heston(**{name: jnp.asarray(value, dtype or float) for name, value in numbers.items()})


def draw(n_paths, n_steps, dtype=None):
    """Antithetic: the second half mirrors the first."""
    half = jax.random.normal(jax.random.key(1), (n_paths // 2, n_steps, 2), dtype or jnp.result_type(float))
    return jnp.concatenate([half, -half])


def equal_times(n_steps, expiry=1.0, dtype=None):
    return expiry * jnp.arange(1, n_steps + 1, dtype=dtype or jnp.result_type(float)) / n_steps


@jax.jit
def one_path(model, normal, time):
    return model.path(normal, time)


@jax.jit
def paths(model, normal, time):
    return jax.vmap(lambda z: model.path(z, time))(normal)


@jax.jit
def conditional_laws(model, normal, time):
    return jax.vmap(lambda z: model.conditional_law(z, time))(normal)


def mean_and_error(sample):
    """Mean over antithetic pairs and its standard error, over the leading axis."""
    sample = np.asarray(sample, np.float64)
    pair = 0.5 * (sample[: len(sample) // 2] + sample[len(sample) // 2 :])
    return pair.mean(axis=0), pair.std(axis=0) / np.sqrt(len(pair))


def call_arguments(model, strike, expiry):
    names = (
        "rate",
        "dividend",
        "variance",
        "mean_reversion",
        "long_run_variance",
        "vol_of_vol",
        "correlation",
    )
    return (model.spot, strike, *(getattr(model, name) for name in names), expiry)


def test_is_a_model():
    model = heston(**FELLER)
    time = jnp.array([0.1, 0.5, 2.0])
    state = one_path(model, draw(2, 3)[0], time)
    assert isinstance(model, Model)
    assert not model.is_exact
    assert (model.n_assets, model.n_factors) == (1, 2)
    assert state.shape == (3, 2)
    np.testing.assert_array_equal(model.observe(state), state[:, :1])
    np.testing.assert_allclose(model.forward(time)[:, 0], 100 * np.exp(0.02 * np.asarray(time)), rtol=1e-6)
    np.testing.assert_allclose(model.discount_factor(time), np.exp(-0.03 * np.asarray(time)), rtol=1e-6)
    assert model.discount_factor(time[0]).shape == ()


@pytest.mark.x64
@pytest.mark.parametrize("dt", [0.02, 0.25, 1.0])
@pytest.mark.parametrize("variance", [0.0, 1e-4, 0.01, 0.04, 0.3])
@pytest.mark.parametrize("market", ["feller", "violated", "glsm_table_9", "positive_correlation"])
def test_one_step_has_the_promised_moments(market, variance, dt):
    """Integrated over the normals on a fine grid: exact mean of the price, exact mean and variance of v."""
    numbers = MARKETS[market] | {"variance": variance}
    model = heston(**numbers)
    z = jnp.linspace(-9.0, 9.0, 40_001)
    normal = jnp.stack([z, jnp.zeros_like(z)], axis=1)
    time = jnp.array([dt])
    mean, std = (law[:, 0] for law in conditional_laws(model, normal[:, None], time))
    following = paths(model, normal[:, None], time)[:, 0, 1]
    density = np.exp(-0.5 * np.asarray(z) ** 2) / np.sqrt(2 * np.pi)

    def expect(values):
        return np.trapezoid(np.asarray(values) * density, np.asarray(z))

    kappa, theta, nu = (numbers[name] for name in ("mean_reversion", "long_run_variance", "vol_of_vol"))
    decay = np.exp(-kappa * dt)
    first = theta + (variance - theta) * decay
    second = nu**2 / kappa * (variance * decay * (1 - decay) + 0.5 * theta * (1 - decay) ** 2)
    np.testing.assert_allclose(expect(following), first, rtol=1e-6)
    np.testing.assert_allclose(expect((following - first) ** 2), second, rtol=1e-6)
    growth = np.exp((numbers["rate"] - numbers["dividend"]) * dt)
    np.testing.assert_allclose(expect(np.exp(mean + 0.5 * std**2)), growth, rtol=1e-7)
    assert np.all(np.asarray(following) >= 0)


@pytest.mark.parametrize("market", MARKETS)
def test_moments_of_paths(market):
    """Along unequal steps: E[S_T] is the forward, and mean and variance of v those of the square-root process."""
    numbers = MARKETS[market]
    model = heston(**numbers)
    time = jnp.array([0.05, 0.1, 0.3, 0.35, 0.6, 1.0, 1.1, 1.5])
    state = paths(model, draw(40_000, 8), time)
    kappa, theta, nu = (numbers[name] for name in ("mean_reversion", "long_run_variance", "vol_of_vol"))
    decay = np.exp(-kappa * np.asarray(time, np.float64))
    first = theta + (numbers["variance"] - theta) * decay
    second = nu**2 / kappa * (numbers["variance"] * decay * (1 - decay) + 0.5 * theta * (1 - decay) ** 2)
    for sample, expected, scale in (
        (state[..., 0], model.forward(time)[:, 0], numbers["spot"]),
        (state[..., 1], first, theta),
        ((np.asarray(state[..., 1]) - first) ** 2, second, nu**2 * theta),
    ):
        mean, error = mean_and_error(sample)
        np.testing.assert_array_less(np.abs(mean - expected), N_SIGMA * error + 1e-6 * scale)
        assert np.all(error < 0.05 * scale)


@needs_x64
@pytest.mark.parametrize("expiry", [0.5, 1.0])
@pytest.mark.parametrize("market", ["feller", "violated", "glsm_table_9"])
def test_calls_against_fourier(market, expiry):
    """32 steps: within the sampling error and a bias of 0.01 % of the spot."""
    model = heston(**MARKETS[market])
    time = equal_times(32, expiry)
    strikes = np.array([0.8, 1.0, 1.2]) * float(model.spot)
    mean, std = conditional_laws(model, draw(2**16, time.shape[0]), time)
    # Black-Scholes given the variance path: no noise from the second normal.
    forward = np.exp(np.log(float(model.spot)) + np.sum(mean + 0.5 * std**2, axis=1))[:, None]
    total = np.sqrt(np.sum(np.square(std), axis=1))[:, None]
    d = np.log(forward / strikes) / total + 0.5 * total
    discount = np.exp(-float(model.rate) * expiry)
    value = discount * (forward * stats.norm.cdf(d) - strikes * stats.norm.cdf(d - total))
    asset = discount * forward
    exact = np.array([reference.call(*call_arguments(model, strike, expiry)) for strike in strikes])
    beta = np.cov(value.T, asset[:, 0])[:-1, -1] / asset.var()
    price, error = mean_and_error(value - beta * (asset - float(model.spot) * np.exp(-float(model.dividend) * expiry)))
    np.testing.assert_array_less(np.abs(price - exact), N_SIGMA * error + 1e-4 * float(model.spot))
    assert np.all(error < 2e-4 * float(model.spot))


@needs_x64
@pytest.mark.parametrize("market", ["feller", "violated", "glsm_table_9", "starts_at_zero"])
def test_log_characteristic_fn(market):
    model = heston(**MARKETS[market])
    log_cf = jax.jit(jax.vmap(model.log_characteristic_fn, (0, None)))
    for expiry in (0.1, 1.0, 10.0):
        u = jnp.array([-20.0, -1.0, 0.0, 0.3, 2.0, 25.0])
        centred = reference.characteristic_fn(u, *call_arguments(model, 0.0, expiry)[4:])
        expected = centred * jnp.exp(
            1j * u.astype(complex) * jnp.log(model.forward(jnp.array([expiry]))[0]).astype(complex)
        )
        np.testing.assert_allclose(jnp.exp(log_cf(u[:, None], jnp.array(expiry))), expected, rtol=1e-9, atol=1e-14)
        # At -i it is the forward, exactly.
        at_minus_i = log_cf(jnp.array([[-1j]]), jnp.array(expiry))
        np.testing.assert_allclose(jnp.exp(at_minus_i[0]), model.forward(jnp.array([expiry]))[0, 0], rtol=1e-12)


@needs_x64
def test_log_characteristic_fn_prices_a_call():
    """Lewis's integral of it by adaptive quadrature, against the cosine expansion of the reference."""
    model, strike, expiry = heston(**VIOLATED), 110.0, 1.5
    log_cf = jax.jit(model.log_characteristic_fn)

    def integrand(u):
        value = log_cf(jnp.array([u - 0.5j]), jnp.array(expiry)) - 1j * (u - 0.5j) * np.log(strike)
        return float(np.exp(value).real / (u**2 + 0.25))

    integral, _ = integrate.quad(integrand, 0.0, 500.0, epsabs=1e-10, limit=400)
    forward_value = float(model.spot) * np.exp(-float(model.dividend) * expiry)
    price = forward_value - strike * np.exp(-float(model.rate) * expiry) * integral / np.pi
    exact = reference.call(*call_arguments(model, strike, expiry), n_terms=8192)
    np.testing.assert_allclose(price, exact, rtol=1e-7)


def test_log_characteristic_fn_of_paths():
    """The empirical one of 8-step paths, within sampling error and bias."""
    model, expiry = heston(**FELLER), 1.0
    log_price = jnp.log(paths(model, draw(40_000, 8), equal_times(8))[:, -1, 0] / model.spot)
    for u in (0.5, 2.0, 5.0):
        wave = np.exp(1j * u * np.asarray(log_price, np.float64))
        log_cf = np.asarray(model.log_characteristic_fn(jnp.array([u]), jnp.array(expiry)), np.complex128)
        expected = np.exp(log_cf - 1j * u * np.log(100.0))
        for part, exact in ((wave.real, expected.real), (wave.imag, expected.imag)):
            mean, error = mean_and_error(part)
            assert abs(mean - exact) < N_SIGMA * error + 2e-3
            assert error < 5e-3


def test_without_vol_of_vol_it_is_black_scholes():
    numbers = FELLER | {"variance": 0.04, "vol_of_vol": 0.0, "mean_reversion": 1e-3}
    model, time = heston(**numbers), jnp.array([0.3, 0.5, 1.7])
    flat = BlackScholes.equicorrelated(n_assets=1, spot=100.0, volatility=0.2, rate=0.03, dividend=0.01)
    normal = draw(2, 3)[0]
    combined = -0.7 * normal[:, :1] + np.sqrt(1 - 0.49) * normal[:, 1:]
    state = one_path(model, normal, time)
    np.testing.assert_allclose(state[:, :1], flat.path(combined, time), rtol=2e-5)
    np.testing.assert_allclose(state[:, 1], 0.04, rtol=1e-5)
    u = jnp.array([1.3])
    ours = model.log_characteristic_fn(u, time[-1])
    np.testing.assert_allclose(ours, flat.log_characteristic_fn(u, time[-1]), rtol=1e-5)


def test_path_is_made_of_its_conditional_law():
    model, time, normal = heston(**VIOLATED), jnp.array([0.1, 0.15, 1.0]), draw(2, 3)[0]
    mean, std = (law[0] for law in conditional_laws(model, normal[None], time))
    price = 100 * np.exp(np.cumsum(mean + std * normal[:, -1]))
    np.testing.assert_allclose(one_path(model, normal, time)[:, 0], price, rtol=1e-5)
    other = normal.at[:, -1].set(0.0)
    np.testing.assert_array_equal(conditional_laws(model, other[None], time)[0][0], mean)


@pytest.mark.parametrize("shape", [(), (1,)])
def test_from_spot(shape):
    model, time, normal = heston(**FELLER), jnp.array([0.1, 0.5, 0.7]), draw(2, 3)[0]
    moved = model.from_spot(one_path(model, normal, time), time, jnp.full(shape, 120.0))
    there = dataclasses.replace(model, spot=jnp.asarray(120.0))
    np.testing.assert_allclose(moved, one_path(there, normal, time), rtol=1e-6)


@pytest.mark.parametrize("market", ["feller", "violated"])
def test_restart(market):
    """The rest of a path is the path of the restarted model, whose times count from there."""
    model, time, normal = heston(**MARKETS[market]), jnp.array([0.1, 0.25, 0.6, 1.0]), draw(2, 4)[0]
    whole = one_path(model, normal, time)
    rest = one_path(model.restart(whole[1], time[1]), normal[2:], time[2:] - time[1])
    assert isinstance(model, Restartable)
    np.testing.assert_allclose(rest, whole[2:], rtol=1e-5, atol=1e-7)


@jax.jit
def coordinates(model, state, time):
    return jax.vmap(jax.vmap(model.coordinate), (0, None))(state, time)


@pytest.mark.parametrize("market", ["feller", "glsm_table_9", "violated", "positive_correlation"])
def test_coordinate_is_standardised(market):
    model, time = heston(**MARKETS[market]), jnp.array([0.02, 0.1, 0.5, 1.0])
    state = paths(model, draw(40_000, 4), time)
    found = np.asarray(coordinates(model, state, time), np.float64)
    is_regular = market in ("feller", "glsm_table_9")
    np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=0.06 if is_regular else 0.3)
    np.testing.assert_allclose(found.std(axis=0), 1.0, atol=0.12 if is_regular else 0.3)
    if is_regular:
        skewness = np.abs(stats.skew(found[..., 1]))
        np.testing.assert_array_less(skewness, 0.4)
        np.testing.assert_array_less(skewness, stats.skew(np.asarray(state[..., 1], np.float64)))
    standard = jax.jit(model.standard_price)(state[0, 1], time[1])
    np.testing.assert_allclose(standard, found[0, 1, :1], rtol=1e-4, atol=1e-6)


@pytest.mark.x64
@pytest.mark.parametrize("variance", [0.0, 1e-3, 0.3])
@pytest.mark.parametrize("market", ["feller", "violated", "positive_correlation", "no_vol_of_vol"])
def test_martingale_increment(market, variance):
    """Integrated over the normals its mean is zero, and over its own variance part it is the step of the path."""
    model = heston(**((MARKETS[market] if market in MARKETS else FELLER | EDGES[market]) | {"variance": variance}))
    z, length = jnp.linspace(-9.0, 9.0, 40_001), jnp.array(0.1)
    normal = jnp.stack([z, jnp.zeros_like(z)], axis=1)
    increment = np.asarray(jax.jit(jax.vmap(model.martingale_increment, (0, None)))(normal, length))
    density = np.exp(-0.5 * np.asarray(z) ** 2) / np.sqrt(2 * np.pi)
    scale = np.array([float(model.spot), 1.0])
    mean = np.trapezoid(increment * density[:, None], np.asarray(z), axis=0) / scale
    np.testing.assert_allclose(mean, 0.0, atol=1e-7)
    state = np.asarray(paths(model, normal[:, None], length[None]))[:, 0]
    np.testing.assert_allclose(increment[:, 1] - increment[0, 1], state[:, 1] - state[0, 1], atol=1e-12)
    if variance > 0:
        log_return = np.log(state[:, 0])
        expected = (log_return - log_return[0]) * float(model.spot)
        np.testing.assert_allclose(increment[:, 0] - increment[0, 0], expected, atol=1e-8)


@pytest.mark.parametrize("edge", EDGES)
def test_coordinate_at_edges(edge):
    """Finite with finite derivatives, also at time 0 and where the variance has come to zero."""
    model = heston(jnp.float32, **(VIOLATED | EDGES[edge]))

    def slope(state, time):
        return jax.jacfwd(model.coordinate)(state, time), model.coordinate(state, time)

    slope = jax.jit(jax.vmap(jax.vmap(slope, (0, None)), (None, 0)))
    now = jnp.stack([model.spot, model.variance])
    state = jnp.concatenate([now[None], jnp.array([[100.0, 0.0], [1e-3, 1e-9], [1e5, 5.0]], jnp.float32)])
    for leaf in slope(state, jnp.array([0.0, 1e-6, 0.5, 20.0], jnp.float32)):
        assert leaf.dtype == jnp.float32
        assert np.all(np.isfinite(leaf))
    np.testing.assert_array_equal(slope(state[:1], jnp.zeros(1, jnp.float32))[1], 0.0)


@needs_x64
@pytest.mark.parametrize("market", ["feller", "violated", "positive_correlation", "no_vol_of_vol"])
def test_path_gradients(market):
    """Both branches, forward and reverse, away from the switch between them."""
    normal = jnp.array([[0.3, -0.4], [-1.9, 0.8], [0.9, 1.1]])
    time = jnp.array([0.1, 0.2, 0.6])
    model = heston(**(MARKETS[market] if market in MARKETS else FELLER | EDGES[market]))
    check_grads(
        lambda *x: one_path(x[0], normal, x[1]), (model, time), order=1, modes=("fwd", "rev"), rtol=1e-5, eps=1e-6
    )


@pytest.mark.parametrize("edge", EDGES)
def test_edges_are_finite(edge):
    """Values, derivatives and scores in 32 bits, the harder case, for short, usual and absurdly long steps."""
    dtype = jnp.float32
    model = heston(dtype, **(VIOLATED | EDGES[edge]))
    for expiry in (0.01, 1.0, 20.0):
        value = _everything(model, draw(512, 8, dtype), equal_times(8, expiry, dtype))
        for leaf in jax.tree.leaves(value):
            assert leaf.dtype == dtype
            assert np.all(np.isfinite(leaf)), (edge, expiry)


def _last(model, z, time):
    state = model.path(z, time)[-1]
    return jnp.sum(state), state


def _log_density(model, z, time):
    return model.likelihood_path(z, time)[1]


@jax.jit
def _everything(model, normal, time):
    def one(z):
        derivative, state = jax.grad(_last, has_aux=True)(model, z, time)
        return state, derivative, jax.value_and_grad(_log_density)(model, z, time)

    return jax.vmap(one)(normal)


@pytest.mark.parametrize("correlation", [-1.0, 1.0])
def test_perfect_correlation(correlation):
    """The path is finite; the score is NaN, never a quiet zero, because the log-return has no density."""
    model = heston(jnp.float32, **(VIOLATED | {"correlation": correlation}))
    time = equal_times(8, dtype=jnp.float32)
    state, derivative, (log_density, _) = _everything(model, draw(512, 8, jnp.float32), time)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves((state, derivative)))
    assert np.all(np.isnan(log_density))
    mean, error = mean_and_error(state[:, 0])
    assert abs(mean - float(model.forward(time)[-1, 0])) < N_SIGMA * error


STRIKE = 105.0


@jax.jit
def score_greeks(model, normal, time):
    """Derivatives of what one, a call and a digital pay, by the score, path by path."""

    def log_density(model, z):
        state, value = model.likelihood_path(z, time)
        return value, jax.lax.stop_gradient(state[-1, 0])

    score, price = jax.vmap(jax.grad(log_density, has_aux=True), (None, 0))(model, normal)
    gain = price - STRIKE
    paid = jnp.stack([jnp.ones_like(gain), jnp.maximum(gain, 0.0), jnp.where(gain > 0, 100.0, 0.0)], axis=1)
    return jax.tree.map(lambda leaf: leaf[:, None] * paid, score)


def undiscounted_call(model, strike):
    return reference.call(*call_arguments(model, strike, 1.0)) * jnp.exp(model.rate)


def exact_greeks(model):
    """Of one, the call and the digital, the last as a call spread of width 2e-3."""
    call, above, below = (call_greeks(model, jnp.asarray(STRIKE + shift)) for shift in (0.0, 1e-3, -1e-3))
    return jax.tree.map(lambda c, a, b: np.array([0.0, c, 100.0 * (b - a) / 2e-3]), call, above, below)


call_greeks = jax.jit(jax.grad(undiscounted_call))


@needs_x64
@pytest.mark.parametrize("market", ["feller", "violated"])
def test_score(market):
    """It has mean zero, and times the payoff of a call and of a digital it has the derivatives of their prices."""
    model, time = heston(**MARKETS[market]), equal_times(8)
    exact_all = exact_greeks(model)
    samples = score_greeks(model, draw(2**15, 8), time)
    # Where the variance sits at zero, its own pathwise derivatives have tails too heavy for error bars.
    variance_free = ["spot", "rate", "dividend", "correlation"]
    names = [field.name for field in dataclasses.fields(Heston)] if market == "feller" else variance_free
    size = {"spot": 1.0, "variance": 50.0, "long_run_variance": 100.0, "rate": 100.0, "dividend": 100.0}
    # The bias of 8 steps a year, measured: up to 6 % of the delta of a digital where the Feller condition fails.
    bias = {"feller": 0.02, "violated": 0.08}[market]
    for name in names:
        mean, error = mean_and_error(getattr(samples, name))
        exact = getattr(exact_all, name)
        scale = np.array([0.2, 1.0, 5.0]) * size.get(name, 5.0)
        limit = N_SIGMA * error + bias * (np.abs(exact) + 0.1 * scale)
        np.testing.assert_array_less(np.abs(mean - exact), limit, err_msg=name)
        np.testing.assert_array_less(error, 0.2 * scale, err_msg=name)


@pytest.mark.x64
def test_single_precision_follows_double():
    normal = draw(40_000, 8, jnp.float32)
    for numbers in (FELLER, VIOLATED):
        single = paths(heston(jnp.float32, **numbers), normal, equal_times(8, dtype=jnp.float32))
        double = paths(heston(jnp.float64, **numbers), normal.astype(jnp.float64), equal_times(8))
        assert single.dtype == jnp.float32
        error = np.abs(np.asarray(single[..., 0], np.float64) / np.asarray(double[..., 0]) - 1.0)
        # A path that meets the switch of branches within rounding may take the other one.
        assert np.quantile(error, 0.999) < 1e-4


def test_batches_over_models():
    stacked = jax.tree.map(lambda *leaf: jnp.stack(leaf), *(heston(**market) for market in MARKETS.values()))
    normal, time = draw(2, 3)[0], jnp.array([0.1, 0.2, 0.7])
    together = jax.vmap(one_path, (0, None, None))(stacked, normal, time)
    for i, market in enumerate(MARKETS.values()):
        np.testing.assert_allclose(together[i], one_path(heston(**market), normal, time), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spot": 0.0}, r"Heston\.spot: expected a positive number, got 0"),
        ({"mean_reversion": 0.0}, r"Heston\.mean_reversion: expected a positive number, got 0"),
        ({"variance": -0.1}, r"Heston\.variance: expected a number that is not negative, got -0\.1"),
        ({"long_run_variance": -0.1}, r"Heston\.long_run_variance: expected a number that is not negative"),
        ({"vol_of_vol": -0.1}, r"Heston\.vol_of_vol: expected a number that is not negative"),
        ({"correlation": -1.5}, r"Heston\.correlation: expected a number between -1 and 1, got -1\.5"),
        ({"rate": np.nan}, r"Heston\.rate: expected finite numbers, got nan"),
        ({"spot": [100.0]}, r"Heston\.spot: expected shape \(\), got \(1,\)"),
    ],
)
def test_validation(change, message):
    heston(**VIOLATED).validate()
    with pytest.raises(ValueError, match=message):
        heston(**(VIOLATED | change)).validate()


def test_validation_lets_tracers_pass():
    jax.jit(lambda model: model.validate() or model.spot)(heston(**(FELLER | {"spot": -1.0})))
