"""Settings of a committee: its experts, its gate, and how they are trained."""

import dataclasses
import enum

from jaxprice.core.validation import check_count, check_member
from jaxprice.engines.mixture_of_experts.gate import GateKind
from jaxprice.learning.activation import Activation
from jaxprice.learning.training import Training


class Stages(enum.StrEnum):
    """In what order experts and gate are trained."""

    IN_TURN = "in_turn"
    """Each expert on its own regime and the strips around it, then the gate, then all together."""
    AT_ONCE = "at_once"
    """All together from the start, with noise in the logits and balanced loads (Shazeer et al. 2017)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Structure and effort; hashable, static under `jit`.

    Attributes:
        is_standardised: whether experts see moneyness and price over root maturity: see `chart`.
        n_layers: hidden layers of an expert.
        n_units: units of each of them.
        activation: smooth, so that Greeks of all orders exist.
        gate: how experts are chosen.
        gate_units: of the gate's hidden layer.
        top_k: experts that the gate `TOP_K` keeps; the window gate has two on each axis whatever this says.
        stages: the order of training.
        gradient_weight: what a derivative counts beside a value, λ; 0 trains on values alone. The default suits
            trainings as long as the default ones; with a tenth of the epochs 1 leaves smaller errors of the values.
        load_weight: of the penalty on uneven loads; used by gates that learn the map, `TOP_K` and `SOFTMAX`.
        logit_weight: of the penalty on large logits (router z-loss).
        agreement_weight: of the penalty on experts that disagree where they share a price.
        arbitrage_weight: of the penalty on calls that grow with their strike or are not convex in it.
        calendar_weight: of the penalty on calls that fall with their maturity; for assets that pay no dividends.
        logit_noise: standard deviation of the noise in the logits in training at once.
        expert_training: length and speed of the experts' own training.
        gate_training: of the gate's.
        joint_training: of all together; the only one in training at once.
    """

    is_standardised: bool = True
    n_layers: int = 3
    n_units: int = 32
    activation: Activation = Activation.SILU
    gate: GateKind = GateKind.WINDOW
    gate_units: int = 64
    top_k: int = 2
    stages: Stages = Stages.IN_TURN
    gradient_weight: float = 5.0
    load_weight: float = 1e-2
    logit_weight: float = 1e-4
    agreement_weight: float = 0.0
    arbitrage_weight: float = 0.0
    calendar_weight: float = 0.0
    logit_noise: float = 1.0
    expert_training: Training = Training(n_epochs=400, batch_size=128, peak_rate=0.02)
    gate_training: Training = Training(n_epochs=2, peak_rate=0.01)
    joint_training: Training = Training(n_epochs=200, batch_size=128, peak_rate=0.0005)

    def validate(self) -> "Config":
        """The same settings with names turned into enumeration members.

        Raises:
            ValueError: for settings that make no committee.
        """
        for name in ("n_layers", "n_units", "gate_units", "top_k"):
            check_count(name, getattr(self, name))
        for name in (
            "gradient_weight", "load_weight", "logit_weight", "agreement_weight", "arbitrage_weight", "calendar_weight",
            "logit_noise",
        ):  # fmt: skip
            weight = getattr(self, name)
            if not 0.0 <= weight < float("inf"):
                raise ValueError(f"{name}: expected a number that is not negative, got {weight}")
        return dataclasses.replace(
            self,
            activation=check_member("activation", Activation, self.activation),
            gate=check_member("gate", GateKind, self.gate),
            stages=check_member("stages", Stages, self.stages),
            expert_training=self.expert_training.validate(),
            gate_training=self.gate_training.validate(),
            joint_training=self.joint_training.validate(),
        )
