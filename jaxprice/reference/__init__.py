"""What the answer should be: closed forms, quadrature, lattices, grids and published values.

Every function is written for one problem with plain numbers and arrays, shares no code with the engines,
states its error, and is differentiable wherever its method allows. Nothing else in the package imports this
folder.
"""

from jaxprice.reference import (
    autocallable,
    bachelier,
    basket,
    bermudan,
    bermudan_heston,
    bermudan_two_asset,
    bivariate_normal,
    black_scholes,
    discrete_barrier,
    finite_difference,
    geometric_basket,
    heston,
    lattice,
    literature,
    margrabe,
    rainbow,
    two_asset,
    uncertain_volatility_pde,
)

__all__ = [
    "autocallable",
    "bachelier",
    "basket",
    "bermudan",
    "bermudan_heston",
    "bermudan_two_asset",
    "bivariate_normal",
    "black_scholes",
    "discrete_barrier",
    "finite_difference",
    "geometric_basket",
    "heston",
    "lattice",
    "literature",
    "margrabe",
    "rainbow",
    "two_asset",
    "uncertain_volatility_pde",
]
