"""Settings of the Monte Carlo engine."""

import dataclasses

from jaxprice.core.validation import check_count, check_member
from jaxprice.simulation.estimators import Estimator
from jaxprice.simulation.noise import Sampling

_MAX_PATHS = 2**32


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Structure and effort of a Monte Carlo price; hashable, static under `jit`.

    Attributes:
        n_paths: paths in all; both paths of an antithetic pair and all Sobol replicates count.
        greeks: whether to return the derivatives of the price with respect to every number of the model.
        estimator: what those derivatives are; see `Estimator`.
        sampling: pseudo-random, antithetic or Sobol.
        n_replicates: independent scrambles of the Sobol points; the standard error is that of their mean.
        control_variate: whether to subtract the discounted prices at expiry, whose means are known, with the
            coefficients of a regression on 4,096 pilot paths.
        smoothing_width: of the smoothed estimator, relative to the level at which the payoff jumps.
        n_substeps: time steps between two observations; None: one if the model is exact, else 32 or more in all.
        chunk: paths that are in memory at once, a power of two; None: what fits the cache.
    """

    n_paths: int = 2**17
    greeks: bool = True
    estimator: Estimator = Estimator.PATHWISE
    sampling: Sampling = Sampling.PSEUDO
    n_replicates: int = 32
    control_variate: bool = False
    smoothing_width: float = 0.02
    n_substeps: int | None = None
    chunk: int | None = None

    def validate(self) -> "Config":
        """The same settings with names turned into enumeration members.

        Raises:
            ValueError: for settings that make no estimate.
        """
        config = dataclasses.replace(
            self,
            estimator=check_member("estimator", Estimator, self.estimator),
            sampling=check_member("sampling", Sampling, self.sampling),
        )
        check_count("n_paths", self.n_paths, 2)
        check_count("n_replicates", self.n_replicates, 2)
        if self.n_paths >= _MAX_PATHS:
            raise ValueError(
                f"n_paths: expected fewer than 2**32, the range of a path's index, got {self.n_paths}; "
                "merge several runs under different keys"
            )
        if config.sampling == Sampling.ANTITHETIC and self.n_paths % 2:
            raise ValueError(f"n_paths: antithetic paths come in pairs, got the odd number {self.n_paths}")
        if config.sampling == Sampling.SOBOL:
            n_points, rest = divmod(self.n_paths, self.n_replicates)
            if rest or n_points & (n_points - 1) or n_points < 2:
                raise ValueError(
                    f"n_paths: Sobol points are balanced in powers of two, expected n_replicates ({self.n_replicates}) "
                    f"times a power of two, got {self.n_paths}"
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
