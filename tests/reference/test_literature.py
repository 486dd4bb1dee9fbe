import numpy as np
import pytest

from jaxprice.reference import literature
from jaxprice.reference.literature import (
    deep_optimal_stopping,
    differential,
    fourier_tt,
    glsm,
    mixture_of_experts,
    uncertain_volatility,
)
from jaxprice.reference.literature.record import Quantity, Status, Table

MODULES = [deep_optimal_stopping, differential, fourier_tt, glsm, mixture_of_experts, uncertain_volatility]
TABLES = [(m, n, t) for m in MODULES for n, t in vars(m).items() if isinstance(t, Table)]
ROWS = {
    "glsm.TABLE_1": 5,
    "glsm.TABLE_2": 6,
    "glsm.TABLES_4_5": 4,
    "glsm.TABLE_6": 10,
    "glsm.TABLE_8": 24,
    "glsm.TABLE_9": 9,
    "deep_optimal_stopping.TABLE_1": 30,
    "deep_optimal_stopping.TABLE_2": 30,
    "fourier_tt.TABLE_2": 3,
    "fourier_tt.GRID_ERROR": 7,
    "differential.NOTEBOOK_RMSE": 20,
    "mixture_of_experts.TABLES_2_3": 7,
    "mixture_of_experts.TABLE_4_GATED": 7,
    "uncertain_volatility.GPR_TREE": 8,
}


def name(module, attribute):
    return f"{module.__name__.rsplit('.', 1)[1]}.{attribute}"


def test_every_table_is_counted():
    assert {name(m, n): len(t.row) for m, n, t in TABLES} == ROWS


@pytest.mark.parametrize("module, attribute, table", TABLES)
def test_columns_are_fields_and_numbers_are_numbers(module, attribute, table):
    for row in table.row:
        assert set(table.column) <= set(row._fields)
        for value in row:
            flat = value if isinstance(value, tuple) else (value,)
            assert all(v is None or isinstance(v, (int, float, str)) for v in flat)
            assert all(np.isfinite(v) for v in flat if isinstance(v, (int, float)))
    for column in table.column.values():
        assert column.tolerance == 0.5 * 10.0**-column.decimals


def quantities(value):
    if isinstance(value, Quantity):
        yield value
    elif isinstance(value, dict):
        for v in value.values():
            yield from quantities(v)


def test_quantities_have_sources():
    found = [q for m in MODULES for v in vars(m).values() for q in quantities(v)]
    assert len(found) > 30
    for q in found:
        assert q.source and isinstance(q.status, Status) and q.tolerance > 0.0


def test_stopping_tables_are_consistent():
    for table in (deep_optimal_stopping.TABLE_1, deep_optimal_stopping.TABLE_2):
        assert [(r.n_assets, r.spot) for r in table.row] == [
            (d, s) for d in (2, 3, 5, 10, 20, 30, 50, 100, 200, 500) for s in (90.0, 100.0, 110.0)
        ]
        for r in table.row:
            assert r.interval[0] < r.point < r.interval[1]
            # The point estimate is the mean of the bounds, both rounded.
            assert abs(r.point - 0.5 * (r.lower + r.upper)) < 1.01e-3
            assert r.binomial is None or abs(r.binomial - r.point) < 0.02


@pytest.mark.parametrize("table, stopping", [(glsm.TABLE_6, 1), (glsm.TABLE_8, 2)])
def test_max_call_tables_quote_the_stopping_tables(table, stopping):
    reference = getattr(deep_optimal_stopping, f"TABLE_{stopping}")
    sizes = {(d, p): n for d, p, n in glsm.BASIS_SIZE}
    for r in table.row:
        other = reference.one(n_assets=r.n_assets, spot=r.spot)
        assert (r.stopping_point, r.stopping_interval) == (other.point, other.interval)
        assert abs(r.price - r.stopping_point) < 0.006 * r.stopping_point
        assert sizes[r.n_assets, r.order] == r.n_basis


def test_basis_sizes_by_counting():
    def count(n_assets, budget):
        """Multi-indices with prod (alpha + 1) <= budget."""
        if n_assets == 0:
            return 1
        return sum(count(n_assets - 1, budget // (a + 1)) for a in range(budget))

    for d, p, n in glsm.BASIS_SIZE:
        if d <= 5:
            assert count(d, p + 1) == n


def test_error_columns_of_table_2():
    for r in glsm.TABLE_2.row:
        assert abs(100 * abs(r.lsm - r.exact) / r.exact - r.lsm_error_percent) < 0.01
        assert abs(100 * abs(r.g_lsm - r.exact) / r.exact - r.g_lsm_error_percent) < 0.01


def test_heston_put_rows_have_the_digits_they_claim():
    for r in glsm.TABLE_9.row:
        assert all(round(v, r.decimals + 3) == v for v in r.price)
    prices = np.array([r.price for r in glsm.TABLE_9.row if "deviation" not in r.method])
    assert np.all(np.ptp(prices, axis=0) < 0.03)


def test_random_correlation_is_one():
    rho = np.array(fourier_tt.RANDOM_CORRELATION)
    assert np.array_equal(rho, rho.T) and np.all(np.diag(rho) == 1.0)
    assert np.linalg.eigvalsh(rho)[0] > 0.0


def test_asymmetric_volatilities():
    assert np.allclose(deep_optimal_stopping.asymmetric_volatility(3), (0.08, 0.24, 0.40))
    assert np.allclose(deep_optimal_stopping.asymmetric_volatility(10), 0.1 + np.arange(1, 11) / 20)


def test_selection_of_rows():
    assert glsm.TABLE_8.one(n_assets=100, spot=90.0).price == 263.0543
    assert len(glsm.TABLE_8.where(spot=110.0)) == 8
    with pytest.raises(LookupError, match="0 found"):
        glsm.TABLE_8.one(n_assets=4)
    assert not literature.Status.SEED.is_testable and literature.Status.VERIFIED.is_testable
