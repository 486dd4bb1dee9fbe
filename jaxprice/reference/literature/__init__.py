"""Published values with table and page: one module for each paper that the experiments reproduce.

Plain data, no arithmetic. Each number carries its status: tests may only use those with `status.is_testable`.
"""

from jaxprice.reference.literature import (
    deep_optimal_stopping,
    differential,
    fourier_tt,
    glsm,
    mixture_of_experts,
    uncertain_volatility,
)
from jaxprice.reference.literature.record import Column, Quantity, Status, Table, rounding

__all__ = [
    "Column",
    "Quantity",
    "Status",
    "Table",
    "deep_optimal_stopping",
    "differential",
    "fourier_tt",
    "glsm",
    "mixture_of_experts",
    "rounding",
    "uncertain_volatility",
]
