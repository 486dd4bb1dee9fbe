"""What the experiments share: what an experiment is, how it is found, run, checked, kept and reported."""

from experiments.harness.experiment import Cell, Experiment, Metrics

__all__ = ["Cell", "Experiment", "Metrics"]
