"""Which modes the trains of a problem have, and at which nodes."""

import dataclasses
import functools
import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice.core import validation
from jaxprice.core.array import Array, Float
from jaxprice.engines.fourier_tt import payoff_transform
from jaxprice.engines.fourier_tt.chart import MONEYNESS, ForwardChart, bounds
from jaxprice.engines.fourier_tt.config import Config
from jaxprice.engines.fourier_tt.grid_functions import LawOnGrid, TransformOnGrid
from jaxprice.engines.fourier_tt.integrand import Integrand, ReturnLaw, log_sizes
from jaxprice.engines.fourier_tt.nodes import NodeKind, between
from jaxprice.engines.fourier_tt.payoff_transform import CashOrNothing
from jaxprice.engines.fourier_tt.problem import Problem, slot
from jaxprice.models import BlackScholes

_FORWARD = ("spot", "dividend", "rate", "strike", "expiry")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """A problem in the coordinates in which it is learned; bookkeeping on the host, not a noun.

    Attributes:
        integrand: law and transform.
        chart: from inputs to coordinates.
        lower: of the coordinates that vary, in the order of `chart.axes`, (c,).
        upper: likewise.
        moneyness: smallest and largest of each asset, (2, d).
        nodes: kind and number.
    """

    integrand: Integrand
    chart: ForwardChart
    lower: np.ndarray
    upper: np.ndarray
    moneyness: np.ndarray
    nodes: tuple[NodeKind, int]

    @classmethod
    def of(cls, problem: Problem, config: Config) -> "Layout":
        """The layout of a problem.

        Raises:
            ValueError: for an expiry that varies in a model without the scaling of Brownian motion.
        """
        model, payoff, expiry = problem.model, problem.product.payoff, problem.product.expiry
        d = model.n_assets
        slots = [slot(name) for name in problem.domain.names]
        scales_time = isinstance(model, BlackScholes)
        if ("expiry", None) in slots and not scales_time:
            raise ValueError(
                f"domain: expiry varies, and the returns of {type(model).__name__} have no coordinate for it; fix it, "
                "and learn one surrogate for each expiry"
            )
        transform = payoff_transform.of(payoff)
        weight = getattr(payoff, "weight", jnp.ones(d))
        validation.check_shape("payoff.weight", weight, (d,))
        validation.check_positive("payoff.weight", weight)
        number = {field: value for field, value in vars(model).items() if value.shape in ((), (d,))}
        base = ForwardChart(
            number=number | {"strike": payoff.strike, "expiry": expiry},
            weight=weight,
            names=problem.domain.names,
            axes=(),
            scales_time=scales_time,
            is_cash=isinstance(transform, CashOrNothing),
        )
        axes, ends, moneyness = [], [], []
        for asset in range(d):
            mine = [field for field, of in slots if of == asset and field not in _FORWARD]
            if scales_time and ("expiry", None) in slots:
                mine = ["volatility"]
            for name in [*mine, MONEYNESS]:
                low, high = bounds(base, problem.domain, name, asset)
                if name == MONEYNESS:
                    moneyness.append((low, high))
                if low < high:
                    axes.append((name, asset))
                    ends.append((low, high))
        forward_one = {"spot": jnp.ones(d), "dividend": jnp.zeros(d), "rate": jnp.zeros(())}
        if scales_time:
            forward_one["volatility"] = model.volatility * jnp.sqrt(expiry)
        law = ReturnLaw(
            model=dataclasses.replace(model, **forward_one),
            time=jnp.ones(()) if scales_time else expiry,
            own=tuple(axis for axis in axes if axis[0] != MONEYNESS),
        )
        return cls(
            integrand=Integrand(law=law, transform=transform),
            chart=dataclasses.replace(base, axes=tuple(axes)),
            lower=np.asarray([low for low, _ in ends]),
            upper=np.asarray([high for _, high in ends]),
            moneyness=np.asarray(moneyness).T,
            nodes=(NodeKind(config.nodes), config.n_nodes),
        )

    @property
    def centre_moneyness(self) -> np.ndarray:
        """In the middle of the box, (d,)."""
        return self.moneyness.mean(axis=0)

    @property
    def centre_own(self) -> np.ndarray:
        """Of the law's parameters, (p,)."""
        return self._own_ends.mean(axis=0)

    @property
    def _own_ends(self) -> np.ndarray:
        is_own = np.asarray([name != MONEYNESS for name, _ in self.chart.axes], bool)
        return np.stack([self.lower[is_own], self.upper[is_own]])

    def corners(self) -> tuple[Float[Array, "c d"], Float[Array, "c p"]]:
        """Points at which dampings and grids are judged: all moneyness low or high, each kind of parameter likewise."""
        fields = sorted({field for field, _ in self.integrand.law.own})
        low, high = self._own_ends
        moneyness, own = [], []
        for end in self.moneyness:
            for chosen in itertools.product((False, True), repeat=len(fields)):
                is_high = dict(zip(fields, chosen, strict=True))
                of_each = np.asarray([is_high[field] for field, _ in self.integrand.law.own], bool)
                moneyness.append(end)
                own.append(np.where(of_each, high, low))
        return jnp.asarray(np.stack(moneyness)), jnp.asarray(np.stack(own))

    def own_nodes(self, asset: int) -> list[np.ndarray]:
        """Of each of an asset's own parameters."""
        return [
            nodes for (_, of), nodes in zip(self.integrand.law.own, self._all_own_nodes, strict=True) if of == asset
        ]

    @functools.cached_property
    def _all_own_nodes(self) -> list[np.ndarray]:
        return [between(low, high, *self.nodes) for low, high in self._own_ends.T]

    def moneyness_nodes(self, asset: int) -> np.ndarray:
        """Of an asset's moneyness; the one value that it has where it does not vary."""
        low, high = self.moneyness[:, asset]
        return between(low, high, *self.nodes) if low < high else np.asarray([low])

    def own_sizes(self, asset: int, damping: np.ndarray) -> list[np.ndarray]:
        """By how much each of an asset's own parameters changes the law on the damped axis, at its nodes."""
        sizes = zip(self.integrand.law.own, self._log_own_sizes(damping), strict=True)
        return [np.exp(size) for (_, of), size in sizes if of == asset]

    def law_on_grid(self, frequencies: Sequence[np.ndarray], damping: np.ndarray) -> LawOnGrid:
        """The function that is learned with its parameters."""
        return LawOnGrid(
            law=self.integrand.law,
            frequency=tuple(map(jnp.asarray, frequencies)),
            own=tuple(map(jnp.asarray, self._all_own_nodes)),
            log_size=tuple(map(jnp.asarray, self._log_own_sizes(damping))),
            log_centre=_log_moments(self.integrand.law, jnp.asarray(damping), jnp.asarray(self.centre_own)[None])[0],
            damping=jnp.asarray(damping),
        )

    def transform_on_grid(self, frequencies: Sequence[np.ndarray], damping: np.ndarray) -> TransformOnGrid:
        """The function that is learned without parameters."""
        return TransformOnGrid(
            transform=self.integrand.transform,
            frequency=tuple(map(jnp.asarray, frequencies)),
            damping=jnp.asarray(damping),
        )

    def log_peak(self, damping: np.ndarray) -> float:
        """Log of the integrand at u = 0 in the middle of the box."""
        point = jnp.asarray(damping)[None], jnp.asarray(self.centre_moneyness)[None], jnp.asarray(self.centre_own)[None]
        return float(log_sizes(self.integrand, *point)[0, 0])

    def _log_own_sizes(self, damping: np.ndarray) -> list[np.ndarray]:
        centre = self.centre_own
        moved = [centre[None]]
        for k, nodes in enumerate(self._all_own_nodes):
            rows = np.tile(centre[None], (len(nodes), 1))
            rows[:, k] = nodes
            moved.append(rows)
        found = np.asarray(_log_moments(self.integrand.law, jnp.asarray(damping), jnp.asarray(np.concatenate(moved))))
        return [part - found[0] for part in np.split(found[1:], np.cumsum([len(rows) for rows in moved[1:-1]]))][
            : len(self._all_own_nodes)
        ]


@jax.jit
def _log_moments(law: ReturnLaw, damping: Float[Array, " d"], own: Float[Array, "n p"]) -> Float[Array, " n"]:
    """Log of E[exp(α · Y)] at parameters (n, p)."""
    frequency = -1j * damping.astype(complex)
    return jnp.real(jax.vmap(law.log_characteristic_fn, (None, 0))(frequency, own))
