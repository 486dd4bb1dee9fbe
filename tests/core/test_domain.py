import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxprice.core.domain import Domain
from jaxprice.core.status import Status

BOX = Domain(lower=jnp.asarray([80.0, 0.1]), upper=jnp.asarray([120.0, 0.4]), names=("spot", "volatility"))


@given(st.floats(60, 140), st.floats(0, 0.5))
def test_contains_is_the_two_comparisons(spot, volatility):
    spot, volatility = float(np.float32(spot)), float(np.float32(volatility))
    lower, upper = np.asarray(BOX.lower), np.asarray(BOX.upper)
    inside = lower[0] <= spot <= upper[0] and lower[1] <= volatility <= upper[1]
    x = jnp.asarray([spot, volatility])
    assert bool(BOX.contains(x)) == inside
    assert int(BOX.status(x)) == (Status.OK if inside else Status.OUTSIDE_DOMAIN)


def test_corners_are_inside_and_nan_is_not():
    assert BOX.contains(BOX.lower) and BOX.contains(BOX.upper)
    assert int(BOX.status(jnp.asarray([jnp.nan, 0.2]))) == Status.OUTSIDE_DOMAIN
    assert int(BOX.status(jnp.asarray([100.0, jnp.inf]))) == Status.OUTSIDE_DOMAIN


@pytest.mark.x64
@pytest.mark.parametrize("dtypes", [(jnp.float32, jnp.float64), (jnp.float64, jnp.float32)])
def test_a_corner_is_inside_in_either_precision(dtypes):
    box_dtype, point_dtype = dtypes
    box = jax.tree.map(lambda leaf: leaf.astype(box_dtype), BOX)
    assert box.contains(jnp.asarray([80.0, 0.25], point_dtype))
    if box_dtype == jnp.float32:
        assert box.contains(jnp.asarray([80.0, 0.1], point_dtype))


def test_it_is_a_pytree_that_batches_and_compiles():
    x = jnp.asarray([[100.0, 0.2], [130.0, 0.2], [100.0, 0.5]])
    status = jax.jit(jax.vmap(BOX.status))(x)
    assert status.tolist() == [Status.OK, Status.OUTSIDE_DOMAIN, Status.OUTSIDE_DOMAIN]
    assert len(jax.tree.leaves(BOX)) == 2
    jax.jit(lambda box: (box.validate(), box.lower)[1])(BOX)


def test_a_point_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"x: expected shape \(2,\), got \(3,\)"):
        BOX.contains(jnp.ones(3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lower": jnp.asarray([130.0, 0.1])}, "'spot' cross, 130 > 120; exchange"),
        ({"lower": jnp.asarray([80.0, 0.4])}, "'volatility' has the one value 0.4"),
        ({"upper": jnp.asarray([jnp.inf, 0.4])}, "finite"),
        ({"lower": jnp.asarray([jnp.nan, 0.1])}, "finite"),
        ({"lower": jnp.zeros(0), "upper": jnp.zeros(0), "names": ()}, r"expected shape \(m,\)"),
        ({"lower": jnp.asarray([80.0])}, "upper: expected shape"),
        ({"names": ("spot",)}, "one for each input, got 1"),
        ({"names": ("spot", "spot")}, "'spot' more than once"),
        ({"names": ("spot", "")}, "not empty"),
        ({"names": ["spot", "volatility"]}, "tuple"),
    ],
)
def test_what_is_no_box_is_refused(change, message):
    BOX.validate()
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(BOX, **change).validate()
