"""Published numbers of differential machine learning.

B. Huge and A. Savine, "Differential Machine Learning", arXiv 2005.02347, through the outputs stored in the
authors' notebooks (github.com/differential-machine-learning/notebooks @ 155055e): one run and one seed for
each cell, so ratios are indicative. P. Glasserman and S. Karmarkar, "Differential ML with a Difference",
arXiv 2512.05301, read in full.
"""

from typing import NamedTuple

from jaxprice.reference.literature.record import Column, Quantity, Status, Table


class TwinRow(NamedTuple):
    """Root mean squared errors times 100 of a standard and of a differential network."""

    problem: str
    n_assets: int
    notebook: str
    n_samples: int
    value_standard: float
    value_differential: float
    delta_standard: float
    delta_differential: float


NOTEBOOK_RMSE = Table(
    title="root mean squared error times 100, standard against differential network",
    source="Huge and Savine's notebooks, figures: TF1 DifferentialML.ipynb, TF2 DifferentialMLTF2.ipynb",
    setting="spot 1, strike 1.10, horizon 1, expiry 2, volatility 0.2, training volatility times 1.5, "
    "antithetic labels; 4 x 20 softplus units; sizes of Bachelier d = 1 in TF2 as in TF1",
    column={
        "value_standard": Column(2, Status.FIGURE, "value, no differentials"),
        "value_differential": Column(2, Status.FIGURE, "value, with differentials"),
        "delta_standard": Column(2, Status.FIGURE, "delta, no differentials"),
        "delta_differential": Column(2, Status.FIGURE, "delta, with differentials"),
    },
    row=(
        TwinRow("Black-Scholes", 1, "TF1", 1024, 0.59, 0.35, 3.89, 2.47),
        TwinRow("Black-Scholes", 1, "TF1", 8192, 0.13, 0.13, 2.18, 2.13),
        TwinRow("Bachelier", 1, "TF1", 1024, 0.17, 0.11, 0.65, 0.54),
        TwinRow("Bachelier", 1, "TF1", 8192, 0.07, 0.06, 0.77, 0.28),
        TwinRow("Bachelier", 7, "TF1", 4096, 0.77, 0.24, 0.70, 0.30),
        TwinRow("Bachelier", 7, "TF1", 8192, 0.50, 0.14, 0.40, 0.10),
        TwinRow("Bachelier", 7, "TF1", 16384, 0.21, 0.11, 0.30, 0.09),
        TwinRow("Bachelier", 20, "TF1", 4096, 2.02, 0.23, 1.29, 0.16),
        TwinRow("Bachelier", 20, "TF1", 8192, 1.19, 0.13, 0.70, 0.07),
        TwinRow("Bachelier", 20, "TF1", 16384, 0.62, 0.10, 0.41, 0.05),
        TwinRow("Black-Scholes", 1, "TF2", 1024, 0.25, 0.12, 1.79, 0.94),
        TwinRow("Black-Scholes", 1, "TF2", 8192, 0.14, 0.09, 1.34, 0.68),
        TwinRow("Bachelier", 1, "TF2", 1024, 0.11, 0.12, 0.81, 0.58),
        TwinRow("Bachelier", 1, "TF2", 8192, 0.11, 0.10, 0.71, 0.58),
        TwinRow("Bachelier", 7, "TF2", 4096, 1.13, 0.12, 1.50, 0.14),
        TwinRow("Bachelier", 7, "TF2", 8192, 0.56, 0.10, 0.55, 0.09),
        TwinRow("Bachelier", 7, "TF2", 16384, 0.38, 0.06, 0.33, 0.08),
        TwinRow("Bachelier", 50, "TF2", 16384, 1.16, 0.21, 0.85, 0.04),
        TwinRow("Bachelier", 50, "TF2", 65536, 0.44, 0.07, 0.21, 0.01),
        # The authors' own failed run: the differential network collapsed to a constant.
        TwinRow("Bachelier", 50, "TF2", 131072, 0.30, 6.07, 0.11, 0.34),
    ),
)

_BERMUDAN = "Huge and Savine, Bermudan5F.ipynb, 8,192 training paths, 128 nested Monte Carlo points"
BERMUDAN_FIVE_FACTORS = {
    "degree-5 regression": Quantity(1.17, 2, Status.VERIFIED, _BERMUDAN),
    "differential regression": Quantity(0.36, 2, Status.VERIFIED, _BERMUDAN),
    "two principal components": Quantity(3.75, 2, Status.VERIFIED, _BERMUDAN),
    "two differential components": Quantity(0.305, 3, Status.VERIFIED, _BERMUDAN, 0.005),
}

_GK = "Glasserman and Karmarkar 2025, arXiv 2512.05301"
GK_PARAMETERS = {
    "rate": 0.0,
    "expiry": 1.0 / 3.0,
    "volatility": 0.2,
    "n_samples": 512,
    "n_paths_per_label": 10,
    "n_layers": 4,
    "n_units": 20,
}
# Root mean squared error of the price of a digital.
GK_DIGITAL = {
    "standard": Quantity(3.86, 2, Status.VERIFIED, _GK),
    "pathwise": Quantity(19.71, 2, Status.VERIFIED, _GK),
    "likelihood_ratio": Quantity(1.01, 2, Status.VERIFIED, _GK),
}
# How many times smaller the error with likelihood-ratio labels is.
GK_IMPROVEMENT = {
    ("digital", "delta", "pathwise"): Quantity(34.0, 0, Status.VERIFIED, _GK),
    ("digital basket, 20 assets", "price", "pathwise"): Quantity(7.0, 0, Status.VERIFIED, _GK),
    ("digital basket, 20 assets", "delta", "pathwise"): Quantity(6.0, 0, Status.VERIFIED, _GK),
    ("barrier", "price", "pathwise"): Quantity(15.0, 0, Status.VERIFIED, _GK, note="barrier 0.85, 1,024 samples"),
    ("barrier", "price", "standard"): Quantity(4.0, 0, Status.VERIFIED, _GK, note="dates 1/3, 2/3, 1"),
}
