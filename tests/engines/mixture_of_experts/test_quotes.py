"""Tables of quotes: every row is kept, or dropped for a reason that the report names."""

import datetime
import decimal
import sys

import jax
import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest
from helpers import assert_close
from hypothesis import given
from hypothesis import strategies as st

from jaxprice.core.domain import Domain
from jaxprice.core.storage import StorageError
from jaxprice.engines.mixture_of_experts.quote_checks import INPUT_NAMES, DroppedRows, QuoteFilter, Reason
from jaxprice.engines.mixture_of_experts.quotes import Quotes, load_quotes
from jaxprice.reference import black_scholes

SUFFIXES = (".csv", ".parquet")
NOW = datetime.datetime(2024, 1, 31, 15, 30)
MINUTE = datetime.timedelta(minutes=1)
DOMAIN = Domain(lower=np.array([-0.5, 0.1, 0.0, 0.0]), upper=np.array([0.5, 1.0, 0.1, 0.1]), names=INPUT_NAMES)
STRICT = QuoteFilter(max_relative_spread=0.2, max_age=3600.0, min_volume=1.0, min_open_interest=1.0)


NUMBERS = {"spot": 100.0, "strike": 95.0, "expiry": 0.5, "rate": 0.03, "dividend": 0.01}


def row(option_type="C", *, time_value=5.0, half_spread=0.1, **change):
    """A good quote, changed; a call and a put with the same time value obey put-call parity."""
    known = {name: change[name] for name in NUMBERS if np.isfinite(change.get(name) or np.nan)}
    gain = discounted_gain(NUMBERS | known) * (1.0 if option_type.lower().startswith("c") else -1.0)
    price = max(gain, 0.0) + time_value
    made = NUMBERS | {"bid": price - half_spread, "ask": price + half_spread, "option_type": option_type}
    made |= {"quote_time": NOW, "last_trade_time": NOW - 5 * MINUTE, "volume": 10, "open_interest": 20}
    return made | change


def discounted_gain(made):
    """What the discounted forward is above the discounted strike."""
    spot, strike, expiry, rate, dividend = (made[name] for name in NUMBERS)
    return spot * np.exp(-dividend * expiry) - strike * np.exp(-rate * expiry)


def without(made, *names):
    return {name: value for name, value in made.items() if name not in names}


def priced(made):
    """A row with its mid as price in place of bid and ask."""
    return without(made, "bid", "ask") | {"price": 0.5 * (made["bid"] + made["ask"])}


GOOD = [row(), row("put"), row("P", strike=110.0), row("call", expiry=0.25)]


def write(folder, rows, suffix=".csv", **types):
    path = folder / f"quotes{suffix}"
    table = pyarrow.Table.from_pylist(rows) if isinstance(rows, list) else pyarrow.table(rows)
    for name, kind in types.items():
        table = table.set_column(table.column_names.index(name), name, table.column(name).cast(kind))
    if suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pyarrow.parquet.write_table(table, path)
    return path


def assert_same(one, other):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


@pytest.fixture(params=SUFFIXES)
def suffix(request):
    return request.param


def test_a_good_table_comes_back_whole(tmp_path, suffix):
    quotes, report = load_quotes(write(tmp_path, GOOD, suffix), STRICT, domain=DOMAIN)
    assert (report.n_read, report.n_kept, report.dropped, report.not_checked) == (4, 4, {}, {})
    assert quotes.n_quotes == 4 and quotes.is_call.tolist() == [True, False, False, True]
    assert quotes.spot.dtype == np.float64 and quotes.strike.tolist() == [95.0, 95.0, 110.0, 95.0]
    np.testing.assert_allclose(quotes.price, [0.5 * (made["bid"] + made["ask"]) for made in GOOD], rtol=1e-15)
    np.testing.assert_allclose(quotes.spread, 0.2, rtol=1e-12)
    assert report.kept_range["strike"] == (95.0, 110.0)
    assert report.kept_range["log_moneyness"] == (np.log(100.0 / 110.0), np.log(100.0 / 95.0))


