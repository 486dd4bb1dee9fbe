"""Two contracts beyond the paper's tables: a strangle spread on a basket, and a basket put under local volatility.

Question: does the engine price a payoff that is neither a put nor a call, and a model that the user wrote?
Table: further examples in the repository of Yang and Li 2025, arXiv 2405.02570, branch dev01: strangle spread on the
    mean of five correlated assets (Kohler, Krzyzak and Todorovic 2010), and the arithmetic basket put under Dupire's
    local volatility (Becker, Cheridito, Jentzen and Welti 2021).
Command: python -m experiments glsm_local_volatility_and_strangle --check
Expected: the published method reproduces the published strangle spread; certified intervals of a few tenths of
    a per cent, two to three for the cheap put without a dividend.
Time: about 6 minutes on two cores. Device: CPU or GPU.

The second model is one of a user's own, in local_volatility.py. It has one Euler step between two exercise dates; the
same chain is priced and bounded, so the interval is one of the discretised model.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.glsm_common import certified, in_sample, published_method
from experiments.harness import Cell, Experiment, Metrics
from experiments.local_volatility import LocalVolatility
from jaxprice import models, products
from jaxprice.core.array import Array
from jaxprice.engines import glsm
from jaxprice.engines.glsm.columns import Observation, payoff
from jaxprice.reference.literature import glsm as literature

_STRIKES, _SPOT, _RATE, _EXPIRY, _N_ASSETS, _DEGREE = (75.0, 90.0, 110.0, 125.0), 100.0, 0.05, 1.0, 5, 8
_WIDEST = 3.0  # %
_PRINTED = {"strangle spread": literature.STRANGLE_SPREAD_BASKET}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        n_published_paths: of the published method.
        order: of the published method.
        n_strangle_dates: exercise dates of it.
        n_local_dates: exercise dates of the put.
        n_paths: of the fit of the default method.
        n_dual_paths: outer paths of its interval.
        n_inner: inner draws.
    """

    n_published_paths: int = 200_000
    order: int = 15
    n_strangle_dates: int = 48
    n_local_dates: int = 10
    n_paths: int = 2**17
    n_dual_paths: int = 2**11
    n_inner: int = 2**8


def mean_price(observation: Observation) -> Array:
    """Powers of the mean of the prices, bent back in its tails: a user's column."""
    x = jnp.tanh(2.0 * jnp.mean(observation.price, axis=0) / _SPOT - 2.0)
    return jnp.cumprod(jnp.broadcast_to(x[None], (_DEGREE, *x.shape)), axis=0)


def _strangle(n_dates: int) -> tuple[Any, Any]:
    matrix = np.array(literature.STRANGLE_SPREAD_VOLATILITY)
    volatility = np.sqrt(np.sum(matrix**2, axis=1))
    correlation = matrix @ matrix.T / np.outer(volatility, volatility)
    spot, zero = np.full(len(matrix), _SPOT), np.zeros(len(matrix))
    model = models.BlackScholes(spot=spot, volatility=volatility, correlation=correlation, rate=_RATE, dividend=zero)
    return model, products.Bermudan.equally_spaced(products.StrangleSpread(strike=np.array(_STRIKES)), _EXPIRY, n_dates)


def _local(n_dates: int, dividend: float) -> tuple[Any, Any]:
    spot, weight = np.full(_N_ASSETS, _SPOT), np.full(_N_ASSETS, 1.0 / _N_ASSETS)
    model = LocalVolatility(spot=spot, start=0.0, center=_SPOT, rate=_RATE, dividend=dividend)
    put = products.BasketPut(strike=_SPOT, weight=weight)
    return model, products.Bermudan.equally_spaced(put, _EXPIRY, n_dates)


def run(key: jax.Array, config: Config) -> Metrics:
    """A row for each contract: the published method in sample where it is at hand, and the certified interval."""
    effort = {"n_paths": config.n_paths, "n_dual_paths": config.n_dual_paths, "n_inner": config.n_inner}
    columns = (payoff, mean_price)
    settings = glsm.Config(**effort, n_price_paths=config.n_paths, n_substeps=1, columns=columns, greeks=False)
    as_published = published_method(config.order, config.n_published_paths)
    contracts = {
        "strangle spread": _strangle(config.n_strangle_dates),
        "local volatility, dividend 0.1": _local(config.n_local_dates, 0.1),
        "local volatility, dividend 0": _local(config.n_local_dates, 0.0),
    }
    rows = []
    for i, (name, (model, product)) in enumerate(contracts.items()):
        row, _ = certified(jax.random.fold_in(key, i), model, product, settings)
        one_step = dataclasses.replace(as_published, n_substeps=1)
        found = in_sample(jax.random.fold_in(key, 100 + i), model, product, one_step, 1)
        published = {f"published_method_{what}": found[what] for what in ("price", "std_error", "seconds")}
        rows.append({"contract": name, "dates": len(product.exercise_times)} | row | published)
    return {"rows": rows}


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """The published price, by its method; narrow intervals."""
    found = []
    for row in metrics["rows"]:
        width = 100.0 * (row["upper"] - row["lower"]) / row["price"]
        found.append(Cell.at_most(f"{row['contract']}: width of the interval, %", width, _WIDEST, source="claim"))
        if row["contract"] in _PRINTED:
            print_ = _PRINTED[row["contract"]]
            price, error = row["published_method_price"], row["published_method_std_error"]
            about = {"expected_error": print_.half_width, "n_errors": 3.0, "source": print_.source}
            name = f"{row['contract']}: published method, in sample"
            found.append(Cell.unbiased(name, price, error, print_.value, **about))
    return found


EXPERIMENT = Experiment(
    question="Does the engine price other payoffs and models: a strangle spread, and a put under local volatility?",
    table="repository of Yang and Li, branch dev01",
    run=run,
    cells=cells,
    default=Config(),
    smoke=Config(
        n_published_paths=2048,
        order=2,
        n_strangle_dates=3,
        n_local_dates=3,
        n_paths=2048,
        n_dual_paths=32,
        n_inner=16,
    ),
    full=Config(n_local_dates=50, n_paths=2**19, n_dual_paths=2**14),
)
