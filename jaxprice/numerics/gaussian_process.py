"""Gaussian-process regression: exact, in 64 bits, hyperparameters by maximum likelihood.

Written for one data set; batches are `vmap`. Inputs are taken as they come: bring them to a common scale first. Targets
are standardised: their least-squares straight line (or their mean) is taken off, what is left is divided by its root
mean square, and prediction undoes both. The signal variance has a closed form given the rest, so the search is over
length scales and the ratio of noise to signal variance alone (Rasmussen and Williams 2006, chapters 2 and 5).

A nearly noiseless fit drives the length scale towards infinity and the matrix towards singular: both hyperparameters
are bounded, and a fit says whether they stand at a bound.
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_solve, solve_triangular

from jaxprice.core.array import Array, Bool, Float, Int, Scalar
from jaxprice.core.status import Status
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.core.validation import check_count, check_member
from jaxprice.numerics import sqp
from jaxprice.numerics.kernel import Kernel, covariance

_N_JITTERS = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Structure and effort of a fit; hashable.

    Attributes:
        kernel: smoothness.
        is_ard: one length scale for each input ("automatic relevance determination"); one for all otherwise.
        max_lengthscales: where there are more inputs, the last of so many length scales is shared by all further ones;
            None: no limit. With as many length scales as points have coordinates the likelihood overfits.
        is_linear: whether a straight line is taken off the targets, or their mean alone.
        lengthscale_bounds: in units of the inputs.
        noise_bounds: variance of the noise over that of the signal.
        max_iterations: evaluations of the likelihood in each search.
        tolerance: of the log-likelihood, relative.
    """

    kernel: Kernel = Kernel.MATERN_32
    is_ard: bool = False
    max_lengthscales: int | None = None
    is_linear: bool = True
    lengthscale_bounds: tuple[float, float] = (0.05, 100.0)
    noise_bounds: tuple[float, float] = (1e-8, 1.0)
    max_iterations: int = 20
    tolerance: float = 1e-4

    def validate(self) -> "Config":
        """The same settings with names turned into enumeration members.

        Raises:
            ValueError: for settings that fit nothing.
        """
        check_count("max_iterations", self.max_iterations)
        if self.max_lengthscales is not None:
            check_count("max_lengthscales", self.max_lengthscales)
        for name in ("lengthscale_bounds", "noise_bounds"):
            low, high = getattr(self, name)
            if not 0.0 < low <= high < float("inf"):
                raise ValueError(f"{name}: expected two positive numbers in order, got {(low, high)}")
        if not self.tolerance > 0.0:
            raise ValueError(f"tolerance: expected a positive number, got {self.tolerance}")
        return dataclasses.replace(self, kernel=check_member("kernel", Kernel, self.kernel))

    def n_lengthscales(self, n_inputs: int) -> int:
        """Of so many inputs."""
        return min(n_inputs, self.max_lengthscales or n_inputs) if self.is_ard else 1


@pytree_dataclass
class Hyperparameters:
    """What the likelihood decides.

    Attributes:
        lengthscale: of each input, all equal unless ARD, (m,).
        noise: variance of the noise over that of the signal, ().
    """

    lengthscale: Float[Array, " m"]
    noise: Scalar


@pytree_dataclass
class GaussianProcess:
    """A fitted process: the posterior given its data.

    Attributes:
        x: inputs, (n, m).
        weight: of the covariances with each input in the posterior mean, in units of the target, (n,).
        factor: lower Cholesky factor of covariance plus noise, of a unit signal, (n, n).
        intercept: of the straight line, ().
        slope: of the straight line, zero without one, (m,).
        hyperparameters: as found.
        signal: standard deviation of the process, in units of the target, ().
        log_likelihood: of the standardised targets at its maximum over the signal, ().
        is_at_bound: whether the length scales or the noise stand at a bound, ().
        status: `FACTORISATION_FAILED` where no jitter helped, `NOT_CONVERGED` for a search at its cap, else `OK`.
        kernel: smoothness.
    """

    x: Float[Array, "n m"]
    weight: Float[Array, " n"]
    factor: Float[Array, "n n"]
    intercept: Scalar
    slope: Float[Array, " m"]
    hyperparameters: Hyperparameters
    signal: Scalar
    log_likelihood: Scalar
    is_at_bound: Bool[Array, ""]
    status: Int[Array, ""]
    kernel: Kernel = static_field()

    def mean(self, x: Float[Array, "k m"]) -> Float[Array, " k"]:
        """Posterior mean at points; differentiable once for Matérn 3/2, twice for Matérn 5/2."""
        cross = covariance(self.kernel, self.hyperparameters.lengthscale, x, self.x)
        return self.intercept + x @ self.slope + cross @ self.weight

    def variance(self, x: Float[Array, "k m"]) -> Float[Array, " k"]:
        """Posterior variance of the noiseless process at points, the straight line taken as known."""
        cross = covariance(self.kernel, self.hyperparameters.lengthscale, x, self.x)
        half = solve_triangular(self.factor, cross.T, lower=True)
        return self.signal**2 * jnp.maximum(1.0 - jnp.sum(half**2, axis=0), 0.0)

    def gradient(self, x: Float[Array, "k m"]) -> Float[Array, "k m"]:
        """Derivative of the posterior mean at points."""
        return jax.vmap(jax.grad(lambda point: self.mean(point[None])[0]))(x)


