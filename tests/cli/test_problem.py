import copy
import dataclasses
import pathlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jaxprice import models, products
from jaxprice.cli import problem
from jaxprice.cli.tables import ProblemError
from jaxprice.engines import monte_carlo

EXAMPLES = sorted((pathlib.Path(__file__).parents[2] / "experiments" / "problems").glob("*.toml"))
TEXT = """
seed = 3
[model]
kind = "BlackScholes"
n_assets = 3
spot = 100.0
volatility = [0.2, 0.25, 0.3]
correlation = 0.4
rate = 0.03
dividend = 0
[product]
kind = "European"
expiry = 1.5
[product.payoff]
kind = "MinCall"
strike = 95
[engine]
kind = "monte_carlo"
n_paths = 4_096
sampling = "sobol"
"""


def written(tables):
    """TOML of nested dictionaries, for values that Python and TOML write alike."""

    def value(x):
        if isinstance(x, bool):
            return str(x).lower()
        return repr(x) if not isinstance(x, str) else '"' + x.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def table(name, content):
        plain = {key: x for key, x in content.items() if not isinstance(x, dict)}
        lines = [f"[{name}]"] if name else []
        lines += [f"{value(str(key))} = {value(x)}" for key, x in plain.items()]
        for key, x in content.items():
            if isinstance(x, dict):
                lines += table(f"{name}.{value(key)}" if name else value(key), x)
        return lines

    return "\n".join(table("", tables))


SOURCE = problem.parse(TEXT).source


def test_a_file_becomes_a_problem():
    task = problem.parse(TEXT)
    assert isinstance(task.model, models.BlackScholes) and isinstance(task.product, products.European)
    np.testing.assert_allclose(task.model.spot, 100.0)
    np.testing.assert_allclose(task.model.correlation, np.where(np.eye(3), 1.0, 0.4))
    assert isinstance(task.product.payoff, products.MinCall) and float(task.product.payoff.strike) == 95.0
    assert (task.engine, task.seed) == ("monte_carlo", 3)
    assert task.config == monte_carlo.Config(n_paths=4096, sampling=monte_carlo.Sampling.SOBOL)
    assert problem.parse(written(task.source)).config == task.config


def test_numbers_of_assets_and_matrices():
    source = copy.deepcopy(SOURCE)
    del source["model"]["n_assets"]
    source["model"]["correlation"] = [[1.0, 0.1, 0.2], [0.1, 1.0, 0.3], [0.2, 0.3, 1.0]]
    np.testing.assert_allclose(problem.parse(written(source)).model.correlation[0], [1.0, 0.1, 0.2])
    one = {"kind": "BlackScholes", "spot": 100.0, "volatility": 0.2, "rate": 0.0, "dividend": 0.0}
    source["model"], source["product"]["payoff"]["kind"] = one, "Call"
    assert problem.parse(written(source)).model.n_assets == 1


def test_equal_steps_and_booleans():
    source = copy.deepcopy(SOURCE)
    source["model"] = {"kind": "BlackScholes", "spot": 100.0, "volatility": 0.2, "rate": 0.0, "dividend": 0.0}
    payoff = {"kind": "BarrierCall", "strike": 100.0, "barrier": 80.0, "is_up": False}
    source["product"] = {"kind": "PathDependent", "expiry": 2.0, "n_dates": 4, "payoff": payoff}
    source["engine"]["estimator"] = "conditional"
    task = problem.parse(written(source))
    np.testing.assert_allclose(task.product.observation_times, [0.5, 1.0, 1.5, 2.0])
    assert task.product.payoff.is_up is False
    source["product"]["observation_times"] = [1.0, 2.0]
    with pytest.raises(ProblemError, match="give either observation_times, or expiry and n_dates"):
        problem.parse(written(source))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_read(path):
    assert problem.load(path).source["title"]


def test_every_public_kind_can_be_named():
    nouns = {name for name in products.__all__ if dataclasses.is_dataclass(getattr(products, name))} - {"Function"}
    assert set(problem._PRODUCTS) | set(problem._PAYOFFS) == nouns
    assert set(problem._PRODUCTS) == {"European", "Bermudan", "PathDependent"}
    assert set(problem._MODELS) == set(models.__all__) - {"Model"}


