"""The table of results in README.md, from the files that the runs left."""

import json
import re
from pathlib import Path
from typing import Any

_README = Path(__file__).resolve().parents[1] / "README.md"
_START, _END = "<!-- results: python -m experiments report -->", "<!-- end of results -->"


def write(results: Path, readme: Path = _README) -> Path:
    """Brings what stands between the two marks of the README up to date with the results found under `results`.

    The section of an experiment that has no result there stays as it is, until a run replaces it. Smoke runs are left
    out: they show that an experiment runs, not what it finds.

    Raises:
        ValueError: if the README lacks its marks, or there are no results.
    """
    text = readme.read_text()
    if _START not in text or _END not in text:
        raise ValueError(f"{readme}: expected the lines {_START!r} and {_END!r}")
    found = {folder.name: _section(folder) for folder in results.glob("*") if _is_result(folder)}
    if not found:
        raise ValueError(f"{results}: no results there; run an experiment first")
    head, rest = text.split(_START)
    old, tail = rest.split(_END)
    sections = [section for _, section in sorted((_recorded(old) | found).items())]
    from jaxprice.core.storage import write_bytes  # not at the top: it starts JAX

    write_bytes(readme, (head + _START + "\n\n" + "\n".join(sections) + "\n" + _END + tail).encode())
    return readme


def _recorded(text: str) -> dict[str, str]:
    """Sections by the name of their experiment."""
    sections = [part.rstrip() + "\n" for part in re.split(r"(?m)^(?=### )", text) if part.startswith("### ")]
    return {section.split("\n", 1)[0].removeprefix("### "): section for section in sections}


def _is_result(folder: Path) -> bool:
    names = ("config.json", "metrics.json", "env.json")
    return not folder.name.endswith("-smoke") and all((folder / name).exists() for name in names)


def _section(folder: Path) -> str:
    config, metrics, env = (json.loads((folder / f"{name}.json").read_text()) for name in ("config", "metrics", "env"))
    commit = (env["commit"] or "unknown")[:12] + (" with local changes" if env["dirty"] else "")
    versions = env["versions"]
    seconds = env["seconds"]
    lines = [
        f"### {folder.name}",
        "",
        f"`{config['command']}`",
        "",
        f"Seed {config['seed']}; commit {commit}; {env['device']['cores']} cores of {env['device']['kind']}, "
        f"{env['device']['platform']}, {env['precision']}; jax {versions['jax']}, Python {versions['python']}; "
        f"compiling {seconds['compile']:.0f} s, running {seconds['run']:.0f} s; {env['date'][:10]}.",
        "",
        "| quantity | found | std. error | expected | passes | from |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_line(cell) for cell in metrics["cells"]]
    lines += ["", "<details><summary>All rows</summary>", "", *_rows(metrics.get("rows", [])), "", "</details>"]
    return "\n".join(lines) + "\n"


def _rows(rows: list[dict[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["| " + " | ".join(name.replace("_", " ") for name in names) + " |", "|---" * len(names) + "|"]
    return lines + ["| " + " | ".join(_text(row.get(name)) for name in names) + " |" for row in rows]


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _line(cell: dict[str, Any]) -> str:
    number = "-" if cell["value"] is None else f"{cell['value']:.6g}"
    error = "" if cell["std_error"] is None else f"{cell['std_error']:.2g}"
    passes = "yes" if cell["is_met"] else "**no**"
    return f"| {cell['name']} | {number} | {error} | {cell['target']} | {passes} | {cell['source']} |"
