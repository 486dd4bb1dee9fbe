"""Gradient-enhanced least squares Monte Carlo (Yang and Li 2025): Bermudan and American options in many dimensions."""

from jaxprice.engines.glsm import columns
from jaxprice.engines.glsm.american import price_american
from jaxprice.engines.glsm.config import Config, Precision, Rule
from jaxprice.engines.glsm.engine import bounds, fit, follow, gamma, price
from jaxprice.engines.glsm.european_column import EuropeanExtreme
from jaxprice.engines.glsm.hedging import Hedge, hedge
from jaxprice.engines.glsm.policy import Policy, continuation_value, delta, exercise
from jaxprice.engines.glsm.storage import load, save
from jaxprice.engines.glsm.upper_bound import Bounds
from jaxprice.numerics.index_set import IndexKind

__all__ = [
    "Bounds",
    "Config",
    "EuropeanExtreme",
    "Hedge",
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
    "hedge",
    "load",
    "price",
    "price_american",
    "save",
]
