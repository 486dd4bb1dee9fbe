"""Nodes and weights that the references share, and the two tricks that keep their derivatives right.

Independent of `jaxprice.numerics` on purpose: a reference must not inherit the errors of what it judges.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

# Gaussian tails beyond this many standard deviations weigh less than 3e-18 and are dropped.
TAIL = 8.7


def gauss_legendre(n_nodes: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on [0, 1]; exact for polynomials of degree 2 n_nodes - 1.

    Returns:
        Nodes and weights, each of shape (n_nodes,).
    """
    node, weight = np.polynomial.legendre.leggauss(n_nodes)
    return jnp.asarray(0.5 * (node + 1.0)), jnp.asarray(0.5 * weight)


def panels(lower: Array, upper: Array, n_panels: int, n_nodes: int) -> tuple[Array, Array]:
    """Composite Gauss-Legendre rule on [lower, upper] with equal panels.

    Differentiable in both limits; an interval of length zero gets zero weights.

    Args:
        lower: left end, shape ().
        upper: right end, shape ().
        n_panels: number of equal panels.
        n_nodes: nodes in each panel.

    Returns:
        Nodes and weights, each of shape (n_panels * n_nodes,), in ascending order.
    """
    node, weight = gauss_legendre(n_nodes)
    unit = ((jnp.arange(n_panels, dtype=node.dtype)[:, None] + node[None, :]) / n_panels).reshape(-1)
    length = upper - lower
    return lower + length * unit, length * jnp.tile(weight / n_panels, n_panels)


def normal_trapezoid(n_nodes: int, tail: float = 10.0) -> tuple[Array, Array]:
    """Trapezoidal rule for the expectation of a smooth function of a standard normal.

    The error falls like exp(-2 (pi s / h)^2) for a function that varies on the scale s, h the step: for
    integrands with a narrow smooth feature it beats Gauss-Hermite at the same number of nodes.

    Returns:
        Nodes and weights, each of shape (n_nodes,), symmetric about zero; the weights contain the normal
        density.
    """
    node = np.linspace(-tail, tail, n_nodes)
    weight = np.exp(-0.5 * node * node)
    return jnp.asarray(node), jnp.asarray(weight / weight.sum())


def normal_tensor(n_nodes: tuple[int, ...]) -> tuple[Array, Array]:
    """Tensor rule for the expectation of a smooth function of independent standard normals.

    Gauss-Hermite along axes of fewer than 60 nodes, the trapezoidal rule along the others, which at that size
    resolves finer features. Nodes whose weight is below 1e-17 are dropped while the rule is built.

    Args:
        n_nodes: number of nodes along each axis; an empty tuple gives the one-point rule.

    Returns:
        Nodes of shape (n, len(n_nodes)) and weights of shape (n,).
    """
    grid, weight = np.zeros((1, 0)), np.ones(1)
    for n in n_nodes:
        if n < 60:
            node, mass = np.polynomial.hermite_e.hermegauss(n)
        else:
            node = np.linspace(-TAIL, TAIL, n)
            mass = np.exp(-0.5 * node * node)
        mass = mass / mass.sum()
        grid = np.concatenate([np.repeat(grid, n, axis=0), np.tile(node, len(grid))[:, None]], axis=1)
        weight = np.repeat(weight, n) * np.tile(mass, len(weight))
        keep = weight > 1e-17
        grid, weight = grid[keep], weight[keep]
    return jnp.asarray(grid), jnp.asarray(weight)


def refine_root(residual_fn: Callable[[Array], Array], root: Array) -> Array:
    """One Newton step from a root found without derivatives, which gives the root its implicit derivatives.

    The root is frozen, the residual is not, so d root / d parameter = -residual_parameter / residual_root
    as the implicit function theorem says. Right to first order in the parameters; a price whose first
    derivative in the root vanishes (an exercise boundary, the kink of a payoff) is then right to second
    order.

    Args:
        residual_fn: scalar function of the root; its parameters are captured and stay differentiable.
        root: an accurate root, shape ().
    """
    root = jax.lax.stop_gradient(root)
    value, slope = jax.jvp(residual_fn, (root,), (jnp.ones_like(root),))
    slope = jax.lax.stop_gradient(slope)
    # A large step means that there is no root and that the search stopped at an end: the end has no
    # derivative.
    usable = jnp.abs(value) < 1e-6 * jnp.abs(slope)
    return root - jnp.where(usable, value, 0.0) / jnp.where(usable, slope, 1.0)


def bisect(residual_fn: Callable[[Array], Array], lower: Array, upper: Array, n_steps: int = 60) -> Array:
    """Root of an increasing function by bisection; an end of the interval where there is no change of sign.

    Not differentiable (see `refine_root`).

    Args:
        residual_fn: increasing scalar function.
        lower: left end, shape ().
        upper: right end, shape ().
        n_steps: halvings; 60 exhaust float64.
    """

    def halve(_, ends):
        left, right = ends
        middle = 0.5 * (left + right)
        is_left = residual_fn(middle) > 0.0
        return jnp.where(is_left, left, middle), jnp.where(is_left, middle, right)

    left, right = jax.lax.fori_loop(0, n_steps, halve, (lower, upper))
    return 0.5 * (left + right)
