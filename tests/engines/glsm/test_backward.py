"""The sweep against the published algorithm in plain NumPy on the same paths, and what must not change it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close
from problems import market

from jaxprice import products
from jaxprice.core.random import Stream, stream
from jaxprice.core.status import Status
from jaxprice.engines import glsm
from jaxprice.engines.glsm import Rule
from jaxprice.engines.glsm.engine import _check
from jaxprice.numerics.index_set import hyperbolic_cross
from jaxprice.simulation import noise
from jaxprice.simulation.noise import Sampling

pytestmark = pytest.mark.x64
STRIKE, N_DATES, ORDER = 100.0, 4, 3
SMALL = glsm.Config(n_paths=3000, order=ORDER, columns=(), chunk=256, ridge=0.0)


def max_call(n_dates=N_DATES, expiry=1.0):
    return products.Bermudan.equally_spaced(products.MaxCall(strike=STRIKE), expiry, n_dates)


def paths_of_the_engine(key, config, model, n_dates=N_DATES, expiry=1.0):
    """The Brownian motion that the engine draws, date by date, (n_dates, d, n_paths)."""
    time, index = expiry * np.arange(1, n_dates + 1) / n_dates, jnp.arange(config.n_paths, dtype=jnp.uint32)

    def normal(step):
        key_of_step = jax.random.fold_in(stream(key, Stream.TRAINING), step)
        return np.asarray(noise.draw(key_of_step, Sampling.PSEUDO, index, model.n_factors), np.float64)

    path = [np.sqrt(time[-1]) * normal(n_dates)]
    for k in range(n_dates - 1, 0, -1):
        now, later = time[k - 1], time[k]
        path.insert(0, now / later * path[0] + np.sqrt(now / later * (later - now)) * normal(k))
    return time, np.stack(path)


def hermite(x, n):
    return np.polynomial.hermite_e.hermeval(x, [0.0] * n + [1.0]) / np.sqrt(float(np.prod(np.arange(1, n + 1))))


def published(model, rule, gradient, time, path):
    """Yang and Li 2025, algorithms 4.1 and 4.2, as they are printed: one function and one path at a time."""
    indices = hyperbolic_cross(model.n_assets, ORDER).indices()
    covariance = np.asarray(model.volatility)[:, None] * np.asarray(model.correlation) * np.asarray(model.volatility)
    value, vector = np.linalg.eigh(covariance)
    loading = (vector * np.sqrt(value))[:, ::-1]

    def pays(k):
        log_price = np.log(model.spot)[:, None] + time[k] * np.asarray(model.log_drift())[:, None] + loading @ path[k]
        return np.exp(-model.rate * time[k]) * np.maximum(np.exp(log_price).max(axis=0) - STRIKE, 0.0)

    target = cash = pays(-1)
    for k in range(len(time) - 2, -1, -1):
        y, increment = path[k] / np.sqrt(time[k]), path[k + 1] - path[k]
        basis = np.stack([np.prod([hermite(y[j], a) for j, a in enumerate(alpha)], axis=0) for alpha in indices])
        slope = np.zeros_like(basis)
        for row, alpha in enumerate(indices):
            for j in np.flatnonzero(alpha):
                lower = alpha.copy()
                lower[j] -= 1
                position = np.flatnonzero((indices == lower).all(axis=1))[0]
                slope[row] += np.sqrt(alpha[j] / time[k]) * basis[position] * increment[j]
        matrix = basis + slope if gradient else basis
        coefficient = np.linalg.lstsq(matrix.T, target, rcond=None)[0]
        held, gain = coefficient @ basis, coefficient @ slope
        carried = {Rule.VALUE: held, Rule.CASH_FLOW: cash, Rule.HEDGED: target - gain}[rule]
        exercised = (pays(k) > held) & (pays(k) > 0)
        target, cash = np.where(exercised, pays(k), carried), np.where(exercised, pays(k), cash)
    return coefficient, cash.mean(), cash.std(ddof=1) / np.sqrt(cash.size), target


SWEEPS = [
    (Rule.HEDGED, True),
    *(
        pytest.param(rule, gradient, marks=pytest.mark.slow)
        for rule in Rule
        for gradient in (True, False)
        if (rule, gradient) != (Rule.HEDGED, True)
    ),
]


@pytest.mark.parametrize(("rule", "gradient"), SWEEPS)
def test_the_sweep_is_the_published_algorithm(key, rule, gradient):
    model = market(3)
    config = dataclasses.replace(SMALL, rule=rule, gradient=gradient)
    policy = glsm.fit(key, model, max_call(), config)
    time, path = paths_of_the_engine(key, config, model)
    coefficient, price, error, target = published(model, rule, gradient, time, path)
    # Signs of eigenvectors are free: odd functions of an axis may change sign.
    assert_close(np.abs(policy.coefficient[0]), np.abs(coefficient), factor=1e4)
    assert_close(policy.diagnostics["in_sample_price"], price, factor=1e3)
    assert_close(policy.diagnostics["in_sample_std_error"], error, factor=1e3)
    design = np.concatenate([np.ones((1, path.shape[2])), path[0]])
    initial = np.linalg.lstsq(design.T, target, rcond=None)[0]
    assert_close(policy.initial_value, initial[0], factor=1e3)
    assert policy.status == Status.OK


@pytest.mark.slow
def test_neither_chunk_nor_ragged_last_chunk_changes_the_fit(key):
    fits = [glsm.fit(key, market(2), max_call(), dataclasses.replace(SMALL, chunk=chunk)) for chunk in (64, 2048)]
    for other in fits[1:]:
        assert_close(other.coefficient, fits[0].coefficient, factor=1e5)
        assert_close(other.diagnostics["in_sample_price"], fits[0].diagnostics["in_sample_price"], factor=1e3)


@pytest.mark.slow
def test_mixed_precision_moves_the_price_by_less_than_its_error(key):
    double = glsm.fit(key, market(3), max_call(), SMALL)
    mixed = glsm.fit(key, market(3), max_call(), dataclasses.replace(SMALL, precision="mixed"))
    a, b = (fit.initial_value for fit in (double, mixed))
    assert 0 < abs(a - b) < 0.01 * double.diagnostics["in_sample_std_error"]


@pytest.mark.slow
def test_total_degree_and_more_columns_explain_more(key):
    def residual(**change):
        return glsm.fit(key, market(2), max_call(), dataclasses.replace(SMALL, **change)).diagnostics["residual_share"]

    cross = residual()
    assert (residual(index_kind="total_degree") < cross).all()
    assert (residual(columns=(glsm.columns.payoff,)) < cross).all()
    assert (residual(gradient=False) > cross).all()


@pytest.mark.slow
def test_substeps_regress_between_exercise_dates_and_exercise_on_dates_only(key):
    policy = glsm.fit(key, market(2), max_call(), dataclasses.replace(SMALL, n_substeps=3))
    assert policy.coefficient.shape[0] == policy.problem.n_steps == 12
    deep = jnp.array([200.0, 90.0])
    exercised = [bool(glsm.exercise(policy, deep, step)) for step in range(1, 13)]
    assert exercised == [step % 3 == 0 for step in range(1, 13)]


@pytest.mark.slow
def test_the_memory_of_a_fit_does_not_grow_with_the_dates(key):
    def temporary(n_dates):
        config = dataclasses.replace(SMALL, n_paths=20_000).validate()
        model, product, config = _check(key, market(2), max_call(n_dates), config)
        lowered = glsm.engine._fit.lower(key, model, product, config=config, mesh=None)
        return lowered.compile().memory_analysis().temp_size_in_bytes

    assert temporary(64) < 1.1 * temporary(4)
