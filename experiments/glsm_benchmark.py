"""What a Bermudan max-call costs for a given error, beside what else can be installed.

Question: how many CPU seconds do jaxprice and its peers need until their lower estimate is within a given error?
Table: table 1 of Becker, Cheridito and Jentzen 2019, arXiv 1804.05394v3: symmetric max-call, S0 = 100.
Command: python -m experiments glsm_benchmark --check
Expected: jaxprice within 0.2 % for 2, 5 and 10 assets and 0.5 % for 20 in fewer CPU seconds than any peer: about 0.09,
    0.14, 0.34 and 0.84 (AMD EPYC). The next best, cubics of the sorted prices in NumPy, take 0.27, 0.39, 3.6 and 2.4,
    but are quicker where 1 % of the price of 2 assets will do. Unsorted quadratics and QuantLib stop short of 0.2 %;
    a random network and Deep Optimal Stopping reach it for 2 assets alone, in 1.4 and 6 seconds.
Time: about 30 minutes on one core. Device: CPU. Needs QuantLib and PyTorch for their rows; peers that are not installed
    are reported as absent.

Each peer runs in a process of its own, pinned to one core; every seed is a new fit and a new price; the peers take
turns. The price is a lower estimate, on paths that the fit has not seen; its error is the root mean square over the
seeds, against the published point estimate, whose own standard error (dashed in the figure) is the least that can be
told. Seconds are of the CPU, for fit and price, medians over the seeds after a run that is not counted. The seconds to
an error are on the row of a peer's greatest effort: on a straight line in log-log between two efforts, "<=" where the
least effort is enough, absent where the greatest is not. Not alike: QuantLib solves by singular values, in degree 2;
Deep Optimal Stopping draws new paths in every step, in 32 bits; each file of benchmarks/american says what else.
"""

import dataclasses
from typing import Any

import jax

from experiments.benchmarks.american.accuracy import cost_ratios, measure, seconds_to_reach
from experiments.benchmarks.american.problem import Effort, symmetric
from experiments.harness import Cell, Experiment, Metrics

