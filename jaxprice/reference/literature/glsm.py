"""Published numbers of the gradient-enhanced least squares Monte Carlo method (G-LSM).

J. Yang and G. Li, "Gradient-enhanced sparse Hermite polynomial expansions for pricing and hedging
high-dimensional American options", arXiv 2405.02570, SIAM J. Financial Math. 16(3), 2025. Read in the
authors' repository github.com/jiefeiy/glsm-american (main @ 25e54f0, raw results of April 2024), and for
table 2 digit by digit in a transcription of the printed table
(github.com/adamfowliee/G-LSM_option_pricing). The other tables are verified as the authors' data and only
presumed to be the print. Tables 3 and 7 could not be had.
"""

from typing import NamedTuple

from jaxprice.reference.literature.record import Column, Quantity, Status, Table

_PAPER = "Yang and Li 2025, arXiv 2405.02570"


class ExampleRow(NamedTuple):
    """Parameters of one example, table 1 of the paper; `volatility` None where it differs by asset."""

    example: int
    payoff: str
    spot: tuple[float, ...]
    strike: float
    expiry: float
    rate: float
    dividend: float
    volatility: float | None
    correlation: float
    n_dates: int
    n_paths: int
    n_trials: int


TABLE_1 = Table(
    title="parameters of the examples",
    source=f"{_PAPER}, table 1",
    setting="example 4: volatility from deep_optimal_stopping.asymmetric_volatility; example 5: HESTON",
    column={},
    row=(
        ExampleRow(1, "Bermudan geometric put", (100.0,), 100.0, 0.25, 0.03, 0.0, 0.2, 0.5, 50, 100_000, 10),
        ExampleRow(2, "American geometric call", (100.0,), 100.0, 2.0, 0.0, 0.02, 0.25, 0.75, 50, 720_000, 10),
        ExampleRow(3, "Bermudan max-call", (100.0,), 100.0, 3.0, 0.05, 0.1, 0.2, 0.0, 9, 100_000, 10),
        ExampleRow(4, "Bermudan max-call", (90.0, 100.0, 110.0), 100.0, 3.0, 0.05, 0.1, None, 0.0, 9, 100_000, 10),
        ExampleRow(
            5,
            "Bermudan put, Heston",
            (8.0, 9.0, 10.0, 11.0, 12.0),
            10.0,
            0.25,
            0.1,
            0.0,
            None,
            0.1,
            50,
            100_000,
            10,
        ),
    ),
)
HESTON = {
    "variance": 0.0625,
    "mean_reversion": 5.0,
    "long_run_variance": 0.16,
    "vol_of_vol": 0.9,
    "correlation": 0.1,
}

# (number of assets, order, size of the basis) of the hyperbolic cross prod (alpha_j + 1) <= order + 1.
BASIS_SIZE = (
    (1, 10, 11),
    (2, 10, 29),
    (3, 10, 56),
    (5, 10, 141),
    (7, 10, 274),
    (10, 10, 581),
    (13, 10, 1041),
    (15, 10, 1446),
    (20, 10, 2861),
    (30, 4, 556),
    (30, 5, 1456),
    (50, 4, 1426),
    (50, 5, 3926),
    (100, 4, 5351),
    (100, 6, 15451),
    (2, 20, 70),
)


class GeometricPutRow(NamedTuple):
    """One row of table 2; `exact_computed` and `delta` are our own one-dimensional quadrature."""

    n_assets: int
    n_basis: int
    lsm: float
    lsm_error_percent: float
    g_lsm: float
    g_lsm_error_percent: float
    exact: float
    exact_computed: float
    delta: float
    lsm_trial_std: float
    g_lsm_trial_std: float


