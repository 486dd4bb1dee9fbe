"""The command line of the experiments.

python -m experiments                    lists them
python -m experiments NAME [options]     runs one; NAME --help shows its settings
python -m experiments report             writes the table of experiments/README.md from the results folder
"""

import contextlib
import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from experiments.harness import discovery, report, runner

_HELP = {"-h", "--help"}


@dataclasses.dataclass(frozen=True)
class Options:
    """What every experiment understands."""

    smoke: bool = False
    """A tiny run, to see that it works."""
    full: bool = False
    """The most precise run."""
    seed: int = 0
    """Seed of the one random key."""
    check: bool = False
    """Print pass or fail for each cell of the table; exit with 1 if one fails."""
    out: Path | None = None
    """Folder of the results; results/NAME if not given."""


def main(args: Sequence[str] | None = None) -> int:
    """Runs the command line; 0 for success, 1 for a failed check, 2 for a command that makes no sense."""
    args = list(sys.argv[1:] if args is None else args)
    if args == ["report"]:
        return _report()
    if not args or args[0] in _HELP:
        print(__doc__ or "")
        runner.print_rows([entry._asdict() for entry in discovery.entries()])
        return 0
    name, given = args[0], [word for word in args[1:] if word not in _HELP]
    options, rest = tyro.cli(
        Annotated[Options, tyro.conf.FlagCreatePairsOff],
        args=given,
        prog=f"python -m experiments {name}",
        return_unknown_args=True,
    )
    if options.smoke and options.full:
        print("--smoke and --full exclude each other; give one", file=sys.stderr)
        return 2
    try:
        experiment = discovery.load(name)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    preset = "smoke" if options.smoke else "full" if options.full else "default"
    settings = getattr(experiment, preset)
    if _HELP & set(args):
        return _help(name, experiment, settings)
    config = tyro.cli(type(settings), default=settings, args=rest, prog=f"python -m experiments {name}")

    out = options.out or Path("results") / (name if preset == "default" else f"{name}-{preset}")
    command = shlex.join(["python", "-m", "experiments", *args])
    metrics, cells = runner.execute(experiment, config, options.seed, out, command)
    runner.print_rows(metrics.get("rows", []))
    print(f"results in {out}")
    if options.check:
        return 0 if runner.print_cells(cells) else 1
    return 0


def _report() -> int:
    try:
        print(f"wrote {report.write(Path('results'))}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _help(name: str, experiment: Any, settings: Any) -> int:
    print(sys.modules[experiment.run.__module__].__doc__ or experiment.question)
    with contextlib.suppress(SystemExit):
        tyro.cli(
            Annotated[Options, tyro.conf.FlagCreatePairsOff],
            args=["--help"],
            prog=f"python -m experiments {name}",
            description="Options of every experiment.",
        )
    with contextlib.suppress(SystemExit):
        tyro.cli(
            type(settings),
            default=settings,
            args=["--help"],
            prog=f"python -m experiments {name}",
            description="Settings of this experiment.",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
