"""What the tests share: one table of tolerances, statistical comparisons."""

import jax
import jax.numpy as jnp
import numpy as np

TOLERANCE = {jnp.dtype(jnp.float32): 2e-5, jnp.dtype(jnp.float64): 1e-11}


def default_dtype():
    """The floating dtype of this pass of the tests."""
    return jnp.result_type(float)


def assert_close(actual, expected, *, factor=1.0, dtype=None):
    """Equal to rounding in `dtype`, relative to the largest number; `factor` for longer computations."""
    dtype = jnp.dtype(dtype or default_dtype())
    scale = max(1.0, float(np.max(np.abs(np.asarray(expected)), initial=0.0)))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=factor * TOLERANCE[dtype] * scale)


def assert_trees_close(actual, expected, **kwargs):
    """`assert_close` leaf by leaf."""
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert_close(one, other, **kwargs)


def assert_within_errors(estimate, std_error, truth, *, max_relative_error, z=4.5, scale=None):
    """Within `z` standard errors of the truth, and the standard error small enough for that to mean something."""
    estimate, std_error, truth = (np.asarray(value, np.float64) for value in (estimate, std_error, truth))
    assert np.all(np.isfinite(estimate)) and np.all(np.isfinite(std_error))
    scale = np.max(np.abs(truth)) if scale is None else scale
    assert np.all(std_error <= max_relative_error * scale), f"error {std_error} is too large to decide anything"
    deviation = np.abs(estimate - truth)
    assert np.all(deviation <= z * std_error + 1e-12 * scale), (
        f"estimate {estimate}\ntruth {truth}\nz {deviation / np.where(std_error > 0, std_error, 1)}"
    )
