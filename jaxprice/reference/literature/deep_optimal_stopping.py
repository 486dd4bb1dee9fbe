"""Published numbers of Deep Optimal Stopping: Bermudan max-calls on 2 to 500 assets, with intervals.

S. Becker, P. Cheridito and A. Jentzen, "Deep optimal stopping", JMLR 20 (2019), read in full in arXiv
1804.05394v3. "Binomial" is the lattice of Andersen and Broadie 2004, the other interval Broadie and Cao
2008.
"""

from typing import NamedTuple

from jaxprice.reference.literature.record import Column, Quantity, Status, Table

_PAPER = "Becker, Cheridito and Jentzen 2019, arXiv 1804.05394v3"
PARAMETERS = {"strike": 100.0, "rate": 0.05, "dividend": 0.1, "expiry": 3.0, "n_dates": 9, "correlation": 0.0}
SYMMETRIC_VOLATILITY = 0.2


def asymmetric_volatility(n_assets: int) -> tuple[float, ...]:
    """Volatilities of table 2: 0.08 + 0.32 (i - 1) / (d - 1) up to 5 assets, 0.1 + i / (2 d) above."""
    if n_assets <= 5:
        return tuple(0.08 + 0.32 * i / (n_assets - 1) for i in range(n_assets))
    return tuple(0.1 + (i + 1) / (2 * n_assets) for i in range(n_assets))


class StoppingRow(NamedTuple):
    """One row: lower and upper estimates with their seconds, point estimate, 95 % interval, older results."""

    n_assets: int
    spot: float
    lower: float
    lower_seconds: float
    upper: float
    upper_seconds: float
    point: float
    interval: tuple[float, float]
    binomial: float | None
    broadie_cao: tuple[float, float] | None


_COLUMN = {
    "lower": Column(3, Status.VERIFIED, "lower bound from the learned policy, 4,096,000 paths"),
    "lower_seconds": Column(1, Status.VERIFIED, "seconds for the lower bound"),
    "upper": Column(3, Status.VERIFIED, "dual upper bound, 1,024 outer and 16,384 inner paths"),
    "upper_seconds": Column(1, Status.VERIFIED, "seconds for the upper bound"),
    "point": Column(3, Status.VERIFIED, "mean of the bounds"),
    "interval": Column(3, Status.VERIFIED, "95 % confidence interval"),
    "binomial": Column(2, Status.VERIFIED, "binomial lattice, up to three assets"),
    "broadie_cao": Column(3, Status.VERIFIED, "95 % interval of Broadie and Cao 2008, five assets"),
}

