"""The file between two halves of a training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxprice.core import storage
from jaxprice.core.storage import StorageError
from jaxprice.learning.checkpoint import Checkpoint, flatten, unflatten

STATE = {"net": [{"kernel": np.arange(6.0, dtype=np.float32).reshape(2, 3)}, {"bias": np.array([np.nan, np.inf])}],
         "epoch": np.int32(7), "is_done": np.array(False)}  # fmt: skip
BELONGS_TO = (np.arange(3), {"y": np.ones(4)}, "settings")


def assert_same(one, other):
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)
        assert jnp.asarray(a).dtype == jnp.asarray(b).dtype


def test_a_state_comes_back_as_it_went(tmp_path):
    checkpoint = Checkpoint(tmp_path / "training", BELONGS_TO)
    fresh = jax.tree.map(np.zeros_like, STATE)
    assert checkpoint.resume(fresh) is fresh
    checkpoint.keep(STATE)
    assert_same(checkpoint.resume(fresh), STATE)
    checkpoint.keep(fresh)
    assert_same(Checkpoint(str(tmp_path / "training"), BELONGS_TO).resume(STATE), fresh)


@pytest.mark.parametrize(
    "other",
    [
        (np.arange(3), {"y": np.ones(4)}, "other settings"),
        (np.arange(3) + 1, {"y": np.ones(4)}, "settings"),
        (np.arange(3), {"y": np.array([1.0, 1.0, 1.0, 1.0 + 1e-12])}, "settings"),
        (np.arange(3), {"y": np.ones((2, 2))}, "settings"),
        (np.arange(3), {"y": np.ones(4, np.float32)}, "settings"),
    ],
    ids=["settings", "key", "one label", "shape", "dtype"],
)
def test_one_of_another_training_is_refused(tmp_path, other):
    Checkpoint(tmp_path / "training", BELONGS_TO).keep(STATE)
    with pytest.raises(
        StorageError, match="training: the checkpoint of a training with another key.*remove it or name"
    ):
        Checkpoint(tmp_path / "training", other).resume(STATE)


def test_a_damaged_or_foreign_one_is_refused(tmp_path):
    path = tmp_path / "training"
    checkpoint = Checkpoint(path, BELONGS_TO)
    checkpoint.keep(STATE)
    whole = path.read_bytes()
    for wrong in (whole[:-1], whole[:40], b"", b"something else", whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:]):
        path.write_bytes(wrong)
        with pytest.raises(StorageError, match="copy it again"):
            checkpoint.resume(STATE)
    storage.save(path, flatten(STATE), {}, "policy/1")
    with pytest.raises(StorageError, match="policy/1"):
        checkpoint.resume(STATE)


def test_arrays_have_the_names_of_their_places():
    arrays = flatten(STATE)
    assert sorted(arrays) == ["epoch", "is_done", "net/0/kernel", "net/1/bias"]
    assert_same(unflatten(STATE, arrays), STATE)


def test_arrays_that_are_missing_or_of_another_shape():
    arrays = flatten(STATE)
    with pytest.raises(StorageError, match=r"net/0/kernel: expected shape \(2, 3\), found \(6,\); make the file again"):
        unflatten(STATE, arrays | {"net/0/kernel": np.zeros(6)})
    with pytest.raises(StorageError, match="net/1/bias is missing; make the file again"):
        unflatten(STATE, {name: value for name, value in arrays.items() if name != "net/1/bias"})