def test_both_kinds_of_file_give_the_same(tmp_path):
    rows = [*GOOD, row(strike=None), row(volume=None), row(last_trade_time=None), row(bid=np.nan)]
    (one, report), (other, other_report) = (load_quotes(write(tmp_path, rows, suffix), STRICT) for suffix in SUFFIXES)
    assert_same(one, other)
    assert str(report).splitlines()[1:] == str(other_report).splitlines()[1:]


def test_it_is_a_pytree_of_columns(tmp_path):
    quotes, _ = load_quotes(write(tmp_path, GOOD))
    head = jax.tree.map(lambda column: column[:2], quotes)
    assert isinstance(head, Quotes) and head.n_quotes == 2 and len(jax.tree.leaves(head)) == 8


UNFIT = {
    "no strike": (Reason.NOT_FINITE, [row(strike=None)]),
    "a spot that is NaN": (Reason.NOT_FINITE, [row(spot=float("nan"))]),
    "an infinite rate": (Reason.NOT_FINITE, [row(rate=float("inf"))]),
    "a dividend that discounts to infinity": (Reason.NOT_FINITE, [row("P", strike=90.0) | {"dividend": -1e5}]),
    "bid and ask infinite": (Reason.NOT_FINITE, [row(bid=-np.inf, ask=np.inf)]),
    "no type": (Reason.UNKNOWN_TYPE, [row(strike=90.0) | {"option_type": None}]),
    "a straddle": (Reason.UNKNOWN_TYPE, [row("straddle", strike=90.0)]),
    "a spot of zero": (Reason.NOT_POSITIVE, [row(spot=0.0)]),
    "a strike below zero": (Reason.NOT_POSITIVE, [row(strike=-95.0)]),
    "a price of zero": (Reason.NOT_POSITIVE, [row(strike=90.0, bid=0.0, ask=0.0)]),
    "a bid below zero": (Reason.NOT_POSITIVE, [row(strike=130.0, bid=-0.1, ask=0.5)]),
    "an option that has ended": (Reason.EXPIRED, [row(expiry=-0.1)]),
    "an option that ends now": (Reason.EXPIRED, [row(expiry=0.0)]),
    "bid above ask": (Reason.CROSSED, [row(strike=90.0, half_spread=-0.1)]),
    "nobody bids": (Reason.ZERO_BID, [row(strike=130.0, bid=0.0, ask=0.5)]),
    "a wide spread": (Reason.WIDE_SPREAD, [row(strike=130.0, bid=0.5, ask=0.7)]),
    "an old trade": (Reason.STALE, [row(strike=90.0, last_trade_time=NOW - 61 * MINUTE)]),
    "no trade": (Reason.STALE, [row(strike=90.0, last_trade_time=None)]),
    "little volume": (Reason.ILLIQUID, [row(strike=90.0, volume=0)]),
    "unknown open interest": (Reason.ILLIQUID, [row(strike=90.0, open_interest=None)]),
    "the same again": (Reason.DUPLICATE, [row()]),
    "the same, later that day, for more": (Reason.DUPLICATE, [row(quote_time=NOW + MINUTE, time_value=6.0)]),
    "a call below its intrinsic value": (Reason.OUTSIDE_BOUNDS, [row(strike=60.0, time_value=-0.1)]),
    "a put below its intrinsic value": (Reason.OUTSIDE_BOUNDS, [row("P", strike=140.0, time_value=-0.1)]),
    "a call above the discounted spot": (Reason.OUTSIDE_BOUNDS, [row(strike=130.0, bid=99.5, ask=99.7)]),
    "a put above the discounted strike": (Reason.OUTSIDE_BOUNDS, [row("P", strike=80.0, bid=78.9, ask=79.0)]),
    "a call and a put that disagree": (
        Reason.PARITY,
        [row(strike=100.0), row("P", strike=100.0, time_value=5.75)],
    ),
    "far out of the money": (Reason.OUTSIDE_DOMAIN, [row(strike=170.0)]),
    "many years": (Reason.OUTSIDE_DOMAIN, [row(expiry=1.1)]),
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_unfit_row_is_dropped_for_its_reason_and_no_other(tmp_path, suffix, name):
    reason, rows = UNFIT[name]
    quotes, report = load_quotes(write(tmp_path, [*GOOD, *rows], suffix), STRICT, domain=DOMAIN)
    numbers = tuple(range(4, 4 + len(rows)))
    assert report.dropped == {reason: DroppedRows(n_rows=len(rows), first_rows=numbers)}
    assert (report.n_read, report.n_kept) == (4 + len(rows), 4)
    assert_same(quotes, load_quotes(write(tmp_path, GOOD, suffix), STRICT)[0])


def test_every_reason_has_a_row():
    assert {reason for reason, _ in UNFIT.values()} == set(Reason)


@pytest.mark.parametrize(
    ("rows", "change"),
    [
        ([row(strike=130.0, bid=0.0, ask=0.5)], {"drop_zero_bid": False, "max_relative_spread": None}),
        ([row(strike=130.0, bid=0.5, ask=0.7)], {"max_relative_spread": 0.4}),
        ([row(strike=90.0, last_trade_time=None)], {"max_age": None}),
        ([row(strike=90.0, last_trade_time=NOW - 61 * MINUTE)], {"max_age": 3660.0}),
        ([row(strike=90.0, last_trade_time=NOW + MINUTE)], {"max_age": 300.0}),
        ([row(strike=90.0, volume=None)], {}),
        ([row(strike=60.0, time_value=-0.1)], {"bounds_tolerance": 0.002}),
        ([row(strike=60.0, time_value=-0.1)], {"bounds_tolerance": None}),
        ([row(strike=100.0), row("P", strike=100.0, time_value=5.75)], {"parity_tolerance": 0.006}),
        ([row(strike=100.0), row("P", strike=100.0, time_value=5.75, half_spread=0.2)], {}),
        ([row(strike=100.0), row("P", strike=100.0, time_value=8.0)], {"parity_tolerance": None}),
    ],
)
def test_a_looser_check_keeps_the_row(tmp_path, rows, change):
    _, report = load_quotes(write(tmp_path, [*GOOD, *rows]), QuoteFilter(**change))
    assert report.dropped == {}


def test_a_row_counts_under_its_first_reason(tmp_path):
    rows = [
        row(strike=90.0, expiry=-1.0, spot=-1.0, bid=2.0, ask=1.0),
        row(expiry=-1.0, bid=2.0, ask=1.0),
        row(bid=0.0, ask=50.0, last_trade_time=None),
        *GOOD,
        row(half_spread=-0.1),
    ]
    _, report = load_quotes(write(tmp_path, rows), STRICT)
    assert {reason: found.first_rows for reason, found in report.dropped.items()} == {
        Reason.NOT_POSITIVE: (0,),
        Reason.EXPIRED: (1,),
        Reason.CROSSED: (7,),
        Reason.ZERO_BID: (2,),
    }
    assert list(report.dropped) == [reason for reason in Reason if reason in report.dropped]


def test_the_first_of_the_rows_that_pass_so_far_stays(tmp_path):
    rows = [row(strike=None), row(half_spread=-0.1), row(time_value=6.0), row(time_value=7.0)]
    quotes, report = load_quotes(write(tmp_path, rows))
    assert report.dropped[Reason.DUPLICATE].first_rows == (3,)
    np.testing.assert_allclose(quotes.price, discounted_gain(rows[2]) + 6.0, rtol=1e-14)


def test_what_differs_in_one_thing_is_no_duplicate(tmp_path):
    day = {"quote_date": NOW.date()}
    tomorrow = {"quote_date": NOW.date() + datetime.timedelta(days=1)}
    rows = [row() | day, row("P") | day, row(spot=101.0) | day, row(expiry=0.6) | day, row() | tomorrow]
    quotes, report = load_quotes(write(tmp_path, rows))
    assert report.dropped == {} and quotes.n_quotes == 5


def test_parity_compares_quotes_of_one_moment(tmp_path):
    """A put at another time, at another spot or with another expiry is no partner of a call."""
    other = [{"quote_time": NOW + MINUTE}, {"spot": 100.5}, {"expiry": 0.6}]
    other = [row("P", time_value=9.0, **change) for change in other]
    _, report = load_quotes(write(tmp_path, [row(), *other]))
    assert report.dropped == {} and report.not_checked[Reason.PARITY].startswith("no call and put at the same spot")
    _, report = load_quotes(write(tmp_path, [row(strike=80.0), row(), row("P", time_value=9.0), row("P", strike=80.0)]))
    assert report.dropped == {Reason.PARITY: DroppedRows(n_rows=2, first_rows=(1, 2))}


def test_the_report_reads_as_a_table(tmp_path):
    rows = [*(without(made, "last_trade_time") | {"venue": "X"} for made in GOOD + 2000 * [row(strike=None)])]
    path = write(tmp_path, rows)
    _, report = load_quotes(path, QuoteFilter(parity_tolerance=None))
    expected = f"""\
{path}: 2,004 rows read, 4 kept
dropped                                   rows  first rows, counted from 0
  missing or not finite                  2,000  4, 5, 6, 7, 8 ...
not checked
  stale: the table has no last_trade_time
  little traded: min_volume and min_open_interest are None
  put-call parity violated: parity_tolerance is None
  outside the domain: no domain was given
kept                       from           to
  spot                      100          100
  strike                     95          110
  expiry                   0.25          0.5
"""
    assert str(report).startswith(expected) and str(report).endswith("columns not read: venue")
    assert "  root_maturity             0.5     0.707107\n" in str(report)
    assert report.unread_columns == ("venue",)


def test_prices_in_place_of_bid_and_ask(tmp_path, suffix):
    rows = [without(priced(made), "option_type") for made in GOOD if made["option_type"].lower().startswith("c")]
    quotes, report = load_quotes(write(tmp_path, rows, suffix))
    assert quotes.spread.tolist() == [0.0, 0.0] and quotes.is_call.all() and quotes.is_call.dtype == bool
    assert "every row counts as a call" in report.not_checked[Reason.UNKNOWN_TYPE]
    for reason in (Reason.CROSSED, Reason.ZERO_BID, Reason.WIDE_SPREAD):
        assert "spread is unknown and given as 0" in report.not_checked[reason]


@pytest.mark.parametrize("is_call", [[True, False, False, True], [1, 0, 0, 1]])
def test_true_and_false_in_place_of_letters(tmp_path, suffix, is_call):
    rows = [without(made, "option_type") | {"is_call": flag} for made, flag in zip(GOOD, is_call, strict=True)]
    rows += [without(row(), "option_type") | {"is_call": None}]
    quotes, report = load_quotes(write(tmp_path, rows, suffix))
    assert report.dropped == {Reason.UNKNOWN_TYPE: DroppedRows(n_rows=1, first_rows=(4,))}
    assert_same(quotes, load_quotes(write(tmp_path, GOOD, suffix))[0])


def test_letters_in_any_case(tmp_path, suffix):
    letters = ("c", "P", " Put ", "CALL")
    rows = [made | {"option_type": text} for made, text in zip(GOOD, letters, strict=True)]
    assert load_quotes(write(tmp_path, rows, suffix))[0].is_call.tolist() == [True, False, False, True]


TODAY = NOW.date()
DATES = {
    "whole days": (TODAY, TODAY + datetime.timedelta(days=73), 0.2),
    "a time of day on one side": (NOW, TODAY + datetime.timedelta(days=73), 0.2),
    "times of day on both": (NOW, NOW + datetime.timedelta(days=36, hours=12), 0.1),
}


@pytest.mark.parametrize("name", DATES)
def test_dates_in_place_of_years(tmp_path, suffix, name):
    quote_date, expiry_date, years = DATES[name]
    good, lost = ({"quote_date": quote_date, "expiry_date": date} for date in (expiry_date, None))
    path = write(tmp_path, [without(row(), "expiry") | good, without(row(strike=80.0), "expiry") | lost], suffix)
    quotes, report = load_quotes(path, QuoteFilter(bounds_tolerance=None))
    assert quotes.expiry.tolist() == [years]
    assert report.dropped == {Reason.NOT_FINITE: DroppedRows(n_rows=1, first_rows=(1,))}


def test_columns_of_other_names_and_types(tmp_path, suffix):
    """Whole numbers, decimals and categories read as numbers and letters; a name given away is not read twice."""
    rows = [priced(row(**change, expiry=0.2)) for change in ({}, {"option_type": "P"}, {"strike": 110.0})]
    rows = [made | {"expiry": TODAY + datetime.timedelta(days=73), "day": TODAY} for made in rows]
    rows = [without(made, "strike") | {"K": made["strike"], "bid": 0.0, "ask": 0.0} for made in rows]
    rows = [made | {"rate": decimal.Decimal("0.03")} for made in rows]
    types = {"K": pyarrow.int64(), "rate": pyarrow.decimal128(6, 4)}
    if suffix == ".parquet":
        types["option_type"] = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    path = write(tmp_path, rows, suffix, **types)
    columns = {"strike": "K", "expiry_date": "expiry", "quote_date": "day", "bid": None}
    quotes, report = load_quotes(path, columns=columns)
    assert quotes.expiry.tolist() == [0.2, 0.2, 0.2] and quotes.strike.tolist() == [95.0, 95.0, 110.0]
    assert quotes.rate.tolist() == [0.03, 0.03, 0.03] and quotes.is_call.tolist() == [True, False, True]
    assert set(report.unread_columns) == {"bid", "ask"}


def test_the_inputs_of_the_committee(tmp_path):
    quotes, _ = load_quotes(write(tmp_path, GOOD))
    x, names = quotes.inputs()
    assert names == ("log_moneyness", "root_maturity", "rate", "dividend") and x.shape == (4, 4)
    expected = [quotes.log_moneyness, quotes.root_maturity, quotes.rate, quotes.dividend]
    np.testing.assert_array_equal(x, np.stack(expected, axis=1))
    assert quotes.log_moneyness[2] == np.log(100.0 / 110.0) and quotes.root_maturity[3] == 0.5


def test_a_domain_with_more_inputs_in_another_order(tmp_path):
    wide = Domain(
        lower=np.array([0.8, 0.0, 0.0, -0.08, 0.0], np.float32),
        upper=np.array([0.9, 1.0, 0.1, 0.5, 1.0], np.float32),
        names=("variance", "dividend", "rate", "log_moneyness", "root_maturity"),
    )
    _, report = load_quotes(write(tmp_path, GOOD), domain=wide)
    assert report.dropped == {Reason.OUTSIDE_DOMAIN: DroppedRows(n_rows=1, first_rows=(2,))}
    edge = np.log(100.0 / 95.0)
    tight = Domain(lower=np.array([edge, 0.0, 0.0, 0.0]), upper=np.ones(4), names=INPUT_NAMES)
    tight = jax.tree.map(lambda corner: corner.astype(np.float32), tight)
    assert load_quotes(write(tmp_path, GOOD), domain=tight)[0].n_quotes == 3, "compared in the corners' precision"
    with pytest.raises(ValueError, match="domain: expected bounds for log_moneyness, .*; add rate, dividend"):
        load_quotes(write(tmp_path, GOOD), domain=Domain(lower=np.zeros(2), upper=np.ones(2), names=INPUT_NAMES[:2]))


@pytest.mark.x64
@given(
    spot=st.floats(0.01, 10_000.0),
    volatility=st.floats(0.02, 1.5),
    rate=st.floats(-0.05, 0.15),
    dividend=st.floats(-0.05, 0.15),
    half_spread=st.floats(0.0, 0.2),
)
def test_a_table_from_black_scholes_loses_no_row(tmp_path_factory, spot, volatility, rate, dividend, half_spread):
    folder = tmp_path_factory.mktemp("quotes")
    std, expiry = (side.ravel() for side in np.meshgrid(np.linspace(-4.0, 4.0, 9), [1 / 365, 0.1, 0.5, 2.0]))
    strike = spot * np.exp((rate - dividend) * expiry + std * volatility * np.sqrt(expiry))
    call, put = (
        np.asarray(kind(spot, strike, rate, dividend, volatility, expiry))
        for kind in (black_scholes.call, black_scholes.put)
    )
    same = {"spot": spot, "rate": rate, "dividend": dividend}
    columns = {name: np.full(2 * strike.size, value) for name, value in same.items()}
    columns |= {"strike": np.tile(strike, 2), "expiry": np.tile(expiry, 2)}
    columns["is_call"] = np.arange(2 * strike.size) < strike.size
    price = np.concatenate([call, put])
    columns |= {"bid": price * (1.0 - half_spread), "ask": price * (1.0 + half_spread)}
    (quotes, report), (again, _) = (load_quotes(write(folder, columns, suffix)) for suffix in SUFFIXES)
    assert report.dropped == {} and quotes.n_quotes == 2 * strike.size and Reason.PARITY not in report.not_checked
    assert_same(quotes, again)
    from_calls, from_puts = np.split(quotes.call_price_over_strike, 2)
    assert_close(from_calls, call / strike)
    assert_close(from_puts, from_calls)


COMPLETE = {name: value for name, value in row().items() if name not in ("volume", "open_interest")}


def renamed(**names):
    return {names.get(name, name): value for name, value in COMPLETE.items()}


@pytest.mark.parametrize(
    ("made", "columns", "message"),
    [
        (renamed(strike="Strike"), {}, r"lacks 'strike'; did you mean columns=\{'strike': 'Strike'\}\? .*'spot', 'Str"),
        (without(COMPLETE, "spot", "rate"), {}, r"lacks 'spot'; 'rate'; name them with columns=\{\.\.\.\}"),
        (without(COMPLETE, "ask"), {}, "lacks 'price', or 'bid' and 'ask';"),
        (without(COMPLETE, "expiry"), {}, "lacks 'expiry', or 'expiry_date' and 'quote_date'"),
        (COMPLETE, {"spot": "underlyin"}, r"lacks 'underlyin'; name them"),
        (renamed(spot="Underlying"), {"spot": "underlyin"}, r"lacks 'underlyin'; did .*\{'spot': 'Underlying'\}"),
        (COMPLETE, {"spot": None}, r"lacks 'spot'"),
        (COMPLETE | {"price": 8.0}, {}, r"either 'price' or 'bid' and 'ask', got both; .*\{'price': None\} or .*'bid'"),
        (COMPLETE | {"is_call": True}, {}, r"either 'is_call' or 'option_type', got both"),
        (COMPLETE, {"K": "strike"}, r"names of jaxprice as keys .* got the key 'K'; the names are spot, strike"),
    ],
)
def test_columns_that_are_missing_or_too_many(tmp_path, suffix, made, columns, message):
    with pytest.raises(ValueError, match=message):
        load_quotes(write(tmp_path, [made], suffix), columns=columns)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strike": "9o"}, r"strike: expected numbers, got string: row 0, counted from 0, has '9o'; remove or repair"),
        ({"strike": True}, "strike: expected numbers, got bool"),
        ({"expiry": TODAY}, "expiry: expected numbers, got date.*; dates of expiry go by expiry_date"),
        ({"option_type": True}, "option_type: expected C, P, call or put, got bool; true and false go by is_call"),
        ({"quote_time": 20240131}, "quote_time: expected dates, .*such as 2024-01-31.*, got int64"),
        ({"quote_time": "31/01/2024"}, r"quote_time: .*got string: row 0, counted from 0, has '31/01/2024'"),
        ({"last_trade_time": NOW.replace(tzinfo=datetime.UTC)}, "quote_time and last_trade_time: .*got one"),
    ],
)
def test_columns_of_a_wrong_type(tmp_path, suffix, change, message):
    with pytest.raises((TypeError, ValueError), match=message):
        load_quotes(write(tmp_path, [COMPLETE | change], suffix))


