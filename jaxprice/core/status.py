"""What can only be known from the numbers, carried in the result and turned into an exception on request."""

import enum

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Int


class Status(enum.IntEnum):
    """Outcome of a computation, in rising severity: merging two outcomes keeps the worse."""

    OK = 0
    OUTSIDE_DOMAIN = 10
    NO_EXERCISE_REGION = 20
    NOT_CONVERGED = 30
    RANK_CAP = 40
    GLOBAL_CHECK_FAILED = 50
    RANK_DEFICIENT = 60
    FACTORISATION_FAILED = 70
    NON_FINITE = 100


_REMEDY = {
    Status.OK: "all went well",
    Status.OUTSIDE_DOMAIN: "an input lies outside the domain the surrogate was fitted on: refit on a wider domain",
    Status.NO_EXERCISE_REGION: "no path was ever in the money at an exercise date: check the strike",
    Status.NOT_CONVERGED: "an iteration stopped at its cap: allow more sweeps or loosen the tolerance",
    Status.RANK_CAP: "a tensor rank reached its cap: raise max_rank or loosen the tolerance",
    Status.GLOBAL_CHECK_FAILED: "an independent check found an error above the tolerance: add pivots or change the key",
    Status.RANK_DEFICIENT: "a regression matrix is close to rank-deficient: use fewer basis functions or more paths",
    Status.FACTORISATION_FAILED: "a Cholesky factorisation failed: raise the jitter or remove duplicate points",
    Status.NON_FINITE: "a price or a sensitivity is NaN or infinite: check the model's numbers and what the payoff "
    "returns at extreme states; jax.config.update('jax_debug_nans', True) shows where it starts",
}


class StatusError(RuntimeError):
    """A result whose status is not OK, raised by `raise_for_status`."""


def merge(*statuses: Int[Array, ""]) -> Int[Array, ""]:
    """The worst of several outcomes."""
    return jnp.max(jnp.stack([jnp.asarray(status, jnp.int32) for status in statuses]))


def non_finite(*trees: object) -> Int[Array, ""]:
    """`NON_FINITE` if any number in the trees is NaN or infinite, else `OK`."""
    leaves = [leaf for leaf in jax.tree.leaves(trees) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    finite = jnp.array(True)
    for leaf in leaves:
        finite = finite & jnp.all(jnp.isfinite(leaf))
    return jnp.where(finite, jnp.int32(Status.OK), jnp.int32(Status.NON_FINITE))


def describe(status: int) -> str:
    """The name of an outcome and what to do about it."""
    known = Status(int(status))
    return f"{known.name}: {_REMEDY[known]}"


def raise_for_status(status: Int[Array, "*batch"]) -> None:
    """Raises `StatusError` for the worst outcome in `status` unless all are `OK`; call it outside `jit`."""
    worst = int(np.max(np.asarray(status)))
    if worst != Status.OK:
        raise StatusError(describe(worst))
