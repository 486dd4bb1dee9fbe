"""Files that are whole or not there, and that say when they are not what they should be.

Arrays go into one safetensors file whose metadata is JSON: what kind of file it is, a header, the versions
that wrote it, and a digest of every byte. Loading reads numbers and text, never code. The digest finds damage,
not forgery.
"""

import enum
import errno
import hashlib
import json
import math
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as _load_tensors
from safetensors.numpy import save as _save_tensors

import jaxprice

_KEY = "jaxprice"
_NO_DIGEST = "?" * 64
# What safetensors has a name for; bytes carry the others, complex128 among them.
_NATIVE = frozenset("float64 float32 float16 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool complex64".split())
_REMEDY = {
    errno.EACCES: "no permission; choose another folder",
    errno.EPERM: "no permission; choose another folder",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.ENOENT: "there is no such file or folder; create the folder, or check the name",
    errno.ENOTDIR: "a part of the path is a file; choose another folder",
    errno.EISDIR: "there is a folder of that name; choose another name",
}


class StorageError(OSError):
    """A file that cannot be written, or that is not what its reader expects; the message says what to do."""


def save(path: str | Path, arrays: Mapping[str, Any], header: Mapping[str, Any], schema: str) -> None:
    """Writes named arrays and a header to one safetensors file, whole or not at all.

    Args:
        path: the file; an existing one is replaced. Its folder must exist.
        arrays: of any numeric dtype and shape, by name.
        header: whatever JSON can hold; NaN and infinity cannot.
        schema: name and version of the layout, such as "differential/1"; `load` insists on it.

    Raises:
        TypeError: for what is not an array of numbers.
        ValueError: for a header that is not JSON.
        StorageError: if the disk refuses.
    """
    native = {name: _native(name, value) for name, value in arrays.items()}
    about = {
        "schema": schema,
        "header": header,
        "dtypes": {name: [array.dtype.name, list(array.shape)] for name, array in native.items()},
        "versions": {"jaxprice": jaxprice.__version__, "jax": jax.__version__},
        "sha256": _NO_DIGEST,
    }
    tensors = {
        name: array if array.dtype.name in _NATIVE else array.reshape(-1).view(np.uint8)
        for name, array in native.items()
    }
    raw = _save_tensors(tensors, metadata={_KEY: _dumps(about)})
    head = raw[: _head_size(raw)]
    if head.count(_NO_DIGEST.encode()) != 1:
        raise ValueError(f"header: {_NO_DIGEST!r} has a meaning of its own here; leave it out")
    digest = hashlib.sha256(raw).hexdigest()
    write_bytes(path, head.replace(_NO_DIGEST.encode(), digest.encode()) + raw[len(head) :])


def load(path: str | Path, schema: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Reads what `save` wrote under the same schema: NumPy arrays with their dtypes, and the header.

    Raises:
        StorageError: for a file that is not there, truncated, altered, foreign or of another schema.
    """
    raw = read_bytes(path)
    try:
        head = raw[: _head_size(raw)]
        about = json.loads(json.loads(head[8:].decode())["__metadata__"][_KEY])
        found, digest, dtypes, header = (about[name] for name in ("schema", "sha256", "dtypes", "header"))
        blank = head.replace(digest.encode(), _NO_DIGEST.encode()) + raw[len(head) :]
        is_whole = hashlib.sha256(blank).hexdigest() == digest
        tensors = _load_tensors(raw) if is_whole else {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError):
        raise StorageError(
            f"{path}: not a file of jaxprice, or a truncated or damaged one; copy it again from its source"
        ) from None
    if not is_whole:
        raise StorageError(f"{path}: altered or truncated after it was written; copy it again from its source")
    if found != schema:
        raise StorageError(
            f"{path}: expected a file of schema {schema!r}, got {found!r} written by jaxprice "
            f"{about['versions']['jaxprice']}; load it with what wrote it, or make it again"
        )
    loaded = {name: tensors[name].view(_dtype(dtype)).reshape(shape) for name, (dtype, shape) in dtypes.items()}
    return loaded, header


def write_json(path: str | Path, value: Any) -> None:
    """Writes what `plain` makes of a value as JSON, whole or not at all.

    Raises:
        StorageError: if the disk refuses.
    """
    write_bytes(path, (json.dumps(plain(value), indent=2, allow_nan=False) + "\n").encode())


def read_json(path: str | Path) -> Any:
    """Reads a JSON file.

    Raises:
        StorageError: for a file that is not there or is not JSON.
    """
    try:
        return json.loads(read_bytes(path).decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{path}: not a whole JSON file ({error}); write it again") from None


def plain(value: Any) -> Any:
    """A value as strict JSON holds it: arrays as lists, enumerations as values, NaN and infinity as None.

    Raises:
        TypeError: for what JSON has no word for.
    """
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic, jax.Array)):
        return plain(np.asarray(value).tolist())
    raise TypeError(f"expected numbers, text, lists and dictionaries for JSON, got {type(value).__name__}")


def write_bytes(path: str | Path, content: bytes) -> None:
    """Writes a file, whole or not at all: beside the old one first, to the disk, and then in its place.

    Raises:
        StorageError: if the disk refuses; an older file of that name is then still there.
    """
    path = Path(path)
    # Not the tempfile module: its files are readable by their owner only, and a surrogate is there to share.
    beside = path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex}.tmp")
    try:
        try:
            with open(beside, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
        if os.name == "posix":
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {_REMEDY.get(error.errno or 0, str(error))}") from error


def _native(name: str, value: Any) -> np.ndarray:
    """A contiguous NumPy array in the byte order of this machine."""
    if isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.extended):
        raise TypeError(f"arrays[{name!r}]: expected numbers, got {value.dtype}; save jax.random.key_data(key)")
    array = np.asarray(value)
    if array.dtype.name != "bool" and not jax.numpy.issubdtype(array.dtype, jax.numpy.number):
        kind = type(value).__name__
        raise TypeError(f"arrays[{name!r}]: expected an array of numbers, got {kind} of {array.dtype}")
    return np.array(array, array.dtype.newbyteorder("="), order="C", copy=None)


def _head_size(raw: bytes) -> int:
    """Bytes before the tensors: the length of the JSON text, and the text."""
    return 8 + int.from_bytes(raw[:8], "little")


def read_bytes(path: str | Path) -> bytes:
    """Reads a file.

    Raises:
        StorageError: if it is not there or may not be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {_REMEDY.get(error.errno or 0, str(error))}") from error


def _dumps(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"header: expected what JSON can hold, got a value it cannot ({error})") from None


def _dtype(name: str) -> np.dtype:
    # NumPy alone does not know bfloat16 and the 8-bit floats; JAX's name table does.
    return np.dtype(name) if name in np.sctypeDict else np.dtype(getattr(jax.numpy, name))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