def test_a_time_zone_does_not_matter_where_no_time_is_known(tmp_path):
    times = {"quote_time": NOW.replace(tzinfo=datetime.UTC), "last_trade_time": None}
    _, report = load_quotes(write(tmp_path, [row() | times]), QuoteFilter(max_age=None))
    assert report.dropped == {}


def test_two_columns_of_one_name(tmp_path, suffix):
    names = [*NUMBERS, "price", "strike", "other", "other"]
    path = write(tmp_path, pyarrow.Table.from_arrays([pyarrow.array([8.0])] * len(names), names=names), suffix)
    with pytest.raises(ValueError, match="expected different names of columns, got 'strike' more than once; rename"):
        load_quotes(path)


def test_is_call_of_a_wrong_type(tmp_path, suffix):
    made = without(COMPLETE, "option_type") | {"call": "X"}
    with pytest.raises(TypeError, match=r"is_call \(column 'call'\): expected true and false or 1 and 0, got string"):
        load_quotes(write(tmp_path, [made], suffix), columns={"is_call": "call"})


def test_numbers_written_as_text(tmp_path):
    with pytest.raises(TypeError, match="strike: .*got string; every value reads as one, so convert the column"):
        load_quotes(write(tmp_path, [COMPLETE | {"strike": "95.0"}], ".parquet"))