def changed(*path_and_value):
    *path, value = path_and_value
    source = copy.deepcopy(SOURCE)
    table = source
    for name in path[:-1]:
        table = table[name]
    if value is None:
        del table[path[-1]]
    else:
        table[path[-1]] = value
    return written(source)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("= 3", "not TOML"),
        ("x = " + "[" * 5000, "not TOML"),
        (TEXT + "\nn_paths = 3", "not TOML"),
        (changed("model", None), "the file: model missing"),
        (changed("modell", {}), r"unknown key 'modell' \(did you mean model\?\)"),
        (changed("model", 3), r"model: expected a table \[model\], got 3"),
        (changed("model", "kind", "BlackSholes"), r"one of Bachelier, .*'BlackSholes' \(did you mean BlackScholes\?\)"),
        (changed("model", "kind", None), r"\[model\]: kind is missing; write one of Bachelier"),
        (changed("model", "kind", "os.system"), "expected one of"),
        (changed("model", "volatilty", 1.0), r"unknown key 'volatilty' \(did you mean volatility\?\); the keys"),
        (changed("model", "rate", None), r"\[model\]: rate missing"),
        (changed("model", "rate", "5%"), r"\[model\] rate: expected a number, got '5%'"),
        (changed("model", "rate", True), r"\[model\] rate: expected a number, got True"),
        (changed("model", "rate", 10**400), "64 bits can hold"),
        (TEXT.replace("n_assets = 3", "n_assets = 0x" + "f" * 5000), "something very long"),
        (changed("model", "rate", float("nan")), "finite"),
        (changed("model", "spot", [100.0, 90.0]), r"\[model\] spot: expected 3 entries, one for each asset, got 2"),
        (changed("model", "spot", [[100.0] * 3] * 3), r"\[model\] spot: expected a number, got \["),
        (changed("model", "spot", -100.0), "BlackScholes.spot: expected a positive number, got -100"),
        (changed("model", "correlation", -0.9), "positive semi-definite"),
        (changed("model", "correlation", [[1.0, 0.5], [0.5]]), "one number or a square matrix"),
        (changed("model", "n_assets", 10**9), "n_assets: expected a whole number from 1 to 4096"),
        (changed("product", "kind", "MinCall"), r"\[product\] kind: expected one of European|Bermudan"),
        (changed("product", "payoff", None), r"write a table \[product.payoff\]"),
        (changed("product", "payoff", "kind", "Function"), "expected one of"),
        (changed("product", "payoff", "kind", "Call"), "written on one asset"),
        (changed("product", "payoff", "strike", -1.0), "MinCall.strike"),
        (changed("product", "expiry", 0.0), "European.expiry: expected a positive number"),
        (changed("product", "n_dates", 3), "unknown key 'n_dates'"),
        (changed("engine", "kind", "montecarlo"), "did you mean monte_carlo"),
        (changed("engine", "n_paths", 1e5), "n_paths: expected a whole number, got 100000.0"),
        (changed("engine", "n_paths", 1000), "power of two"),
        (changed("engine", "sampling", "sobel"), r"one of pseudo, antithetic, sobol, got 'sobel' \(did you"),
        (changed("engine", "greeks", 1), "greeks: expected true or false, got 1"),
        (changed("engine", "chunk", "big"), "chunk: expected a whole number"),
        (changed("engine", "seed", 1), "unknown key 'seed'"),
        (changed("seed", -1), "seed: expected a whole number from 0"),
        (changed("title", 3), "title: expected text"),
    ],
)  # fmt: skip
def test_mistakes_are_one_sentence(text, message):
    with pytest.raises(ProblemError, match=message) as caught:
        problem.parse(text)
    assert "\n" not in str(caught.value)


def test_what_the_engine_refuses_is_a_problem_too():
    source = copy.deepcopy(SOURCE)
    payoff = {"kind": "MinPut", "strike": 90.0}
    source["product"] = {"kind": "Bermudan", "expiry": 1.0, "n_dates": 2, "payoff": payoff}
    with pytest.raises(ProblemError, match="Bermudan"):
        problem.solve(problem.parse(written(source)))


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x = "])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "my.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProblemError, match=r"my\.toml"):
        problem.load(path)


@settings(max_examples=100)
@given(st.binary(max_size=300))
@example(TEXT.encode())
def test_random_bytes_are_a_problem_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("random") / "a.toml"
    path.write_bytes(content)
    try:
        problem.load(path)
    except ProblemError as error:
        assert str(path) in str(error)


VALUE = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(width=32),
    st.text('abé "\\.[]', max_size=5),
    st.sampled_from([10**30, -0.0]),
    st.lists(st.one_of(st.floats(-2, 2), st.integers(-3, 3), st.lists(st.floats(-1, 1), max_size=3)), max_size=4),
    st.sampled_from([{}, {"kind": "Call"}]),
)
PLACE = st.sampled_from(
    [(), ("model",), ("product",), ("product", "payoff"), ("engine",)],
)
NAME = st.sampled_from(
    "title seed model product engine kind n_assets spot volatility correlation rate dividend expiry n_dates payoff "
    "strike weight exercise_times observation_times n_paths sampling estimator chunk greeks variance x".split()
)
KIND = st.sampled_from([*problem._MODELS, *problem._PRODUCTS, *problem._PAYOFFS, "monte_carlo"])


@settings(max_examples=200)
@given(st.lists(st.tuples(PLACE, NAME, st.one_of(VALUE, KIND, st.none())), min_size=1, max_size=4))
def test_mutated_problems_are_problems_or_problem_errors(changes):
    source = copy.deepcopy(SOURCE)
    for place, name, value in changes:
        table = source
        for step in place:
            table = table.get(step) if isinstance(table, dict) else None
        if not isinstance(table, dict):
            continue
        if value is None:
            table.pop(name, None)
        else:
            table[name] = copy.deepcopy(value)
    try:
        task = problem.parse(written(source))
    except ProblemError as error:
        assert str(error)
    else:
        assert task.model.n_assets >= 1
