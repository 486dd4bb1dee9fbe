"""The learned surrogate: a train in the parameters alone, and how far it may be trusted."""

import jax.numpy as jnp

from jaxprice.core import status as status_module
from jaxprice.core.array import Array, Float, Int
from jaxprice.core.domain import Domain
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.engines.fourier_tt.chart import Chart
from jaxprice.engines.fourier_tt.nodes import NodeKind, weights
from jaxprice.numerics import tensor_train
from jaxprice.numerics.tensor_train import TensorTrain


@pytree_dataclass
class Surrogate:
    """A price over a box, as a product of one small matrix for each parameter.

    Attributes:
        train: real, of coefficients for `nodes.weights`; its modes are the coordinates of the chart.
        lower: smallest value of each coordinate, (m',).
        upper: largest value, (m',).
        chart: from inputs to coordinates.
        domain: the box of the inputs.
        status: of the learning, one of `jaxprice.core.status.Status`.
        diagnostics: of the learning; see `fit` and `learn`.
        error: as `measure` found it; None before.
        nodes: what lies between the nodes, static.
    """

    train: TensorTrain
    lower: Float[Array, " c"]
    upper: Float[Array, " c"]
    chart: Chart
    domain: Domain
    status: Int[Array, ""]
    diagnostics: dict[str, Array]
    error: dict[str, Array] | None = None
    nodes: NodeKind = static_field()

    def raise_for_status(self) -> "Surrogate":
        """Returns the surrogate itself if its status is OK and raises `StatusError` with the remedy otherwise."""
        status_module.raise_for_status(self.status)
        return self

    def values(self, x: Float[Array, "n m"]) -> Float[Array, " n"]:
        """Prices at points (n, m)."""
        row = []
        for k, column in enumerate(self.chart.coordinates(x)):
            unit = (2.0 * column - self.lower[k] - self.upper[k]) / (self.upper[k] - self.lower[k])
            row.append(weights(unit, self.nodes, self.train.shape[k]))
        return self.chart.unit(x) * tensor_train.interpolate(self.train, row).astype(jnp.float64)
