"""Array types, and the one place where user input becomes arrays."""

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

Scalar: TypeAlias = Float[Array, ""]
PRNGKey: TypeAlias = Key[Array, ""]

__all__ = ["Array", "Bool", "Float", "Int", "PRNGKey", "Scalar", "as_arrays", "is_concrete", "numeric_dtype"]


def is_concrete(value: Any) -> bool:
    """Whether the numbers of `value` can be looked at now: false while JAX traces."""
    return not isinstance(value, jax.core.Tracer)


def numeric_dtype(tree: Any) -> jnp.dtype:
    """The floating dtype that a tree of numbers computes in; Python numbers take JAX's default."""
    floats = [
        leaf.dtype
        for leaf in jax.tree.leaves(tree)
        if hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jnp.floating)
    ]
    dtypes = [jax.dtypes.canonicalize_dtype(dtype) for dtype in floats]
    return jnp.result_type(*dtypes) if dtypes else jnp.result_type(float)


def as_arrays(tree: Any, dtype: jnp.dtype) -> Any:
    """Every number of a tree as an array of `dtype`; a list counts as one array, callables pass through.

    Raises:
        TypeError: for a leaf that is not a number or an array of numbers.
    """

    def convert(path: Any, leaf: Any) -> Any:
        if callable(leaf) and not hasattr(leaf, "dtype"):
            return leaf
        if isinstance(leaf, list):
            try:
                leaf = np.asarray(leaf, np.float64)
            except (TypeError, ValueError):
                where = jax.tree_util.keystr(path) or "input"
                raise TypeError(f"{where}: expected a list of numbers, got {leaf!r}") from None
        if isinstance(leaf, (bool, int, float, np.ndarray, np.generic, jax.Array)):
            return jnp.asarray(leaf, dtype)
        where = jax.tree_util.keystr(path) or "input"
        raise TypeError(f"{where}: expected a number or an array of numbers, got {type(leaf).__name__}")

    return jax.tree_util.tree_map_with_path(convert, tree, is_leaf=lambda node: isinstance(node, list))
