"""How far a committee is from the truth, over points it has not seen."""

from jaxprice.core.dataset import DifferentialDataset
from jaxprice.engines.mixture_of_experts.committee import Committee
from jaxprice.engines.mixture_of_experts.prediction import predict
from jaxprice.learning.measure import measured


def measure(committee: Committee, held_out: DifferentialDataset, again: DifferentialDataset | None = None) -> Committee:
    """The committee with its error over held-out points in its field `error`; see `learning.measure.measured`.

    Args:
        committee: as fitted.
        held_out: points in the domain, with labels that did not enter the fit.
        again: a second set of labels at the same points, if the labels are noisy.

    Raises:
        ValueError: for points that the two sets do not share, that lie outside the committee's domain, or that have
            other inputs.
    """
    return measured(committee, predict, held_out, again)
