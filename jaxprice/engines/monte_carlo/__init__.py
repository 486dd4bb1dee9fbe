"""Monte Carlo: the baseline, with every Greek by reverse mode."""

from jaxprice.engines.monte_carlo.config import Config
from jaxprice.engines.monte_carlo.control_variate import Control
from jaxprice.engines.monte_carlo.engine import gamma, price
from jaxprice.simulation.estimators import Estimator
from jaxprice.simulation.noise import Sampling

__all__ = ["Config", "Control", "Estimator", "Sampling", "gamma", "price"]
