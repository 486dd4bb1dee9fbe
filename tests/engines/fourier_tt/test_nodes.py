"""What lies between the nodes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, default_dtype

from jaxprice.engines.fourier_tt.nodes import NodeKind, basis_core, between, weights


@pytest.mark.parametrize("kind", list(NodeKind))
def test_weights_at_the_nodes_give_the_values(kind):
    core = np.random.default_rng(0).normal(size=(2, 7, 3))
    unit = jnp.asarray(between(-1.0, 1.0, kind, 7), default_dtype())
    there = np.einsum("sn,anb->asb", np.asarray(weights(unit, kind, 7)), basis_core(core, kind))
    assert_close(there, core, factor=10)


def test_chebyshev_polynomials_and_their_derivatives_are_exact():
    nodes = between(2.0, 3.0, NodeKind.CHEBYSHEV, 6)
    coefficient = jnp.asarray(basis_core((nodes**5)[None, :, None], NodeKind.CHEBYSHEV)[0, :, 0], default_dtype())

    def value(x):
        return jnp.sum(weights((2.0 * x - 5.0)[None], NodeKind.CHEBYSHEV, 6)[0] * coefficient)

    for x in (2.0, 2.3, 3.0, float(nodes[2])):
        assert_close(value(jnp.asarray(x)), x**5, factor=10)
        assert_close(jax.grad(value)(jnp.asarray(x)), 5 * x**4, factor=100)


def test_uniform_weights_are_straight_lines():
    row = weights(jnp.asarray([0.25, 1.0]), NodeKind.UNIFORM, 5)
    np.testing.assert_allclose(row, [[0, 0, 0.5, 0.5, 0], [0, 0, 0, 0, 1]], atol=1e-6)
