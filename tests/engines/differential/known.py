"""Data sets whose truth is known, made here from closed forms, and surrogates that need no training."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from helpers import default_dtype
from jax.scipy.special import ndtr

from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.engines.differential.surrogate import Surrogate
from jaxprice.learning.activation import Activation
from jaxprice.learning.samples import Normalisation
from jaxprice.learning.twin_net import Network

STRIKE, VOLATILITY = 1.1, 0.2


def dataset(x, y, dydx, direction=None, curvature=None, dtype=None, margin=0.5):
    """Numbers as a data set whose domain is somewhat larger than the box of the inputs."""
    x = np.asarray(x)
    wider = margin * np.ptp(x, axis=0)
    numbers = {"x": x, "y": y, "dydx": dydx, "direction": direction, "curvature": curvature}
    dtype = dtype or default_dtype()
    arrays = {name: None if value is None else jnp.asarray(value, dtype) for name, value in numbers.items()}
    names = tuple(f"input_{i}" for i in range(x.shape[1]))
    lower, upper = (jnp.asarray(bound, dtype) for bound in (x.min(axis=0) - wider, x.max(axis=0) + wider))
    return DifferentialDataset(**arrays, domain=Domain(lower=lower, upper=upper, names=names))


def exact(function, x, direction=None):
    """Labels without noise of a function of one point, with second derivatives along directions if there are any."""
    x = jnp.asarray(x, default_dtype())

    @jax.jit
    def labels(x):
        y, dydx = jax.vmap(jax.value_and_grad(function))(x)
        along = None if direction is None else jnp.einsum("nml,kl->nkm", jax.vmap(jax.hessian(function))(x), direction)
        return y, dydx, along

    direction = None if direction is None else jnp.asarray(direction, default_dtype())
    y, dydx, curvature = labels(x)
    return dataset(x, y, dydx, direction, curvature)


@dataclasses.dataclass(frozen=True)
class Basket:
    """The Bachelier basket of Huge and Savine's notebooks, section 3.1 of their paper."""

    weight: np.ndarray
    factor: np.ndarray

    @classmethod
    def of(cls, n_assets, seed=281):
        """Random weights, volatilities and correlations; the basket's volatility is 0.2."""
        rng = np.random.default_rng(seed)
        loading = rng.uniform(size=(2 * n_assets, n_assets))
        gram = loading.T @ loading
        correlation = gram / np.sqrt(np.outer(np.diag(gram), np.diag(gram)))
        weight = rng.uniform(1.0, 10.0, n_assets)
        weight /= weight.sum()
        volatility = rng.uniform(5.0, 50.0, n_assets)
        exposure = weight * volatility
        volatility *= VOLATILITY / np.sqrt(exposure @ correlation @ exposure)
        return cls(weight, volatility[:, None] * np.linalg.cholesky(correlation))

    def points(self, n, seed):
        """Prices after a year at one and a half times the volatility, around one."""
        return 1.0 + 1.5 * np.random.default_rng(seed).normal(size=(n, len(self.weight))) @ self.factor.T

    def samples(self, n, seed, dtype=None):
        """One antithetic pair for each label, another year on."""
        x = self.points(n, seed)
        move = np.random.default_rng(seed + 1000).normal(size=(n, len(self.weight))) @ self.factor.T
        basket = (x + np.stack([move, -move])) @ self.weight
        y = np.maximum(basket - STRIKE, 0.0).mean(axis=0)
        return dataset(x, y, (basket > STRIKE).mean(axis=0)[:, None] * self.weight, dtype=dtype)

    def truth(self, x):
        """Value, gradient, and second derivative by the basket itself."""
        distance = (np.asarray(x) @ self.weight - STRIKE) / VOLATILITY
        share = np.asarray(ndtr(jnp.asarray(distance)))
        density = np.exp(-0.5 * distance**2) / np.sqrt(2.0 * np.pi)
        return VOLATILITY * (distance * share + density), share[:, None] * self.weight, density / VOLATILITY


def untrained(data, n_members=1, *, n_layers=3, n_units=8, activation=Activation.SOFTPLUS, is_wide=False, dtype=None):
    """A surrogate with random parameters, biases included, normalised by a data set: as good as any to be asked."""
    network = Network(
        n_inputs=data.n_inputs, n_layers=n_layers, n_units=n_units, activation=activation, is_wide=is_wide
    )
    return Surrogate(
        approximator=network,
        params=random_params(network.template(n_members), dtype),
        normalisation=jax.jit(Normalisation.of)(data),
        domain=data.domain,
        status=jnp.int32(0),
        diagnostics={"loss": jnp.full((n_members, 3), jnp.nan, jnp.float32)},
    )


def random_params(template, dtype=None, seed=4):
    """Normal numbers in the shapes of a template, of a size that keeps the activations bent."""
    rng = np.random.default_rng(seed)

    def draw(leaf):
        scale = 1.5 / np.sqrt(leaf.shape[-1]) if leaf.ndim > 2 else 0.5
        return jnp.asarray(scale * rng.normal(size=leaf.shape), dtype or leaf.dtype)

    return jax.tree.map(draw, template)


def root_mean_square(error):
    return float(np.sqrt(np.mean(np.asarray(error) ** 2)))
