"""Differential regression: exact where it can be, and NumPy's solution of the weighted system elsewhere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.differential.known import dataset, exact

from jaxprice.core.status import Status
from jaxprice.engines import differential
from jaxprice.numerics.index_set import IndexKind

CENTER, SCALE = np.array([100.0, 0.2]), np.array([20.0, 0.1])


def cubic(x):
    u, v = (x[0] - 100.0) / 20.0, (x[1] - 0.2) / 0.1
    return 7.0 + 2.0 * u - 0.5 * u * v + 0.3 * u * u * v - 0.2 * v**3


def points(n, seed=0):
    return CENTER + SCALE * np.random.default_rng(seed).uniform(-1.0, 1.0, (n, 2))


def errors(surrogate, function, x):
    """Largest errors of value and gradient, the latter by steps as large as the box."""
    truth = exact(function, x)
    value, dydx = differential.predict(surrogate, x)
    return np.abs(value - truth.y).max(), np.abs(np.asarray(dydx - truth.dydx) * SCALE).max()


@pytest.mark.x64
@pytest.mark.parametrize(
    ("n", "gradient_weight", "component_tolerance"),
    [
        pytest.param(40, 0.0, None, id="values", marks=pytest.mark.slow),
        pytest.param(6, 1.0, None, id="six values with derivatives"),
        pytest.param(6, 1.0, 0.0, id="principal directions", marks=pytest.mark.slow),
    ],
)
def test_a_polynomial_is_recovered(n, gradient_weight, component_tolerance):
    """Ten coefficients: from values of forty points, or from six with their derivatives."""
    data = exact(cubic, points(n))
    found = differential.fit_polynomial(
        data, 3, gradient_weight=gradient_weight, component_tolerance=component_tolerance
    )
    assert found.status == Status.OK and found.n_members == 1
    assert max(errors(found, cubic, points(200, seed=1))) < 1e-6
    curvature = differential.evaluate(found, points(5), np.eye(2)).curvature
    assert curvature.shape == (5, 2, 2)
    hessian = jax.vmap(jax.hessian(cubic))(jnp.asarray(points(5)))
    np.testing.assert_allclose(
        curvature * np.outer(SCALE, SCALE)[None], hessian * np.outer(SCALE, SCALE)[None], atol=1e-5
    )


def test_a_parabola_is_recovered_in_any_precision():
    def parabola(x):
        return 3.0 + (x[0] - 100.0) / 20.0 + ((x[1] - 0.2) / 0.1) ** 2

    found = differential.fit_polynomial(exact(parabola, points(40)), 2)
    assert found.status == Status.OK and max(errors(found, parabola, points(200, seed=1))) < 5e-3


def monomials(u, degree):
    """Of two variables, with their derivatives by each: (n, f), (n, f, 2)."""
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    a, b = u.T
    value = np.stack([a**i * b**j for i, j in powers], axis=1)
    by_a = np.stack([i * a ** max(i - 1, 0) * b**j for i, j in powers], axis=1)
    by_b = np.stack([j * a**i * b ** max(j - 1, 0) for i, j in powers], axis=1)
    return value, np.stack([by_a, by_b], axis=2)


@pytest.mark.x64
@pytest.mark.parametrize(
    "gradient_weight", [pytest.param(0.0, marks=pytest.mark.slow), pytest.param(1.0, marks=pytest.mark.slow), 4.0]
)
def test_noisy_labels_give_numpys_solution_of_the_stacked_system(gradient_weight):
    """Appendix 3 of Huge and Savine: each derivative weighs λ E[Y²] / E[Z_j²] beside a value, all normalised."""
    rng = np.random.default_rng(9)
    n, x = 1500, points(1500, seed=2)
    y, dydx = rng.normal(size=n) + cubic(x.T), (rng.normal(size=(n, 2)) + np.array([2.0, 0.3])) / SCALE
    found = differential.fit_polynomial(dataset(x, y, dydx), 4, gradient_weight=gradient_weight)

    mean, std = x.mean(axis=0), x.std(axis=0)
    slope = dydx * std / y.std()
    value, gradient = monomials((x - mean) / std, 4)
    root = np.sqrt(gradient_weight / np.mean(slope**2, axis=0))
    rows = np.concatenate([value] + [root[j] * gradient[:, :, j] for j in range(2)])
    target = np.concatenate([(y - y.mean()) / y.std()] + [root[j] * slope[:, j] for j in range(2)])
    coefficient, residual, *_ = np.linalg.lstsq(rows, target, rcond=None)

    z = points(300, seed=3)
    value, gradient = monomials((z - mean) / std, 4)
    found_value, found_dydx = differential.predict(found, z)
    np.testing.assert_allclose(found_value, y.mean() + y.std() * value @ coefficient, atol=1e-6)
    expected = y.std() * np.einsum("nfj,f->nj", gradient, coefficient) / std
    np.testing.assert_allclose(np.asarray(found_dydx) * SCALE, expected * SCALE, atol=1e-5)
    np.testing.assert_allclose(found.diagnostics["residual_share"], residual[0] / (target @ target), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.x64
def test_a_hyperbolic_cross_has_fewer_terms():
    data = exact(lambda x: (x[0] - 100.0) / 20.0 + ((x[1] - 0.2) / 0.1) ** 3, points(40))
    found = differential.fit_polynomial(data, 3, IndexKind.HYPERBOLIC_CROSS)
    assert found.params["coefficient"].shape == (1, 8) and found.status == Status.OK
    np.testing.assert_allclose(differential.predict(found, data.x)[0], data.y, atol=1e-6)
    named = differential.fit_polynomial(data, 3, "hyperbolic_cross")
    np.testing.assert_array_equal(named.params["coefficient"], found.params["coefficient"])


@pytest.mark.x64
def test_what_the_samples_do_not_decide_is_reported():
    """Values alone cannot tell two equal inputs apart, nor can five of them find ten coefficients."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(100, 1)) * np.ones((1, 2))
    twice = differential.fit_polynomial(dataset(x, x[:, 0], np.full((100, 2), 0.5)), 2, gradient_weight=0.0)
    assert twice.status == Status.RANK_DEFICIENT
    np.testing.assert_allclose(differential.predict(twice, x)[0], x[:, 0], atol=1e-3)
    few = differential.fit_polynomial(exact(cubic, points(5)), 3, gradient_weight=0.0)
    assert few.status == Status.RANK_DEFICIENT and np.all(np.isfinite(few.params["coefficient"]))


