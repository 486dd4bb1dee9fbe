"""What moves: the models, in the units of their docstrings."""

from jaxprice.models.bachelier import Bachelier
from jaxprice.models.black_scholes import BlackScholes
from jaxprice.models.heston import Heston
from jaxprice.models.model import Model
from jaxprice.models.uncertain_volatility import UncertainVolatility

__all__ = ["Bachelier", "BlackScholes", "Heston", "Model", "UncertainVolatility"]
