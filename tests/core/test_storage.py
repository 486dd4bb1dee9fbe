import enum
import errno
import json
import os
import pathlib
import stat

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jaxprice.core import storage
from jaxprice.core.storage import StorageError, load, plain, read_json, save, write_bytes, write_json

HEADER = {"domain": ["spot", "σ"], "error": 1e-3, "layers": [4, 4]}
ARRAYS = {"weight": np.arange(12.0).reshape(3, 4), "bias": np.ones(4, np.float32)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.safetensors"
    save(path, ARRAYS, HEADER, "test/1")
    return path.read_bytes()


def test_what_is_saved_is_loaded(path):
    save(path, ARRAYS, HEADER, "test/1")
    arrays, header = load(path, "test/1")
    assert header == HEADER
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)


@settings(max_examples=30)
@given(
    hnp.arrays(
        st.sampled_from("float64 float32 float16 int64 int8 uint32 bool complex64 complex128 >f8 >i4".split()),
        hnp.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=4),
    )
)
def test_any_dtype_shape_and_value_comes_back(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("any") / "a.safetensors"
    save(path, {"a": array}, {}, "test/1")
    loaded = load(path, "test/1")[0]["a"]
    assert loaded.dtype == array.dtype.newbyteorder("=") and loaded.shape == array.shape
    np.testing.assert_array_equal(loaded, array)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float8_e4m3fn])
def test_narrow_dtypes_of_jax_come_back(path, dtype):
    array = jnp.asarray([[1.0, -2.0], [0.5, 0.0]], dtype)
    save(path, {"a": array}, {}, "test/1")
    loaded = load(path, "test/1")[0]["a"]
    assert loaded.dtype == dtype and (loaded == np.asarray(array)).all()


def test_a_transposed_array_and_no_array_at_all(path):
    save(path, {"a": np.arange(6.0).reshape(2, 3).T}, {}, "test/1")
    np.testing.assert_array_equal(load(path, "test/1")[0]["a"], np.arange(6.0).reshape(2, 3).T)
    save(path, {}, {"only": "text"}, "test/1")
    assert load(path, "test/1") == ({}, {"only": "text"})


def test_the_same_content_is_the_same_file_and_readable_by_others(path, saved):
    save(path, dict(reversed(ARRAYS.items())), dict(reversed(HEADER.items())), "test/1")
    assert path.read_bytes() == saved
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


@settings(max_examples=150)
@given(st.data())
def test_any_changed_byte_is_noticed(tmp_path_factory, saved, data):
    place = data.draw(st.integers(0, len(saved) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != saved[place]))
    path = tmp_path_factory.mktemp("changed") / "a"
    path.write_bytes(saved[:place] + bytes([byte]) + saved[place + 1 :])
    with pytest.raises(StorageError, match="copy it again"):
        load(path, "test/1")


@settings(max_examples=60)
@given(st.data())
def test_any_truncation_extension_or_rubbish_is_noticed(tmp_path_factory, saved, data):
    content = data.draw(
        st.one_of(
            st.integers(0, len(saved) - 1).map(lambda n: saved[:n]),
            st.binary(min_size=1, max_size=20).map(lambda tail: saved + tail),
            st.binary(max_size=200),
        )
    )
    path = tmp_path_factory.mktemp("cut") / "a"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="copy it again"):
        load(path, "test/1")


def test_files_of_others_are_refused(path):
    from safetensors.numpy import save_file

    save_file({"a": np.ones(2)}, path)
    with pytest.raises(StorageError, match="not a file of jaxprice"):
        load(path, "test/1")
    path.write_bytes(np.lib.format.magic(1, 0) + b"rubbish")
    with pytest.raises(StorageError, match="not a file of jaxprice"):
        load(path, "test/1")


def test_another_schema_is_refused_by_name(path):
    save(path, ARRAYS, HEADER, "test/2")
    with pytest.raises(StorageError, match=r"expected a file of schema 'test/1', got 'test/2' written by jaxprice"):
        load(path, "test/1")


def test_nothing_there_and_nowhere_to_write(tmp_path, path):
    with pytest.raises(StorageError, match="no such file"):
        load(path, "test/1")
    with pytest.raises(StorageError, match="create the folder"):
        save(tmp_path / "no" / "a", ARRAYS, {}, "test/1")
    with pytest.raises(StorageError, match="folder of that name"):
        write_bytes(tmp_path, b"")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "no permission"),
        (errno.EIO, "output error"),
    ],
)
@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_a_disk_that_refuses_leaves_the_old_file(path, monkeypatch, code, message, where):
    write_bytes(path, b"old")

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(storage.os, where, refuse)
    with pytest.raises(StorageError, match=message) as caught:
        write_bytes(path, b"new")
    assert isinstance(caught.value, OSError)
    assert path.read_bytes() == b"old"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_long_name_still_fits(tmp_path):
    path = tmp_path / ("é" * 120)
    write_bytes(path, b"x")
    assert path.read_bytes() == b"x"


@pytest.mark.parametrize(
    "value",
    [jax.random.key(0), np.array(["text"]), np.array([None]), np.array(["2026-01-01"], "datetime64[D]"), "text"],
)
def test_what_is_no_array_of_numbers_is_refused(path, value):
    with pytest.raises(TypeError, match=r"arrays\['a'\]: expected"):
        save(path, {"a": value}, {}, "test/1")
    assert not path.exists()


@pytest.mark.parametrize("header", [{"a": float("nan")}, {"a": object()}, {"a": storage._NO_DIGEST}])
def test_a_header_that_is_not_json_is_refused(path, header):
    with pytest.raises(ValueError, match="header"):
        save(path, {}, header, "test/1")
    assert not path.exists()


def test_bytes_that_look_like_the_placeholder_are_only_bytes(path):
    array = np.frombuffer(storage._NO_DIGEST.encode() * 2, np.uint8)
    save(path, {"a": array}, {}, "test/1")
    np.testing.assert_array_equal(load(path, "test/1")[0]["a"], array)


def test_json_is_strict_and_goes_both_ways(path):
    kind = enum.StrEnum("kind", ["ONE"])
    value = {"a": jnp.asarray([1.0, jnp.nan]), "b": np.float32(0.5), "c": kind.ONE, "d": (1, None, pathlib.Path("x"))}
    expected = {"a": [1.0, None], "b": 0.5, "c": "one", "d": [1, None, "x"]}
    assert plain(value) == expected
    write_json(path, value)
    assert read_json(path) == expected == json.loads(path.read_text())
    with pytest.raises(TypeError, match="object"):
        write_json(path, object())
    assert read_json(path) == expected


@pytest.mark.parametrize("text", ["", "{", "[1, 2", "NaN", '{"a": Infinity}', "[" * 100_000, "\xff"])
def test_what_is_no_json_is_refused(path, text):
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(StorageError, match="not a whole JSON file"):
        read_json(path)
