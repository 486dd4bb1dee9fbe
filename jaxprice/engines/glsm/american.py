"""American options: Bermudan ones with many dates, extrapolated to exercise at any time."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from jaxprice.core import status
from jaxprice.core.array import Array, PRNGKey
from jaxprice.core.result import PriceResult
from jaxprice.core.validation import check_count
from jaxprice.engines.glsm.config import Config
from jaxprice.engines.glsm.engine import price
from jaxprice.models.model import Model
from jaxprice.products.exercise import Bermudan


def price_american(
    key: PRNGKey,
    model: Model,
    payoff: Any,
    expiry: float | Array,
    config: Config = Config(),
    *,
    n_dates: int = 50,
    extrapolate: bool = True,
    mesh: Mesh | None = None,
) -> PriceResult:
    """Price of a payoff that its holder may take at any time, with every Greek.

    What a Bermudan contract lacks of the American one falls like one over the number of its dates, so twice the price
    with `n_dates` less the price with half of them lacks next to nothing (Richardson).

    Args:
        key: one key.
        model: what moves.
        payoff: from prices to one cash flow.
        expiry: last time of exercise, years.
        config: effort of each of the two prices.
        n_dates: of the finer Bermudan contract; even if it is to be extrapolated.
        extrapolate: whether to; otherwise the price with `n_dates` is returned, and is low.
        mesh: devices with an axis "paths".

    Returns:
        As `price`. `lower` is that of the finer Bermudan contract, which the American one is worth at least; there is
        no `upper`. The standard error takes the two prices as independent.

    Raises:
        ValueError: as `price`, and for an odd number of dates.
    """
    check_count("n_dates", n_dates)
    if extrapolate and n_dates % 2:
        raise ValueError(f"n_dates: expected an even number to extrapolate from, got {n_dates}")
    fine = price(key, model, Bermudan.equally_spaced(payoff, expiry, n_dates), config, mesh=mesh)
    fine = dataclasses.replace(fine, upper=None)
    if not extrapolate:
        return fine
    coarse = price(
        jax.random.fold_in(key, n_dates),
        model,
        Bermudan.equally_spaced(payoff, expiry, n_dates // 2),
        config,
        mesh=mesh,
    )

    more, less = fine.diagnostics or {}, coarse.diagnostics or {}

    def combine(a: Any, b: Any) -> Any:
        return jax.tree.map(lambda a, b: 2.0 * a - b, a, b)

    def combine_errors(a: Any, b: Any) -> Any:
        return jax.tree.map(lambda a, b: jnp.sqrt(4.0 * a**2 + b**2), a, b)

    return dataclasses.replace(
        fine,
        price=combine(fine.price, coarse.price),
        std_error=combine_errors(fine.std_error, coarse.std_error),
        greeks=combine(fine.greeks, coarse.greeks),
        greeks_std_error=combine_errors(fine.greeks_std_error, coarse.greeks_std_error),
        status=status.merge(fine.status, coarse.status),
        diagnostics={
            "bermudan": fine.price,
            "coarse_bermudan": coarse.price,
            "regression_delta": combine(more["regression_delta"], less["regression_delta"]),
        },
    )
