import jax
import jax.numpy as jnp
import numpy as np
from numpy.testing import assert_allclose

from jaxprice.reference import quadrature


def test_panels_integrate_polynomials_and_follow_their_ends():
    def integral(lower, upper):
        node, weight = quadrature.panels(lower, upper, 3, 8)
        return jnp.sum(weight * node**15)

    ends = (jnp.asarray(-0.5), jnp.asarray(1.5))
    assert_allclose(integral(*ends), (1.5**16 - 0.5**16) / 16, rtol=1e-13)
    assert_allclose(jax.grad(integral, (0, 1))(*ends), (0.5**15, 1.5**15), rtol=1e-10)
    assert_allclose(integral(ends[0], ends[0]), 0.0)


def test_normal_rules():
    node, weight = quadrature.normal_trapezoid(161)
    assert_allclose(jnp.sum(weight * jnp.exp(0.7 * node)), np.exp(0.245), rtol=1e-14)
    grid, mass = quadrature.normal_tensor((20, 16, 12))
    assert grid.shape == (len(mass), 3)
    exact = np.exp(0.5 * (0.3**2 + 0.2**2 + 0.4**2))
    assert_allclose(jnp.sum(mass * jnp.exp(grid @ jnp.array([0.3, -0.2, 0.4]))), exact, rtol=1e-12)
    grid, mass = quadrature.normal_tensor(())
    assert grid.shape == (1, 0) and mass.shape == (1,)


def test_bisection_and_implicit_derivatives():
    def root(a):
        def residual(x):
            return x**3 + x - a

        found = quadrature.bisect(residual, jnp.asarray(-5.0), jnp.asarray(5.0))
        return quadrature.refine_root(residual, found)

    assert_allclose(root(2.0), 1.0, atol=1e-14)
    assert_allclose(jax.grad(root)(2.0), 1.0 / 4.0, rtol=1e-13)


def test_no_root_gives_the_end_without_derivative():
    def root(a):
        def residual(x):
            return x + a

        found = quadrature.bisect(residual, jnp.asarray(0.0), jnp.asarray(1.0))
        return quadrature.refine_root(residual, found)

    assert_allclose(root(3.0), 0.0, atol=1e-15)
    assert jax.grad(root)(3.0) == 0.0
