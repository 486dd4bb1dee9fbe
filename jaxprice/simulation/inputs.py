"""What every verb does with a model and a product at its entry: turn them into arrays and check them."""

from collections.abc import Callable
from typing import Any

import jax
from jax.typing import DTypeLike

from jaxprice.core import validation
from jaxprice.core.array import as_arrays, numeric_dtype
from jaxprice.products.payoff import Function


def prepare(model: Any, product: Any, dtype: DTypeLike | None = None) -> tuple[Any, Any]:
    """Model and product with every number an array of one dtype, checked.

    A plain Python function as payoff becomes a `products.Function`.

    Args:
        model: what moves.
        product: what is paid.
        dtype: of every number; None for the model's own.

    Raises:
        ValueError: for numbers that are no model or no product; TypeError: for what is neither.
    """
    if not callable(getattr(model, "validate", None)) or not hasattr(type(model), "n_assets"):
        raise TypeError(
            f"model: expected one of jaxprice.models or a class with their methods, got {type(model).__name__}"
        )
    if not hasattr(product, "payoff") or not hasattr(type(product), "time"):
        raise TypeError(
            f"product: expected one of jaxprice.products such as European(payoff=..., expiry=...), got "
            f"{type(product).__name__}"
        )
    dtype = numeric_dtype(model) if dtype is None else jax.numpy.dtype(dtype)
    model = as_arrays(model, dtype)
    product = as_arrays(jax.tree.map(_wrap_function, product), dtype)
    model.validate()
    product.validate()
    check_payoff = getattr(product.payoff, "validate", None)
    validation.check_finite(product.payoff, f"{type(product.payoff).__name__}")
    if check_payoff is not None:
        check_payoff()
    return model, product


def _wrap_function(leaf: Any) -> Any:
    is_function = isinstance(leaf, Callable) and not hasattr(leaf, "dtype")  # type: ignore[arg-type]
    return Function(function=leaf) if is_function else leaf
