"""Settings of the Gaussian-process regression tree."""

import dataclasses
import enum

from jaxprice.core.validation import check_count, check_member
from jaxprice.numerics.gaussian_process import Config as RegressionConfig
from jaxprice.numerics.kernel import Kernel

_FULL_TREE_ASSETS = 3
_LENGTHSCALES = 6
_ITERATIONS, _CORRELATED_ITERATIONS = 12, 20


class Side(enum.StrEnum):
    """Which end of the range of prices is computed."""

    UPPER = "upper"
    """The largest price over all admissible volatilities and correlations: what a seller needs."""
    LOWER = "lower"
    """The smallest: what a buyer can be sure of."""
    BOTH = "both"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Structure and effort; hashable, static under `jit`.

    Attributes:
        n_steps: steps in time, of equal length, over which controls are frozen.
        n_points: design points of every regression.
        n_branches: of the tree, a power of two and at least twice the number of assets; None: 2^d up to three
            assets, an orthogonal sample of 2 d or the next power of two beyond.
        n_normals: in antithetic pairs, over which the last step is taken, and by observation time the price of a
            path-dependent payoff at fixed volatilities that is taken off before regression; 0 steps over branches
            everywhere and regresses the value itself.
        side: which end of the range; both take twice the time.
        kernel: smoothness of the regression.
        is_american: whether the holder may exercise at every step.
        is_extrapolated: whether the price is that of `n_steps`, doubled, less that of half as many: errors of first
            order in the step, from frozen controls, cancel, for half as much time again.
        is_correlation_uncertain: whether correlations are controls; None: if some bounds differ, which under a
            transformation, where bounds have no numbers, is taken as so.
        greeks: whether to differentiate the price by every number of the model, at frozen controls.
        max_iterations: evaluations of the sequential quadratic programme of a step; None: 12, and 20 where correlations
            are controls, whose barrier falls by steps.
        tolerance: relative, of those programmes.
    """

    n_steps: int = 32
    n_points: int = 250
    n_branches: int | None = None
    n_normals: int = 128
    side: Side = Side.UPPER
    kernel: Kernel = Kernel.MATERN_52
    is_american: bool = False
    is_extrapolated: bool = True
    is_correlation_uncertain: bool | None = None
    greeks: bool = False
    max_iterations: int | None = None
    tolerance: float = 1e-5

    def validate(self) -> "Config":
        """The same settings with names turned into enumeration members.

        Raises:
            ValueError: for settings that make no tree.
        """
        for name in ("n_steps", "n_points", "max_iterations"):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name))
        check_count("n_normals", self.n_normals, 0)
        if self.n_normals % 2:
            raise ValueError(f"n_normals: expected an even number, for pairs, got {self.n_normals}")
        if self.is_extrapolated and self.n_steps % 2:
            raise ValueError(
                f"n_steps: expected an even number, of which half are the coarser steps, got {self.n_steps}; or set "
                "is_extrapolated=False"
            )
        if not 0.0 < self.tolerance < 1.0:
            raise ValueError(f"tolerance: expected a number between 0 and 1, got {self.tolerance}")
        return dataclasses.replace(
            self, side=check_member("side", Side, self.side), kernel=check_member("kernel", Kernel, self.kernel)
        )

    def branches_for(self, n_assets: int) -> int:
        """Number of branches for so many assets.

        Raises:
            ValueError: for a number that is no power of two or too small for the moments of a step.
        """
        if self.n_branches is None:
            return 2**n_assets if n_assets <= _FULL_TREE_ASSETS else 2 ** (2 * n_assets - 1).bit_length()
        n = self.n_branches
        if n < 2 * n_assets or n & (n - 1) or (n > 2**n_assets and n_assets > 1):
            raise ValueError(
                f"n_branches: expected a power of two from {2 * n_assets} to 2**{n_assets} for {n_assets} assets, "
                f"got {n}"
            )
        return n

    def iterations(self) -> int:
        """Cap of the programmes of a step."""
        if self.max_iterations is not None:
            return self.max_iterations
        return _CORRELATED_ITERATIONS if self.is_correlation_uncertain else _ITERATIONS

    def regression(self) -> RegressionConfig:
        """Of the Gaussian process, whose inputs are standard normals and whose targets have next to no noise."""
        return RegressionConfig(
            kernel=self.kernel,
            is_ard=True,
            max_lengthscales=_LENGTHSCALES,
            lengthscale_bounds=(0.1, 50.0),
            noise_bounds=(1e-8, 1e-3),
            max_iterations=10,
            tolerance=1e-4,
        )
