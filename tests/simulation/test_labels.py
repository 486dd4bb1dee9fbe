"""Labels average to closed forms, and blocks, chunks, devices and precisions do not change them."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, assert_trees_close, assert_within_errors, default_dtype
from label_markets import (
    CALLS,
    DIGITALS,
    ONE,
    barrier,
    barrier_and_level,
    box,
    call,
    digital,
    digital_everything,
    european,
    function,
    moved,
)
from problems import BACHELIER, BACHELIER_WEIGHT, HESTON, MONTHS, NOTE, QUARTERS, market
from scipy import stats

from jaxprice import products
from jaxprice.core.domain import Domain
from jaxprice.reference import autocallable, bachelier, black_scholes, discrete_barrier, heston
from jaxprice.simulation import labels, noise
from jaxprice.simulation.labels import rows
from jaxprice.simulation.labels.directions import active

LABELS = labels.Config(n_samples=2**15)
DIVIDEND = ONE.dividend[0]


def point(**numbers):
    """A box so small that a closed form at its centre holds everywhere."""
    return box(**{name: (x * (1 - 1e-7), x * (1 + 1e-7)) for name, x in numbers.items()})


def bachelier_basket(x):
    payoff = products.BasketCall(strike=x[3], weight=BACHELIER_WEIGHT)
    return dataclasses.replace(BACHELIER, spot=x[:3], volatility=BACHELIER.volatility * x[4]), european(payoff)


def note(x):
    model = dataclasses.replace(market(2), spot=x[:2], volatility=market(2).volatility * x[2] / 0.22)
    payoff = dataclasses.replace(NOTE, coupon=x[3])
    return model, products.PathDependent(payoff=payoff, observation_times=QUARTERS)


def heston_call(x):
    return dataclasses.replace(HESTON, spot=x[0], variance=x[1]), european(products.Call(strike=x[2]), x[3])


BARRIER = {"spot": 101.0, "volatility": 0.25, "strike": 98.0, "expiry": 1.1}


@dataclasses.dataclass(frozen=True)
class Case:
    """A market with a closed form of its price at any point of a domain; `bias` as a share of each column."""

    name: str
    market: Callable[[Any], Any]
    inputs: Domain
    price: Callable[[Any], Any]
    estimator: str = "pathwise"
    max_relative_error: float = 0.04
    bias: float = 0.0

    def __str__(self):
        return self.name


def call_price(x):
    return black_scholes.call(x[0], x[3], x[2], DIVIDEND, x[1], x[4])


def digital_price(x):
    return black_scholes.digital(x[0], 104.0, x[2], DIVIDEND, x[1], x[3])


def digital_everything_price(x):
    return black_scholes.digital(x[0], x[3], x[2], DIVIDEND, x[1], x[4])


def bachelier_price(x):
    volatility = BACHELIER.volatility * x[4]
    return bachelier.basket_call(x[:3], BACHELIER_WEIGHT, x[3], BACHELIER.rate, volatility, BACHELIER.correlation, 1.0)


def barrier_price(x, level=125.0):
    return discrete_barrier.up_and_out_call(x[0], x[2], ONE.rate, DIVIDEND, x[1], MONTHS * x[3], level)


def note_price(x):
    model = market(2)
    volatility = model.volatility * x[2] / 0.22
    return autocallable.price(x[:2], volatility, model.correlation[0, 1], model.rate, model.dividend, QUARTERS,
                              NOTE.initial_fixing, 1.0, x[3], 0.75, 100.0)  # fmt: skip


def heston_price(x):
    m = HESTON
    return heston.call(x[0], x[2], m.rate, m.dividend, x[1], m.mean_reversion, m.long_run_variance, m.vol_of_vol,
                       m.correlation, x[3])  # fmt: skip


def slow(case):
    return pytest.param(case, marks=pytest.mark.slow)


CASES = [
    Case("call", call, CALLS, call_price),
    Case("call by likelihood ratio", call, CALLS, call_price, "likelihood_ratio", 0.06),
    Case("basket", bachelier_basket,
         box(spot_0=(80.0, 120.0), spot_1=(75.0, 115.0), spot_2=(84.0, 124.0), strike=(90.0, 110.0), scale=(0.5, 1.5)),
         bachelier_price),
    slow(Case("basket by likelihood ratio", bachelier_basket,
              point(spot_0=100.0, spot_1=95.0, spot_2=104.0, strike=101.0, scale=1.1), bachelier_price,
              "likelihood_ratio", 0.06)),
    Case("digital by likelihood ratio", digital, DIGITALS, digital_price, "likelihood_ratio", 0.06),
    Case("digital, smoothed", digital_everything, CALLS, digital_everything_price, "smoothed", 0.08, 0.01),
    slow(Case("digital, conditional", digital_everything, CALLS, digital_everything_price, "conditional")),
    Case("barrier by likelihood ratio", barrier, point(**BARRIER), barrier_price, "likelihood_ratio", 0.06),
    slow(Case("barrier, conditional", barrier_and_level, point(**BARRIER, barrier=125.0),
              lambda x: barrier_price(x, x[4]), "conditional")),
    slow(Case("autocallable by likelihood ratio", note, point(spot_0=99.0, spot_1=101.0, volatility=0.22, coupon=0.03),
              note_price, "likelihood_ratio", 0.15)),
    *[slow(Case(f"Heston call, {kind}", heston_call, point(spot=103.0, variance=0.05, strike=101.0, expiry=1.1),
                heston_price, kind, 0.15, bias=0.004)) for kind in ("pathwise", "likelihood_ratio")],
]  # fmt: skip


def errors_of(data, price):
    """Label minus truth of each row, value first, and the size of each column."""
    is_point = np.all(np.asarray(data.domain.upper - data.domain.lower) < 1e-4)
    x = data.x[:1] if is_point else data.x
    value, slope = jax.jit(lambda x: jax.lax.map(jax.value_and_grad(price), x, batch_size=1024))(x)
    error = np.concatenate([np.asarray(data.y - value)[:, None], np.asarray(data.dydx - slope)], axis=1)
    truth = np.concatenate([np.asarray(value)[:, None], np.asarray(slope)], axis=1)
    return error, np.sqrt(np.mean(truth**2, axis=0))


def assert_unbiased(data, price, max_relative_error=0.03, bias=0.0):
    error, size = errors_of(data, price)
    std_error = np.std(error, axis=0) / np.sqrt(error.shape[0])
    assert np.all(std_error < max_relative_error * size), std_error / size
    assert_within_errors(np.mean(error, axis=0) / size, std_error / size + bias / 4.5, np.zeros_like(size),
                         max_relative_error=1.0, scale=1.0)  # fmt: skip


@pytest.mark.x64
@pytest.mark.parametrize("case", CASES, ids=str)
def test_labels_average_to_the_closed_form_and_its_derivatives(key, case):
    config = dataclasses.replace(LABELS, estimator=case.estimator)
    data = labels.make(key, case.market, case.inputs, config)
    assert_unbiased(data, case.price, case.max_relative_error, case.bias)


# A jump of which its author says that there is none: pathwise labels are then made, and are wrong.
LIE = products.Function(function=lambda price: jnp.where(price[0] > 104.0, 1.0, 0.0).astype(price.dtype), jumps=False)


@pytest.mark.x64
def test_a_planted_bias_is_noticed(key):
    data = labels.make(key, lambda x: (moved(x), european(LIE, x[3])), DIGITALS, labels.Config(n_samples=4096))
    assert float(jnp.max(jnp.abs(data.dydx[:, :2]))) == 0.0
    with pytest.raises(AssertionError):
        assert_unbiased(data, digital_price, max_relative_error=1.0)


# Second derivatives.


def log_spot_call(x):
    """An input that moves the spot, but not in proportion: the chain rule has a second derivative too."""
    return dataclasses.replace(ONE, spot=jnp.exp(x)), european(products.Call(strike=104.0))


def log_spot_price(x):
    return black_scholes.call(jnp.exp(x[0]), 104.0, ONE.rate, DIVIDEND, ONE.volatility[0], 1.0)


def three_spots(x):
    payoff = products.BasketCall(strike=101.0, weight=BACHELIER_WEIGHT)
    return dataclasses.replace(BACHELIER, spot=x), european(payoff)


def three_spots_price(x):
    m = BACHELIER
    return bachelier.basket_call(x, BACHELIER_WEIGHT, 101.0, m.rate, m.volatility, m.correlation, 1.0)


def assert_curvature(data, price, max_relative_error):
    truth = np.asarray(jax.vmap(jax.hessian(price))(data.x)) @ np.asarray(data.direction).T
    error = np.asarray(data.curvature) - truth.swapaxes(1, 2)
    std_error = np.std(error, axis=0) / np.sqrt(error.shape[0])
    scale = np.sqrt(np.mean(truth**2))
    assert_within_errors(np.mean(error, axis=0), std_error, 0.0 * std_error, max_relative_error=max_relative_error,
                         scale=scale)  # fmt: skip


SECOND = [
    ("mixed", log_spot_call, box(log_spot=(4.4, 4.8)), log_spot_price, "pathwise", None),
    pytest.param("mixed in three", three_spots, box(a=(80.0, 120.0), b=(75.0, 115.0), c=(84.0, 124.0)),
                 three_spots_price, "pathwise", None, marks=pytest.mark.slow),
    ("score twice", digital, DIGITALS, digital_price, "likelihood_ratio", [[1.0, 0, 0, 0], [0, 0, 100.0, 1.0]]),
]  # fmt: skip


@pytest.mark.x64
@pytest.mark.parametrize(("order", "market", "inputs", "price", "estimator", "direction"), SECOND)
def test_second_derivatives_average_to_the_closed_form(key, order, market, inputs, price, estimator, direction):
    second = "likelihood_ratio" if order == "score twice" else "mixed"
    config = dataclasses.replace(LABELS, estimator=estimator, second_order=second)
    data = labels.make(key, market, inputs, config, direction=direction)
    m = inputs.n_inputs
    assert_close(data.direction, np.eye(m) if direction is None else direction)
    assert_curvature(data, price, 0.2 if order == "score twice" else 0.03)


def test_the_default_directions_are_the_active_ones(key):
    """With four inputs: of a basket only the first says anything, along its weights in inputs of unit variance."""

    def four_spots(x):
        weight = jnp.array([0.4, 0.3, 0.2, 0.1], x.dtype)
        return dataclasses.replace(market(4), spot=x), european(products.BasketCall(strike=99.0, weight=weight), 0.1)

    inputs = box(a=(90.0, 110.0), b=(80.0, 120.0), c=(95.0, 105.0), d=(98.0, 102.0))
    data = labels.make(key, four_spots, inputs, labels.Config(n_samples=64, second_order="mixed"))
    assert data.direction.shape == (3, 4) and data.curvature.shape == (64, 3, 4)
    std = np.asarray(inputs.upper - inputs.lower) / np.sqrt(12.0)
    expected = np.array([0.4, 0.3, 0.2, 0.1]) * std
    axis = np.asarray(data.direction) / std
    np.testing.assert_allclose(axis[0], expected / np.linalg.norm(expected), atol=0.01)
    np.testing.assert_allclose(axis @ axis.T, np.eye(3), atol=0.01)


def test_active_directions_have_a_sign_and_a_length(key):
    x = jax.random.normal(key, (4096, 5)) * jnp.array([[1.0, 2.0, 3.0, 4.0, 5.0]])
    dydx = jnp.tile(jnp.array([[0.0, 0.0, -1.0, 0.0, 0.1]]), (4096, 1))
    direction = np.asarray(active(x, dydx))
    np.testing.assert_allclose(direction[0], [0.0, 0.0, 3.0 * 0.9864, 0.0, -5.0 * 0.1644], atol=0.1)


# Rows, blocks, chunks, keys.

LITTLE = labels.Config(n_samples=250)
FIVE = CALLS


def test_neither_block_nor_chunk_nor_the_number_of_rows_changes_a_row(key):
    whole = labels.make(key, call, FIVE, LITTLE)
    assert whole.x.shape == whole.dydx.shape == (250, 5) and len(np.unique(np.asarray(whole.x[:, 0]))) == 250
    chunked = labels.make(key, call, FIVE, dataclasses.replace(LITTLE, chunk=32))
    parts = list(labels.blocks(key, call, FIVE, LITTLE, n_rows=100))
    assert [part.n_samples for part in parts] == [100, 100, 50]
    joined = jax.tree.map(lambda *leaf: jnp.concatenate(leaf), *[(p.x, p.y, p.dydx) for p in parts])
    first = labels.make(key, call, FIVE, dataclasses.replace(LITTLE, n_samples=100))
    assert_trees_close((chunked.x, chunked.y, chunked.dydx), (whole.x, whole.y, whole.dydx), factor=10)
    assert_trees_close(joined, (whole.x, whole.y, whole.dydx), factor=10)
    assert_trees_close((first.y, first.dydx), (whole.y[:100], whole.dydx[:100]), factor=10)
    np.testing.assert_array_equal(joined[0], whole.x)
    other = labels.make(jax.random.key(1), call, FIVE, LITTLE)
    assert not np.any(np.asarray(other.x == whole.x))


@pytest.mark.parametrize("n_paths", [3, 40_000])
def test_a_label_is_the_mean_over_the_paths_of_its_row(key, n_paths):
    """Also where the paths of one row do not fit into memory at once."""

    def forward(x):
        return dataclasses.replace(ONE, spot=x), european(function(lambda price: price[0], jumps=False))

    data = labels.make(key, forward, box(spot=(80.0, 120.0)), labels.Config(n_samples=4, n_paths=n_paths))
    index = jnp.arange(4 * n_paths, dtype=jnp.uint32)
    sampling = noise.Sampling.PSEUDO if n_paths % 2 else noise.Sampling.ANTITHETIC
    stream = jax.random.fold_in(key, 0)
    normal = noise.by_path(noise.draw(stream, sampling, index, 1), 1, default_dtype()).reshape(4, n_paths, 1, 1)
    discount = ONE.discount_factor(jnp.asarray(1.0))
    growth = discount * jnp.mean(jax.vmap(jax.vmap(lambda z: ONE.path(z, jnp.ones(1))[0, 0]))(normal), axis=1) / 106.0
    # Normals are drawn in 32 bits, whose last digit depends on what XLA makes of the program.
    np.testing.assert_allclose(data.dydx[:, 0], growth, rtol=3e-6)
    np.testing.assert_allclose(data.y, data.x[:, 0] * growth, rtol=3e-6)


def test_antithetic_pairs_are_exact_for_what_is_linear_in_the_noise(key):
    linear = function(lambda price: jnp.sum(price), jumps=False)

    def sum_of_prices(x):
        return dataclasses.replace(BACHELIER, spot=x), european(linear)

    inputs = box(a=(90.0, 110.0), b=(90.0, 110.0), c=(90.0, 110.0))
    config = labels.Config(n_samples=32, sampling_of_inputs="uniform")
    paired = labels.make(key, sum_of_prices, inputs, config)
    assert_close(paired.y, jnp.sum(paired.x, axis=1), factor=10)
    single = labels.make(key, sum_of_prices, inputs, dataclasses.replace(config, antithetic=False))
    assert np.std(np.asarray(single.y - jnp.sum(single.x, axis=1))) > 10.0


@pytest.mark.parametrize("sampling", ["sobol", "uniform"])
def test_inputs_fill_the_box(key, sampling):
    config = labels.Config(n_samples=4096, sampling_of_inputs=sampling)
    x = np.asarray(labels.make(key, call, CALLS, config).x)
    lower, upper = np.asarray(CALLS.lower), np.asarray(CALLS.upper)
    share = (x - lower) / (upper - lower)
    assert np.all(x >= lower) and np.all(x <= upper)
    distance = [stats.kstest(column, "uniform").statistic for column in share.T]
    assert max(distance) < (2e-3 if sampling == "sobol" else 0.03)
    np.testing.assert_allclose(np.corrcoef(share.T), np.eye(5), atol=0.02 if sampling == "sobol" else 0.08)


# Inputs with the law of a model.


def test_a_horizon_gives_the_prices_of_its_model(key):
    model = market(2)
    horizon = labels.Horizon(model=dataclasses.replace(model, volatility=1.5 * model.volatility), time=0.7)

    def later(x):
        return dataclasses.replace(model, spot=x), european(products.MaxCall(strike=100.0), 0.3)

    config = labels.Config(n_samples=4096)
    data = labels.make(key, later, horizon, config)
    assert data.domain.names == ("spot_0", "spot_1")
    np.testing.assert_array_equal(data.domain.lower, jnp.min(data.x, axis=0))
    np.testing.assert_array_equal(data.domain.upper, jnp.max(data.x, axis=0))
    std = 1.5 * np.asarray(model.volatility) * np.sqrt(0.7)
    drift = np.asarray(model.rate - model.dividend) * 0.7 - 0.5 * std**2
    standard = (np.log(np.asarray(data.x) / np.asarray(model.spot)) - drift) / std
    assert max(stats.kstest(column, "norm").statistic for column in standard.T) < 4e-3
    np.testing.assert_allclose(np.corrcoef(standard.T)[0, 1], 0.3, atol=0.02)
    parts = list(labels.blocks(key, later, horizon, config, n_rows=2048))
    assert_trees_close(parts[1].domain, data.domain)
    assert_close(jnp.concatenate([part.y for part in parts]), data.y, factor=10)


# Precision, compilation, devices.


@pytest.mark.x64
def test_labels_compute_in_the_precision_of_their_inputs(key):
    wide = labels.make(key, call, CALLS, LITTLE)
    narrow = labels.make(key, call, jax.tree.map(lambda leaf: leaf.astype(jnp.float32), CALLS), LITTLE)
    assert {leaf.dtype for leaf in jax.tree.leaves(narrow)} == {jnp.dtype(jnp.float32)}
    scale = np.max(np.abs(np.asarray(wide.dydx)), axis=0)
    np.testing.assert_allclose(narrow.y, wide.y, atol=1e-3)
    # A path next to the strike may end on its other side in the other precision.
    assert np.mean(np.abs(np.asarray(narrow.dydx) - np.asarray(wide.dydx)) > 1e-4 * scale) < 0.01


def scaled_call(model, strike, x):
    return dataclasses.replace(model, spot=x * model.spot), european(products.Call(strike=strike))


def test_new_numbers_compile_nothing_new(key):
    config = dataclasses.replace(LITTLE, n_samples=64)
    before = rows.labels_of._cache_size(), labels.inputs.draw._cache_size()
    for i, width in enumerate((0.1, 0.2, 0.3)):
        partial = jax.tree_util.Partial(scaled_call, dataclasses.replace(ONE, rate=jnp.asarray(0.01 * i)), 100.0 + i)
        inputs = box(moneyness=(1.0 - width, 1.0 + width))
        found = labels.make(jax.random.fold_in(key, i), partial, inputs, config)
        assert np.all(np.isfinite(found.y))
    for part in labels.blocks(key, partial, inputs, dataclasses.replace(config, n_samples=150), n_rows=64):
        assert part.n_samples in (64, 22)
    after = rows.labels_of._cache_size(), labels.inputs.draw._cache_size()
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


MESH = """
import dataclasses, jax
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_num_cpu_devices", 4)
import jax.numpy as jnp, numpy as np
from jaxprice import models, products
from jaxprice.core.domain import Domain
from jaxprice.simulation import labels
one = models.BlackScholes.equicorrelated(n_assets=1, spot=100.0, volatility=0.2, rate=0.05)
def market(x):
    return dataclasses.replace(one, spot=x[:1]), products.European(payoff=products.Call(strike=x[1]), expiry=1.0)
