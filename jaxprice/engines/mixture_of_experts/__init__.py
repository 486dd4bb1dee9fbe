"""The k-sparse gated committee of regime experts."""

from jaxprice.engines.mixture_of_experts.chart import Chart
from jaxprice.engines.mixture_of_experts.committee import Committee
from jaxprice.engines.mixture_of_experts.config import Config, Stages
from jaxprice.engines.mixture_of_experts.engine import fit
from jaxprice.engines.mixture_of_experts.gate import GateKind
from jaxprice.engines.mixture_of_experts.inspection import (
    RoutingMap,
    Usage,
    arbitrage,
    errors_by_expert,
    routing_map,
    usage,
    without_expert,
)
from jaxprice.engines.mixture_of_experts.measure import measure
from jaxprice.engines.mixture_of_experts.prediction import Dispatch, Evaluation, evaluate, predict
from jaxprice.engines.mixture_of_experts.quote_checks import QuoteFilter, QuoteReport
from jaxprice.engines.mixture_of_experts.quotes import Quotes, load_quotes
from jaxprice.engines.mixture_of_experts.regimes import Regimes, classical, of_quantiles
from jaxprice.engines.mixture_of_experts.storage import load, save
from jaxprice.learning.activation import Activation
from jaxprice.learning.schedule import Schedule
from jaxprice.learning.training import Training

__all__ = [
    "Activation",
    "Chart",
    "Committee",
    "Config",
    "Dispatch",
    "Evaluation",
    "GateKind",
    "QuoteFilter",
    "QuoteReport",
    "Quotes",
    "Regimes",
    "RoutingMap",
    "Schedule",
    "Stages",
    "Training",
    "Usage",
    "arbitrage",
    "classical",
    "errors_by_expert",
    "evaluate",
    "fit",
    "load",
    "load_quotes",
    "measure",
    "of_quantiles",
    "predict",
    "routing_map",
    "save",
    "usage",
    "without_expert",
]
