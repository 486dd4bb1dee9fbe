"""American call on the geometric mean of d assets: prices and deltas beside the exact ones.

Question: are the prices and deltas of an American option in 7 to 100 dimensions right?
Table: tables 4 (prices) and 5 (deltas) of Yang and Li 2025, arXiv 2405.02570.
Command: python -m experiments glsm_geometric_call --check
Expected: the default rule within 0.2 % of the exact price, Bermudan with 50 dates and American, its deltas within
    0.5 % and their sampling error; G-LSM as published at 7 assets within its sampling error of the print.
Time: about 8 minutes on two cores. Device: CPU or GPU; --full adds 100 assets and takes about an hour.

A geometric mean of lognormal prices is one lognormal asset: quadrature prices its Bermudan options, a binomial lattice
its American ones. G-LSM as published: order 10, 720,000 paths, priced on the paths of the fit, which is the price of 50
dates; in mixed precision. The default rule, in 64 bits on fresh paths, gives the Bermudan price with its interval, and
twice that less the price with 25 dates for the American one. Deltas are means over the assets, which are alike.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from experiments import glsm_common as common
from experiments.harness import Cell, Experiment, Metrics
from jaxprice import reference
from jaxprice.cli.timing import timed
from jaxprice.engines import glsm
from jaxprice.engines.glsm import Precision
from jaxprice.reference.literature import glsm as literature

_G_LSM, _BERMUDAN, _AMERICAN = "G-LSM", "default rule", "American"
_BERMUDAN_EXACT, _AMERICAN_EXACT = "reference.geometric_basket.bermudan_call", "reference.lattice.call"
_SHOWN = ("n_assets", "method", "n_basis", "price", "std_error", "published", "z", "exact", "error_percent")
_SHOWN += ("lower", "upper", "delta", "exact_delta")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes and effort.

    Attributes:
        n_assets: rows of the default rule.
        n_assets_published: rows of the published method.
        n_paths: of a trial of the published method.
        most_trials: of the published method.
        teraflops: budget of Gram products for the trials of one row.
        precision: of the published method.
        n_fit_paths: of the default rule.
        n_price_paths: fresh ones of the default rule, for its Greeks.
        n_dual_paths: fresh ones of its interval.
        n_lattice_steps: of the exact American price.
    """

    n_assets: tuple[int, ...] = (7, 13, 20)
    n_assets_published: tuple[int, ...] = (7,)
    n_paths: int = 720_000
    most_trials: int = 10
    teraflops: float = 6.0
    precision: Precision = Precision.MIXED
    n_fit_paths: int = glsm.Config.n_paths
    n_price_paths: int = 2**19
    n_dual_paths: int = glsm.Config.n_dual_paths
    n_lattice_steps: int = 4000


def run(key: jax.Array, config: Config) -> Metrics:
    """The published method where wanted, then the default rule, Bermudan and American."""
    settings = glsm.Config(
        n_paths=config.n_fit_paths, n_price_paths=config.n_price_paths, n_dual_paths=config.n_dual_paths
    )
    details = []
    for d in dict.fromkeys(config.n_assets_published + config.n_assets):
        model, product = common.problem(2, d)
        keys = [jax.random.fold_in(jax.random.fold_in(key, d), i) for i in range(3)]
        published = literature.TABLES_4_5.one(n_assets=d)
        price, delta = common.exact_geometric(model, product)
        bermudan = {"n_assets": d, "exact": price, "exact_delta": delta}
        price, delta = _american(model, product, config.n_lattice_steps)
        american = {"n_assets": d, "exact": price, "exact_delta": delta}
        if d in config.n_assets_published:
            method = common.published_method(published.order, config.n_paths, config.precision)
            n_trials = common.affordable_trials(model, product, method, config.teraflops, config.most_trials)
            row = common.in_sample(keys[0], model, product, method, n_trials)
            row = common.against_published(row, published.price, published.trial_std)
            details.append(bermudan | {"method": _G_LSM} | row)
        if d in config.n_assets:
            row, result = common.certified(keys[1], model, product, settings)
            details.append(bermudan | {"method": _BERMUDAN} | row | common.deltas(result))
            details.append(american | {"method": _AMERICAN} | _priced_american(keys[2], model, product, settings))
    for row in details:
        row["error_percent"] = 100.0 * (row["price"] / row["exact"] - 1.0)
    return {"rows": common.shown(details, _SHOWN), "details": details}


def _american(model: Any, product: Any, n_steps: int) -> tuple[float, float]:
    """Price and mean delta of the one asset that the geometric mean is."""

    def price(spot: jax.Array) -> jax.Array:
        market = (model.dividend, model.volatility, model.correlation)
        spot, dividend, volatility = reference.geometric_basket.equivalent_asset(spot, *market)
        contract = (product.payoff.strike, model.rate, dividend, volatility, product.exercise_times[-1])
        return reference.lattice.call(spot, *contract, n_steps=n_steps)

    direction = jnp.full_like(model.spot, 1.0 / model.n_assets)
    value, slope = jax.jvp(price, (model.spot,), (direction,))
    return float(value), float(slope)


def _priced_american(key: jax.Array, model: Any, product: Any, settings: glsm.Config) -> dict[str, Any]:
    contract = (product.payoff, product.exercise_times[-1])
    result, seconds = timed(
        lambda: glsm.price_american(key, model, *contract, settings, n_dates=len(product.exercise_times))
    )
    return {
        "n_basis": common.n_basis(model, product, settings),
        "price": float(result.price),
        "std_error": float(result.std_error),
        "lower": float(result.lower),
        "delta": float(jnp.mean(result.greeks.spot)),
        "delta_error": float(jnp.max(result.greeks_std_error.spot)),
        "seconds": seconds.run,
    }


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The published method beside the print, the default rule beside the exact numbers."""
    found = []
    for row in metrics["details"]:
        name = f"{row['n_assets']} assets, {row['method']}"
        source = _AMERICAN_EXACT if row["method"] == _AMERICAN else _BERMUDAN_EXACT
        if row["method"] == _G_LSM:
            found.append(common.published_cell(name, row, literature.TABLES_4_5.source))
        else:
            found.append(common.error_cell(name, row, source))
            found += common.interval_cells(name, row, source)
        found += common.delta_cells(name, row, source)
    return found


EXPERIMENT = Experiment(
    question="Are the prices and deltas of an American option in 7 to 100 dimensions right?",
    table="Yang and Li 2025, tables 4 and 5",
    run=run,
    cells=cells,
    default=Config(),
    smoke=Config(n_assets=(7,), n_paths=512, n_fit_paths=512, n_price_paths=512, n_dual_paths=16, n_lattice_steps=64),
    full=Config(n_assets=(7, 13, 20, 100), n_assets_published=(7, 13), teraflops=60.0, n_price_paths=2**21),
)
