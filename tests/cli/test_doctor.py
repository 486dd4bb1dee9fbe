import dataclasses
import json
import subprocess
import sys

import pytest

from jaxprice import cli
from jaxprice.cli import commands, doctor


@pytest.fixture(autouse=True)
def leave_jax_alone(monkeypatch):
    monkeypatch.setattr(commands, "_start_jax", lambda *_: None)


@pytest.fixture(scope="module")
def checks():
    return doctor.run()


def test_this_installation_is_well(checks):
    assert [check for check in checks if not check.passed] == []
    names = [check.name for check in checks]
    programs = ["64 bits", "matrix products", "simulation", "price"]
    assert names == ["versions", "flax", "structures", "known-bad programs", *programs]
    assert all(check.finding and not check.remedy for check in checks)


def test_facts_are_json():
    facts = json.loads(json.dumps(doctor.facts(), allow_nan=False))
    assert facts["versions"]["jax"] and facts["devices"] and facts["host_memory_bytes"] > 2**20


@pytest.mark.parametrize("version", doctor.BROKEN_JAX)
def test_a_broken_version_fails(monkeypatch, version):
    monkeypatch.setattr(doctor, "_version", lambda name: version)
    with pytest.raises(doctor._Failed, match="wrong numbers"):
        doctor._versions()


def test_a_missing_package_fails(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda name: None)
    with pytest.raises(doctor._Failed, match="jax and jaxlib not installed"):
        doctor._versions()


def test_wrong_rows_are_counted(monkeypatch):
    """A jit that spoils a row, as jax 0.10.2 spoils thousands."""
    import jax

    monkeypatch.setattr(jax, "jit", lambda f: lambda *args: f(*args).at[7].add(1.0))
    assert doctor.wrong_rows("float64", 3, 100) == 1
    monkeypatch.setattr(jax, "jit", lambda f: lambda *args: f(*args).at[7:9].set(float("nan")))
    assert doctor.wrong_rows("float32", 3, 100) == 2
    with pytest.raises(doctor._Failed, match=r"10 of 10 sizes, 2 of 16,385 rows at worst \(3 assets, float64\)"):
        doctor._known_bad()


def test_a_check_that_blows_up_is_a_line_in_the_report(monkeypatch, capsys):
    def explode():
        raise RuntimeError("the driver is gone\nand more")

    monkeypatch.setattr(doctor, "_CHECKS", (("a", explode, "buy another"), ("b", lambda: "fine", "")))
    assert cli.main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "FAILED" in out and "RuntimeError: the driver is gone" in out and "To do: buy another" in out
    assert "and more" not in out and "b" in out
    assert cli.main(["doctor", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["passed"] is False and [check["passed"] for check in report["checks"]] == [False, True]


def test_all_well_is_status_zero(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "_CHECKS", (("b", lambda: "fine", ""),))
    assert cli.main(["doctor"]) == 0
    assert "passed" in capsys.readouterr().out


def test_nothing_but_the_standard_library_is_needed_to_say_what_is_missing():
    """Without jax and flax the doctor still reports, which is when it is needed most."""
    program = (
        "import sys\n"
        "for name in ('jax', 'jaxlib', 'flax', 'numpy'): sys.modules[name] = None\n"
        "from jaxprice import cli\n"
        "sys.exit(cli.main(['doctor', '--json']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    failed = {check["name"] for check in report["checks"] if not check["passed"]}
    assert {"flax", "known-bad programs", "price"} <= failed
    assert "Traceback" not in done.stderr


def test_a_check_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        doctor.Check(name="a", passed=True, finding="b").passed = False