def test_labels_and_settings_that_fit_nothing():
    data = exact(cubic, points(12))

    def changed(**change):
        return dataset(**({"x": data.x, "y": data.y, "dydx": data.dydx} | change))

    bad = np.array(data.y)
    bad[[3, 7]] = np.nan
    with pytest.raises(ValueError, match=r"\.y: NaN or infinity in 2 of 12 rows \(3, 7\).*input_0 = "):
        differential.fit_polynomial(changed(y=bad), 2)
    with pytest.raises(ValueError, match="'input_1' has the same value in all 12 rows"):
        flat = np.array(data.x)
        flat[:, 1] = 0.2
        wide = changed(x=flat)
        domain = type(wide.domain)(lower=data.domain.lower, upper=data.domain.upper, names=data.domain.names)
        differential.fit_polynomial(type(wide)(x=wide.x, y=wide.y, dydx=wide.dydx, domain=domain), 2)
    for setting, message in (
        ({"degree": 0}, "degree: expected a whole number of at least 1, got 0"),
        ({"index_kind": "all"}, "index_kind: expected one of 'hyperbolic_cross', 'total_degree', got 'all'"),
        ({"gradient_weight": -1.0}, "gradient_weight: expected a number that is not negative, got -1.0"),
        ({"component_tolerance": 1.0}, "component_tolerance: expected a share from 0 to below 1, got 1.0"),
    ):
        with pytest.raises(ValueError, match=message):
            differential.fit_polynomial(data, **setting)


@pytest.mark.slow
def test_it_composes_with_jit_and_vmap():
    data = exact(cubic, points(40))

    @jax.jit
    def value(shift):
        moved = type(data)(x=data.x, y=data.y + shift, dydx=data.dydx, domain=data.domain)
        return differential.predict(differential.fit_polynomial(moved, 2), data.x)[0]

    zero, two = jax.vmap(value)(jnp.asarray([0.0, 2.0]))
    np.testing.assert_allclose(two - zero, 2.0, rtol=1e-5)
