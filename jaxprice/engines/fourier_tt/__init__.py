"""Fourier pricing with tensor trains that learn parameter dependence, and Chebyshev tensor trains of any pricer."""

from jaxprice.engines.fourier_tt.config import Config
from jaxprice.engines.fourier_tt.damping import Damping
from jaxprice.engines.fourier_tt.engine import combine, fit, learn
from jaxprice.engines.fourier_tt.factors import Factors, learn_factors
from jaxprice.engines.fourier_tt.measure import measure
from jaxprice.engines.fourier_tt.nodes import NodeKind
from jaxprice.engines.fourier_tt.prediction import Evaluation, evaluate, predict, price
from jaxprice.engines.fourier_tt.problem import Problem, box
from jaxprice.engines.fourier_tt.storage import load, save
from jaxprice.engines.fourier_tt.surrogate import Surrogate
from jaxprice.engines.fourier_tt.variance_gamma import VarianceGamma

__all__ = [
    "Config",
    "Damping",
    "Evaluation",
    "Factors",
    "NodeKind",
    "Problem",
    "Surrogate",
    "VarianceGamma",
    "box",
    "combine",
    "evaluate",
    "fit",
    "learn",
    "learn_factors",
    "load",
    "measure",
    "predict",
    "price",
    "save",
]