TABLE_2 = Table(
    title="Bermudan geometric basket put, example 1, order 10",
    source=f"{_PAPER}, table 2",
    setting="TABLE_1 example 1; prices are means of 10 trials of 100,000 paths",
    column={
        "lsm": Column(4, Status.VERIFIED, "least squares Monte Carlo, mean"),
        "lsm_error_percent": Column(2, Status.VERIFIED, "100 |price - exact| / exact"),
        "g_lsm": Column(4, Status.VERIFIED, "G-LSM, mean"),
        "g_lsm_error_percent": Column(2, Status.VERIFIED, "100 |price - exact| / exact"),
        "exact": Column(4, Status.VERIFIED, "exact price as printed"),
        "exact_computed": Column(4, Status.COMPUTED, "one-dimensional Bermudan quadrature"),
        "delta": Column(5, Status.COMPUTED, "exact delta of each asset"),
        "lsm_trial_std": Column(4, Status.VERIFIED, "standard deviation of one trial, authors' data"),
        "g_lsm_trial_std": Column(4, Status.VERIFIED, "standard deviation of one trial, authors' data"),
    },
    row=(
        GeometricPutRow(1, 11, 3.6715, 0.16, 3.6532, 0.34, 3.6658, 3.6659, -0.45993, 0.0162, 0.0185),
        GeometricPutRow(2, 29, 3.1886, 0.18, 3.1791, 0.12, 3.1831, 3.1831, -0.23143, 0.0113, 0.0129),
        GeometricPutRow(3, 56, 3.0113, 0.28, 2.9896, 0.44, 3.0029, 3.0030, -0.15463, 0.0110, 0.0116),
        GeometricPutRow(5, 141, 2.8700, 0.70, 2.8381, 0.41, 2.8499, 2.8499, -0.09294, 0.0114, 0.0099),
        GeometricPutRow(10, 581, 2.8030, 2.71, 2.7160, 0.48, 2.7290, 2.7290, -0.04653, 0.0113, 0.0102),
        GeometricPutRow(15, 1446, 2.8258, 5.15, 2.6726, 0.55, 2.6874, 2.6874, -0.03104, 0.0076, 0.0089),
    ),
)
TABLE_3_EXACT = Quantity(2.6664, 4, Status.COMPUTED, "example 1, 20 assets (table 3)", note="delta -0.02328")


class GeometricCallRow(NamedTuple):
    """One row of tables 4 (price) and 5 (delta); `delta_range` is over the assets, of trial means."""

    n_assets: int
    order: int
    n_basis: int
    price: float
    trial_std: float
    delta: float
    delta_range: tuple[float, float]
    american: float
    american_delta: float
    bermudan: float
    bermudan_delta: float
    chen_wan: float
    chen_wan_delta: float


_TABLES_4_5 = (
    (
        7,
        10,
        274,
        10.2475,
        0.0139,
        0.072387,
        (0.07214, 0.07260),
        10.2598,
        0.072203,
        10.2463,
        0.072129,
        10.2591,
        0.0722,
    ),
    (
        13,
        10,
        1041,
        10.0781,
        0.0125,
        0.038829,
        (0.03873, 0.03899),
        10.0992,
        0.038741,
        10.0854,
        0.038700,
        10.0984,
        0.0387,
    ),
    (
        20,
        10,
        2861,
        10.0142,
        0.0141,
        0.025214,
        (0.02504, 0.02540),
        10.0334,
        0.025145,
        10.0195,
        0.025118,
        10.0326,
        0.0251,
    ),
    (
        100,
        6,
        15451,
        9.8980,
        0.0248,
        0.005062,
        (0.00493, 0.00526),
        9.9353,
        0.005018,
        9.9213,
        0.005013,
        9.9345,
        0.0050,
    ),
)
TABLES_4_5 = Table(
    title="American geometric basket call, example 2: prices and deltas",
    source=f"{_PAPER}, tables 4 and 5 (authors' data)",
    setting="TABLE_1 example 2; 720,000 paths, 10 trials (100 assets: the mean of two files of 5)",
    column={
        "price": Column(4, Status.VERIFIED, "G-LSM, mean"),
        "trial_std": Column(4, Status.VERIFIED, "standard deviation of one trial"),
        "delta": Column(6, Status.VERIFIED, "G-LSM delta, mean over assets and trials"),
        "delta_range": Column(5, Status.VERIFIED, "least and greatest delta over the assets"),
        "american": Column(4, Status.COMPUTED, "smoothed binomial lattice, 4,000 steps, extrapolated"),
        "american_delta": Column(6, Status.COMPUTED, "the same"),
        "bermudan": Column(4, Status.COMPUTED, "50 exercise dates"),
        "bermudan_delta": Column(6, Status.COMPUTED, "the same"),
        "chen_wan": Column(4, Status.RECALLED, "exact price of Chen and Wan 2021"),
        "chen_wan_delta": Column(4, Status.RECALLED, "the same"),
    },
    row=tuple(GeometricCallRow._make(values) for values in _TABLES_4_5),
)


