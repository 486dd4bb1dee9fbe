"""Worst-case prices under uncertain volatility and correlation: GTU (Goudenège, Molent and Zanette 2024)."""

from jaxprice.engines.gpr_tree.config import Config, Side
from jaxprice.engines.gpr_tree.engine import fit, neural_bound, price
from jaxprice.engines.gpr_tree.neural_control import NeuralConfig
from jaxprice.engines.gpr_tree.surface import Surface
from jaxprice.numerics.kernel import Kernel

__all__ = ["Config", "Kernel", "NeuralConfig", "Side", "Surface", "fit", "neural_bound", "price"]
