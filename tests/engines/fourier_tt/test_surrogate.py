"""Asking, measuring and keeping a surrogate; learning any pricer."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.fourier_tt.known import exact, market, min_call, points, two_assets

from jaxprice import Status
from jaxprice.core import storage
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.core.status import StatusError
from jaxprice.core.storage import StorageError
from jaxprice.engines import fourier_tt
from jaxprice.engines.fourier_tt.prediction import _BLOCK
from jaxprice.reference import black_scholes, heston

pytestmark = pytest.mark.x64

BOX = Domain(
    lower=jnp.asarray([80.0, 0.15, 0.5]), upper=jnp.asarray([120.0, 0.3, 1.5]), names=("spot", "volatility", "expiry")
)


def calls(x):
    return jax.vmap(lambda row: black_scholes.call(row[0], 100.0, 0.02, 0.0, row[1], row[2]))(x)


@pytest.fixture(scope="module")
def learned():
    return fourier_tt.learn(jax.random.key(1), calls, BOX, fourier_tt.Config(tolerance=1e-7, rounding=1e-8, n_nodes=12))


def held_out(surrogate, price, n=30):
    x = points(surrogate.domain, n, seed=5)
    y, dydx = exact(price, x)
    return DifferentialDataset(x=x, y=y, dydx=dydx, domain=surrogate.domain)


def test_gradients_are_those_of_the_value():
    surrogate = two_assets()
    x = points(surrogate.domain, 4)
    _, dydx = fourier_tt.predict(surrogate, x)
    gradient = jax.vmap(jax.grad(lambda row: fourier_tt.price(surrogate, row)))(x)
    np.testing.assert_allclose(dydx, gradient, atol=1e-9)
    step = 1e-5 * (surrogate.domain.upper - surrogate.domain.lower)
    for k in range(x.shape[1]):
        move = step[None] * jnp.eye(x.shape[1])[k][None]
        slope = (fourier_tt.price(surrogate, x + move) - fourier_tt.price(surrogate, x - move)) / (2.0 * step[k])
        np.testing.assert_allclose(dydx[:, k], slope, rtol=1e-5, atol=1e-6)


def test_one_point_many_points_and_blocks_agree():
    surrogate = two_assets()
    x = points(surrogate.domain, _BLOCK + 3)
    value, dydx = fourier_tt.predict(surrogate, x)
    assert value.shape == (len(x),) and dydx.shape == x.shape
    np.testing.assert_allclose(value, fourier_tt.price(surrogate, x), rtol=1e-12)
    one, slope = fourier_tt.predict(surrogate, x[-1])
    assert one.shape == () and slope.shape == (x.shape[1],)
    np.testing.assert_allclose(one, value[-1], rtol=1e-12)
    np.testing.assert_allclose(slope, dydx[-1], rtol=1e-10, atol=1e-12)


@pytest.mark.slow
def test_second_derivatives():
    """Gamma and the cross gamma of a call on the worst of two."""
    surrogate = two_assets()
    x = points(surrogate.domain, 5)
    direction = jnp.eye(x.shape[1])[2:4]
    found = fourier_tt.evaluate(surrogate, x, direction)
    hessian = jax.lax.map(jax.hessian(min_call(surrogate.domain, market())), x)
    assert (found.status == Status.OK).all() and found.curvature.shape == (5, 2, x.shape[1])
    scale = jnp.abs(hessian[:, 2:4]).max(axis=0, keepdims=True)
    assert jnp.max(jnp.abs(found.curvature - hessian[:, 2:4]) / scale) < 0.02
    assert fourier_tt.evaluate(surrogate, x).curvature is None


def test_outside_the_box_the_status_says_so():
    surrogate = two_assets()
    x = points(surrogate.domain, 3).at[1, 0].set(0.9)
    status = fourier_tt.evaluate(surrogate, x).status
    np.testing.assert_array_equal(status, [Status.OK, Status.OUTSIDE_DOMAIN, Status.OK])
    with pytest.raises(ValueError, match="x: expected shape"):
        fourier_tt.predict(surrogate, x[:, 1:])


@pytest.mark.parametrize("kind", ["fourier", "plain"])
def test_what_comes_back_predicts_the_same_bits(kind, learned, tmp_path):
    surrogate, price = (two_assets(), min_call(two_assets().domain, market())) if kind == "fourier" else (
        learned, lambda row: calls(row[None])[0]
    )  # fmt: skip
    with pytest.raises(ValueError, match="no measured error"):
        fourier_tt.save(surrogate, tmp_path / "never")
    measured = fourier_tt.measure(surrogate, held_out(surrogate, price))
    assert measured.error["value"] < 1e-3 and measured.error["dydx"].shape == (surrogate.domain.n_inputs,)
    fourier_tt.save(measured, tmp_path / "file")
    loaded = fourier_tt.load(tmp_path / "file")
    assert jax.tree.structure(loaded) == jax.tree.structure(measured)
    x = points(surrogate.domain, 7)
    for one, other in zip(fourier_tt.predict(loaded, x), fourier_tt.predict(measured, x), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("damage", ["core/1", "lower", "error/value", "number/dividend"])
def test_a_file_whose_parts_do_not_fit_is_refused(damage, tmp_path):
    surrogate = two_assets()
    measured = fourier_tt.measure(surrogate, held_out(surrogate, min_call(surrogate.domain, market()), 4))
    fourier_tt.save(measured, tmp_path / "file")
    arrays, header = storage.load(tmp_path / "file", "fourier_tt/1")
    del arrays[damage]
    storage.save(tmp_path / "file", arrays, header, "fourier_tt/1")
    with pytest.raises(StorageError, match="learn it again"):
        fourier_tt.load(tmp_path / "file")


def test_any_pricer_is_learned(learned):
    learned.raise_for_status()
    x = points(BOX)
    value, dydx = fourier_tt.predict(learned, x)
    price, gradient = exact(lambda row: calls(row[None])[0], x)
    np.testing.assert_allclose(value, price, atol=2e-5)
    assert jnp.max(jnp.abs(dydx - gradient).max(0) / jnp.abs(gradient).max(0)) < 1e-4


def test_a_pricer_of_numpy_arrays():
    config = fourier_tt.Config(tolerance=1e-6, n_nodes=8, is_traceable=False)
    surrogate = fourier_tt.learn(jax.random.key(1), lambda x: np.exp(-x[:, 0] / 100.0) * x[:, 1] * x[:, 2], BOX, config)
    x = points(BOX)
    np.testing.assert_allclose(fourier_tt.price(surrogate, x), jnp.exp(-x[:, 0] / 100.0) * x[:, 1] * x[:, 2], rtol=1e-4)


def test_a_pricer_that_is_not_vectorised_or_not_finite():
    with pytest.raises(ValueError, match=r"one value for each.*jax\.vmap"):
        fourier_tt.learn(jax.random.key(1), jnp.sum, BOX)
    surrogate = fourier_tt.learn(jax.random.key(1), lambda x: jnp.log(x[:, 0] - 100.0), BOX)
    assert surrogate.status == Status.NON_FINITE
    with pytest.raises(StatusError, match="NON_FINITE"):
        surrogate.raise_for_status()


def test_a_rank_cap_is_reported():
    config = fourier_tt.Config(tolerance=1e-8, max_rank=2, n_nodes=10)
    surrogate = fourier_tt.learn(jax.random.key(1), calls, BOX, config)
    assert surrogate.status == Status.RANK_CAP
    assert dataclasses.replace(config, max_rank=40).validate()


@pytest.mark.slow
def test_heston_over_strike_expiry_and_five_parameters():
    names = ("strike", "expiry", "variance", "mean_reversion", "long_run_variance", "vol_of_vol", "correlation")
    box = Domain(
        lower=jnp.asarray([85.0, 0.5, 0.02, 1.0, 0.02, 0.2, -0.8]),
        upper=jnp.asarray([115.0, 1.5, 0.08, 3.0, 0.08, 0.5, -0.3]),
        names=names,
    )

    def price(row):
        strike, expiry, *rest = row
        return heston.call(100.0, strike, 0.02, 0.0, *rest, expiry, n_terms=256)

    config = fourier_tt.Config(tolerance=1e-5, n_nodes=9)
    surrogate = fourier_tt.learn(jax.random.key(2), jax.vmap(price), box, config).raise_for_status()
    x = points(box)
    expected, gradient = exact(price, x)
    value, dydx = fourier_tt.predict(surrogate, x)
    assert jnp.max(jnp.abs(value - expected)) < 2e-3
    assert jnp.max(jnp.abs(dydx - gradient).mean(0) / jnp.abs(gradient).mean(0)) < 1e-2
