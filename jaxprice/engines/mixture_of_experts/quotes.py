"""Option quotes from a table on disk, with a report of every row that was dropped."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxprice.core.array import Bool, Float
from jaxprice.core.domain import Domain
from jaxprice.core.storage import StorageError
from jaxprice.core.struct import pytree_dataclass
from jaxprice.engines.mixture_of_experts.quote_checks import (
    INPUT_NAMES,
    QuoteFilter,
    QuoteReport,
    Rows,
    check_domain,
    discounted,
    drop_unfit,
    input_matrix,
)

_NUMBERS = ("spot", "strike", "expiry", "rate", "dividend", "price", "bid", "ask", "volume", "open_interest")
_MOMENTS = ("expiry_date", "quote_date", "quote_time", "last_trade_time")
_COLUMNS = (*_NUMBERS, *_MOMENTS, "is_call", "option_type")
_CHOICES = (
    (("expiry",), ("expiry_date", "quote_date")),
    (("price",), ("bid", "ask")),
    (("is_call",), ("option_type",)),
)
_TYPES = {"call": ("c", "call"), "put": ("p", "put")}
_DAY = np.timedelta64(1, "D")
_DAYS_PER_YEAR = 365.0
_NAMES_SHOWN = 30


@pytree_dataclass
class Quotes:
    """Prices of European options on one asset as a market quotes them, on the host in 64 bits.

    Attributes:
        spot: price of the asset, (n,).
        strike: (n,).
        expiry: time to expiry in years, (n,).
        rate: continuously compounded, (n,).
        dividend: yield, continuously compounded, (n,).
        price: of one option on one asset, the mid where there are bid and ask, (n,).
        spread: ask less bid, (n,); 0 where they are unknown.
        is_call: whether a call or a put, (n,).
    """

    spot: Float[np.ndarray, " n"]
    strike: Float[np.ndarray, " n"]
    expiry: Float[np.ndarray, " n"]
    rate: Float[np.ndarray, " n"]
    dividend: Float[np.ndarray, " n"]
    price: Float[np.ndarray, " n"]
    spread: Float[np.ndarray, " n"]
    is_call: Bool[np.ndarray, " n"]

    @property
    def n_quotes(self) -> int:
        """Number of quotes n."""
        return self.price.shape[-1]

    @property
    def log_moneyness(self) -> Float[np.ndarray, " n"]:
        """Logarithm of spot over strike, (n,); the forward does not enter."""
        return np.log(self.spot / self.strike)

    @property
    def root_maturity(self) -> Float[np.ndarray, " n"]:
        """Square root of the time to expiry, (n,)."""
        return np.sqrt(self.expiry)

    @property
    def call_price_over_strike(self) -> Float[np.ndarray, " n"]:
        """Price of the call over the strike, (n,); that of a put's call is by put-call parity.

        Where a put is deep in the money little is left of its price, and noise may make the call's negative.
        """
        spot, strike = discounted(vars(self))
        return np.where(self.is_call, self.price, self.price + spot - strike) / self.strike

    def inputs(self) -> tuple[Float[np.ndarray, "n 4"], tuple[str, ...]]:
        """The inputs of the committee that a quote knows, (n, 4), and what they are, in the order of the columns."""
        return input_matrix(self.spot, self.strike, self.expiry, self.rate, self.dividend), INPUT_NAMES


def load_quotes(
    path: str | Path,
    quote_filter: QuoteFilter | None = None,
    *,
    columns: Mapping[str, str | None] | None = None,
    domain: Domain | None = None,
) -> tuple[Quotes, QuoteReport]:
    """Reads a table of option quotes, drops what is unfit to learn from, and reports each dropped row with its reason.

    The columns, each under its own name or the one that `columns` gives:

    - spot, strike, rate, dividend: numbers; rate and dividend yield are continuously compounded, so 0.05 for 5 %.
    - expiry in years; or expiry_date and quote_date, a year having 365 days. Whole days are counted, unless both have
      times of day.
    - price; or bid and ask, whose mid is the price.
    - is_call (true or false, 1 or 0) or option_type (C, P, call, put, in any case); without both all are calls.
    - optional: quote_time and last_trade_time, volume and open_interest.

    The checks are made in the order of `Reason`, each on the rows that passed those before it. Of the rows of one day
    with the same spot, strike, expiry and type the first stays and the others are duplicates.

    Args:
        path: a file whose name ends in .parquet or .csv (with commas, a header, and dates such as 2024-01-31).
        quote_filter: how strict the checks are; None for the defaults of `QuoteFilter`.
        columns: from names above to those in the file; None there leaves a column out, as in
            {"strike": "K", "price": None}.
        domain: the box that quotes must lie in; inputs other than log_moneyness, root_maturity, rate and dividend do
            not matter.

    Returns:
        The quotes, in the order of the table, and the report.

    Raises:
        ImportError: without pyarrow.
        StorageError: for a file that is not there or cannot be read.
        TypeError: for a column or an argument of another type.
        ValueError: for another suffix, for columns that are missing or say the same thing twice, and if no row is left.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path: expected the name of a file, got {type(path).__name__}")
    quote_filter = QuoteFilter() if quote_filter is None else quote_filter
    for name, value, kind in (("quote_filter", quote_filter, QuoteFilter), ("domain", domain, Domain)):
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"{name}: expected {kind.__name__}, got {type(value).__name__}")
    quote_filter.validate()
    if domain is not None:
        check_domain(domain)
    table, found, unread = _read(Path(path), _checked(columns))
    rows = _rows(table, found)
    kept, dropped, not_checked = drop_unfit(rows, quote_filter, domain)
    quotes = _quotes(kept)
    matrix, names = quotes.inputs()
    shown = {name: getattr(quotes, name) for name in ("spot", "strike", "expiry", "price", "spread")}
    shown |= dict(zip(names, matrix.T, strict=True))
    report = QuoteReport(
        source=str(path),
        n_read=rows["row"].size,
        n_kept=quotes.n_quotes,
        dropped=dropped,
        not_checked=not_checked,
        unread_columns=unread,
        kept_range={name: (float(x.min()), float(x.max())) for name, x in shown.items() if x.size},
    )
    if quotes.n_quotes == 0:
        raise ValueError(f"no row is left of this table; repair it, or loosen what drops its rows\n{report}")
    return quotes, report


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(f'pyarrow reads tables of quotes ({error}); pip install "jaxprice[quotes]"') from error
    return pyarrow


