"""Which columns suit a payoff, where the user does not say."""

from typing import Any

from jaxprice import models, products
from jaxprice.engines.glsm.columns import Basket, Column, OrderStatistics, PayoffProducts, payoff
from jaxprice.engines.glsm.european_column import EuropeanExtreme

_LARGEST = (products.MaxCall, products.MaxPut)
_SMALLEST = (products.MinCall, products.MinPut)
_ARITHMETIC = (products.BasketCall, products.BasketPut)
_GEOMETRIC = (products.GeometricBasketCall, products.GeometricBasketPut)
# Numbers of sorted prices, degree, and degree of what multiplies the payoff, by the number of assets.
_SORTED = {2: (2, 4, 2), 3: (3, 4, 2), 4: (3, 3, 2), 5: (3, 3, 2)}
_SORTED_ALONE = {2: (2, 6, 3), 3: (3, 5, 3), 4: (4, 5, 3)}
_MOST_ASSETS_EUROPEAN = 50


def default_columns(model: Any, of_product: Any, n_state: int) -> tuple[Column, ...]:
    """The payoff, and functions of what it is written on, or its products with those of a small state.

    They may repeat what the Hermite polynomials hold, as the sum of all sorted prices does; the ridge then shares the
    coefficient out, which changes no value.

    Args:
        model: that moves the prices.
        of_product: its payoff.
        n_state: coordinates of the state.
    """
    if isinstance(of_product, _LARGEST + _SMALLEST) and model.n_assets > 1:
        largest = isinstance(of_product, _LARGEST)
        if isinstance(model, models.BlackScholes) and model.n_assets <= _MOST_ASSETS_EUROPEAN:
            return (payoff, EuropeanExtreme(), _sorted(_SORTED.get(model.n_assets, (3, 3, 1)), largest))
        return (payoff, _sorted(_SORTED_ALONE.get(model.n_assets, (5, 4, 2)), largest))
    if isinstance(of_product, _ARITHMETIC + _GEOMETRIC) and model.n_assets > 1:
        return (payoff, Basket(degree=10, payoff_degree=6, geometric=isinstance(of_product, _GEOMETRIC)))
    # More would let the few paths in the money of a far strike decide.
    products_with_state = {1: (PayoffProducts(degree=6),), 2: (PayoffProducts(degree=4),)}
    return (payoff, *products_with_state.get(n_state, ()))


def _sorted(sizes: tuple[int, int, int], largest: bool) -> OrderStatistics:
    count, degree, payoff_degree = sizes
    return OrderStatistics(count=count, degree=degree, payoff_degree=payoff_degree, largest=largest)