def default_start(n_inputs: int, dtype: Any = jnp.float64) -> Hyperparameters:
    """A length scale of 2 and noise of 1e-4 of the signal: for inputs of unit variance."""
    return Hyperparameters(lengthscale=jnp.full((n_inputs,), 2.0, dtype), noise=jnp.asarray(1e-4, dtype))


@functools.partial(jax.jit, static_argnames=("config",))
def fit(
    x: Float[Array, "n m"], y: Float[Array, " n"], start: Hyperparameters, config: Config = Config()
) -> GaussianProcess:
    """The process whose hyperparameters maximise the likelihood, searched from a warm start.

    Args:
        x: inputs.
        y: targets.
        start: where the search begins; with a leading axis (k, ...) there are k searches, of which the best counts.
        config: kernel, bounds, effort.
    """
    found, outcome = search(x, y, start, config)
    process = condition(x, y, found, config)
    lower, upper = _bounds(x.shape[1], config, x.dtype)
    vector, edge = _to_vector(found, config), 1e-6 * (upper - lower)
    return dataclasses.replace(
        process,
        is_at_bound=jnp.any((vector <= lower + edge) | (vector >= upper - edge)),
        status=jnp.maximum(process.status, outcome),
    )


def search(
    x: Float[Array, "n m"], y: Float[Array, " n"], start: Hyperparameters, config: Config = Config()
) -> tuple[Hyperparameters, Int[Array, ""]]:
    """Hyperparameters of largest likelihood and the outcome of the search; arguments as in `fit`."""
    _, standard, _ = _standardise(x, y, config.is_linear)
    lower, upper = _bounds(x.shape[1], config, x.dtype)

    def one(start: Hyperparameters) -> sqp.Solution:
        return sqp.minimise(
            lambda vector: _cost(vector, x, standard, config),
            jnp.clip(_to_vector(start, config), lower, upper),
            lower,
            upper,
            tolerance=config.tolerance,
            max_iterations=config.max_iterations,
        )

    if start.noise.ndim:
        found = jax.vmap(one)(start)
        best = jnp.argmin(jnp.where(jnp.isnan(found.value), jnp.inf, found.value))
        found = jax.tree.map(lambda leaf: leaf[best], found)
    else:
        found = one(start)
    return _from_vector(found.x, x.shape[1]), found.status


@functools.partial(jax.jit, static_argnames=("config",))
def condition(
    x: Float[Array, "n m"], y: Float[Array, " n"], hyperparameters: Hyperparameters, config: Config = Config()
) -> GaussianProcess:
    """The posterior for given hyperparameters: linear in the targets, and differentiable in them."""
    line, standard, scale = _standardise(x, y, config.is_linear)
    process = _posterior(x, standard, hyperparameters, config.kernel)
    return dataclasses.replace(
        process, weight=scale * process.weight, signal=scale * process.signal, intercept=line[0], slope=line[1:]
    )


def _standardise(x: Array, y: Array, is_linear: bool) -> tuple[Array, Array, Array]:
    """Straight line (intercept first), what is left in units of its root mean square, and that."""
    column = jnp.concatenate([jnp.ones_like(x[:, :1]), x], axis=1)
    if is_linear:
        ridge = 1e-10 * x.shape[0] * jnp.eye(column.shape[1], dtype=x.dtype)
        line = jnp.linalg.solve(column.T @ column + ridge, column.T @ y)
    else:
        line = jnp.zeros((column.shape[1],), x.dtype).at[0].set(jnp.mean(y))
    rest = y - column @ line
    square = jax.lax.stop_gradient(jnp.mean(rest**2))
    scale = jnp.where(square > 0.0, jnp.sqrt(jnp.where(square > 0.0, square, 1.0)), 1.0)
    return line, rest / scale, scale


def _to_vector(hyperparameters: Hyperparameters, config: Config) -> Array:
    scale = hyperparameters.lengthscale[: config.n_lengthscales(hyperparameters.lengthscale.shape[0])]
    return jnp.log(jnp.concatenate([scale, hyperparameters.noise[None]]))


def _from_vector(vector: Array, n_inputs: int) -> Hyperparameters:
    # The last one is that of all further inputs.
    place = np.minimum(np.arange(n_inputs), vector.shape[0] - 2)
    return Hyperparameters(lengthscale=jnp.exp(vector[:-1])[place], noise=jnp.exp(vector[-1]))


