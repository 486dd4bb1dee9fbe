"""Markets and products as functions of labelled inputs, for the tests of labels."""

import dataclasses

import jax.numpy as jnp
from helpers import default_dtype
from problems import MONTHS, market

from jaxprice import products
from jaxprice.core.domain import Domain

ONE = market(1)


def box(**bounds):
    lower, upper = zip(*bounds.values(), strict=True)
    return Domain(lower=jnp.asarray(lower, default_dtype()), upper=jnp.asarray(upper, default_dtype()),
                  names=tuple(bounds))  # fmt: skip


def european(payoff, expiry=1.0):
    return products.European(payoff=payoff, expiry=expiry)


def function(of, jumps=None):
    return products.Function(function=of, jumps=jumps)


def moved(x):
    return dataclasses.replace(ONE, spot=x[:1], volatility=x[1:2], rate=x[2])


def call(x):
    return moved(x), european(products.Call(strike=x[3]), x[4])


def digital(x):
    return moved(x), european(products.Digital(strike=104.0), x[3])


def digital_everything(x):
    return moved(x), european(products.Digital(strike=x[3]), x[4])


def barrier(x):
    payoff = products.BarrierCall(strike=x[2], barrier=125.0)
    model = dataclasses.replace(ONE, spot=x[:1], volatility=x[1:2])
    return model, products.PathDependent(payoff=payoff, observation_times=MONTHS * x[3])


def barrier_and_level(x):
    model, product = barrier(x)
    return model, dataclasses.replace(product, payoff=dataclasses.replace(product.payoff, barrier=x[4]))


SQUARE = {"spot": (80.0, 120.0), "volatility": (0.1, 0.4), "rate": (0.0, 0.1)}
CALLS = box(**SQUARE, strike=(90.0, 115.0), expiry=(0.3, 2.0))
DIGITALS = box(**SQUARE, expiry=(0.3, 2.0))
