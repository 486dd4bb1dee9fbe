"""Gradient-enhanced least squares Monte Carlo (Yang and Li 2025): Bermudan and American options in many dimensions."""

from jaxprice.engines.glsm import columns
from jaxprice.engines.glsm.config import Config, IndexKind, Precision, Rule
from jaxprice.engines.glsm.engine import bounds, fit, follow, gamma, price
from jaxprice.engines.glsm.policy import Policy, continuation_value, delta, exercise
from jaxprice.engines.glsm.upper_bound import Bounds

__all__ = [
    "Bounds",
    "Config",
    "IndexKind",
    "Policy",
    "Precision",
    "Rule",
    "bounds",
    "columns",
    "continuation_value",
    "delta",
    "exercise",
    "fit",
    "follow",
    "gamma",
    "price",
]
