import jax
import jax.numpy as jnp
import pytest

from jaxprice.core import precision


def test_require_x64_says_how_to_switch_it_on():
    with jax.enable_x64(False):
        with pytest.raises(RuntimeError, match=r"quadrature needs 64-bit numbers.*jax_enable_x64.*JAX_ENABLE_X64=1"):
            precision.require_x64("quadrature")
        assert precision.accumulator_dtype() == jnp.float32
    with jax.enable_x64(True):
        precision.require_x64()
        assert precision.accumulator_dtype() == jnp.float64


def test_full_precision_marks_every_product_inside():
    @precision.full_precision
    def product(a, b):
        return a @ b

    text = jax.jit(product).lower(jnp.ones((2, 2)), jnp.ones((2, 2))).as_text()
    assert "HIGHEST" in text
