"""Surrogates on disk: what comes back is what went, or nothing does."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.differential.known import dataset, untrained

from jaxprice.core import storage
from jaxprice.core.storage import StorageError
from jaxprice.engines import differential
from jaxprice.engines.differential import Activation

N = 30


def data():
    rng = np.random.default_rng(1)
    return dataset(rng.uniform(-1.0, 1.0, (N, 2)), rng.normal(size=N), rng.normal(size=(N, 2)))


def network():
    shape = {"n_layers": 2, "n_units": 4, "activation": Activation.SILU, "is_wide": True}
    return differential.measure(untrained(data(), 3, **shape), data())


def polynomial():
    return differential.measure(differential.fit_polynomial(data(), 2), data())


@pytest.fixture(scope="module")
def surrogate():
    return network()


@pytest.mark.parametrize("kind", [network, polynomial])
def test_what_comes_back_predicts_the_same_bits(kind, tmp_path):
    one, path = kind(), tmp_path / "surrogate"
    one = dataclasses.replace(one, status=jnp.int32(30))
    differential.save(one, path)
    back = differential.load(path)
    assert back.domain.names == ("input_0", "input_1") and back.status == 30 and back.approximator == one.approximator
    assert jax.tree.structure(back) == jax.tree.structure(one)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(back), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype
    x = data().x
    expected = differential.evaluate(one, x)
    compiled = differential.evaluate._cache_size()
    found = differential.evaluate(back, x)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(a, b)
    assert differential.evaluate._cache_size() == compiled, "a loaded surrogate is the same program"


def test_the_file_holds_numbers_and_text(surrogate, tmp_path):
    path = tmp_path / "surrogate"
    differential.save(surrogate, path)
    raw = path.read_bytes()
    head = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    about = json.loads(head["__metadata__"]["jaxprice"])
    assert about["schema"] == "differential/1" and about["header"]["structure"]["activation"] == "silu"
    assert about["header"]["names"] == ["input_0", "input_1"] and "jax" in about["versions"]
    assert {"error/value", "error/dydx", "domain/lower", "domain/upper", "params/output/kernel"} < set(head)


def test_what_has_no_measured_error_is_not_saved(surrogate, tmp_path):
    path = tmp_path / "surrogate"
    with pytest.raises(ValueError, match=r"no measured error; save\(measure\(surrogate, held_out\), path\)"):
        differential.save(dataclasses.replace(surrogate, error=None), path)
    broken = jax.tree.map(lambda leaf: leaf * jnp.nan, surrogate.params)
    with pytest.raises(ValueError, match="surrogate.*expected finite numbers, got nan"):
        differential.save(dataclasses.replace(surrogate, params=broken), path)
    assert not path.exists()
    with pytest.raises(StorageError, match="no such file or folder"):
        differential.save(surrogate, tmp_path / "nowhere" / "surrogate")


def test_files_that_are_not_whole(surrogate, tmp_path):
    path = tmp_path / "surrogate"
    differential.save(surrogate, path)
    whole = path.read_bytes()
    for at in (20, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(StorageError, match="copy it again"):
            differential.load(path)
    for wrong in (whole[:-1], whole[:100], b"", b"\x80\x04K\x01."):
        path.write_bytes(wrong)
        with pytest.raises(StorageError, match="copy it again"):
            differential.load(path)
    path.unlink()
    with pytest.raises(StorageError, match="no such file"):
        differential.load(path)


def other(**change):
    return lambda arrays, header: (arrays | change, header)


def another(**change):
    return lambda arrays, header: (arrays, header | change)


def without(name):
    return lambda arrays, header: ({key: value for key, value in arrays.items() if key != name}, header)


CHANGES = {
    "a parameter that is NaN": (other(**{"params/output/bias": np.full((3, 1), np.nan, np.float32)}), "finite"),
    "an infinite scale": (other(**{"normalisation/y_std": np.float64(np.inf)}), "finite"),
    "a parameter of another shape": (other(**{"params/output/bias": np.zeros((3, 2), np.float32)}), r"\(3, 1\)"),
    "a layer that is missing": (without("params/hidden/1/kernel"), "params/hidden/1/kernel is missing"),
    "a scale that is missing": (without("normalisation/y_std"), "y_std"),
    "no status": (without("status"), "status"),
    "no error": (without("error/value"), "value"),
    "an error of another shape": (other(**{"error/dydx": np.zeros(3)}), r"error/dydx: expected shape \(2,\)"),
    "three names": (another(names=["a", "b", "c"]), "names"),
    "three inputs in the domain": (
        lambda arrays, header: (
            arrays | {"domain/lower": np.zeros(3), "domain/upper": np.ones(3)},
            header | {"names": ["a", "b", "c"]},
        ),
        r"domain: expected shape \(2,\), got \(3,\)",
    ),
    "an empty domain": (other(**{"domain/lower": np.full(2, 9.0)}), "cross"),
    "a matrix of another shape": (other(**{"normalisation/forward": np.eye(3)}), "forward"),
    "another activation": (another(structure={"activation": "relu"}), "relu"),
    "a structure that is none": (another(structure=[1, 2]), "not a surrogate"),
    "another approximator": (another(approximator="Forest"), "Forest"),
    "fewer members than there are": (another(n_members=2), r"expected shape \(2, 4\), found \(3, 4\)"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whole_files_whose_parts_do_not_fit(surrogate, tmp_path, name):
    change, message = CHANGES[name]
    path = tmp_path / "surrogate"
    differential.save(surrogate, path)
    arrays, header = change(*storage.load(path, "differential/1"))
    storage.save(path, arrays, header, "differential/1")
    with pytest.raises(StorageError, match=message):
        differential.load(path)


def test_a_file_of_another_schema(surrogate, tmp_path):
    path = tmp_path / "surrogate"
    differential.save(surrogate, path)
    arrays, header = storage.load(path, "differential/1")
    storage.save(path, arrays, header, "differential/2")
    with pytest.raises(StorageError, match="differential/2"):
        differential.load(path)
