"""Published numbers of modular and gated networks for option prices.

Modular network: N. Gradojevic, R. Gencay and D. Kukolj, IEEE Trans. Neural Networks 20(4), 2009; read in
the working paper of January 2007 (the print may differ). Gated network: Y. Yang, Y. Zheng and T.
Hospedales, arXiv 1609.07472v2, 2016. All on S&P-500 index options that are not public: compare shapes and
orderings, not digits.
"""

from typing import NamedTuple

from jaxprice.reference.literature.record import Column, Status, Table

_MODULAR = "Gradojevic, Gencay and Kukolj 2009 (working paper of January 2007)"
MONEYNESS_BREAK = (0.97, 1.05)
MATURITY_BREAK = (0.1, 0.2)


class ModularRow(NamedTuple):
    """Mean squared prediction errors times 10^4 for one year, and mean numbers of hidden nodes."""

    year: int
    single: float
    three_by_moneyness: float
    three_by_moneyness_nodes: int
    three_by_maturity: float
    three_by_maturity_nodes: int
    nine: float
    nine_nodes: int
    kernel: float
    black_scholes: float


TABLES_2_3 = Table(
    title="out-of-sample mean squared prediction error times 10^4",
    source=f"{_MODULAR}, tables 2 and 3",
    setting="modules split at MONEYNESS_BREAK and MATURITY_BREAK; Black-Scholes with 60-day volatility",
    column={
        "single": Column(1, Status.VERIFIED, "one network with the homogeneity hint"),
        "three_by_moneyness": Column(2, Status.VERIFIED, "three modules by moneyness"),
        "three_by_maturity": Column(1, Status.VERIFIED, "three modules by maturity"),
        "nine": Column(4, Status.VERIFIED, "nine modules"),
        "kernel": Column(4, Status.VERIFIED, "kernel of Ait-Sahalia and Lo"),
        "black_scholes": Column(2, Status.VERIFIED, "Black-Scholes"),
    },
    row=(
        ModularRow(1987, 16.7, 5.44, 9, 6.8, 10, 4.1204, 4, 3.3665, 4.38),
        ModularRow(1988, 0.7114, 0.6681, 5, 1.1592, 6, 0.6107, 5, 2.3784, 2.07),
        ModularRow(1989, 0.4138, 0.4076, 5, 0.5093, 6, 0.4008, 5, 1.5854, 1.42),
        ModularRow(1990, 0.6761, 0.5759, 9, 0.6639, 6, 0.5579, 5, 1.3428, 2.62),
        ModularRow(1991, 0.3498, 0.3401, 5, 0.3727, 6, 0.3293, 4, 0.8351, 1.73),
        ModularRow(1992, 0.1511, 0.1326, 8, 0.2044, 10, 0.1285, 4, 0.2756, 1.36),
        ModularRow(1993, 0.1054, 0.0665, 10, 0.1442, 11, 0.0546, 3, 0.4263, 0.74),
    ),
)

# 1993, rows by maturity (short, medium, long), columns by moneyness (out of, at, in the money); times 10^4.
TABLE_5 = ((0.0018, 0.0407, 0.12), (0.0179, 0.0457, 0.2094), (0.0313, 0.0595, 0.2161))
SIXTEEN_MODULES_1993 = 0.0656


class GatedRow(NamedTuple):
    """Errors of one method: mean squared, and mean absolute in percent, on training and test days."""

    method: str
    train_mse: float
    train_mape: float
    test_mse: float
    test_mape: float


TABLE_4_GATED = Table(
    title="five training days, next day tested, 3,029,327 quotes 1996 to 2016",
    source="Yang, Zheng and Hospedales 2016, arXiv 1609.07472v2, table 4",
    setting="nine experts of five units, softmax gate of five units",
    column={
        "train_mse": Column(2, Status.VERIFIED, "mean squared error, training"),
        "train_mape": Column(2, Status.VERIFIED, "mean absolute percentage error, training"),
        "test_mse": Column(2, Status.VERIFIED, "mean squared error, test"),
        "test_mape": Column(2, Status.VERIFIED, "mean absolute percentage error, test"),
    },
    row=(
        GatedRow("PSSF (Dugas)", 267.48, 25.77, 269.56, 26.25),
        GatedRow("MNN (9 hard modules)", 50.08, 16.89, 63.16, 18.22),
        GatedRow("Single (J=5)", 579.74, 34.74, 580.47, 34.99),
        GatedRow("Multi (9 experts, soft gate)", 9.91, 5.75, 12.11, 6.84),
        GatedRow("BS", 63.73, 21.64, 64.71, 22.42),
        GatedRow("VG", 55.40, 18.42, 61.57, 22.64),
        GatedRow("Kou", 18.37, 8.69, 20.13, 9.90),
    ),
)
