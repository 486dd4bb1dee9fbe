"""Prices, deltas and gammas along lines across every border of the map, for every gate.

Question: do prices of a committee jump where the gate passes from expert to expert, and do Greeks by AD know it?
Table: none published; the claims checked are those of the project: with the default gate no jump above 1e-6 of the
    strike, and derivatives that equal central differences to 1e-4.
Command: python -m experiments committee_continuity --check
Expected: no jumps with the window gate and with the dense softmax; with the article's gate dozens, the largest half
    a per cent of the strike, of which derivatives by AD know nothing.
Time: about 6 minutes on one core. Device: CPU.

Calls under Heston over their strike, from hours to two years, nine inputs. Every gate is fitted on the same labels. A
line crosses the domain in log-moneyness (four standard deviations either way) or in root maturity, the other inputs
fixed at a random point; prices are taken in 64 bits. Between neighbours the difference of two prices, less the step
times the mean of the two slopes by AD, is of third order in the step where prices are smooth: what exceeds 1e-6 of the
strike is a jump. Jumps of the slope are found alike, from second derivatives. Slopes are also compared with central
differences over neighbouring places.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments import committee_models
from experiments.committee_labels import heston
from experiments.committee_lines import DIRECTIONS, Scan, lines
from experiments.committee_models import COMMITTEE, SEED, SOFT, Effort
from experiments.harness import Cell, Experiment, Metrics

_CLAIM = "claim of the project"
_JUMP, _JUMP_OF_SLOPE, _DIFFERENCE = 1e-6, 1e-3, 1e-4
_N_SHOWN = 500
EFFORT = Effort()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Effort.

    Attributes:
        models: committees by name.
        shown: whose largest jump decides which line is drawn.
        n_samples: labels.
        effort: of training.
        n_lines: in each direction.
        n_places: on a line.
    """

    models: tuple[str, ...] = (COMMITTEE, SEED, SOFT)
    shown: str = SEED
    n_samples: int = 16384
    effort: Effort = EFFORT
    n_lines: int = 20
    n_places: int = 10_001


def run(key: jax.Array, config: Config) -> Metrics:
    """Jumps and differences for every gate and direction, and the line with the largest jump."""
    market = heston()
    data = market.samples(key, config.n_samples)
    fits = {name: committee_models.train(name, key, data, config.effort).committee for name in config.models}
    rows, curves = [], {}
    for i, direction in enumerate(DIRECTIONS):
        places = lines(jax.random.fold_in(key, i), market, i, config.n_lines, config.n_places)
        scans = {name: [Scan.of(fit.astype(jnp.float64), line, i) for line in places] for name, fit in fits.items()}
        rows += [{"gate": name, "along": direction} | _summary(found) for name, found in scans.items()]
        worst = int(np.argmax([scan.jumps().max() for scan in scans[config.shown]]))
        curves[direction] = _curves({name: found[worst] for name, found in scans.items()})
    return {"rows": rows, "curves": curves}


def _summary(scans: list[Scan]) -> dict[str, Any]:
    jumps, of_slope = (
        np.concatenate(parts) for parts in zip(*((s.jumps(), s.jumps_of_slope()) for s in scans), strict=True)
    )
    return {
        "jumps": int(np.sum(jumps > _JUMP)),
        "largest_jump": float(jumps.max()),
        "jumps_of_slope": int(np.sum(of_slope > _JUMP_OF_SLOPE)),
        "largest_jump_of_slope": float(of_slope.max()),
        "slope_by_ad_less_difference": float(max(scan.differences().max() for scan in scans)),
    }


def _curves(scans: dict[str, Scan]) -> dict[str, Any]:
    """Every so many places of one line, and those on either side of jumps."""
    is_kept = np.zeros(len(next(iter(scans.values())).place), bool)
    is_kept[:: max(1, is_kept.size // _N_SHOWN)] = True
    for scan in scans.values():
        jump = np.flatnonzero(scan.jumps() > _JUMP)
        is_kept[np.concatenate([jump, jump + 1])] = True
    return {
        name: {part.name: getattr(scan, part.name)[is_kept].tolist() for part in dataclasses.fields(Scan)}
        for name, scan in scans.items()
    }


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """No jumps but those of the article's gate, and slopes that are slopes."""
    found = []
    for row in metrics["rows"]:
        about = f"{row['gate']}, along {row['along']}"
        if row["gate"] == SEED:
            found.append(
                Cell.at_least(f"{about}: jumps above 1e-6 of the strike", row["jumps"], 1, source="Top-k gates")
            )
            continue
        found.append(Cell.at_most(f"{about}: largest jump", row["largest_jump"], _JUMP, source=_CLAIM))
        difference = row["slope_by_ad_less_difference"]
        name = f"{about}: derivative by AD less central difference"
        found.append(Cell.at_most(name, difference, _DIFFERENCE, source=_CLAIM))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Price, slope and second derivative along the lines with the largest jump."""
    from experiments import committee_figures

    return {"committee_continuity": committee_figures.continuity(metrics["curves"])}


EXPERIMENT = Experiment(
    question="Do prices of a committee jump where the gate passes from expert to expert?",
    table="claims on continuity",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(
        models=(COMMITTEE, SEED),
        n_samples=512,
        effort=Effort(n_units=8, n_expert_epochs=2, n_joint_epochs=1),
        n_lines=2,
        n_places=101,
    ),
    full=Config(n_lines=200),
)
