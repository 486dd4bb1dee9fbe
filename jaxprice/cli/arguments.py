"""The arguments of the command line, parsed before JAX is imported, so that `--help` answers at once.

This is an application: it switches 64-bit numbers on. A mistake of its user is one sentence on standard error and exit
status 2; a result that did not come out well is exit status 1.
"""

import dataclasses
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from jaxprice.cli import commands


@dataclasses.dataclass(frozen=True, kw_only=True)
class Doctor:
    """Self-test of the toolchain: runs the programs that some versions of JAX compute wrongly."""

    json: bool = False
    """Print one JSON object instead of a table."""
    debug: bool = False
    """Show tracebacks."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Demo:
    """One market priced by every engine, beside references: a table here, a picture in a folder."""

    out: Path = Path("jaxprice-demo")
    """Folder for demo.png and demo.json; created if need be."""
    seed: int = 0
    """Of the random numbers."""
    n_paths: int = 2**17
    """Paths for each price, a power of two."""
    smoke: bool = False
    """Two rows only, to see that it runs."""
    debug: bool = False
    """Show tracebacks."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Price:
    """Prices one problem, described in a TOML file; see experiments/problems."""

    file: Path
    """The problem."""
    cores: int = 1
    """CPU cores to spread paths over, for an engine that can; worth its start from some ten million paths on."""
    json: bool = False
    """Print one JSON object instead of a table."""
    debug: bool = False
    """Show tracebacks."""


def parse(arguments: Sequence[str] | None = None) -> Doctor | Demo | Price:
    """The command that the arguments mean; exits with status 2 and a sentence if they mean none."""
    import tyro

    doctor = Annotated[Doctor, tyro.conf.subcommand("doctor")]
    demo = Annotated[Demo, tyro.conf.subcommand("demo")]
    price = Annotated[Price, tyro.conf.subcommand("price"), tyro.conf.PositionalRequiredArgs]
    return tyro.cli(
        doctor | demo | price,  # type: ignore[operator]
        prog="jaxprice",
        description="Option pricing on JAX.",
        args=arguments,
        config=(tyro.conf.FlagCreatePairsOff,),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit status."""
    run: dict[type, Callable[[Any], int]] = {
        Doctor: commands.run_doctor,
        Demo: commands.run_demo,
        Price: commands.run_price,
    }
    debug = False
    try:
        command = parse(arguments)
        debug = command.debug
        status = run[type(command)](command)
        sys.stdout.flush()
        return status
    except commands.Mistake as mistake:
        print(f"jaxprice: {mistake}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain once more while it closes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("jaxprice: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if debug:
            raise
        print(
            f"jaxprice: unexpected {type(error).__name__}: {error}\nRun `jaxprice doctor`; if it finds nothing, "
            "run this again with --debug and report what it shows.",
            file=sys.stderr,
        )
        return 70
