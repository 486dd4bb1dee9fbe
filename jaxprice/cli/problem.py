"""One pricing problem in a TOML file: a model, a product, an engine and its settings.

A table's `kind` is looked up among the public names of `jaxprice.models`, `jaxprice.products` and `ENGINES`, and its
other keys are the fields of that class; a file names numbers and classes of the package, never code.
"""

import dataclasses
import enum
import inspect
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
from jax.sharding import Mesh

from jaxprice import models, products
from jaxprice.cli.tables import (
    ProblemError,
    check_keys,
    is_whole,
    read_choice,
    read_count,
    read_field,
    read_number,
    read_table,
    shape_of,
    show,
    take_kind,
)
from jaxprice.cli.timing import Seconds, timed
from jaxprice.core.result import PriceResult
from jaxprice.core.storage import StorageError, read_bytes
from jaxprice.engines import glsm, monte_carlo
from jaxprice.simulation.inputs import prepare

ENGINES: Mapping[str, types.ModuleType] = {"monte_carlo": monte_carlo, "glsm": glsm}
"""The pricers a file may name; a new one is a row here."""
_MODELS = {name: kind for name in models.__all__ if dataclasses.is_dataclass(kind := getattr(models, name))}
_NOUNS = {name: kind for name in products.__all__ if dataclasses.is_dataclass(kind := getattr(products, name))}
_PRODUCTS = {name: kind for name, kind in _NOUNS.items() if "payoff" in kind.__dataclass_fields__}
_PAYOFFS = {name: kind for name, kind in _NOUNS.items() if name not in _PRODUCTS and name != "Function"}
_MAX_ASSETS = 4096
_MAX_DATES = 100_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """What a file says: model, product, the engine's name and settings, the seed, and the tables as written."""

    model: Any
    product: Any
    engine: str
    config: Any
    seed: int
    source: dict[str, Any]


def load(path: str | Path) -> Problem:
    """Reads a problem file.

    Raises:
        ProblemError: for a file that is not there, is not TOML, or is not a problem.
    """
    try:
        text = read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise ProblemError(f"{path}: not a text file in UTF-8 ({error.reason} at byte {error.start})") from None
    except StorageError as error:
        raise ProblemError(str(error)) from None
    try:
        return parse(text)
    except ProblemError as error:
        raise ProblemError(f"{path}: {error}") from None


def parse(text: str) -> Problem:
    """Reads the text of a problem file; numbers are checked, nothing is priced.

    Raises:
        ProblemError: for text that is not TOML or not a problem.
    """
    try:
        source = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProblemError(f"not TOML: {str(error) or 'nested too deeply'}") from None
    check_keys("the file", source, ("title", "seed", "model", "product", "engine"), ("model", "product", "engine"))
    seed = read_count("the file's", "seed", source.get("seed", 0), 0, 2**32 - 1)
    if not isinstance(source.get("title", ""), str):
        raise ProblemError(f"title: expected text, got {show(source['title'])}")
    model, n_assets = _model(read_table("model", source["model"]))
    product = _product(read_table("product", source["product"]), n_assets)
    engine, config = _engine(read_table("engine", source["engine"]))
    try:
        model, product = prepare(model, product)
        _check_payoff(product, n_assets)
    except (ValueError, TypeError) as error:
        raise ProblemError(str(error)) from None
    return Problem(model=model, product=product, engine=engine, config=config, seed=seed, source=source)


def solve(problem: Problem, mesh: Mesh | None = None) -> tuple[PriceResult, Seconds]:
    """Prices a problem, over the devices of a mesh if its engine can use them; the result may have any status.

    Raises:
        ProblemError: if the engine refuses the problem.
    """
    price = ENGINES[problem.engine].price
    options = {"mesh": mesh} if mesh is not None and "mesh" in inspect.signature(price).parameters else {}
    key = jax.random.key(problem.seed)
    try:
        return timed(lambda: price(key, problem.model, problem.product, problem.config, **options))
    except (ValueError, TypeError) as error:
        raise ProblemError(str(error)) from error


def _model(table: dict[str, Any]) -> tuple[Any, int]:
    kind = take_kind("model", table, _MODELS)
    sized = [field.name for field in dataclasses.fields(kind) if shape_of(field.type)[:1] == ["d"]]
    lengths = {name: len(table[name]) for name in sized if isinstance(table.get(name), list)}
    if not sized:
        return _noun("model", kind, table, 1), 1
    n_assets = table.pop("n_assets", None)
    if n_assets is None:
        n_assets = next(iter(lengths.values()), 1)
    n_assets = read_count("[model]", "n_assets", n_assets, 1, _MAX_ASSETS)
    if n_assets == 1 and kind is models.BlackScholes:
        table.setdefault("correlation", 1.0)
    return _noun("model", kind, table, n_assets, extra=("n_assets",)), n_assets


