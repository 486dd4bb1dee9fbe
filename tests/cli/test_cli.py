import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

from jaxprice import cli
from jaxprice.cli import commands, problem, terminal

ROOT = pathlib.Path(__file__).parents[2]
QUICK = """
title = "A [bold] call"
seed = 1
[model]
kind = "BlackScholes"
spot = [100.0, 95.0]
volatility = 0.2
correlation = 0.5
rate = 0.03
dividend = 0.0
[product]
kind = "European"
expiry = 1.0
[product.payoff]
kind = "{payoff}"
strike = 90.0
[engine]
kind = "monte_carlo"
n_paths = 4096
"""


@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr(commands, "_start_jax", lambda *_: None)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(QUICK.format(payoff="MinCall"))
    return path


def call(*arguments, **environment):
    command = [sys.executable, "-m", "jaxprice.cli", *map(str, arguments)]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


def test_help_needs_no_jax_and_no_time():
    program = (
        "import sys, time\n"
        "from jaxprice import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit as exit: assert not exit.code\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "heavy = loaded & {'jax', 'jaxlib', 'numpy', 'flax', 'matplotlib'}\n"
        "print(time.process_time(), *heavy, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    for name in ("doctor", "demo", "price"):
        assert name in done.stdout
    seconds, *heavy = done.stderr.split()
    assert heavy == []
    assert float(seconds) < 1.0, "CPU seconds; 0.25 on the machine it was written on"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["doctor"], cli.Doctor()),
        (["doctor", "--json"], cli.Doctor(json=True)),
        (["demo", "--out", "x", "--seed", "3"], cli.Demo(out=pathlib.Path("x"), seed=3)),
        (["demo", "--n-paths", "4096", "--smoke"], cli.Demo(n_paths=4096, smoke=True)),
        (["price", "a.toml", "--json"], cli.Price(file=pathlib.Path("a.toml"), json=True)),
    ],
)  # fmt: skip
def test_arguments_are_understood(arguments, expected):
    assert cli.parse(arguments) == expected


@pytest.mark.parametrize("arguments", [[], ["dcotor"], ["price"], ["demo", "--seed", "x"], ["demo", "--nope"]])
def test_arguments_that_mean_nothing_are_status_two(arguments, capsys):
    with pytest.raises(SystemExit) as exit:
        cli.parse(arguments)
    assert exit.value.code == 2
    assert capsys.readouterr().err


def test_a_price_from_the_outside():
    """The program as a user runs it: 64 bits, two cores, strict JSON."""
    path = ROOT / "experiments" / "problems" / "five_asset_min_call.toml"
    done = call("price", path, "--json", "--cores", 2, JAX_ENABLE_X64="0")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout, parse_constant=pytest.fail)
    assert answer["schema"] == "jaxprice.price/1" and answer["x64"] is True
    assert answer["problem"]["model"]["n_assets"] == 5 and answer["versions"]["jaxprice"]
    result = answer["result"]
    assert abs(result["price"] - 2.797427827) < 5 * result["std_error"] < 0.01
    assert result["lower"] < result["price"] < result["upper"] and result["level"] == 0.95
    assert len(result["greeks"]["spot"]) == 5 and result["status"] == "OK"
    assert len(answer["devices"]) == 2


def test_a_table_of_price_and_greeks(quiet, file, capsys):
    assert cli.main(["price", str(file)]) == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["A", "[bold]", "call,", "by", "monte_carlo"]
    names = [" ".join(line[:-2]) for line in lines[2:-2]]
    numbers = ["spot[0]", "spot[1]", "volatility[0]", "volatility[1]", "correlation[0, 1]", "rate"]
    numbers += ["dividend[0]", "dividend[1]"]
    assert names == ["price", *(f"d price / d {number}" for number in numbers)]
    assert "95 % interval" in out and "to compile" in out and "status OK" in out


def test_json_has_null_for_what_is_not_there(quiet, file, capsys):
    file.write_text(file.read_text() + "greeks = false\n")
    assert cli.main(["price", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["result"]["greeks"] is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (QUICK.format(payoff="MinCal"), "did you mean MinCall"),
        (QUICK.format(payoff="Digital"), "one asset"),
        (QUICK.format(payoff="MinCall") + "estimator = 'conditional'", "survival_bounds"),
        ("rubbish", "not TOML"),
    ],
)
def test_mistakes_are_one_sentence_and_status_two(quiet, file, capsys, content, message):
    file.write_text(content)
    assert cli.main(["price", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("jaxprice: ") and message in err
    assert err.count("\n") == 1 and "Traceback" not in err
    with pytest.raises(problem.ProblemError):
        cli.main(["price", str(file), "--debug"])


@pytest.mark.parametrize("cores", ["0", "-1", "100000"])
def test_a_wrong_number_of_cores(cores, capsys, file):
    assert cli.main(["price", str(file), "--cores", cores]) == 2
    assert "--cores: expected" in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys, quiet):
    assert cli.main(["price", "no.toml"]) == 2
    assert "no.toml: there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--n-paths", "1000"], "power of two"),
        (["--n-paths", "0"], "power of two"),
        (["--seed", "-1"], "--seed"),
        (["--out", "/dev/null/x"], "--out"),
        (["--out", "/dev/null"], "--out"),
    ],
)
def test_the_demo_refuses_before_it_starts(arguments, message, capsys):
    start = time.perf_counter()
    assert cli.main(["demo", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert time.perf_counter() - start < 5.0


def test_a_bad_status_is_said_and_is_status_one(quiet, file, capsys, monkeypatch):
    solve = problem.solve

    def spoiled(*arguments):
        import dataclasses

        import jax.numpy as jnp

        result, seconds = solve(*arguments)
        return dataclasses.replace(result, price=jnp.asarray(jnp.nan), status=jnp.asarray(100)), seconds

    monkeypatch.setattr(problem, "solve", spoiled)
    assert cli.main(["price", str(file), "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["result"]["price"] is None and "NON_FINITE" in out
    assert "NON_FINITE" in err and "check the model" in err


def test_what_nobody_expected_says_what_to_do(quiet, file, capsys, monkeypatch):
    def explode(*_):
        raise RuntimeError("boom")

    monkeypatch.setattr(problem, "solve", explode)
    assert cli.main(["price", str(file)]) == 70
    assert "unexpected RuntimeError: boom" in capsys.readouterr().err
    with pytest.raises(RuntimeError, match="boom"):
        cli.main(["price", str(file), "--debug"])


def test_an_interruption_is_one_line(quiet, file, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(problem, "load", interrupt)
    assert cli.main(["price", str(file)]) == 130
    assert capsys.readouterr().err == "jaxprice: interrupted\n"


def test_a_reader_that_leaves_early_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -c \"from jaxprice import cli; from jaxprice.cli import commands; "
        "commands.run_doctor = lambda c: print('x' * 10**6) or 0; "
        "raise SystemExit(cli.main(['doctor']))\" | head -c 1",
        shell=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "x" and done.stderr == ""


def test_tables_and_progress_in_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    terminal.print_table("a title", ("name", "value"), [["[red]x", "1.0"], ["y", "-2.5 ± 0.1"]], [True, False])
    with terminal.progress(2) as announce:
        announce("one")
        announce("two")
    out = capsys.readouterr().out
    assert "a title" in out and "[red]x" in out and "-2.5 ± 0.1" in out
