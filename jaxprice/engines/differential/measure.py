"""How far a surrogate is from the truth, over points it has not seen."""

import dataclasses

import jax

from jaxprice.core.array import Array
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.engines.differential.surrogate import Surrogate, predict
from jaxprice.learning.measure import check_held_out, errors


def measure(surrogate: Surrogate, held_out: DifferentialDataset, again: DifferentialDataset | None = None) -> Surrogate:
    """The surrogate with its error, root mean squares over held-out points, in its field `error`.

    Exact labels tell the error by themselves. Of noisy ones give two sets at the same points, made under different
    keys: the mean product of the two residuals is then an unbiased estimate of the mean squared error, however large
    the noise. One noisy set alone gives error and noise together, an upper estimate.

    Args:
        surrogate: as fitted.
        held_out: points in the domain, with labels that did not enter the fit.
        again: a second set of labels at the same points.

    Returns:
        The surrogate, whose `error` has "value" () and "dydx" (m,); their standard errors "value_std_error" and
        "dydx_std_error", from the spread over the points; the errors divided by the root mean squares of the labels,
        "relative_value" and "relative_dydx"; and "n_points". Where noise makes a squared error negative the error
        counts as zero, and its standard error is the root of that of its square: make more paths for each label.

    Raises:
        ValueError: for points that the two sets do not share, that lie outside the surrogate's domain, or that have
            other inputs.
    """
    check_held_out(surrogate.domain, held_out, again)
    return dataclasses.replace(surrogate, error=_error(surrogate, held_out, held_out if again is None else again))


@jax.jit
def _error(surrogate: Surrogate, first: DifferentialDataset, second: DifferentialDataset) -> dict[str, Array]:
    value, dydx = predict(surrogate, first.x)
    return errors(value, dydx, first, second)
