"""What is paid and when: payoffs, and the products that hold them."""

from jaxprice.products.basket import (
    BasketCall,
    BasketPut,
    GeometricBasketCall,
    GeometricBasketPut,
    GeometricCallSpread,
    StrangleSpread,
)
from jaxprice.products.exercise import Bermudan, European, PathDependent
from jaxprice.products.path_dependent import AsianCall, BarrierCall, CallSharpe, WorstOfAutocallable
from jaxprice.products.payoff import Function, Payoff
from jaxprice.products.rainbow import (
    GeometricOutperformer,
    MaxCall,
    MaxPut,
    MinCall,
    MinPut,
    Outperformer,
    OutperformerSpread,
    Spread,
)
from jaxprice.products.vanilla import Call, CallSpread, Digital, Put

__all__ = [
    "AsianCall", "BarrierCall", "BasketCall", "BasketPut", "Bermudan", "Call", "CallSharpe", "CallSpread", "Digital",
    "European", "Function", "GeometricBasketCall", "GeometricBasketPut", "GeometricCallSpread",
    "GeometricOutperformer", "MaxCall", "MaxPut", "MinCall", "MinPut", "Outperformer", "OutperformerSpread",
    "PathDependent", "Payoff", "Put", "Spread", "StrangleSpread", "WorstOfAutocallable",
]  # fmt: skip