TABLE_1 = Table(
    title="Bermudan max-call, symmetric",
    source=f"{_PAPER}, table 1",
    setting="PARAMETERS, every volatility SYMMETRIC_VOLATILITY",
    column=_COLUMN,
    row=(
        StoppingRow(2, 90.0, 8.072, 28.7, 8.075, 25.4, 8.074, (8.060, 8.081), 8.075, None),
        StoppingRow(2, 100.0, 13.895, 28.7, 13.903, 25.3, 13.899, (13.880, 13.910), 13.902, None),
        StoppingRow(2, 110.0, 21.353, 28.4, 21.346, 25.3, 21.349, (21.336, 21.354), 21.345, None),
        StoppingRow(3, 90.0, 11.290, 28.8, 11.283, 26.3, 11.287, (11.276, 11.290), 11.29, None),
        StoppingRow(3, 100.0, 18.690, 28.9, 18.691, 26.4, 18.690, (18.673, 18.699), 18.69, None),
        StoppingRow(3, 110.0, 27.564, 27.6, 27.581, 26.3, 27.573, (27.545, 27.591), 27.58, None),
        StoppingRow(5, 90.0, 16.648, 27.6, 16.640, 28.4, 16.644, (16.633, 16.648), None, (16.620, 16.653)),
        StoppingRow(5, 100.0, 26.156, 28.1, 26.162, 28.3, 26.159, (26.138, 26.174), None, (26.115, 26.164)),
        StoppingRow(5, 110.0, 36.766, 27.7, 36.777, 28.4, 36.772, (36.745, 36.789), None, (36.710, 36.798)),
        StoppingRow(10, 90.0, 26.208, 30.4, 26.272, 33.9, 26.240, (26.189, 26.289), None, None),
        StoppingRow(10, 100.0, 38.321, 30.5, 38.353, 34.0, 38.337, (38.300, 38.367), None, None),
        StoppingRow(10, 110.0, 50.857, 30.8, 50.914, 34.0, 50.886, (50.834, 50.937), None, None),
        StoppingRow(20, 90.0, 37.701, 37.2, 37.903, 44.5, 37.802, (37.681, 37.942), None, None),
        StoppingRow(20, 100.0, 51.571, 37.5, 51.765, 44.3, 51.668, (51.549, 51.803), None, None),
        StoppingRow(20, 110.0, 65.494, 37.3, 65.762, 44.4, 65.628, (65.470, 65.812), None, None),
        StoppingRow(30, 90.0, 44.797, 45.1, 45.110, 56.2, 44.953, (44.777, 45.161), None, None),
        StoppingRow(30, 100.0, 59.498, 45.5, 59.820, 56.3, 59.659, (59.476, 59.872), None, None),
        StoppingRow(30, 110.0, 74.221, 45.3, 74.515, 56.2, 74.368, (74.196, 74.566), None, None),
        StoppingRow(50, 90.0, 53.903, 58.7, 54.211, 79.3, 54.057, (53.883, 54.266), None, None),
        StoppingRow(50, 100.0, 69.582, 59.1, 69.889, 79.3, 69.736, (69.560, 69.945), None, None),
        StoppingRow(50, 110.0, 85.229, 59.0, 85.697, 79.3, 85.463, (85.204, 85.763), None, None),
        StoppingRow(100, 90.0, 66.342, 95.5, 66.771, 147.7, 66.556, (66.321, 66.842), None, None),
        StoppingRow(100, 100.0, 83.380, 95.9, 83.787, 147.7, 83.584, (83.357, 83.862), None, None),
        StoppingRow(100, 110.0, 100.420, 95.4, 100.906, 147.7, 100.663, (100.394, 100.989), None, None),
        StoppingRow(200, 90.0, 78.993, 170.9, 79.355, 274.6, 79.174, (78.971, 79.416), None, None),
        StoppingRow(200, 100.0, 97.405, 170.1, 97.819, 274.3, 97.612, (97.381, 97.889), None, None),
        StoppingRow(200, 110.0, 115.800, 170.6, 116.377, 274.5, 116.088, (115.774, 116.472), None, None),
        StoppingRow(500, 90.0, 95.956, 493.4, 96.337, 761.2, 96.147, (95.934, 96.407), None, None),
        StoppingRow(500, 100.0, 116.235, 493.5, 116.616, 761.7, 116.425, (116.210, 116.685), None, None),
        StoppingRow(500, 110.0, 136.547, 493.7, 136.983, 761.4, 136.765, (136.521, 137.064), None, None),
    ),
)

