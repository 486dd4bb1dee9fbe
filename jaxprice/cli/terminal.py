"""What a person sees: tables and progress, coloured in a terminal and plain lines elsewhere."""

import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence

_NUMBER = re.compile(r"[-+−±]?[\d.,e+-]+( .*)?")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], bad: Sequence[bool] = ()) -> None:
    """Prints a table on standard output; rows marked as bad are red in a terminal."""
    is_right = [all(_NUMBER.fullmatch(row[i]) or not row[i] for row in rows) for i in range(len(columns))]
    if not sys.stdout.isatty():
        _print_plain(title, columns, rows, is_right)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, right in zip(columns, is_right, strict=True):
        table.add_column(name, justify="right" if right else "left")
    for i, row in enumerate(rows):
        # As text: a bracket in a message is a bracket, not markup.
        table.add_row(*(Text(cell) for cell in row), style="red" if i < len(bad) and bad[i] else None)
    Console().print(table)


def _print_plain(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], is_right: Sequence[bool]) -> None:
    lines = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    print(title)
    for line in lines:
        cells = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, is_right, strict=True)
        )
        print("  ".join(cells).rstrip())


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """A function to call as each of `total` pieces of work begins, with what it is; on standard error."""
    if not sys.stderr.isatty():
        count = 0

        def announce(what: str) -> None:
            nonlocal count
            count += 1
            print(f"[{count}/{total}] {what}", file=sys.stderr, flush=True)

        yield announce
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    layout = (SpinnerColumn(), MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*layout, console=Console(stderr=True), transient=True) as bar:
        task, begun = bar.add_task("starting", total=total), False

        def advance(what: str) -> None:
            nonlocal begun
            bar.update(task, description=what, advance=1 if begun else 0)
            begun = True

        yield advance
