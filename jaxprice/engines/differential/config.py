"""Settings of the differential engine."""

import dataclasses

from jaxprice.core.validation import check_count, check_member
from jaxprice.learning.activation import Activation
from jaxprice.learning.training import Training


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Structure and effort; hashable, static under `jit`.

    Attributes:
        n_layers: hidden layers.
        n_units: of each hidden layer.
        activation: softplus or silu.
        is_wide: whether the first three powers of each input enter the output directly.
        final_solve: whether the output layer is solved for exactly after training, on values and derivatives: the
            network is then no worse, on its training samples, than the regression on what enters its output.
        gradient_weight: what a derivative counts beside a value, λ; 0 trains on values alone.
        curvature_weight: what labels of second order count together, η; used where the data has them.
        component_tolerance: share of the mean squared derivative below which a direction of the inputs is left out
            (differential principal components); None: inputs as they are.
        validation_share: of the samples, held back to keep the best parameters and to stop early.
        n_members: networks of an ensemble, which differ in their first parameters.
        training: length and speed of the training.
    """

    n_layers: int = 4
    n_units: int = 20
    activation: Activation = Activation.SOFTPLUS
    is_wide: bool = False
    final_solve: bool = False
    gradient_weight: float = 1.0
    curvature_weight: float = 0.5
    component_tolerance: float | None = 1e-8
    validation_share: float = 0.0
    n_members: int = 1
    training: Training = Training()

    def validate(self) -> "Config":
        """The same settings with names turned into enumeration members.

        Raises:
            ValueError: for settings that make no network.
        """
        for name in ("n_layers", "n_units", "n_members"):
            check_count(name, getattr(self, name))
        for name in ("gradient_weight", "curvature_weight"):
            check_weight(name, getattr(self, name))
        if self.component_tolerance is not None:
            check_tolerance(self.component_tolerance)
            if self.gradient_weight == 0.0:
                raise ValueError(
                    "component_tolerance: directions are found from derivatives, which gradient_weight=0 leaves out; "
                    "take component_tolerance=None to train on values alone"
                )
        if not 0.0 <= self.validation_share <= 0.5:
            raise ValueError(f"validation_share: expected a number between 0 and 0.5, got {self.validation_share}")
        if self.training.patience is not None and self.validation_share == 0.0:
            raise ValueError(
                f"patience: {self.training.patience} epochs without a smaller validation loss end a training, and "
                "validation_share=0 holds nothing back to validate with; take validation_share=0.1 or patience=None"
            )
        return dataclasses.replace(
            self,
            activation=check_member("activation", Activation, self.activation),
            training=self.training.validate(),
        )


def check_weight(name: str, weight: float) -> None:
    """Raises `ValueError` unless it is a finite number that is not negative."""
    if not 0.0 <= weight < float("inf"):
        raise ValueError(f"{name}: expected a number that is not negative, got {weight}")


def check_tolerance(tolerance: float) -> None:
    """Raises `ValueError` unless a share can be left out."""
    if not 0.0 <= tolerance < 1.0:
        raise ValueError(f"component_tolerance: expected a share from 0 to below 1, got {tolerance}")
