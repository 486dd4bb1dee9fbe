"""Differential machine learning: surrogates trained on values and derivatives."""

from jaxprice.engines.differential.config import Config
from jaxprice.engines.differential.engine import fit, fit_polynomial
from jaxprice.engines.differential.measure import measure
from jaxprice.engines.differential.storage import load, save
from jaxprice.engines.differential.surrogate import Evaluation, Surrogate, evaluate, predict
from jaxprice.learning.activation import Activation
from jaxprice.learning.schedule import Schedule
from jaxprice.learning.training import Training

__all__ = [
    "Activation",
    "Config",
    "Evaluation",
    "Schedule",
    "Surrogate",
    "Training",
    "evaluate",
    "fit",
    "fit_polynomial",
    "load",
    "measure",
    "predict",
    "save",
]
