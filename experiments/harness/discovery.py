"""Finds the experiments: the modules of this folder that define an EXPERIMENT."""

import ast
import difflib
import importlib
from pathlib import Path
from typing import NamedTuple

from experiments.harness.experiment import Experiment

FOLDER = Path(__file__).resolve().parents[1]


class Entry(NamedTuple):
    """What the list says about an experiment."""

    name: str
    question: str
    table: str


def entries(folder: Path = FOLDER) -> list[Entry]:
    """All experiments by name, read from the source: nothing is imported, so a list costs no start of JAX.

    Raises:
        ValueError: for an EXPERIMENT whose question or table is not a literal string.
    """
    found = []
    for path in sorted(folder.glob("*.py")):
        call = _definition(ast.parse(path.read_text(), str(path)))
        if call is not None:
            literal = {word.arg: _text(word.value) for word in call.keywords}
            for field in ("question", "table"):
                if not literal.get(field):
                    raise ValueError(f"{path.name}: EXPERIMENT needs {field}='...' as a literal string")
            found.append(Entry(path.stem, literal["question"] or "", literal["table"] or ""))
    return found


def load(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        LookupError: if there is none, with those that there are.
    """
    names = [entry.name for entry in entries()]
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise LookupError(f"no experiment {name!r}; {hint}expected one of: {', '.join(names)}")
    return importlib.import_module(f"experiments.{name}").EXPERIMENT


def _definition(module: ast.Module) -> ast.Call | None:
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            if any(isinstance(target, ast.Name) and target.id == "EXPERIMENT" for target in node.targets):
                return node.value
    return None


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
