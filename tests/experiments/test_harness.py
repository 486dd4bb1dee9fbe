"""The harness: what is found, what is written, what a command that makes no sense answers."""

import dataclasses
import json
import math
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from experiments.__main__ import main
from experiments.harness import Cell, Experiment, discovery, report, runner

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    n: int = 3


def _run(key, config):
    return {"rows": [{"name": "a", "value": float(jax.random.uniform(key)) + config.n}]}


def _experiment(expected: float) -> Experiment:
    def cells(metrics, config):
        return [Cell.near("a", metrics["rows"][0]["value"], expected, 1.0, source="table 1")]

    return Experiment(
        question="?", table="1", run=_run, cells=cells, default=Config(), smoke=Config(n=1), full=Config(n=9)
    )


@pytest.fixture
def planted(monkeypatch):
    """An experiment that passes its check by default and fails it in a full run."""
    monkeypatch.setattr(discovery, "load", lambda name: _experiment(3.0))


def test_list_needs_no_jax():
    program = "import sys; from experiments.__main__ import main; main([]); assert 'jax' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in ("monte_carlo_convergence", "greeks_cost", "greeks_discontinuous", "throughput", "memory"):
        assert name in done.stdout


def test_every_entry_can_be_loaded():
    for entry in discovery.entries():
        experiment = discovery.load(entry.name)
        assert (experiment.question, experiment.table) == (entry.question, entry.table)
        for config in (experiment.default, experiment.smoke, experiment.full):
            assert type(config) is type(experiment.default)
            assert hash(config) == hash(dataclasses.replace(config))


def test_experiments_are_short():
    for entry in discovery.entries():
        source = (discovery.FOLDER / f"{entry.name}.py").read_text()
        assert len(source.splitlines()) <= 160, entry.name
        for word in ("Command: python -m experiments " + entry.name, "Expected:", "Time:", "Device:"):
            assert word in source, (entry.name, word)


def test_unknown_name_is_a_sentence(capsys):
    assert main(["greeks_cots"]) == 2
    said = capsys.readouterr().err
    assert "did you mean greeks_cost?" in said and "monte_carlo_convergence" in said


def test_smoke_and_full_exclude_each_other(capsys):
    assert main(["greeks_cost", "--smoke", "--full"]) == 2
    assert "give one" in capsys.readouterr().err


def test_unknown_option_is_refused(planted, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["planted", "--no-such-option", "1"])
    assert refused.value.code == 2


def test_check_sets_the_exit_code(planted, tmp_path, capsys):
    assert main(["planted", "--check", "--out", str(tmp_path)]) == 0
    assert "1 of 1 cells pass" in capsys.readouterr().out
    assert main(["planted", "--full", "--check", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "FAIL" in said and "table 1" in said
    assert main(["planted", "--full", "--out", str(tmp_path)]) == 0


def test_files(planted, tmp_path):
    main(["planted", "--seed", "7", "--n", "4", "--out", str(tmp_path / "new" / "folder")])
    out = tmp_path / "new" / "folder"
    assert sorted(path.name for path in out.iterdir()) == ["config.json", "env.json", "metrics.json"]
    config, env, metrics = (json.loads((out / f"{name}.json").read_text()) for name in ("config", "env", "metrics"))
    assert (config["seed"], config["config"]) == (7, {"n": 4})
    assert config["command"].startswith("python -m experiments planted --seed 7")
    assert set(env) == {"commit", "dirty", "date", "versions", "device", "precision", "seconds"}
    assert set(env["seconds"]) == {"compile", "run", "cpu"} and env["precision"] == "float64"
    assert {"python", "jax", "jaxlib", "numpy"} <= set(env["versions"])
    assert set(env["device"]) == {"platform", "kind", "count", "cores"}
    assert metrics["rows"][0]["value"] > 4.0 and metrics["cells"][0]["source"] == "table 1"


def test_same_seed_same_numbers(planted, tmp_path):
    found = []
    for folder, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        main(["planted", "--seed", seed, "--out", str(tmp_path / folder)])
        found.append(json.loads((tmp_path / folder / "metrics.json").read_text())["rows"])
    assert found[0] == found[1] != found[2]


def test_a_run_that_fails_leaves_older_results_alone(tmp_path):
    good = _experiment(3.0)
    runner.execute(good, Config(), 0, tmp_path, "first")
    before = (tmp_path / "metrics.json").read_text()

    def broken(key, config):
        raise RuntimeError("the power failed")

    with pytest.raises(RuntimeError, match="power"):
        runner.execute(dataclasses.replace(good, run=broken), Config(n=8), 0, tmp_path, "second")
    assert (tmp_path / "metrics.json").read_text() == before
    assert json.loads((tmp_path / "config.json").read_text())["command"] == "first"


@pytest.mark.parametrize(
    ("cell", "is_met"),
    [
        (Cell.near("x", 1.0, 1.1, 0.2), True),
        (Cell.near("x", 1.0, 1.3, 0.2), False),
        (Cell.unbiased("x", 1.0, 0.1, 1.3), True),
        (Cell.unbiased("x", 1.0, 0.1, 1.5), False),
        (Cell.unbiased("x", 1.0, 0.1, 1.5, expected_error=0.2), True),
        (Cell.at_most("x", 1.0, 2.0), True),
        (Cell.at_most("x", math.nan, 2.0), False),
        (Cell.at_least("x", 1.0, 2.0), False),
    ],
)
def test_cells(cell, is_met):
    assert cell.is_met is is_met


def test_discovery_wants_literal_strings(tmp_path):
    (tmp_path / "bad.py").write_text("EXPERIMENT = Experiment(question='?' + '!', table='1')")
    with pytest.raises(ValueError, match=r"bad.py.*question"):
        discovery.entries(tmp_path)


def test_report(planted, tmp_path):
    results, readme = tmp_path / "results", tmp_path / "README.md"
    main(["planted", "--out", str(results / "planted")])
    main(["planted", "--smoke", "--out", str(results / "planted-smoke")])
    readme.write_text("before\n<!-- results: python -m experiments report -->\nold\n<!-- end of results -->\nafter\n")
    report.write(results, readme)
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert "python -m experiments planted" in text and "table 1" in text and "planted-smoke" not in text
    report.write(results, readme)
    assert readme.read_text() == text
    # What an earlier run left of another experiment stays.
    readme.write_text(text.replace("### planted", "### another\n\nkept\n\n### planted"))
    report.write(results, readme)
    assert readme.read_text().count("kept") == 1 and readme.read_text().count("### planted") == 1
    readme.write_text("no marks")
    with pytest.raises(ValueError, match="expected the lines"):
        report.write(results, readme)
