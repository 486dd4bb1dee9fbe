"""Linear coefficients from values and derivatives at once, by one exact solve.

The last step of a network whose output layer is linear, and all of a polynomial regression (Huge and Savine 2020,
appendices 3 and 4): the minimiser of the same balanced loss that networks are trained on.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float
from jaxprice.core.precision import accumulator_dtype
from jaxprice.learning.loss import Balance
from jaxprice.learning.samples import Samples
from jaxprice.numerics.least_squares import NormalEquations, Solution, solve

FeatureFunction = Callable[[Float[Array, "q n"]], Float[Array, "f n"]]

_CHUNK = 1024


def solve_linear(features: FeatureFunction, samples: Samples, weights: Balance) -> Solution:
    """Coefficients (f + 1,) of the features and of a constant, the last, that minimise the loss over the samples.

    Rows of values and of derivatives enter with the roots of their weights; labels of second order do not enter.
    Sums are in the widest floating numbers there are.
    """
    dtype = accumulator_dtype()
    n = samples.weight.shape[0]
    chunk = min(_CHUNK, n)
    n_chunks = -(-n // chunk)

    def cut(leaf: Array) -> Array:
        padded = jnp.pad(leaf, [(0, 0)] * (leaf.ndim - 1) + [(0, n_chunks * chunk - n)])
        return jnp.moveaxis(padded.reshape(*leaf.shape[:-1], n_chunks, chunk), -2, 0).astype(dtype)

    parts = tuple(cut(leaf) for leaf in (samples.x, samples.y, samples.slope, samples.weight))
    n_inputs = samples.x.shape[0]
    value_root, slope_root = jnp.sqrt(weights.value.astype(dtype)), jnp.sqrt(weights.slope.astype(dtype))

    def extended(x: Array) -> Array:
        return jnp.concatenate([features(x), jnp.ones_like(x[:1])])

    def add(equations: NormalEquations, part: tuple[Array, ...]) -> tuple[NormalEquations, None]:
        x, y, slope, weight = part

        def one_axis(equations: NormalEquations, axis: Array) -> tuple[NormalEquations, None]:
            tangent = jnp.broadcast_to((jnp.arange(n_inputs) == axis).astype(dtype)[:, None], x.shape)
            along = jax.jvp(extended, (x,), (tangent,))[1]
            return equations.add(slope_root[axis] * along, slope_root[axis] * slope[axis], weight), None

        equations = equations.add(value_root * extended(x), value_root * y, weight)
        return jax.lax.scan(one_axis, equations, jnp.arange(n_inputs))[0], None

    n_features = jax.eval_shape(extended, parts[0][0]).shape[0]
    equations, _ = jax.lax.scan(add, NormalEquations.empty(n_features), parts)
    # Features of a network are nearly collinear: what rounding decides must not become large coefficients.
    return solve(equations, ridge=float(jnp.finfo(dtype).eps) ** 0.625)
