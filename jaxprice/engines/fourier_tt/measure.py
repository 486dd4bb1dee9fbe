"""How far a surrogate is from the truth, over points it has not seen."""

from jaxprice.core.dataset import DifferentialDataset
from jaxprice.engines.fourier_tt.prediction import predict
from jaxprice.engines.fourier_tt.surrogate import Surrogate
from jaxprice.learning.measure import measured


def measure(surrogate: Surrogate, held_out: DifferentialDataset, again: DifferentialDataset | None = None) -> Surrogate:
    """The surrogate with its error over held-out points in its field `error`; see `learning.measure.measured`.

    It is the only figure that contains everything: the train, the frequency grid and the parameters' nodes.

    Args:
        surrogate: as learned.
        held_out: points in the domain, with their prices and gradients.
        again: a second set of labels at the same points, if the labels are noisy.

    Raises:
        ValueError: for points that the two sets do not share, that lie outside the surrogate's domain, or that have
            other inputs.
    """
    return measured(surrogate, predict, held_out, again)
