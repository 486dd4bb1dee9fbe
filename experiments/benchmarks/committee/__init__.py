"""Committees of experts that price the same points with the same parameters, in JAX and in PyTorch."""
