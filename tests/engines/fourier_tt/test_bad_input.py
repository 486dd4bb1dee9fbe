"""Problems that are none get a sentence that says what to do."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.fourier_tt.known import SMALL, market, problem

from jaxprice import models, products
from jaxprice.engines import fourier_tt
from jaxprice.engines.fourier_tt.damping import check_strip
from jaxprice.engines.fourier_tt.layout import Layout


def fit(given, config=SMALL):
    return fourier_tt.fit(jax.random.key(0), given, config)


def named(*names):
    given = problem()
    domain = dataclasses.replace(given.domain, names=names)
    return dataclasses.replace(given, domain=domain)


def test_it_refuses_32_bits():
    given = problem()
    with jax.enable_x64(False), pytest.raises(RuntimeError, match="fourier_tt needs 64-bit numbers"):
        fit(given)


@pytest.mark.x64
@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("volatility[0]", "vol[1]"), r"'vol\[1\]' is no input of BlackScholes; expected one of spot\[j\], volatil"),
        (("volatility[0]", "volatility[2]"), r"'volatility\[2\]' is no input.*j from 0 to 1"),
        (("volatility[0]", "volatility"), "'volatility' is no input"),
        (("volatility[0]", "a b"), "expected names such as"),
    ],
)
def test_inputs_that_are_none(names, message):
    with pytest.raises(ValueError, match=message):
        fit(named(*names))


@pytest.mark.x64
def test_numbers_that_are_no_problem():
    with pytest.raises(ValueError, match=r"domain\.lower of spot\[0\].*positive"):
        fit(problem(spot=(-1.0, 100.0)))
    with pytest.raises(ValueError, match="strike: expected a positive number"):
        fit(problem(payoff=products.MinCall(strike=0.0)))
    with pytest.raises(TypeError, match="no Fourier transform is known for MaxCall"):
        fit(problem(payoff=products.MaxCall(strike=100.0)))
    with pytest.raises(TypeError, match=r"learn its prices by fourier_tt\.learn"):
        model = models.Bachelier(spot=jnp.ones(2), volatility=jnp.ones(2), correlation=jnp.eye(2), rate=jnp.zeros(()))
        fit(problem(model, volatility=(0.1, 0.2)))


@pytest.mark.x64
@pytest.mark.slow
def test_a_correlation_near_one_names_the_grid_that_it_needs():
    with pytest.raises(ValueError, match=r"needs \d+ frequencies.*smallest eigenvalue of the correlation 0\.001"):
        fit(problem(market(2, 0.999)), dataclasses.replace(SMALL, max_frequencies=128))


@pytest.mark.x64
def test_a_damping_outside_the_strip():
    given = problem()
    layout = Layout.of(jax.tree.map(jnp.asarray, given), SMALL)
    with pytest.raises(ValueError, match="outside the strip of MinimumCall.*must be positive"):
        check_strip(layout.integrand, np.asarray([0.3, 0.4]), *layout.corners())


@pytest.mark.x64
def test_moments_that_a_model_does_not_have():
    model = fourier_tt.VarianceGamma(
        spot=jnp.asarray([100.0]), volatility=jnp.asarray([0.5]), drift=jnp.asarray([-0.1]),
        variance_rate=jnp.asarray(0.5), correlation=jnp.eye(1), rate=jnp.asarray(0.0), dividend=jnp.zeros(1),
    )  # fmt: skip
    given = problem(model, spot=(90.0, 110.0))
    with pytest.raises(ValueError, match=r"no exponential moment.*damping='optimised'"):
        fit(given, dataclasses.replace(SMALL, damping="rule"))
    with pytest.raises(ValueError, match="expiry varies"):
        fit(problem(model, spot=(90.0, 110.0), expiry=(0.5, 1.0)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_frequencies": 10}, "give both or neither"),
        ({"n_frequencies": 11, "step": 0.5}, "even number"),
        ({"n_nodes": 1}, "n_nodes"),
        ({"damping": "none"}, "damping: expected one of"),
        ({"nodes": "hermite"}, "nodes: expected one of"),
        ({"step": -1.0, "n_frequencies": 4}, "step: expected a positive number"),
        ({"max_rank": 0}, "max_rank"),
    ],
)
def test_settings_that_make_no_surrogate(settings, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SMALL, **settings).validate()
