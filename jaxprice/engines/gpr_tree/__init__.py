"""Worst-case prices under uncertain volatility and correlation: GTU (Goudenège, Molent and Zanette 2024)."""

from jaxprice.engines.gpr_tree.config import Config, Side
from jaxprice.engines.gpr_tree.engine import neural_bound, price
from jaxprice.engines.gpr_tree.neural_control import NeuralConfig
from jaxprice.numerics.kernel import Kernel

__all__ = ["Config", "Kernel", "NeuralConfig", "Side", "neural_bound", "price"]
