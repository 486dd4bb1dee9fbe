"""House rules and shared nouns: pytree data class, arrays, keys, precision, status, result, validation, storage."""

from jaxprice.core.random import Stream, stream
from jaxprice.core.result import PriceResult
from jaxprice.core.status import Status, StatusError, raise_for_status
from jaxprice.core.struct import pytree_dataclass, static_field

__all__ = [
    "PriceResult",
    "Status",
    "StatusError",
    "Stream",
    "pytree_dataclass",
    "raise_for_status",
    "static_field",
    "stream",
]
