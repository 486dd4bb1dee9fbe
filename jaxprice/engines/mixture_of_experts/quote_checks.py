"""What makes a row of a quote table unfit to learn from, and the report of what was dropped and why."""

import dataclasses
import enum
import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from jaxprice.core.domain import Domain

Rows: TypeAlias = dict[str, np.ndarray]
"""Columns (n,) by name: numbers in 64 bits, moments as datetime64, is_call as 1, 0 or NaN, and the number of each row
in the table, `row`. A column that the table does not have is absent."""

INPUT_NAMES = ("log_moneyness", "root_maturity", "rate", "dividend")
"""The inputs of the committee that a quote knows, in their order."""

_REQUIRED = ("spot", "strike", "expiry", "rate", "dividend", "price", "bid", "ask")
_NO_SPREAD = "the table has price in place of bid and ask; every spread is unknown and given as 0"
_ROWS_SHOWN = 5


class Reason(enum.Enum):
    """Why a row is dropped, in the order of the checks; a row counts under the first one that applies."""

    NOT_FINITE = "missing or not finite"
    UNKNOWN_TYPE = "neither call nor put"
    NOT_POSITIVE = "spot, strike or price not positive"
    EXPIRED = "no time to expiry"
    CROSSED = "bid above ask"
    ZERO_BID = "bid of zero"
    WIDE_SPREAD = "wide spread"
    STALE = "stale"
    ILLIQUID = "little traded"
    DUPLICATE = "duplicate"
    OUTSIDE_BOUNDS = "outside no-arbitrage bounds"
    PARITY = "put-call parity violated"
    OUTSIDE_DOMAIN = "outside the domain"


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuoteFilter:
    """How strict the checks are that can be more or less strict; None leaves a check out, and the report says so.

    Attributes:
        drop_zero_bid: whether a quote goes for which nobody bids.
        max_relative_spread: share of the mid that the spread may reach.
        max_age: seconds from the last trade to the quote; where one of the two times is missing the row is stale, and
            a trade after the quote is not. Checked where the table has both times.
        min_volume: least volume; a row without one has too little. The table must have the column.
        min_open_interest: least open interest, likewise.
        bounds_tolerance: share of the strike by which a price may leave the bounds of a European option: the
            discounted intrinsic value below; above, the discounted spot for a call and the discounted strike for a put.
        parity_tolerance: share of the strike by which a call and a put at the same spot, strike, expiry and time may
            miss put-call parity, beyond half of their two spreads; both are dropped if they miss by more.
    """

    drop_zero_bid: bool = True
    max_relative_spread: float | None = 0.5
    max_age: float | None = 86_400.0
    min_volume: float | None = None
    min_open_interest: float | None = None
    bounds_tolerance: float | None = 1e-8
    parity_tolerance: float | None = 5e-3

    def validate(self) -> None:
        """Raises `TypeError` or `ValueError` for what is no threshold."""
        if not isinstance(self.drop_zero_bid, bool):
            raise TypeError(f"drop_zero_bid: expected True or False, got {self.drop_zero_bid!r}")
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name == "drop_zero_bid" or value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
                raise TypeError(f"{field.name}: expected a number or None, got {value!r}")
            if not 0.0 <= value < math.inf:
                raise ValueError(
                    f"{field.name}: expected a number that is not negative, got {value}; None leaves the check out"
                )


