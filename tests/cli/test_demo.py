import dataclasses
import io
import json
import math

import jax
import matplotlib.image
import numpy as np
import pytest

from jaxprice import cli
from jaxprice.cli import commands, demo
from jaxprice.cli.timing import Seconds, timed
from jaxprice.core import PriceResult

pytestmark = pytest.mark.x64


PRICE = demo.Estimate(value=10.0, std_error=0.1, reference=10.1)


@pytest.fixture
def outcome():
    return demo.Outcome(
        name="call on the worst of 5", engine="Monte Carlo", source="quadrature", price=PRICE, status="OK", passed=True,
        delta=demo.Estimate(value=0.5, std_error=0.01, reference=0.49), seconds=Seconds(1.0, 0.1),
    )  # fmt: skip


@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr(commands, "_start_jax", lambda *_: None)


def picture_size(content):
    assert content.startswith(b"\x89PNG")
    image = matplotlib.image.imread(io.BytesIO(content))
    assert image.std() > 0.05, "an empty picture"
    return image.shape[1], image.shape[0]


def test_rows_are_different_problems_on_one_market():
    rows = demo.rows()
    assert len({(row.name, row.engine) for row in rows}) == len(rows) >= 9
    for row in rows:
        row.model.validate()
    assert [row.engine for row in demo.convergence_rows()] == ["Monte Carlo", "Monte Carlo, Sobol"]


@pytest.mark.parametrize(
    ("change", "z", "passed"),
    [
        ({}, -1.0, True),
        ({"value": 10.7}, 6.0, False),
        ({"value": 9.5}, -6.0, False),
        ({"value": math.nan}, math.nan, False),
        ({"std_error": math.nan}, math.nan, False),
        ({"std_error": 0.0}, -math.inf, False),
        ({"std_error": 0.0, "value": 10.1}, 0.0, True),
        ({"std_error": None}, None, True),
        ({"std_error": None, "value": 10.4}, None, False),
        ({"value": None}, None, True),
    ],
)
def test_scores_and_verdicts(change, z, passed):
    estimate = dataclasses.replace(PRICE, **change)
    assert estimate.z == (z if z is None else pytest.approx(z, nan_ok=True))
    assert estimate.passed(tolerance=0.2) is passed
    if z is None and estimate.value is not None:
        assert not estimate.passed(tolerance=None)


def test_a_row_of_an_engine_without_errors_passes_within_its_tolerance():
    row = next(row for row in demo.rows() if row.name == "digital")
    exact = jax.value_and_grad(lambda spot: row.reference_fn(dataclasses.replace(row.model, spot=spot)))

    def price(key, model, n_paths):
        value, slope = exact(model.spot)
        greeks = dataclasses.replace(model, spot=slope)
        return PriceResult(price=value + 0.01, greeks=greeks, status=jax.numpy.int32(0))

    row = dataclasses.replace(row, price_fn=price, tolerance=0.02)
    assert demo.run(row, jax.random.key(0)).passed
    assert not demo.run(dataclasses.replace(row, tolerance=0.005), jax.random.key(0)).passed
    assert demo.run(row, jax.random.key(0)).price.z is None


def test_pictures_with_and_without_convergence(outcome):
    line = demo.Convergence(
        name="x", engine="Monte Carlo", n_paths=[256, 1024], std_error=[0.1, 0.05], error=[0.02, 0.01]
    )
    rows = [dataclasses.replace(outcome, name=f"row {i}") for i in range(9)]
    wide, narrow = picture_size(demo.draw(rows, [line, line])), picture_size(demo.draw(rows))
    assert wide[0] == 2 * narrow[0] and wide[1] == narrow[1]
    picture_size(demo.draw([dataclasses.replace(outcome, price=dataclasses.replace(PRICE, value=None))]))


def test_smoke(quiet, tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    assert cli.main(["demo", "--smoke", "--n-paths", "4096", "--out", str(out)]) == 0
    text, progress = capsys.readouterr()
    assert "digital" in text and "closed form" in text and str(out / "demo.png") in text
    assert progress.startswith("[1/2] put on the geometric mean")
    picture_size((out / "demo.png").read_bytes())
    written = json.loads((out / "demo.json").read_text())
    assert written["seed"] == 0 and len(written["rows"]) == 2 and written["versions"]["jax"]
    price = written["rows"][0]["price"]
    assert abs(price["value"] - price["reference"]) < 5 * price["std_error"]


def test_a_row_far_from_its_reference_is_status_one(quiet, monkeypatch, tmp_path, capsys, outcome):
    monkeypatch.setattr(demo, "run", lambda *_: dataclasses.replace(outcome, passed=False))
    assert cli.main(["demo", "--smoke", "--out", str(tmp_path)]) == 1
    assert "far from the reference" in capsys.readouterr().err


def test_the_convergence_of_two_engines():
    rows = demo.convergence_rows()[:1]
    said = []
    (line,) = demo.converge(jax.random.key(0), rows, (1024, 2048), said.append)
    assert line.n_paths == [1024, 2048] and len(said) == 2
    assert line.std_error[1] < line.std_error[0]
    assert all(error < 5 * std for error, std in zip(line.error, line.std_error, strict=True))


def test_seconds_of_compiling_and_running_are_told_apart():
    function = jax.jit(lambda x: jax.numpy.sin(x) @ jax.numpy.cos(x))
    x = jax.numpy.ones((50, 50))
    value, first = timed(lambda: function(x))
    again, second = timed(lambda: function(x))
    np.testing.assert_array_equal(value, again)
    assert first.compile > 0.0 and second.compile == 0.0
    assert min(first.run, second.run) >= 0.0
    with pytest.raises(ZeroDivisionError):
        timed(lambda: 1 / 0)


@pytest.mark.slow
def test_every_row_agrees_with_its_reference(quiet, tmp_path):
    assert cli.main(["demo", "--out", str(tmp_path)]) == 0
    written = json.loads((tmp_path / "demo.json").read_text())
    assert len(written["rows"]) == len(demo.rows())
    assert all(row["status"] == "OK" for row in written["rows"])
    picture_size((tmp_path / "demo.png").read_bytes())
