"""Published and computed numbers for the uncertain volatility model and for GPR-Tree.

L. Goudenege, A. Molent and A. Zanette, arXiv 2407.13213 (2024): its tables could not be read. SECOND_HAND
values are quoted by Abbas-Turki et al., arXiv 2605.06670 (2026); COMPUTED ones come from independent
one-dimensional Black-Scholes-Barenblatt solvers and are the ground truth to test against (grid error about
1e-4). For GPR-Tree: the same authors, arXiv 1905.09474v3, Quant. Finance 20(4), 2020.
"""

from typing import NamedTuple

from jaxprice.reference.literature.record import Column, Quantity, Status, Table

PARAMETERS = {
    "spot": 100.0,
    "min_volatility": 0.1,
    "max_volatility": 0.2,
    "min_correlation": -0.5,
    "max_correlation": 0.5,
    "rate": 0.0,
    "dividend": 0.0,
    "expiry": 1.0,
    "lower_strike": 90.0,
    "upper_strike": 110.0,
    "lower_ratio": 0.9,
    "upper_ratio": 1.1,
    "strike": 100.0,
}

_SPG = "Abbas-Turki et al. 2026, arXiv 2605.06670"
PUBLISHED = {
    "geometric outperformer, 2 assets, reference": Quantity(13.75, 2, Status.SECOND_HAND, _SPG),
    "geometric outperformer, 2 assets, GTU": Quantity(13.75, 2, Status.SECOND_HAND, _SPG),
    "geometric outperformer, 2 assets, NNU": Quantity(13.75, 2, Status.SECOND_HAND, _SPG),
    "geometric outperformer, 2 assets, SPG": Quantity(13.75, 2, Status.SECOND_HAND, _SPG, 0.06),
    "geometric outperformer, 5 assets, SPG": Quantity(12.50, 2, Status.SECOND_HAND, _SPG, 0.05),
    "geometric outperformer, 5 assets, reference": Quantity(
        12.64,
        2,
        Status.SECOND_HAND,
        _SPG,
        note="suspicious: our solver gives 12.495, and 12.635 for 4 assets",
    ),
    "geometric call spread, 80 assets, uncorrelated": Quantity(9.51, 2, Status.SECOND_HAND, _SPG),
    "call Sharpe": Quantity(
        58.40,
        2,
        Status.SECOND_HAND,
        f"Guyon and Henry-Labordere 2011, quoted in {_SPG}",
        note="gate no test tighter than 0.5 %",
    ),
    "call Sharpe, SPG": Quantity(57.66, 2, Status.SECOND_HAND, _SPG),
    "call spread times 100 / (upper - lower strike)": Quantity(
        56.0, 1, Status.VERIFIED, "Guyon's course, Columbia 2018"
    ),
    "best-of butterfly, 2 assets": Quantity(
        6.70,
        2,
        Status.SECOND_HAND,
        _SPG,
        note="strikes 85, 115; volatility and correlation in [.3, .5]; T .25, r .05",
    ),
    "digital": Quantity(63.33, 2, Status.RECALLED, "Guyon and Henry-Labordere 2011", note="our two solvers: 64.01"),
}

_PDE = "Black-Scholes-Barenblatt equation in one dimension"
CALL_SPREAD = Quantity(11.2046, 4, Status.COMPUTED, _PDE, 1e-4)
DIGITAL = Quantity(64.01, 2, Status.COMPUTED, _PDE, 1e-2, "pays 100 at or above 100; converges at order 1 to 1.5 only")
CALL_SHARPE = Quantity(58.205, 3, Status.COMPUTED, "two three-dimensional solvers", 0.01, "monthly fixings, one year")
# By correlation; None is the uncertain correlation in [-0.5, 0.5].
OUTPERFORMER = {
    -0.5: Quantity(13.7510, 4, Status.COMPUTED, _PDE, 1e-4),
    0.0: Quantity(11.2463, 4, Status.COMPUTED, _PDE, 1e-4),
    0.5: Quantity(7.9656, 4, Status.COMPUTED, "100 (2 N(0.1) - 1)"),
    None: Quantity(13.7510, 4, Status.COMPUTED, _PDE, 1e-4),
}
OUTPERFORMER_SPREAD = {
    -0.5: Quantity(11.4103, 4, Status.COMPUTED, _PDE, 1e-4),
    0.0: Quantity(11.3866, 4, Status.COMPUTED, _PDE, 1e-4),
    0.5: Quantity(11.2045, 4, Status.COMPUTED, _PDE, 1e-4),
    None: Quantity(12.8569, 4, Status.COMPUTED, _PDE, 1e-4),
}