TABLE_2 = Table(
    title="Bermudan max-call, asymmetric",
    source=f"{_PAPER}, table 2",
    setting="PARAMETERS, volatilities from asymmetric_volatility",
    column=_COLUMN,
    row=(
        StoppingRow(2, 90.0, 14.325, 26.8, 14.352, 25.4, 14.339, (14.299, 14.367), None, None),
        StoppingRow(2, 100.0, 19.802, 27.0, 19.813, 25.5, 19.808, (19.772, 19.829), None, None),
        StoppingRow(2, 110.0, 27.170, 26.5, 27.147, 25.4, 27.158, (27.138, 27.163), None, None),
        StoppingRow(3, 90.0, 19.093, 26.8, 19.089, 26.5, 19.091, (19.065, 19.104), None, None),
        StoppingRow(3, 100.0, 26.680, 27.5, 26.684, 26.4, 26.682, (26.648, 26.701), None, None),
        StoppingRow(3, 110.0, 35.842, 26.5, 35.817, 26.5, 35.829, (35.806, 35.835), None, None),
        StoppingRow(5, 90.0, 27.662, 28.0, 27.662, 28.6, 27.662, (27.630, 27.680), None, (27.468, 27.686)),
        StoppingRow(5, 100.0, 37.976, 27.5, 37.995, 28.6, 37.985, (37.940, 38.014), None, (37.730, 38.020)),
        StoppingRow(5, 110.0, 49.485, 28.2, 49.513, 28.5, 49.499, (49.445, 49.533), None, (49.155, 49.531)),
        StoppingRow(10, 90.0, 85.937, 31.8, 86.037, 34.4, 85.987, (85.857, 86.087), None, None),
        StoppingRow(10, 100.0, 104.692, 30.9, 104.791, 34.2, 104.741, (104.603, 104.864), None, None),
        StoppingRow(10, 110.0, 123.668, 31.0, 123.823, 34.4, 123.745, (123.570, 123.904), None, None),
        StoppingRow(20, 90.0, 125.916, 38.4, 126.275, 45.6, 126.095, (125.819, 126.383), None, None),
        StoppingRow(20, 100.0, 149.587, 38.2, 149.970, 45.2, 149.779, (149.480, 150.053), None, None),
        StoppingRow(20, 110.0, 173.262, 38.4, 173.809, 45.3, 173.536, (173.144, 173.937), None, None),
        StoppingRow(30, 90.0, 154.486, 46.5, 154.913, 57.5, 154.699, (154.378, 155.039), None, None),
        StoppingRow(30, 100.0, 181.275, 46.4, 181.898, 57.5, 181.586, (181.155, 182.033), None, None),
        StoppingRow(30, 110.0, 208.223, 46.4, 208.891, 57.4, 208.557, (208.091, 209.086), None, None),
        StoppingRow(50, 90.0, 195.918, 60.7, 196.724, 81.1, 196.321, (195.793, 196.963), None, None),
        StoppingRow(50, 100.0, 227.386, 60.7, 228.386, 81.0, 227.886, (227.247, 228.605), None, None),
        StoppingRow(50, 110.0, 258.813, 60.7, 259.830, 81.1, 259.321, (258.661, 260.092), None, None),
        StoppingRow(100, 90.0, 263.193, 98.5, 264.164, 151.2, 263.679, (263.043, 264.425), None, None),
        StoppingRow(100, 100.0, 302.090, 98.2, 303.441, 151.2, 302.765, (301.924, 303.843), None, None),
        StoppingRow(100, 110.0, 340.763, 97.8, 342.387, 151.1, 341.575, (340.580, 342.781), None, None),
        StoppingRow(200, 90.0, 344.575, 175.4, 345.717, 281.0, 345.146, (344.397, 346.134), None, None),
        StoppingRow(200, 100.0, 392.193, 175.1, 393.723, 280.7, 392.958, (391.996, 394.052), None, None),
        StoppingRow(200, 110.0, 440.037, 175.1, 441.594, 280.8, 440.815, (439.819, 441.990), None, None),
        StoppingRow(500, 90.0, 476.293, 504.5, 477.911, 760.7, 477.102, (476.069, 478.481), None, None),
        StoppingRow(500, 100.0, 538.748, 504.6, 540.407, 761.6, 539.577, (538.499, 540.817), None, None),
        StoppingRow(500, 110.0, 601.261, 504.9, 603.243, 760.8, 602.252, (600.988, 603.707), None, None),
    ),
)

_LATER = "quoted in github.com/konmue/american_options; presumably Becker, Cheridito and Jentzen 2020, JRFM 13:158"
# (number of assets, spot): symmetric case, later value.
LATER = {
    (5, 90.0): Quantity(16.64, 2, Status.SECOND_HAND, _LATER),
    (5, 100.0): Quantity(26.15, 2, Status.SECOND_HAND, _LATER),
    (5, 110.0): Quantity(36.78, 2, Status.SECOND_HAND, _LATER),
    (10, 90.0): Quantity(26.28, 2, Status.SECOND_HAND, _LATER),
    (10, 100.0): Quantity(38.37, 2, Status.SECOND_HAND, _LATER),
    (10, 110.0): Quantity(50.90, 2, Status.SECOND_HAND, _LATER),
}
