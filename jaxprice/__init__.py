"""A differentiable research framework for option pricing on JAX.

The folders are the words of the pipeline, and imports point the same way::

    model -> simulate -> payoff -> engine -> result
"""

__version__ = "0.1.0"