def _bounds(n_inputs: int, config: Config, dtype: Any) -> tuple[Array, Array]:
    n_scales = config.n_lengthscales(n_inputs)
    ends = [
        (*([low] * n_scales), noise) for low, noise in zip(config.lengthscale_bounds, config.noise_bounds, strict=True)
    ]
    return jnp.log(jnp.asarray(ends[0], dtype)), jnp.log(jnp.asarray(ends[1], dtype))


def _matrix(x: Array, hyperparameters: Hyperparameters, kernel: Kernel) -> Array:
    eye = jnp.eye(x.shape[0], dtype=x.dtype)
    plain = covariance(kernel, hyperparameters.lengthscale, x, x)
    return jnp.where(eye > 0.0, 1.0, plain) + hyperparameters.noise * eye


def _cost(vector: Array, x: Array, y: Array, config: Config) -> Scalar:
    """Minus the log-likelihood for each observation, at its maximum over the signal variance, up to a constant."""
    return _concentrated(_matrix(x, _from_vector(vector, x.shape[1]), config.kernel), y) / x.shape[0]


@jax.custom_jvp
def _concentrated(matrix: Float[Array, "n n"], y: Float[Array, " n"]) -> Scalar:
    return _with_slope(matrix, y)[0]


@_concentrated.defjvp
def _concentrated_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    # d log det K = tr(K⁻¹ dK): one inverse, where the derivative of a factorisation would solve several systems.
    value, slope = _with_slope(*primals)
    return value, jnp.sum(slope * tangents[0])


def _with_slope(matrix: Array, y: Array) -> tuple[Array, Array]:
    n = y.shape[0]
    factor = jnp.linalg.cholesky(matrix, symmetrize_input=False)
    half = solve_triangular(factor, jnp.eye(n, dtype=y.dtype), lower=True)
    scaled = half @ y
    square = scaled @ scaled
    alpha = scaled @ half
    value = 0.5 * n * jnp.log(jnp.maximum(square, jnp.finfo(y.dtype).tiny)) + jnp.sum(jnp.log(jnp.diagonal(factor)))
    return value, 0.5 * (half.T @ half - n * jnp.outer(alpha, alpha) / jnp.where(square > 0.0, square, 1.0))


def _posterior(x: Array, y: Array, hyperparameters: Hyperparameters, kernel: Kernel) -> GaussianProcess:
    """Weights and factor; where the factorisation fails the noise is raised a hundredfold, some times."""
    n = x.shape[0]
    matrix = _matrix(x, hyperparameters, kernel)

    def failed(state: tuple[Array, Array, Array]) -> Array:
        return ~jnp.all(jnp.isfinite(jnp.diagonal(state[0]))) & (state[2] < _N_JITTERS)

    def retry(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        jitter = 100.0 * state[1]
        raised = jax.lax.stop_gradient(matrix) + jitter * jnp.eye(n, dtype=x.dtype)
        return jnp.linalg.cholesky(raised, symmetrize_input=False), jitter, state[2] + 1

    first = jax.lax.stop_gradient(jnp.linalg.cholesky(matrix, symmetrize_input=False))
    start = (first, jnp.maximum(jax.lax.stop_gradient(hyperparameters.noise), 1e-10), jnp.int32(0))
    factor, jitter, n_tries = jax.lax.while_loop(failed, retry, start)
    has_failed = ~jnp.all(jnp.isfinite(jnp.diagonal(factor)))
    factor = jnp.where(has_failed, jnp.eye(n, dtype=x.dtype), factor)
    weight = jnp.where(has_failed, 0.0, cho_solve((factor, True), y))
    signal = jnp.sqrt(jnp.maximum(y @ weight / n, 0.0))
    likelihood = -0.5 * n * (jnp.log(2.0 * jnp.pi * jnp.maximum(signal**2, 1e-300)) + 1.0) - jnp.sum(
        jnp.log(jnp.diagonal(factor))
    )
    used = dataclasses.replace(
        hyperparameters, noise=jnp.where(n_tries > 0, hyperparameters.noise + jitter, hyperparameters.noise)
    )
    return GaussianProcess(
        x=x,
        weight=weight,
        factor=factor,
        intercept=jnp.zeros((), x.dtype),
        slope=jnp.zeros((x.shape[1],), x.dtype),
        hyperparameters=used,
        signal=jax.lax.stop_gradient(signal),
        log_likelihood=jax.lax.stop_gradient(likelihood),
        is_at_bound=jnp.array(False),
        status=jnp.where(has_failed, jnp.int32(Status.FACTORISATION_FAILED), jnp.int32(Status.OK)),
        kernel=kernel,
    )