def _checked(columns: Mapping[str, str | None] | None) -> dict[str, str | None]:
    if columns is None:
        return {}
    if not isinstance(columns, Mapping):
        raise TypeError(f"columns: expected a dictionary, got {type(columns).__name__}")
    for name, theirs in columns.items():
        if name not in _COLUMNS:
            raise ValueError(
                f"columns: expected names of jaxprice as keys and those of the file as values, got the key {name!r}; "
                f"the names are {', '.join(_COLUMNS)}"
            )
        if theirs is not None and not isinstance(theirs, str):
            raise TypeError(f"columns[{name!r}]: expected the name of a column or None, got {theirs!r}")
    return dict(columns)


def _read(path: Path, columns: Mapping[str, str | None]) -> tuple[Any, dict[str, str], tuple[str, ...]]:
    """The table, the name in it of each column that is read, and the names of the others."""
    suffix = path.suffix.lower()
    if suffix not in (".parquet", ".csv"):
        raise ValueError(f"{path}: expected a file whose name ends in .parquet or .csv, got {suffix!r}; convert it")
    arrow = _pyarrow()
    try:
        with open(path, "rb") as file:
            if suffix == ".csv":
                table = arrow.csv.read_csv(file)
                names = table.column_names
                found = _match(path, names, columns)
                table = table.select(list(dict.fromkeys(found.values())))
            else:
                parquet = arrow.parquet.ParquetFile(file)
                names = parquet.schema_arrow.names
                found = _match(path, names, columns)
                table = parquet.read(columns=list(dict.fromkeys(found.values())))
    except FileNotFoundError:
        raise StorageError(f"cannot read {path}: there is no such file; check the name") from None
    except (OSError, arrow.ArrowException) as error:
        raise StorageError(f"cannot read {path} as {suffix[1:]}: {error}; write it again") from error
    return table, found, tuple(name for name in names if name not in found.values())


