"""A differentiable research framework for option pricing on JAX.

The folders are the words of the pipeline, and imports point the same way::

    model -> simulate -> payoff -> engine -> result
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxprice.core import PriceResult, Status, StatusError, pytree_dataclass, raise_for_status, static_field

__version__ = "0.1.0"
__all__ = ["PriceResult", "Status", "StatusError", "pytree_dataclass", "raise_for_status", "static_field"]


def __getattr__(name: str) -> Any:
    # Imported on first use: the command line answers --help before it pays for importing JAX.
    if name in __all__:
        from jaxprice import core

        return getattr(core, name)
    raise AttributeError(f"module 'jaxprice' has no attribute {name!r}")