inputs = Domain(lower=jnp.array([80.0, 90.0]), upper=jnp.array([120.0, 110.0]), names=("spot", "strike"))
config = labels.Config(n_samples=1001, chunk=64)
alone = labels.make(jax.random.key(3), market, inputs, config)
for n in (3, 4):
    mesh = jax.make_mesh((n,), ("paths",), devices=jax.devices()[:n])
    spread = labels.make(jax.random.key(3), market, inputs, config, mesh=mesh)
    parts = list(labels.blocks(jax.random.key(3), market, inputs, config, n_rows=600, mesh=mesh))
    for name in ("x", "y", "dydx"):
        expected = np.asarray(getattr(alone, name))
        np.testing.assert_allclose(getattr(spread, name), expected, rtol=0, atol=1e-12)
        joined = np.concatenate([np.asarray(getattr(part, name)) for part in parts])
        np.testing.assert_allclose(joined, expected, rtol=0, atol=1e-12)
    assert np.isfinite(jnp.sum(spread.x * spread.dydx))
print("same")
"""


@pytest.mark.x64
def test_a_mesh_gives_the_labels_of_one_device():
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    done = subprocess.run([sys.executable, "-c", MESH], capture_output=True, text=True, env=environment, timeout=600)
    assert done.stdout.strip() == "same", done.stderr[-3000:]
