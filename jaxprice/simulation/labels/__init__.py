"""Differential labels: samples of a price with their derivatives, over a domain of inputs, for any model and product.

A label is the mean present value of a few paths, and its derivatives are those of that mean by reverse mode: noisy,
unbiased, and made at a small multiple of the cost of the value, however many inputs there are (Huge and Savine 2020,
"Differential machine learning"). Where the payoff jumps they are likelihood-ratio derivatives, after Glasserman and
Karmarkar 2025, "Differential ML with a difference", or smoothed or conditional ones; the pathwise ones, which would be
silently wrong there, are refused.
"""

from jaxprice.simulation.estimators import Estimator
from jaxprice.simulation.labels.config import Config, InputSampling, SecondOrder
from jaxprice.simulation.labels.generate import at, blocks, make
from jaxprice.simulation.labels.inputs import Horizon

__all__ = ["Config", "Estimator", "Horizon", "InputSampling", "SecondOrder", "at", "blocks", "make"]