def _match(path: Path, names: list[str], columns: Mapping[str, str | None]) -> dict[str, str]:
    """The column of the file for each of ours that is read; one that `columns` names goes under no other name."""
    own = {name: name for name in _COLUMNS if name in names and name not in columns.values()}
    found = {name: theirs for name, theirs in (own | dict(columns)).items() if theirs is not None}
    absent = {name: theirs for name, theirs in found.items() if theirs not in names}
    missing = {name: name for name in ("spot", "strike", "rate", "dividend") if name not in found}
    wanted = [repr(name) for name in (*missing, *absent.values())]
    for choice in _CHOICES:
        complete = [group for group in choice if all(name in found for name in group)]
        texts = [" and ".join(repr(name) for name in group) for group in choice]
        if len(complete) == 2:
            raise ValueError(
                f"{path}: expected either {' or '.join(texts)}, got both; leave one out with "
                f"columns={{{choice[0][0]!r}: None}} or columns={{{choice[1][0]!r}: None}}"
            )
        if not complete and choice[0] != ("is_call",):
            wanted.append(", or ".join(texts))
            missing |= {name: name for group in choice for name in group if name not in found}
        for name in {name for group in choice if group not in complete for name in group} - {"quote_date"}:
            found.pop(name, None)
    if missing or absent:
        free = [name for name in names if name not in found.values()]
        near = {name: _nearest(theirs, free) for name, theirs in (missing | absent).items()}
        hints = ", ".join(f"{name!r}: {theirs!r}" for name, theirs in near.items() if theirs is not None)
        remedy = f"did you mean columns={{{hints}}}?" if hints else "name them with columns={...}."
        has = ", ".join(repr(name) for name in names[:_NAMES_SHOWN]) + (" ..." if len(names) > _NAMES_SHOWN else "")
        raise ValueError(f"{path}: the table lacks {'; '.join(wanted)}; {remedy} It has the columns {has}")
    twice = [theirs for theirs in found.values() if names.count(theirs) > 1]
    if twice:
        raise ValueError(f"{path}: expected different names of columns, got {twice[0]!r} more than once; rename one")
    return found


def _nearest(name: str, names: list[str]) -> str | None:
    lower = {theirs.strip().lower(): theirs for theirs in names}
    near = difflib.get_close_matches(name.strip().lower(), lower, n=1)
    return lower[near[0]] if near else None


def _rows(table: Any, found: Mapping[str, str]) -> Rows:
    """The columns as NumPy has them, and what follows from them: expiry, price and type."""
    types, rows = _pyarrow().types, {"row": np.arange(table.num_rows)}
    for name, theirs in found.items():
        column, label = table.column(theirs), name if name == theirs else f"{name} (column {theirs!r})"
        if types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if name in _NUMBERS:
            rows[name] = _numbers(column, label)
        elif name in _MOMENTS:
            rows[name] = _moments(column, label)
        else:
            rows["is_call"] = _is_call(column, label) if name == "is_call" else _is_call_from_text(column, label)
    for one, other in (("expiry_date", "quote_date"), ("quote_time", "last_trade_time")):
        kinds = [table.column(found[name]).type for name in (one, other) if name in found]
        zones = {getattr(kind, "tz", None) is None for kind in kinds if not types.is_null(kind)}
        if len(zones) == 2:
            raise ValueError(f"{one} and {other}: expected a time zone in both or in neither, got one; convert it")
    if "expiry_date" in rows:
        last, first = rows.pop("expiry_date"), rows["quote_date"]
        if not (_has_times(last) and _has_times(first)):
            last, first = last.astype("datetime64[D]"), first.astype("datetime64[D]")
        rows["expiry"] = (last - first) / _DAY / _DAYS_PER_YEAR
    if "bid" in rows:
        with np.errstate(invalid="ignore"):  # Infinities of both signs; the checks drop them.
            rows["price"] = 0.5 * rows["bid"] + 0.5 * rows["ask"]
    return rows


