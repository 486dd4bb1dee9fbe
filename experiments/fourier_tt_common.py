"""The min-call of Sakurai, Takahashi and Miyamoto 2025 on 5 to 11 assets: problems, exact prices, errors and times."""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxprice import models, products, reference
from jaxprice.core.array import Array
from jaxprice.engines import fourier_tt
from jaxprice.reference.literature import fourier_tt as literature

CLAIM = "claim of the project"
EXACT = "reference.rainbow.min_call"
VOLATILITY, SPOT, BOTH = "volatility", "spot", "both"
RANDOM = "random"
COMMON = {"0": 0.0, "1/3": 1.0 / 3.0, "1/2": 0.5}
"""Correlations that all pairs share, by name; for these the price is a two-dimensional integral."""
_FIELDS = {VOLATILITY: (VOLATILITY,), SPOT: (SPOT,), BOTH: (VOLATILITY, SPOT)}
GRIDS = {VOLATILITY: literature.VOLATILITY_GRID, SPOT: literature.SPOT_GRID}
_ORDER = (3, 0, 4, 2, 1)
"""Of the random matrix's assets: neighbours are strongly correlated, and ranks a third of those in the given order."""
_N_TIMED, _N_REPEATS = 10_000, 7


@dataclasses.dataclass(frozen=True)
class Case:
    """One problem of the paper.

    Attributes:
        n_assets: 5 to 11.
        correlation: "0", "1/3", "1/2", or "random" for the matrix of five assets.
        varied: what the surrogate is a function of.
    """

    n_assets: int
    correlation: str
    varied: str

    @property
    def name(self) -> str:
        """For tables and cells."""
        kind = "both" if self.varied == BOTH else {VOLATILITY: "volatilities", SPOT: "spots"}[self.varied]
        return f"{self.n_assets} assets, correlation {self.correlation}, {kind}"

    @property
    def fields(self) -> tuple[str, ...]:
        """Of the model, in the order of the inputs."""
        return _FIELDS[self.varied]

    def model(self) -> models.BlackScholes:
        """In the middle of what varies."""
        given = {name: literature.PARAMETERS[name] for name in ("spot", "volatility", "rate")}
        common = COMMON.get(self.correlation, 0.0)
        model = models.BlackScholes.equicorrelated(n_assets=self.n_assets, correlation=common, **given)
        if self.correlation != RANDOM:
            return model
        matrix = np.asarray(literature.RANDOM_CORRELATION)[np.ix_(_ORDER, _ORDER)]
        return dataclasses.replace(model, correlation=jnp.asarray(matrix))

    def product(self) -> products.European:
        """Call on the worst."""
        payoff = products.MinCall(strike=literature.PARAMETERS["strike"])
        return products.European(payoff=payoff, expiry=literature.PARAMETERS["expiry"])

    def problem(self) -> fourier_tt.Problem:
        """Over the box that the paper's grids cover."""
        ends = {name: (start, start + step * n) for name, (start, step, n) in GRIDS.items()}
        domain = fourier_tt.box(self.model(), **{name: ends[name] for name in self.fields})
        return fourier_tt.Problem(model=self.model(), product=self.product(), domain=domain)

    def points(self, key: jax.Array, n: int) -> Array:
        """Random points of the paper's grids, (n, m)."""
        columns = []
        for i, field in enumerate(self.fields):
            start, step, n_grid = GRIDS[field]
            place = jax.random.randint(jax.random.fold_in(key, i), (n, self.n_assets), 0, n_grid)
            columns.append(start + step * place.astype(jnp.float64))
        return jnp.concatenate(columns, axis=1)

    def moved(self, row: Array) -> models.BlackScholes:
        """The model at one point, (m,)."""
        parts = row.reshape(len(self.fields), self.n_assets)
        return dataclasses.replace(self.model(), **dict(zip(self.fields, parts, strict=True)))

    def exact(self, x: Array) -> tuple[np.ndarray, np.ndarray]:
        """Prices (n,) and gradients (n, m) by quadrature."""
        value, gradient = _exact(self, x)
        return np.asarray(value), np.asarray(gradient)


@functools.partial(jax.jit, static_argnames=("case",))
def _exact(case: Case, x: Array) -> tuple[Array, Array]:
    base, common = case.model(), COMMON[case.correlation]

    def price(row: Array) -> Array:
        model = case.moved(row)
        market = (model.spot, literature.PARAMETERS["strike"], base.rate, 0.0, model.volatility)
        return reference.rainbow.min_call(*market, common, literature.PARAMETERS["expiry"])

    return jax.lax.map(jax.value_and_grad(price), x)


@dataclasses.dataclass(frozen=True)
class Learned:
    """A surrogate and what it took."""

    surrogate: fourier_tt.Surrogate
    wall: float
    cpu: float

    @classmethod
    def of(cls, key: jax.Array, case: Case, config: fourier_tt.Config) -> "Learned":
        """Compilation included: programs that are there already are forgotten."""
        jax.clear_caches()
        wall, cpu = time.perf_counter(), time.process_time()
        surrogate = fourier_tt.fit(key, case.problem(), config)
        return cls(surrogate, time.perf_counter() - wall, time.process_time() - cpu)

    def about(self) -> dict[str, Any]:
        """What the learning says of itself."""
        found = self.surrogate.diagnostics
        ranks = np.asarray(self.surrogate.train.ranks)
        return {
            "status": int(self.surrogate.status),
            "n_frequencies": int(np.max(found["n_frequencies"])),
            "rank_law": int(np.max(found["law_ranks"])),
            "rank_transform": int(np.max(found["transform_ranks"])),
            "rank": int(ranks.max()),
            "c_train": operations(ranks),
            "n_evaluations": int(found["n_evaluations"]),
            "learning_wall": self.wall,
            "learning_cpu": self.cpu,
        }

    def microseconds(self, case: Case, key: jax.Array) -> dict[str, float]:
        """Of a price, and of a price with its Greeks, in a batch of 10,000."""
        x = case.points(key, _N_TIMED)
        one, all_ = (seconds(function, self.surrogate, x) for function in (fourier_tt.price, fourier_tt.predict))
        return {"price_us": 1e6 * one / len(x), "greeks_us": 1e6 * all_ / len(x)}


def operations(ranks: np.ndarray) -> int:
    """The paper's count of what a price costs, Σ χ_i χ_{i+1} over the cores."""
    full = np.concatenate([[1], ranks, [1]])
    return int(np.sum(full[:-1] * full[1:]))


def seconds(function: Callable[..., Any], *arguments: Any) -> float:
    """CPU seconds of the fastest of several calls, after the one that compiles."""
    jax.block_until_ready(function(*arguments))
    found = []
    for _ in range(_N_REPEATS):
        start = time.process_time()
        jax.block_until_ready(function(*arguments))
        found.append(time.process_time() - start)
    return min(found)


def greek_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest, over the inputs, of the root mean square error relative to that of the derivative."""
    square = np.mean((found - expected) ** 2, axis=0) / np.mean(expected**2, axis=0)
    return float(np.sqrt(square.max()))