class MaxCallRow(NamedTuple):
    """One row of tables 6 and 8; the interval is that of Deep Optimal Stopping; times in seconds."""

    n_assets: int
    spot: float
    order: int
    n_basis: int
    price: float
    trial_std: float
    stopping_point: float
    stopping_interval: tuple[float, float]
    basis_seconds: float
    matrix_seconds: float
    solve_seconds: float
    update_seconds: float
    total_seconds: float


_MAX_CALL = {
    "price": Column(4, Status.VERIFIED, "G-LSM, mean of 10 trials"),
    "trial_std": Column(4, Status.VERIFIED, "standard deviation of one trial"),
    "stopping_point": Column(3, Status.VERIFIED, "Becker et al. 2019, point estimate"),
    "stopping_interval": Column(3, Status.VERIFIED, "Becker et al. 2019, 95 % interval"),
    "basis_seconds": Column(2, Status.VERIFIED, "basis at one date, i9-10900, MATLAB R2023b"),
    "matrix_seconds": Column(2, Status.VERIFIED, "gradient columns at one date"),
    "solve_seconds": Column(1, Status.VERIFIED, "least squares at one date"),
    "update_seconds": Column(3, Status.VERIFIED, "update at one date"),
    "total_seconds": Column(0, Status.VERIFIED, "the whole backward loop"),
}

_TABLE_6 = (
    (2, 100.0, 10, 29, 13.8970, 0.0606, 13.899, (13.880, 13.910), 0.1678, 0.01284, 0.002359, 0.003873, 1.572),
    (3, 100.0, 10, 56, 18.6715, 0.0611, 18.690, (18.673, 18.699), 0.289, 0.02653, 0.004774, 0.006044, 2.635),
    (5, 100.0, 10, 141, 26.0553, 0.0662, 26.159, (26.138, 26.174), 0.5718, 0.07583, 0.01486, 0.01323, 5.466),
    (10, 100.0, 10, 581, 38.1738, 0.0461, 38.337, (38.300, 38.367), 1.993, 0.3164, 0.1397, 0.04973, 19.93),
    (20, 100.0, 10, 2861, 51.6508, 0.0652, 51.668, (51.549, 51.803), 11.33, 1.715, 3.2, 0.2434, 131.9),
    (30, 100.0, 4, 556, 59.4873, 0.0534, 59.659, (59.476, 59.872), 3.425, 0.2916, 0.1463, 0.04857, 30.98),
    (30, 100.0, 5, 1456, 59.5475, 0.1090, 59.659, (59.476, 59.872), 7.815, 0.775, 0.7044, 0.1247, 75.31),
    (50, 100.0, 4, 1426, 69.6687, 0.0944, 69.736, (69.560, 69.945), 11.27, 0.7418, 0.6764, 0.1176, 102.4),
    (50, 100.0, 5, 3926, 69.7216, 0.0482, 69.736, (69.560, 69.945), 29.31, 2.052, 5.687, 0.3281, 299.5),
    (100, 100.0, 4, 5351, 83.6777, 0.0760, 83.584, (83.357, 83.862), 71.77, 2.718, 10.8, 0.4306, 685),
)
TABLE_6 = Table(
    title="Bermudan max-call, symmetric, example 3",
    source=f"{_PAPER}, table 6 (authors' data; which order is printed for 30 and 50 assets is not known)",
    setting="TABLE_1 example 3",
    column=_MAX_CALL,
    row=tuple(MaxCallRow._make(values) for values in _TABLE_6),
)