def _has_times(moments: np.ndarray) -> bool:
    return bool((~np.isnat(moments) & (moments != moments.astype("datetime64[D]"))).any())


def _numbers(column: Any, label: str) -> np.ndarray:
    arrow = _pyarrow()
    kind, types = column.type, arrow.types
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind):
        # Decimals by way of text: Arrow's own conversion misses the nearest number by a bit.
        exact = column.cast(arrow.string()) if types.is_decimal(kind) else column
        return exact.cast(arrow.float64(), safe=False).to_numpy()
    hint = "; dates of expiry go by expiry_date" if types.is_temporal(kind) else ""
    raise TypeError(f"{label}: expected numbers, got {kind}{_first_odd(column, arrow.float64())}{hint}")


def _moments(column: Any, label: str) -> np.ndarray:
    arrow = _pyarrow()
    kind, types = column.type, arrow.types
    if types.is_date(kind) or types.is_timestamp(kind) or types.is_null(kind):
        return column.cast(arrow.timestamp("us", getattr(kind, "tz", None)), safe=False).to_numpy()
    raise TypeError(
        f"{label}: expected dates, or dates with times, such as 2024-01-31 or 2024-01-31 15:30:00, got {kind}"
        f"{_first_odd(column, arrow.timestamp('us'))}"
    )


def _is_call(column: Any, label: str) -> np.ndarray:
    arrow = _pyarrow()
    kind, types = column.type, arrow.types
    if not (types.is_boolean(kind) or types.is_integer(kind) or types.is_null(kind)):
        raise TypeError(f"{label}: expected true and false or 1 and 0, got {kind}; C and P go by option_type")
    numbers = column.cast(arrow.float64()).to_numpy()
    return np.where((numbers == 0) | (numbers == 1), numbers, np.nan)


def _is_call_from_text(column: Any, label: str) -> np.ndarray:
    arrow = _pyarrow()
    if not _is_text(column.type) and not arrow.types.is_null(column.type):
        raise TypeError(f"{label}: expected C, P, call or put, got {column.type}; true and false go by is_call")
    text = arrow.compute.utf8_lower(arrow.compute.utf8_trim_whitespace(column.cast(arrow.string())))
    is_call, is_put = (
        arrow.compute.is_in(text, value_set=arrow.array(words)).to_numpy() for words in (_TYPES["call"], _TYPES["put"])
    )
    return np.select([is_call, is_put], [1.0, 0.0], np.nan)


def _is_text(kind: Any) -> bool:
    types = _pyarrow().types
    return types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)


def _first_odd(column: Any, wanted: Any) -> str:
    """Where the first value of a column of text is that does not read as the wanted type, for a message."""
    arrow = _pyarrow()
    if not _is_text(column.type):
        return ""
    for row, value in enumerate(column):
        try:
            value.cast(wanted)
        except arrow.ArrowException:
            return f": row {row}, counted from 0, has {value.as_py()!r}; remove or repair such values"
    return "; every value reads as one, so convert the column"


def _quotes(rows: Rows) -> Quotes:
    n = rows["row"].size
    return Quotes(
        **{name: rows[name] for name in ("spot", "strike", "expiry", "rate", "dividend", "price")},
        spread=rows["ask"] - rows["bid"] if "bid" in rows else np.zeros(n),
        is_call=rows["is_call"] == 1 if "is_call" in rows else np.ones(n, bool),
    )
