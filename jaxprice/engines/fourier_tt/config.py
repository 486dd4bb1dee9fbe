"""Settings of tensor-train surrogates: the frequency grid, the parameters' nodes, and the effort of learning."""

import dataclasses

import numpy as np

from jaxprice.core.validation import check_between, check_count, check_member
from jaxprice.engines.fourier_tt.damping import Damping
from jaxprice.engines.fourier_tt.nodes import NodeKind
from jaxprice.numerics import cross_interpolation


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Structure and effort; hashable.

    Attributes:
        tolerance: largest error of cross interpolation that its check may find, relative to the largest value. Of a
            characteristic function that error sits in rare corners, which a price averages out: 1e-4 leaves five-asset
            prices right to some 1e-8 of the strike. Of a pricer (`learn`) it is the error of the price itself.
        rounding: error of the finished train in the mean square over the box, relative to that of the price; it
            decides ranks, and so the time of an answer. Volatilities and spots of five assets at once stand 1e-5,
            which is three times as fast; Greeks of more need less.
        n_nodes: nodes of each parameter; for a uniform grid, as fine as the table.
        nodes: Chebyshev, or the uniform grid of the paper.
        damping: the rule 5 / d, or the contour along which the integrand is least.
        grid_tolerance: error that the frequency grid may make for each asset, relative to the price in the middle of
            the box: what it cuts off, and what its step aliases.
        n_frequencies: of each asset, even; None chooses them by `grid_tolerance`.
        step: of the frequencies; goes with `n_frequencies`.
        max_frequencies: most that may be chosen for an asset.
        max_rank: most pivots of a bond.
        max_sweeps: most passes over all bonds.
        is_traceable: False for a pricer that takes NumPy arrays and that JAX cannot trace; only for `learn`.
    """

    tolerance: float = 1e-5
    rounding: float = 1e-6
    n_nodes: int = 10
    nodes: NodeKind | str = NodeKind.CHEBYSHEV
    damping: Damping | str = Damping.OPTIMISED
    grid_tolerance: float = 1e-6
    n_frequencies: int | None = None
    step: float | None = None
    max_frequencies: int = 512
    max_rank: int = 512
    max_sweeps: int = 200
    is_traceable: bool = True

    def validate(self) -> "Config":
        """The same settings with names turned into enumeration members.

        Raises:
            ValueError: for what makes no surrogate.
        """
        for name in ("tolerance", "rounding", "grid_tolerance"):
            check_between(name, np.asarray(getattr(self, name)), 0.0, 1.0)
        for name in ("max_frequencies", "max_rank", "max_sweeps"):
            check_count(name, getattr(self, name))
        check_count("n_nodes", self.n_nodes, minimum=2)
        if (self.n_frequencies is None) != (self.step is None):
            raise ValueError("n_frequencies and step: they make one grid together; give both or neither")
        if self.n_frequencies is not None:
            check_count("n_frequencies", self.n_frequencies, minimum=2)
            if self.n_frequencies % 2:
                raise ValueError(f"n_frequencies: expected an even number, got {self.n_frequencies}")
        if self.step is not None and not 0.0 < self.step < float("inf"):
            raise ValueError(f"step: expected a positive number, got {self.step}")
        return dataclasses.replace(
            self,
            nodes=check_member("nodes", NodeKind, self.nodes),
            damping=check_member("damping", Damping, self.damping),
        )

    def cross(self) -> cross_interpolation.Config:
        """Settings of cross interpolation."""
        return cross_interpolation.Config(
            tolerance=self.tolerance,
            max_rank=self.max_rank,
            max_sweeps=self.max_sweeps,
            is_traceable=self.is_traceable,
        )
