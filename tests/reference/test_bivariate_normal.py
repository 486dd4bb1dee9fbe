import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

from jaxprice.reference.bivariate_normal import bivariate_normal_cdf

POINTS = [(0.3, -0.7), (1.2, 1.1), (-2.0, -2.3), (0.0, 0.0), (3.0, -4.0), (-0.5, 2.5), (1.0, 1.0)]


def exact(a, b, rho):
    """P(X <= a, Y <= b) as the integral over X of the conditional probability."""
    rest = np.sqrt((1.0 - rho) * (1.0 + rho))
    kink = [min(b / rho, a)] if rho != 0.0 and abs(b / rho) < 9.0 else None
    value, _ = integrate.quad(
        lambda x: stats.norm.pdf(x) * stats.norm.cdf((b - rho * x) / rest),
        -9.5, a, points=kink, epsabs=1e-15, epsrel=1e-13, limit=400,
    )  # fmt: skip
    return value


@pytest.mark.parametrize("rho", [-0.999, -0.7, 0.0, 0.2, 0.95, 0.9999])
def test_values_against_adaptive_quadrature(rho):
    for a, b in POINTS:
        assert_allclose(bivariate_normal_cdf(a, b, rho), exact(a, b, rho), atol=2e-13)


def test_scipy_and_known_values():
    for rho in (-0.4, 0.6):
        expected = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([0.4, -0.3])
        assert_allclose(bivariate_normal_cdf(0.4, -0.3, rho), expected, atol=1e-10)
        assert_allclose(bivariate_normal_cdf(0.0, 0.0, rho), 0.25 + np.arcsin(rho) / (2 * np.pi), atol=1e-15)


def test_limits():
    phi = stats.norm.cdf
    assert_allclose(bivariate_normal_cdf(0.3, 0.7, 1.0), phi(0.3), atol=1e-11)
    assert_allclose(bivariate_normal_cdf(0.3, 0.7, -1.0), phi(0.3) + phi(0.7) - 1.0, atol=1e-11)
    assert_allclose(bivariate_normal_cdf(0.3, np.inf, 0.6), phi(0.3), atol=1e-14)
    assert_allclose(bivariate_normal_cdf(-np.inf, 0.3, 0.6), 0.0, atol=1e-14)
    gradient = jax.grad(bivariate_normal_cdf, (0, 1, 2))(np.inf, 0.3, 0.6)
    assert_allclose(gradient, (0.0, stats.norm.pdf(0.3), 0.0), atol=1e-14)


@pytest.mark.parametrize("rho", [-0.8, 0.0, 0.5])
def test_gradients(rho, oracle):
    x = np.array([0.4, -0.6, rho])
    gradient = jax.grad(bivariate_normal_cdf, (0, 1, 2))(*x)
    numeric = oracle.central_difference(lambda v: bivariate_normal_cdf(*v), x, 1e-5)
    assert_allclose(gradient, numeric, atol=1e-9)
    second = jax.grad(jax.grad(bivariate_normal_cdf, 2), 0)(*x)
    numeric = oracle.central_difference(lambda v: jax.grad(bivariate_normal_cdf, 2)(*v), x, 1e-5)[0]
    assert_allclose(second, numeric, atol=1e-9)