def test_no_row_left_says_why(tmp_path, suffix):
    path = write(tmp_path, [row(strike=None), row(spot=-1.0)], suffix)
    with pytest.raises(ValueError, match=r"no row is left(.|\n)*2 rows read, 0 kept(.|\n)*not finite +1  0"):
        load_quotes(path)
    empty = write(tmp_path, {name: pyarrow.array([], pyarrow.float64()) for name in (*NUMBERS, "price")}, suffix)
    with pytest.raises(ValueError, match="no row is left(.|\n)*0 rows read, 0 kept"):
        load_quotes(empty)


def test_files_that_cannot_be_read(tmp_path, suffix):
    with pytest.raises(StorageError, match="there is no such file; check the name"):
        load_quotes(tmp_path / f"nowhere{suffix}")
    for content in (b"", b'a,"b\n1'):
        (tmp_path / f"bad{suffix}").write_bytes(content)
        with pytest.raises((StorageError, ValueError), match=rf"bad{suffix}"):
            load_quotes(tmp_path / f"bad{suffix}")
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(StorageError, match="cannot read"):
        load_quotes(tmp_path / f"folder{suffix}")


def test_other_suffixes_and_arguments(tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.parquet or \.csv, got '\.xlsx'; convert it"):
        load_quotes(tmp_path / "quotes.xlsx")
    path = write(tmp_path, GOOD)
    assert load_quotes(str(path))[0].n_quotes == 4
    with pytest.raises(TypeError, match="path: expected the name of a file, got int"):
        load_quotes(3)
    with pytest.raises(TypeError, match="quote_filter: expected QuoteFilter, got dict"):
        load_quotes(path, {})
    with pytest.raises(TypeError, match="domain: expected Domain, got tuple"):
        load_quotes(path, domain=())
    with pytest.raises(TypeError, match="columns: expected a dictionary, got list"):
        load_quotes(path, columns=["spot"])
    with pytest.raises(TypeError, match=r"columns\['spot'\]: expected the name of a column or None, got 3"):
        load_quotes(path, columns={"spot": 3})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_relative_spread": -0.1}, "max_relative_spread: expected a number that is not negative, got -0.1; None"),
        ({"max_age": float("nan")}, "max_age: .*got nan"),
        ({"parity_tolerance": float("inf")}, "parity_tolerance: .*got inf"),
        ({"bounds_tolerance": "small"}, "bounds_tolerance: expected a number or None, got 'small'"),
        ({"min_volume": True}, "min_volume: expected a number or None, got True"),
        ({"drop_zero_bid": None}, "drop_zero_bid: expected True or False, got None"),
    ],
)
def test_thresholds_that_are_none(tmp_path, change, message):
    with pytest.raises((TypeError, ValueError), match=message):
        load_quotes(write(tmp_path, GOOD), QuoteFilter(**change))


def test_a_volume_is_asked_for_that_the_table_has_not(tmp_path):
    with pytest.raises(ValueError, match="min_volume: the table has no column 'volume'.*or take min_volume=None"):
        load_quotes(write(tmp_path, [COMPLETE]), QuoteFilter(min_volume=1))


def test_without_pyarrow(tmp_path, monkeypatch):
    path = write(tmp_path, GOOD)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r'pip install "jaxprice\[quotes\]"'):
        load_quotes(path)
