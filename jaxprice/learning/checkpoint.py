"""The state of a training on disk, so that a killed run goes on where it was."""

import hashlib
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core import storage
from jaxprice.core.storage import StorageError

_SCHEMA = "training/1"


class Checkpoint:
    """A file that belongs to one training: its key, its samples and its settings."""

    def __init__(self, path: str | Path, belongs_to: Any):
        """Takes the digest of everything that decides the course of the training: arrays and text."""
        self.path = Path(path)
        digest = hashlib.sha256()
        for leaf in jax.tree.leaves(belongs_to):
            array = np.asarray(leaf)
            digest.update(f"{array.dtype}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        self._digest = digest.hexdigest()

    def resume(self, state: Any) -> Any:
        """The state in the file, or the given one if there is no file yet.

        Raises:
            StorageError: for a file that is damaged or belongs to another training.
        """
        if not self.path.exists():
            return state
        arrays, header = storage.load(self.path, _SCHEMA)
        if header["belongs_to"] != self._digest:
            raise StorageError(
                f"{self.path}: the checkpoint of a training with another key, other samples or other settings; "
                "remove it or name another file"
            )
        return unflatten(state, arrays)

    def keep(self, state: Any) -> None:
        """Writes the state, whole or not at all."""
        storage.save(self.path, flatten(state), {"belongs_to": self._digest}, _SCHEMA)


def flatten(tree: Any) -> dict[str, np.ndarray]:
    """The arrays of a tree by their places in it, such as "params/hidden/0/kernel"."""
    return {_name(path): np.asarray(leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def unflatten(like: Any, arrays: dict[str, np.ndarray]) -> Any:
    """A tree with the structure and dtypes of `like` and these arrays in their places.

    Raises:
        StorageError: for an array that is missing or of another shape.
    """

    def place(path: Any, leaf: Any) -> Any:
        name = _name(path)
        if name not in arrays:
            raise StorageError(f"{name} is missing; make the file again")
        if arrays[name].shape != tuple(leaf.shape):
            raise StorageError(
                f"{name}: expected shape {tuple(leaf.shape)}, found {arrays[name].shape}; make the file again"
            )
        return jnp.asarray(arrays[name], leaf.dtype)

    return jax.tree_util.tree_map_with_path(place, like)


def group(arrays: dict[str, np.ndarray], name: str) -> dict[str, Any]:
    """The arrays whose names begin with a name and a stroke, by what comes after it."""
    prefix = f"{name}/"
    return {place[len(prefix) :]: jnp.asarray(value) for place, value in arrays.items() if place.startswith(prefix)}


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")
