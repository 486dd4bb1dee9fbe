"""Where 64-bit numbers are needed, and that products of them are not quietly computed in fewer bits.

The application switches x64 on (`jax.config.update("jax_enable_x64", True)` or `JAX_ENABLE_X64=1`), never the
package. Paths and networks work in either precision; references, least squares, Gaussian processes and tensor trains
need 64 bits and say so through `require_x64`.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import jax
import jax.numpy as jnp

_P = ParamSpec("_P")
_R = TypeVar("_R")


def require_x64(what: str = "this computation") -> None:
    """Raises `RuntimeError` with the remedy unless JAX runs with 64-bit numbers."""
    if accumulator_dtype() != jnp.float64:
        raise RuntimeError(
            f"{what} needs 64-bit numbers: call jax.config.update('jax_enable_x64', True) before the first "
            "computation, or set JAX_ENABLE_X64=1"
        )


def accumulator_dtype() -> jnp.dtype:
    """The widest floating dtype there is now: sums over many paths are kept in it."""
    return jnp.result_type(float)


def full_precision(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorator: matrix products inside run at the full precision of their dtype.

    A GPU may otherwise take TF32, whose ten-bit mantissa costs a price its fourth digit.
    """

    @functools.wraps(function)
    def precise(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with jax.default_matmul_precision("highest"):
            return function(*args, **kwargs)

    return precise
