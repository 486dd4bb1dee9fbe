import jax
import jax.numpy as jnp
import pytest

from jaxprice import Status, StatusError, raise_for_status
from jaxprice.core import status


def test_merging_keeps_the_worse():
    merged = status.merge(jnp.int32(Status.OK), jnp.int32(Status.RANK_CAP), jnp.int32(Status.OUTSIDE_DOMAIN))
    assert merged == Status.RANK_CAP


def test_non_finite_numbers_never_pass():
    assert status.non_finite({"a": jnp.ones(3), "n": jnp.arange(3)}) == Status.OK
    for bad in (jnp.nan, jnp.inf):
        assert jax.jit(status.non_finite)({"a": jnp.array([1.0, bad])}) == Status.NON_FINITE


@pytest.mark.parametrize("outcome", list(Status))
def test_each_outcome_has_a_remedy(outcome):
    text = status.describe(outcome)
    assert text.startswith(outcome.name) and len(text) > len(outcome.name) + 10
    if outcome == Status.OK:
        raise_for_status(jnp.int32(outcome))
        return
    with pytest.raises(StatusError, match=outcome.name):
        raise_for_status(jnp.array([Status.OK, outcome], jnp.int32))