def _product(table: dict[str, Any], n_assets: int) -> Any:
    kind = take_kind("product", table, _PRODUCTS)
    times = [field.name for field in dataclasses.fields(kind) if shape_of(field.type) == ["n"]]
    extra = ("expiry", "n_dates") if times else ()
    if times and "n_dates" in table and times[0] not in table:
        expiry, n_dates = (
            read_number("product", "expiry", table.pop("expiry", None)),
            read_count("[product]", "n_dates", table.pop("n_dates"), 1, _MAX_DATES),
        )
        table[times[0]] = [expiry * k / n_dates for k in range(1, n_dates + 1)]
    elif times and not {"expiry", "n_dates"}.isdisjoint(table):
        raise ProblemError(f"[product]: give either {times[0]}, or expiry and n_dates for equal steps")
    payoff = table.pop("payoff", None)
    if payoff is None:
        raise ProblemError("[product]: payoff is missing; write a table [product.payoff] with its kind and numbers")
    payoff = read_table("product.payoff", payoff)
    payoff = _noun("product.payoff", take_kind("product.payoff", payoff, _PAYOFFS), payoff, n_assets)
    return _noun("product", kind, table, n_assets, extra=extra, given={"payoff": payoff})


def _engine(table: dict[str, Any]) -> tuple[str, Any]:
    name = table.get("kind")
    config = take_kind("engine", table, ENGINES).Config
    fields = {field.name: field.type for field in dataclasses.fields(config) if _is_plain(field.type)}
    check_keys("[engine]", table, fields, ())
    settings = {key: _setting(key, fields[key], value) for key, value in table.items()}
    try:
        return str(name), config(**settings).validate()
    except (ValueError, TypeError) as error:
        raise ProblemError(f"[engine] {error}") from None


def _kinds(annotation: Any) -> list[Any]:
    return [kind for kind in typing.get_args(annotation) or (annotation,) if kind is not types.NoneType]


def _is_plain(annotation: Any) -> bool:
    """Whether a file can hold a setting: one that takes functions stays with Python."""
    return all(kind in (bool, int, float) or isinstance(kind, enum.EnumMeta) for kind in _kinds(annotation))


def _setting(name: str, annotation: Any, value: Any) -> Any:
    """One setting of an engine, of one of the types its annotation allows."""
    kinds = _kinds(annotation)
    for kind in kinds:
        if isinstance(kind, enum.EnumMeta):
            words: list[str] = [member.value for member in kind]  # type: ignore[var-annotated]
            return kind(read_choice(f"[engine] {name}", value, words))
    if bool in kinds and isinstance(value, bool):
        return value
    if int in kinds and is_whole(value):
        return value
    if float in kinds and not isinstance(value, bool):
        return read_number("engine", name, value)
    known = {bool: "true or false", int: "a whole number", float: "a number"}
    expected = " or ".join(known.get(kind, str(kind)) for kind in kinds)
    raise ProblemError(f"[engine] {name}: expected {expected}, got {show(value)}")


def _noun(
    where: str,
    kind: type,
    table: dict[str, Any],
    n_assets: int,
    extra: tuple[str, ...] = (),
    given: Mapping[str, Any] = types.MappingProxyType({}),
) -> Any:
    """An instance of `kind` whose fields are read by the shapes they declare."""
    fields = [field for field in dataclasses.fields(kind) if field.name not in given]
    required = [field.name for field in fields if field.default is dataclasses.MISSING]
    check_keys(f"[{where}]", table, [*(field.name for field in fields), *extra, *given], required)
    annotation = {field.name: field.type for field in fields}
    values = {name: read_field(where, name, annotation[name], value, n_assets) for name, value in table.items()}
    return kind(**values, **given)


def _check_payoff(product: Any, n_assets: int) -> None:
    """Traces the payoff once on a state of the model, so that a wrong number of assets shows now."""
    n_times = product.time.shape[0]
    pays = getattr(product, "cash_flow", None)
    shape = (n_times, n_assets) if pays is not None else (n_assets,)
    jax.eval_shape(pays or product.payoff, jax.ShapeDtypeStruct(shape, product.time.dtype))
