"""How it moves: noise, paths, mergeable moments."""

from jaxprice.simulation.moments import Moments, merge_all
from jaxprice.simulation.noise import Sampling
from jaxprice.simulation.paths import refine, simulate, substeps

__all__ = ["Moments", "Sampling", "merge_all", "refine", "simulate", "substeps"]
