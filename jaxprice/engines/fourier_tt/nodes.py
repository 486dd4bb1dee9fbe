"""Grids of one parameter, and the weights that interpolate on them: what makes a table a function."""

import enum

import jax.numpy as jnp
import numpy as np

from jaxprice.core.array import Array, Float


class NodeKind(enum.StrEnum):
    """Where a parameter is learned."""

    CHEBYSHEV = "chebyshev"
    """At Chebyshev points; polynomials between them, so that derivatives of all orders are exact ones of the train."""
    UNIFORM = "uniform"
    """At equal distances, both ends included, as the paper's tables; straight lines between them."""


def unit_nodes(kind: NodeKind, n: int) -> np.ndarray:
    """Points in [-1, 1], (n,); Chebyshev's are cos(π (k + 1/2) / n)."""
    if kind == NodeKind.UNIFORM:
        return np.linspace(-1.0, 1.0, n)
    return np.cos(np.pi * (np.arange(n) + 0.5) / n)


def between(lower: float, upper: float, kind: NodeKind, n: int) -> np.ndarray:
    """The nodes of an interval, (n,)."""
    return 0.5 * (lower + upper) + 0.5 * (upper - lower) * unit_nodes(kind, n)


def root_weights(kind: NodeKind, n: int) -> np.ndarray:
    """Roots of quadrature weights, mean about one, (n,): with them a sum of squares over nodes is an integral.

    Chebyshev's nodes crowd at the ends, and of many parameters nearly all rows have some there: rounding to a share of
    their plain sum would make prices right near the corners of the box alone. Weights by Fejér's first rule.
    """
    if kind == NodeKind.UNIFORM:
        return np.ones(n)
    angle = np.pi * (np.arange(n) + 0.5) / n
    order = np.arange(1, n // 2 + 1)
    series = np.cos(2.0 * order[None] * angle[:, None]) / (4.0 * order[None] ** 2 - 1.0)
    return np.sqrt(1.0 - 2.0 * series.sum(axis=1))


def basis_core(core: np.ndarray, kind: NodeKind) -> np.ndarray:
    """A core (r, n, r') of values at nodes as one of coefficients of the functions that `weights` evaluates.

    Of Chebyshev nodes they are those of the interpolating polynomial, the same one as that of the barycentric formula,
    which divides zero by zero at every node; this form has no such points, and its derivatives none either.
    """
    if kind == NodeKind.UNIFORM:
        return core
    n = core.shape[1]
    angle = np.pi * (np.arange(n) + 0.5) / n
    cosine = np.cos(np.arange(n)[:, None] * angle[None]) * np.where(np.arange(n) > 0, 2.0, 1.0)[:, None] / n
    return np.einsum("kn,anb->akb", cosine, core)


def weights(unit: Float[Array, " samples"], kind: NodeKind, n: int) -> Float[Array, "samples n"]:
    """Of the coefficients, at points of [-1, 1]; polynomials go on beyond it, straight lines end at zero."""
    if kind == NodeKind.UNIFORM:
        place = 0.5 * (unit + 1.0) * (n - 1)
        distance = jnp.abs(place[:, None] - jnp.arange(n, dtype=unit.dtype)[None])
        return jnp.maximum(1.0 - distance, 0.0)
    rows = [jnp.ones_like(unit), unit]
    for _ in range(2, n):
        rows.append(2.0 * unit * rows[-1] - rows[-2])
    return jnp.stack(rows[:n], axis=1)
