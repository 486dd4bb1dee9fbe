"""Published numbers of Fourier pricing with tensor trains that learn parameter dependence.

R. Sakurai, H. Takahashi and K. Miyamoto, arXiv 2405.00701, Mathematics 13(11) 1828 (2025). The tables of
the paper could not be read; what stands here comes from the co-author's repository
github.com/HarutTakahashi/Tensor_FixedSeedMC_Takahashi (VERIFIED), from a garbled summary (SEED), and from
our own quadrature (COMPUTED).
"""

from typing import NamedTuple

from jaxprice.reference.literature.record import Column, Quantity, Status, Table

_PAPER = "Sakurai, Takahashi and Miyamoto 2025, arXiv 2405.00701"
# Min-call; each parameter on 100 points from its first value by its step; alpha = 5 / d is the damping.
PARAMETERS = {"expiry": 1.0, "rate": 0.01, "strike": 100.0, "spot": 100.0, "volatility": 0.2}
VOLATILITY_GRID = (0.15, 0.001, 100)
SPOT_GRID = (90.0, 0.3, 100)
CROSS_TOLERANCE = 1e-9
SVD_TOLERANCE = 1e-6
CORRELATION = (1.0 / 3.0, 0.5)

RANDOM_CORRELATION = (
    (1.0, 0.303659, 0.505532, 0.719655, 0.728832),
    (0.303659, 1.0, 0.401077, 0.515272, 0.178203),
    (0.505532, 0.401077, 1.0, 0.132542, 0.722767),
    (0.719655, 0.515272, 0.132542, 1.0, 0.394723),
    (0.728832, 0.178203, 0.722767, 0.394723, 1.0),
)


class FourierRow(NamedTuple):
    """One row of table II as far as it is known: mean absolute errors, counts and seconds."""

    n_assets: int
    train_error: float
    monte_carlo_error: float
    rank: int
    monte_carlo_operations: float
    train_seconds: float
    monte_carlo_seconds: float


TABLE_2 = Table(
    title="min-call: tensor train against Monte Carlo (partial; the summary's columns are partly shuffled)",
    source=f"{_PAPER}, table II, through the summary",
    setting="100 random parameter sets against 5e7 paths; Monte Carlo competitor 1e6 paths; Apple M2 Max",
    column={
        "train_error": Column(5, Status.SEED, "mean absolute error of the tensor train"),
        "monte_carlo_error": Column(5, Status.SEED, "half width of the 95 % interval"),
        "rank": Column(0, Status.SEED, "doubtful"),
        "monte_carlo_operations": Column(0, Status.SEED, "assets times paths"),
        "train_seconds": Column(8, Status.SEED, "seconds for a price"),
        "monte_carlo_seconds": Column(1, Status.SEED, "seconds for a price"),
    },
    row=(
        FourierRow(5, 0.00178, 0.00606, 2, 5e6, 4.9e-7, 28.4),
        FourierRow(10, 0.00229, 0.00294, 1, 1e7, 1.18e-6, 51.1),
        FourierRow(11, 0.000554, 0.00265, 1, 1.1e7, 1.16e-6, 50.4),
    ),
)
ERROR_SPREAD = Quantity(
    4.74e-9, 11, Status.SEED, f"{_PAPER}, text", note="deviation of the error over repeated learning"
)
LEARNING_MINUTES = Quantity(12.0, 0, Status.SEED, f"{_PAPER}, text", note="up to, for 11 assets")

# One asset, spot 100, volatility 0.2, 64 frequencies of step 0.5, damping 5: the sum on the grid and the
# exact price.
ONE_ASSET_GRID_SUM = Quantity(8.432243205198837, 12, Status.VERIFIED, "authors' notebook 1d_fpricing.ipynb")
ONE_ASSET_EXACT = Quantity(8.433318690, 9, Status.COMPUTED, "Black-Scholes")


class GridErrorRow(NamedTuple):
    """Error of the plain two-asset double sum on a grid, for volatilities 0.15, 0.20, 0.25."""

    n_frequencies: int
    step: float
    cutoff: float
    error_015: float
    error_020: float
    error_025: float


GRID_ERROR = Table(
    title="two-asset min-call: truncation error of the frequency grid",
    source="our quadrature against our double sum",
    setting="spots 100, strike 100, correlation 0.5, rate 0.01, one year, damping 2.5 for each asset",
    column={
        "error_015": Column(0, Status.COMPUTED, "two digits"),
        "error_020": Column(0, Status.COMPUTED, "two digits"),
        "error_025": Column(0, Status.COMPUTED, "two digits"),
    },
    row=(
        GridErrorRow(40, 0.5, 10.0, -2.6e-1, -1.5e-1, -5.5e-2),
        GridErrorRow(64, 0.5, 16.0, -3.5e-2, -5.0e-3, -3.1e-4),
        GridErrorRow(80, 0.5, 20.0, -6.3e-3, -2.8e-4, -3.2e-6),
        GridErrorRow(100, 0.5, 25.0, -5.1e-4, -3.7e-6, -1.8e-9),
        GridErrorRow(128, 0.5, 32.0, -7.4e-6, -2.3e-9, 1.0e-10),
        GridErrorRow(64, 1.0, 32.0, -5.6e-6, 2.5e-6, 3.1e-6),
        GridErrorRow(80, 0.8, 32.0, -7.4e-6, 4.8e-8, 6.2e-8),
    ),
)