_TABLE_8 = (
    (2, 90.0, 10, 29, 14.3472, 0.0726, 14.339, (14.299, 14.367), 0.2028, 0.01403, 0.002783, 0.004643, 3.217),
    (2, 100.0, 10, 29, 19.8019, 0.1172, 19.808, (19.772, 19.829), 0.1764, 0.01511, 0.00262, 0.004245, 1.583),
    (2, 110.0, 10, 29, 27.1041, 0.0675, 27.158, (27.138, 27.163), 0.183, 0.0155, 0.00273, 0.004957, 1.739),
    (3, 90.0, 10, 56, 19.0266, 0.0762, 19.091, (19.065, 19.104), 0.2899, 0.02718, 0.004735, 0.005993, 2.643),
    (3, 100.0, 10, 56, 26.6931, 0.1298, 26.682, (26.648, 26.701), 0.2992, 0.02392, 0.004514, 0.005588, 2.591),
    (3, 110.0, 10, 56, 35.8363, 0.1492, 35.829, (35.806, 35.835), 0.2846, 0.02734, 0.004762, 0.005809, 2.624),
    (5, 90.0, 10, 141, 27.6032, 0.0818, 27.662, (27.630, 27.680), 0.5624, 0.07801, 0.01555, 0.01377, 5.383),
    (5, 100.0, 10, 141, 37.9309, 0.1281, 37.985, (37.940, 38.014), 0.5516, 0.06824, 0.0143, 0.01234, 5.343),
    (5, 110.0, 10, 141, 49.3711, 0.1494, 49.499, (49.445, 49.533), 0.5529, 0.06815, 0.0146, 0.01224, 5.423),
    (10, 90.0, 10, 581, 85.8221, 0.1190, 85.987, (85.857, 86.087), 2.043, 0.3122, 0.1416, 0.05102, 20.47),
    (10, 100.0, 10, 581, 104.7052, 0.3253, 104.741, (104.603, 104.864), 2.058, 0.3033, 0.1587, 0.05063, 20.6),
    (
        10,
        110.0,
        10,
        581,
        123.4777,
        0.2171,
        123.745,
        (123.570, 123.904),
        2.042,
        0.2952,
        0.1392,
        0.05114,
        20.35,
    ),
    (20, 90.0, 10, 2861, 126.4276, 0.3101, 126.095, (125.819, 126.383), 11.42, 1.647, 3.206, 0.237, 132.1),
    (20, 100.0, 10, 2861, 150.4028, 0.3775, 149.779, (149.480, 150.053), 11.41, 1.653, 3.215, 0.2335, 131.6),
    (20, 110.0, 10, 2861, 173.8584, 0.4265, 173.536, (173.144, 173.937), 11.43, 1.64, 3.171, 0.2353, 131.4),
    (30, 90.0, 5, 1456, 154.6913, 0.3567, 154.699, (154.378, 155.039), 7.734, 0.7717, 0.7049, 0.1207, 76.6),
    (30, 100.0, 5, 1456, 181.6733, 0.4380, 181.586, (181.155, 182.033), 7.775, 0.7698, 0.675, 0.1196, 75.39),
    (30, 110.0, 5, 1456, 208.1267, 0.3669, 208.557, (208.091, 209.086), 7.833, 0.7558, 0.6741, 0.1217, 74.94),
    (50, 90.0, 5, 3926, 196.6921, 0.2813, 196.321, (195.793, 196.963), 29.49, 2.024, 5.739, 0.3229, 300),
    (50, 100.0, 5, 3926, 227.7831, 0.4381, 227.886, (227.247, 228.605), 29.5, 1.987, 5.871, 0.3255, 301.3),
    (50, 110.0, 5, 3926, 259.7261, 0.4470, 259.321, (258.661, 260.092), 29.02, 1.995, 5.875, 0.3272, 297.8),
    (100, 90.0, 4, 5351, 263.0543, 0.4791, 263.679, (263.043, 264.425), 72.76, 2.657, 10.8, 0.426, 692.6),
    (100, 100.0, 4, 5351, 302.0623, 0.6737, 302.765, (301.924, 303.843), 72.51, 2.654, 10.64, 0.4376, 690.2),
    (100, 110.0, 4, 5351, 340.8581, 0.7063, 341.575, (340.580, 342.781), 72.14, 2.649, 10.8, 0.431, 687.3),
)
TABLE_8 = Table(
    title="Bermudan max-call, asymmetric, example 4",
    source=f"{_PAPER}, table 8 (authors' data)",
    setting="TABLE_1 example 4",
    column=_MAX_CALL,
    row=tuple(MaxCallRow._make(values) for values in _TABLE_8),
)