# COMPUTED, 2,001 points, 400 steps: correlation, then number of assets; above correlation 0 a lower bound,
# within 1e-3.
GEOMETRIC_CALL_SPREAD = {
    0.0: {
        2: 10.5009,
        3: 10.0862,
        4: 9.8357,
        5: 9.6965,
        6: 9.6271,
        10: 9.5535,
        20: 9.5261,
        40: 9.5137,
        80: 9.5075,
    },
    0.25: {
        2: 10.7351,
        3: 10.5009,
        4: 10.3609,
        5: 10.2681,
        6: 10.2025,
        10: 10.0620,
        20: 9.9499,
        40: 9.8927,
        80: 9.8641,
    },
    0.5: {
        2: 10.9225,
        3: 10.8020,
        4: 10.7351,
        5: 10.6925,
        6: 10.6630,
        10: 10.6012,
        20: 10.5523,
        40: 10.5269,
        80: 10.5140,
    },
}
# COMPUTED at the optimal correlation (-0.5 with the first asset, 0.5 among the others), by number of assets.
GEOMETRIC_OUTPERFORMER = {2: 13.7509, 3: 12.9155, 4: 12.6352, 5: 12.4946, 6: 12.4100, 10: 12.2594}
# The same with every volatility at 0.2: a closed form, and a lower bound.
GEOMETRIC_OUTPERFORMER_CONSTANT = {2: 13.7510, 3: 12.8903, 4: 12.5991, 5: 12.4526}


class GeometricPutMaxCallRow(NamedTuple):
    """Reference prices for the test case of GPR-Tree by number of assets."""

    n_assets: int
    american_put: float
    bermudan_put: float
    european_put: float
    max_call: float
    max_call_half_width: float


GPR_TREE = Table(
    title="geometric put and max-call, test case of Goudenege, Molent and Zanette 2020",
    source="computed; the parameters are recalled, and agree with fragments of the published tables",
    setting="spots and strike 100, rate 0.05, no dividend, volatility 0.2, correlation 0.2, 1 year, 10 dates",
    column={
        "american_put": Column(4, Status.COMPUTED, "American geometric put"),
        "bermudan_put": Column(4, Status.COMPUTED, "Bermudan geometric put"),
        "european_put": Column(4, Status.COMPUTED, "European geometric put"),
        "max_call": Column(2, Status.COMPUTED, "call on the maximum, Monte Carlo; no dividend, so European"),
        "max_call_half_width": Column(2, Status.COMPUTED, "half width of the 95 % interval"),
    },
    row=(
        GeometricPutMaxCallRow(2, 4.6186, 4.5712, 4.1776, 16.84, 0.04),
        GeometricPutMaxCallRow(5, 3.4487, 3.4076, 3.0555, 27.19, 0.04),
        GeometricPutMaxCallRow(10, 2.9685, 2.9298, 2.5921, 35.25, 0.04),
        GeometricPutMaxCallRow(20, 2.7018, 2.6643, 2.3341, 42.95, 0.04),
        GeometricPutMaxCallRow(40, 2.5600, 2.5231, 2.1968, 50.24, 0.07),
        GeometricPutMaxCallRow(60, 2.5113, 2.4747, 2.1497, 54.46, 0.07),
        GeometricPutMaxCallRow(80, 2.4867, 2.4502, 2.1258, 57.26, 0.07),
        GeometricPutMaxCallRow(100, 2.4718, 2.4354, 2.1114, 59.49, 0.07),
    ),
)
