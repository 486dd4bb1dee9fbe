"""Settings of differential labels."""

import dataclasses
import enum

from jaxprice.core.validation import check_count, check_member
from jaxprice.simulation.estimators import Estimator
from jaxprice.simulation.noise import Sampling

_MAX_PATHS = 2**32


class InputSampling(enum.StrEnum):
    """How the rows are spread over the inputs."""

    SOBOL = "sobol"
    """The first points of one scrambled Sobol sequence: evener than independent ones."""
    UNIFORM = "uniform"
    """Independent points."""


class SecondOrder(enum.StrEnum):
    """What second derivatives are."""

    MIXED = "mixed"
    """Likelihood ratio of the pathwise (or smoothed) derivative; for inputs that move the spot alone, and quiet."""
    LIKELIHOOD_RATIO = "likelihood_ratio"
    """The score taken twice; for payoffs that jump too, and noisy."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Structure and effort of a set of labels; hashable, static under `jit`.

    Attributes:
        n_samples: rows.
        n_paths: paths averaged into one label, k.
        antithetic: whether the paths of a label are pairs of opposite normals; None: if their number is even.
        estimator: what the derivatives are; see `Estimator`.
        second_order: what second derivatives are, along a few directions; None: there are none.
        sampling_of_inputs: Sobol points or independent ones, in a box or as the normals of a `Horizon`.
        smoothing_width: of the smoothed estimator, relative to the level at which the payoff jumps.
        n_substeps: time steps between two observations; None: one if the model is exact, else 32 or more in all.
        chunk: rows that are in memory at once, a power of two; None: what fits the cache.
    """

    n_samples: int = 8192
    n_paths: int = 2
    antithetic: bool | None = None
    estimator: Estimator = Estimator.PATHWISE
    second_order: SecondOrder | None = None
    sampling_of_inputs: InputSampling = InputSampling.SOBOL
    smoothing_width: float = 0.02
    n_substeps: int | None = None
    chunk: int | None = None

    @property
    def sampling(self) -> Sampling:
        """How the paths of a label are spread."""
        is_paired = self.n_paths % 2 == 0 if self.antithetic is None else self.antithetic
        return Sampling.ANTITHETIC if is_paired else Sampling.PSEUDO

    def validate(self) -> "Config":
        """The same settings with names turned into enumeration members, and whether paths are antithetic decided.

        Raises:
            ValueError: for settings that make no labels.
        """
        check_count("n_samples", self.n_samples)
        check_count("n_paths", self.n_paths)
        order = self.second_order
        config = dataclasses.replace(
            self,
            antithetic=self.sampling == Sampling.ANTITHETIC,
            estimator=check_member("estimator", Estimator, self.estimator),
            second_order=None if order is None else check_member("second_order", SecondOrder, order),
            sampling_of_inputs=check_member("sampling_of_inputs", InputSampling, self.sampling_of_inputs),
        )
        if self.n_samples * self.n_paths >= _MAX_PATHS:
            raise ValueError(
                "n_samples: expected fewer than 2**32 paths in all, the range of a path's index, got "
                f"{self.n_samples} samples of {self.n_paths}; make several data sets under different keys"
            )
        if config.antithetic and self.n_paths % 2:
            raise ValueError(f"n_paths: antithetic paths come in pairs, got the odd number {self.n_paths}")
        if config.second_order == SecondOrder.MIXED and config.estimator not in (
            Estimator.PATHWISE,
            Estimator.SMOOTHED,
        ):
            raise ValueError(
                "second_order='mixed' is the likelihood ratio of a pathwise or a smoothed derivative, got "
                f"estimator='{config.estimator}'; use second_order='likelihood_ratio'"
            )
        if self.n_substeps is not None:
            check_count("n_substeps", self.n_substeps)
        if self.chunk is not None:
            check_count("chunk", self.chunk)
            if self.chunk & (self.chunk - 1):
                raise ValueError(f"chunk: expected a power of two, got {self.chunk}")
        if not self.smoothing_width > 0:
            raise ValueError(f"smoothing_width: expected a positive number, got {self.smoothing_width}")
        return config