class HestonPutRow(NamedTuple):
    """One method of table 9: prices for spots 8, 9, 10, 11, 12, printed to `decimals`."""

    method: str
    decimals: int
    price: tuple[float, float, float, float, float]


TABLE_9 = Table(
    title="Bermudan put under Heston, example 5",
    source=f"{_PAPER}, table 9 (authors' data; references from their glsm_heston.m, names recalled)",
    setting="TABLE_1 example 5 and HESTON; order 20, 70 basis functions; one Euler step for each of the 50 "
    "dates; no exercise at time zero in the G-LSM row",
    column={"price": Column(2, Status.VERIFIED, "price for each spot; decimals by row")},
    row=(
        HestonPutRow("G-LSM, mean of 10 trials", 4, (1.9949, 1.0972, 0.5146, 0.2118, 0.0807)),
        HestonPutRow("G-LSM, standard deviation of one trial", 4, (0.0004, 0.0020, 0.0024, 0.0012, 0.0013)),
        HestonPutRow("Clarke and Parrott 1996", 4, (2.0000, 1.1080, 0.5316, 0.2261, 0.0907)),
        HestonPutRow("Zvan, Forsyth and Vetzal 1998", 4, (2.0000, 1.1076, 0.5202, 0.2138, 0.0821)),
        HestonPutRow("Oosterlee 2003", 2, (2.00, 1.107, 0.517, 0.212, 0.0815)),
        HestonPutRow("Ito and Toivanen 2009, operator splitting", 5, (2.00000, 1.10761, 0.51987, 0.21353, 0.08197)),
        HestonPutRow("Ito and Toivanen 2009, PSOR", 5, (2.00000, 1.10749, 0.51985, 0.21354, 0.08198)),
        HestonPutRow("Fang and Oosterlee 2011, COS", 6, (2.000000, 1.107621, 0.520030, 0.213677, 0.082044)),
        HestonPutRow("unknown 2015", 4, (2.0000, 1.1081, 0.5204, 0.2143, 0.0827)),
    ),
)

STRANGLE_SPREAD_BASKET = Quantity(
    11.7910,
    4,
    Status.VERIFIED,
    "authors' repository, branch dev01",
    0.0106,
    "half_width: one trial's deviation",
)
STRANGLE_SPREAD_VOLATILITY = (
    (0.3024, 0.1354, 0.0722, 0.1367, 0.1641),
    (0.1354, 0.2270, 0.0613, 0.1264, 0.1610),
    (0.0722, 0.0613, 0.0717, 0.0884, 0.0699),
    (0.1367, 0.1264, 0.0884, 0.2937, 0.1394),
    (0.1641, 0.1610, 0.0699, 0.1394, 0.2535),
)