_NUMPY = ("NumPy, sorted cubic", "NumPy, quadratic", "randomised network")
_OURS, _QUANTLIB, _TRAINED = "jaxprice", "QuantLib", "Deep Optimal Stopping"
_ASSERTED = {5: 0.002, 10: 0.002, 20: 0.005}  # error by assets; for 20 that of the reference is nearly 0.2 %
_SHOWN = ("assets", "peer", "absent", "n_paths", "n_fresh", "price", "std_error", "rmse", "rmse_in_sample", "cpu")
_SOURCE = "Becker, Cheridito and Jentzen 2019, table 1"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Efforts.

    Attributes:
        n_assets: of the max-calls.
        peers: in the order of the table; names of benchmarks/american/peers.py.
        n_paths: to fit on, for each peer that is not named below.
        n_fresh: to price on, for each path to fit on.
        n_paths_jaxprice: it needs fewer.
        n_paths_quantlib: it is slower.
        most_assets_quantlib: it takes minutes for a price beyond.
        n_paths_trained: paths seen in the training of Deep Optimal Stopping, which prices on as many.
        n_seeds: of which the error is the root mean square.
        targets: errors to reach, as parts of the price.
    """

    n_assets: tuple[int, ...] = (2, 5, 10, 20)
    peers: tuple[str, ...] = (_OURS, *_NUMPY, _QUANTLIB, _TRAINED)
    n_paths: tuple[int, ...] = (5_000, 20_000, 80_000, 320_000)
    n_fresh: int = 4
    n_paths_jaxprice: tuple[int, ...] = (1_250, 5_000, 20_000, 80_000)
    n_paths_quantlib: tuple[int, ...] = (5_000, 20_000, 80_000)
    most_assets_quantlib: int = 10
    n_paths_trained: tuple[int, ...] = (102_400, 409_600, 1_638_400)
    n_seeds: int = 5
    targets: tuple[float, ...] = (0.01, 0.005, 0.002)


def run(key: jax.Array, config: Config) -> Metrics:
    """Measures every peer at every effort; the key gives the seeds."""
    first = int(jax.random.randint(key, (), 0, 2**20))
    seeds = tuple(range(first, first + config.n_seeds))
    details, shown, references = [], [], []
    for n_assets in config.n_assets:
        problem, reference = symmetric(n_assets)
        references.append(dataclasses.asdict(reference) | {"assets": n_assets, "std_error": reference.std_error})
        efforts = {peer: _efforts(peer, n_assets, config) for peer in config.peers}
        here: list[dict[str, Any]] = []
        for level in range(max(map(len, efforts.values()))):
            jobs = [(peer, levels[level]) for peer, levels in efforts.items() if level < len(levels)]
            here += measure(problem, reference, jobs, seeds)
        for peer in config.peers:
            rows = [row for row in here if row["peer"] == peer]
            details += rows
            shown += [{name: row[name] for name in _SHOWN if name in row} for row in rows]
            points = [(row["cpu"], row["rmse"]) for row in rows if "rmse" in row]
            for part in config.targets if points else ():
                seconds, is_limit = seconds_to_reach(part * reference.price, points) or (None, False)
                name = f"cpu_to_{100 * part:g}_%"
                rows[-1][name] = seconds
                shown[-1][name] = f"<= {seconds:.3g}" if is_limit else seconds
    return {"rows": shown, "details": details, "reference": references}


def _efforts(peer: str, n_assets: int, config: Config) -> list[Effort]:
    if peer == _QUANTLIB:
        sizes = config.n_paths_quantlib if n_assets <= config.most_assets_quantlib else ()
        return [Effort(n, config.n_fresh * n) for n in sizes]
    if peer == _TRAINED:
        return [Effort(n, n) for n in config.n_paths_trained]
    return [Effort(n, config.n_fresh * n) for n in (config.n_paths_jaxprice if peer == _OURS else config.n_paths)]


def cells(metrics: Metrics, config: Config) -> list[Cell]:
    """A lower estimate, at the greatest effort of each, stays below the published point; ours costs least."""
    found = []
    for reference in metrics["reference"]:
        rows = [row for row in metrics["details"] if row["assets"] == reference["assets"] and "price" in row]
        for peer, row in {row["peer"]: row for row in rows}.items():
            error = row["std_error"] / len(row["prices"]) ** 0.5
            limit = reference["price"] + 4.0 * (error**2 + reference["std_error"] ** 2) ** 0.5
            name = f"{reference['assets']} assets, {peer}: lower estimate"
            found.append(Cell.at_most(name, row["price"], limit, std_error=error, source=_SOURCE))
        if _OURS in config.peers and reference["assets"] in _ASSERTED:
            part = f"{100 * _ASSERTED[reference['assets']]:g}_%"
            for peer, ratio in cost_ratios(rows, _OURS, f"cpu_to_{part}").items():
                name = f"{reference['assets']} assets: CPU seconds to {part}, jaxprice over {peer}"
                found.append(Cell.at_most(name, ratio, 1.0, source="claim of the project"))
    return found


def figures(metrics: Metrics, config: Config) -> dict[str, Any]:
    """Error against CPU seconds, a panel for each number of assets."""
    from experiments.harness.figure import COLOUR, panels

    title = "Bermudan max-call: error of the lower estimate against CPU seconds on one core"
    figure, axes = panels(len(config.n_assets), width=3.6, title=title)
    for axis, reference in zip(axes, metrics["reference"], strict=True):
        for i, peer in enumerate(config.peers):
            about = (reference["assets"], peer)
            rows = [row for row in metrics["details"] if (row["assets"], row["peer"]) == about and "rmse" in row]
            x, y = [row["cpu"] for row in rows], [row["rmse"] for row in rows]
            axis.plot(x, y, "os^DvPX"[i] + "-", color=COLOUR[i], label=peer)
        axis.axhline(reference["std_error"], color="black", linestyle="--", linewidth=0.8, label="of the reference")
        axis.set(xscale="log", yscale="log", xlabel="CPU seconds", title=f"{reference['assets']} assets")
    axes[0].set_ylabel("root-mean-square error")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return {"glsm_benchmark": figure}


EXPERIMENT = Experiment(
    question="How many CPU seconds does a Bermudan max-call cost for a given error, beside what else can be installed?",
    table="DOS table 1, and claims on cost",
    run=run,
    cells=cells,
    figures=figures,
    default=Config(),
    smoke=Config(n_assets=(2,), n_paths=(500, 2000), n_paths_quantlib=(500,), n_paths_trained=(4096,), n_seeds=3),
    full=Config(n_paths_trained=(102_400, 409_600, 1_638_400, 6_553_600), n_seeds=10),
)