@dataclasses.dataclass(frozen=True, kw_only=True)
class DroppedRows:
    """The rows that one check dropped.

    Attributes:
        n_rows: how many.
        first_rows: the numbers of the first few; the first row of a table, below its header, has number 0.
    """

    n_rows: int
    first_rows: tuple[int, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuoteReport:
    """What became of the rows of a quote table; `print` shows it as a short table.

    Attributes:
        source: the file.
        n_read: rows of the table.
        n_kept: rows that passed every check.
        dropped: what each check dropped, in the order of the checks; only those that dropped a row.
        not_checked: the checks that were not made, and why.
        unread_columns: columns of the table that nothing here reads.
        kept_range: smallest and largest of each number that is kept; empty if no row is.
    """

    source: str
    n_read: int
    n_kept: int
    dropped: Mapping[Reason, DroppedRows]
    not_checked: Mapping[Reason, str]
    unread_columns: tuple[str, ...]
    kept_range: Mapping[str, tuple[float, float]]

    def __str__(self) -> str:
        lines = [f"{self.source}: {self.n_read:,} rows read, {self.n_kept:,} kept"]
        if self.dropped:
            lines.append(f"{'dropped':<36} {'rows':>9}  first rows, counted from 0")
        for reason, found in self.dropped.items():
            more = " ..." if found.n_rows > len(found.first_rows) else ""
            shown = ", ".join(str(row) for row in found.first_rows)
            lines.append(f"  {reason.value:<34} {found.n_rows:>9,}  {shown}{more}")
        if self.not_checked:
            lines.append("not checked")
        lines += [f"  {reason.value}: {why}" for reason, why in self.not_checked.items()]
        if self.kept_range:
            lines.append(f"{'kept':<18} {'from':>12} {'to':>12}")
        lines += [f"  {name:<16} {low:>12.6g} {high:>12.6g}" for name, (low, high) in self.kept_range.items()]
        if self.unread_columns:
            lines.append(f"columns not read: {', '.join(self.unread_columns)}")
        return "\n".join(lines)


def input_matrix(
    spot: np.ndarray, strike: np.ndarray, expiry: np.ndarray, rate: np.ndarray, dividend: np.ndarray
) -> np.ndarray:
    """The inputs (n, 4) named by `INPUT_NAMES`, from columns (n,)."""
    return np.stack([np.log(spot / strike), np.sqrt(expiry), rate, dividend], axis=-1)


def discounted(rows: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The spot less its dividends until expiry (n,), and the strike discounted from expiry (n,)."""
    with np.errstate(over="ignore", invalid="ignore"):  # What is not finite here is dropped first.
        spot = rows["spot"] * np.exp(-rows["dividend"] * rows["expiry"])
        return spot, rows["strike"] * np.exp(-rows["rate"] * rows["expiry"])


def check_domain(domain: Domain) -> None:
    """Raises `ValueError` for a domain that is none, or that does not bound every input of `INPUT_NAMES`."""
    domain.validate()
    missing = [name for name in INPUT_NAMES if name not in domain.names]
    if missing:
        raise ValueError(
            f"domain: expected bounds for {', '.join(INPUT_NAMES)}, got {', '.join(domain.names)}; add "
            f"{', '.join(missing)}"
        )


def drop_unfit(
    rows: Rows, quote_filter: QuoteFilter, domain: Domain | None
) -> tuple[Rows, dict[Reason, DroppedRows], dict[Reason, str]]:
    """Makes the checks one after the other, each on the rows that passed those before it.

    Returns:
        The rows that pass all of them; what each dropped; and the checks that were not made, with why.
    """
    dropped: dict[Reason, DroppedRows] = {}
    not_checked: dict[Reason, str] = {}
    for reason, find in _CHECKS.items():
        found = find(rows, quote_filter, domain)
        if isinstance(found, str):
            not_checked[reason] = found
        elif found.any():
            first = rows["row"][found][:_ROWS_SHOWN]
            dropped[reason] = DroppedRows(n_rows=int(found.sum()), first_rows=tuple(int(row) for row in first))
            rows = {name: column[~found] for name, column in rows.items()}
    return rows, dropped, not_checked


def _not_finite(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        gain = np.subtract(*discounted(rows))  # A rate of -1000 is a number, and discounts to none.
    return ~np.all([np.isfinite(column) for column in (gain, *(rows[name] for name in _REQUIRED if name in rows))], 0)


def _unknown_type(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray | str:
    if "is_call" not in rows:
        return "the table has no is_call and no option_type; every row counts as a call"
    return np.isnan(rows["is_call"])


def _not_positive(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray:
    is_bad = (rows["spot"] <= 0) | (rows["strike"] <= 0) | (rows["price"] <= 0)
    return is_bad | (rows["bid"] < 0) if "bid" in rows else is_bad


def _expired(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray:
    return rows["expiry"] <= 0


def _crossed(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray | str:
    return rows["bid"] > rows["ask"] if "bid" in rows else _NO_SPREAD


def _zero_bid(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray | str:
    if not quote_filter.drop_zero_bid:
        return "drop_zero_bid is False"
    return rows["bid"] == 0 if "bid" in rows else _NO_SPREAD


def _wide_spread(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray | str:
    if quote_filter.max_relative_spread is None:
        return "max_relative_spread is None"
    if "bid" not in rows:
        return _NO_SPREAD
    return rows["ask"] - rows["bid"] > quote_filter.max_relative_spread * rows["price"]


def _stale(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray | str:
    if quote_filter.max_age is None:
        return "max_age is None"
    missing = [name for name in ("quote_time", "last_trade_time") if name not in rows]
    if missing:
        return f"the table has no {' and no '.join(missing)}"
    age = (rows["quote_time"] - rows["last_trade_time"]) / np.timedelta64(1, "s")
    return ~(age <= quote_filter.max_age)


def _illiquid(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray | str:
    least = {"volume": quote_filter.min_volume, "open_interest": quote_filter.min_open_interest}
    asked = {name: number for name, number in least.items() if number is not None}
    for name in asked:
        if name not in rows:
            raise ValueError(
                f"min_{name}: the table has no column {name!r} to check it with; name it in columns, or take "
                f"min_{name}=None"
            )
    if not asked:
        return "min_volume and min_open_interest are None"
    return ~np.all([rows[name] >= number for name, number in asked.items()], axis=0)


def _duplicate(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray:
    moment = next((rows[name].astype("datetime64[D]") for name in ("quote_date", "quote_time") if name in rows), None)
    alike = [rows[name] for name in ("spot", "strike", "expiry", "is_call") if name in rows]
    _, first = np.unique(_group(alike if moment is None else [*alike, moment]), return_index=True)
    is_again = np.ones(rows["row"].size, bool)
    is_again[first] = False
    return is_again


def _outside_bounds(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray | str:
    if quote_filter.bounds_tolerance is None:
        return "bounds_tolerance is None"
    spot, strike = discounted(rows)
    is_call = rows["is_call"] == 1 if "is_call" in rows else np.ones(spot.size, bool)
    slack = quote_filter.bounds_tolerance * rows["strike"]
    lower = np.maximum(np.where(is_call, spot - strike, strike - spot), 0.0)
    upper = np.where(is_call, spot, strike)
    return (rows["price"] < lower - slack) | (rows["price"] > upper + slack)


def _parity(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray | str:
    if quote_filter.parity_tolerance is None:
        return "parity_tolerance is None"
    # Rows that agree in all of these have passed the search for duplicates: at most one call and one put.
    alike = ("spot", "strike", "expiry", "quote_date", "quote_time")
    group = _group([rows[name] for name in alike if name in rows])
    is_call = rows["is_call"] == 1 if "is_call" in rows else np.ones(group.size, bool)
    groups, calls, puts = np.intersect1d(group[is_call], group[~is_call], return_indices=True)
    if groups.size == 0:
        return "no call and put at the same spot, strike, expiry and time"
    call, put = np.nonzero(is_call)[0][calls], np.nonzero(~is_call)[0][puts]
    gain = np.subtract(*discounted(rows))
    gap = rows["price"][call] - rows["price"][put] - 0.5 * (gain[call] + gain[put])
    half_spreads = 0.5 * (rows["ask"] - rows["bid"]) if "bid" in rows else np.zeros(group.size)
    allowed = quote_filter.parity_tolerance * rows["strike"][call] + half_spreads[call] + half_spreads[put]
    is_missed = np.abs(gap) > allowed
    is_bad = np.zeros(group.size, bool)
    is_bad[call[is_missed]] = True
    is_bad[put[is_missed]] = True
    return is_bad


def _outside_domain(rows: Rows, quote_filter: QuoteFilter, domain: Domain | None) -> np.ndarray | str:
    if domain is None:
        return "no domain was given"
    at = [domain.names.index(name) for name in INPUT_NAMES]
    lower, upper = np.asarray(domain.lower)[at], np.asarray(domain.upper)[at]
    # In the precision of the corners, as `Domain.contains` compares.
    x = input_matrix(*(rows[name] for name in ("spot", "strike", "expiry", "rate", "dividend"))).astype(lower.dtype)
    return np.any((x < lower) | (x > upper), axis=1)


def _group(columns: list[np.ndarray]) -> np.ndarray:
    """A number for each row (n,), the same for rows that agree in every column."""
    group = np.zeros(columns[0].size, np.int64)
    for column in columns:
        distinct, place = np.unique(column, return_inverse=True)
        _, group = np.unique(group * distinct.size + place, return_inverse=True)
    return group


_Check: TypeAlias = Callable[[Rows, QuoteFilter, Domain | None], np.ndarray | str]
"""Which rows are unfit (n,), or a sentence on why this cannot be said."""

_CHECKS: Mapping[Reason, _Check] = {
    Reason.NOT_FINITE: _not_finite,
    Reason.UNKNOWN_TYPE: _unknown_type,
    Reason.NOT_POSITIVE: _not_positive,
    Reason.EXPIRED: _expired,
    Reason.CROSSED: _crossed,
    Reason.ZERO_BID: _zero_bid,
    Reason.WIDE_SPREAD: _wide_spread,
    Reason.STALE: _stale,
    Reason.ILLIQUID: _illiquid,
    Reason.DUPLICATE: _duplicate,
    Reason.OUTSIDE_BOUNDS: _outside_bounds,
    Reason.PARITY: _parity,
    Reason.OUTSIDE_DOMAIN: _outside_domain,
}
