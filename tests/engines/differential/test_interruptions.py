"""Reports and checkpoints: a training in pieces, or one that was killed, ends in the same bits."""

import dataclasses
import functools
import os
import subprocess
import sys

import jax
import numpy as np
import pytest
from engines.differential.known import Basket

from jaxprice.core.storage import StorageError
from jaxprice.engines import differential
from jaxprice.engines.differential import Config, Training

CONFIG = Config(n_layers=2, n_units=8, validation_share=0.2, n_members=2, training=Training(n_epochs=25))
KEY = jax.random.key(5)


class Killed(Exception):
    """What a report raises to end a run in the middle."""


@functools.cache
def data():
    return Basket.of(3).samples(400, seed=1)


@pytest.fixture(scope="module")
def whole():
    return differential.fit(KEY, data(), CONFIG)


def assert_same_bits(one, other):
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_reports_change_nothing(whole):
    seen = []

    def report(n_done, n_epochs, loss):
        seen.append((n_done, n_epochs))
        np.testing.assert_array_equal(loss, whole.diagnostics["loss"][:, n_done - 1])

    assert_same_bits(differential.fit(KEY, data(), CONFIG, report=report), whole)
    assert seen == [(10, 25), (20, 25), (25, 25)]


@pytest.mark.parametrize("n_epochs_between", [1, 7])
def test_a_killed_training_goes_on_to_the_same_bits(whole, tmp_path, n_epochs_between):
    path, seen = tmp_path / "training", []

    def until(last):
        def report(n_done, n_epochs, loss):
            seen.append(n_done)
            if n_done >= last:
                raise Killed

        return report

    for last in (8, 16):
        with pytest.raises(Killed):
            differential.fit(
                KEY, data(), CONFIG, checkpoint=path, report=until(last), n_epochs_between=n_epochs_between
            )
    assert seen[-1] < 25 and seen == sorted(set(seen)), "an epoch was trained twice"
    # Other pieces than before, and the file alone: both may change.
    assert_same_bits(differential.fit(KEY, data(), CONFIG, checkpoint=path, n_epochs_between=4), whole)
    assert_same_bits(differential.fit(KEY, data(), CONFIG, checkpoint=path, report=until(0)), whole)


def test_the_checkpoint_of_another_training_is_refused(whole, tmp_path):
    path = tmp_path / "training"
    differential.fit(KEY, data(), CONFIG, checkpoint=path, n_epochs_between=25)
    labels = data()
    others = [
        (jax.random.key(6), labels, CONFIG),
        (KEY, dataclasses.replace(labels, y=labels.y.at[17].add(1e-9)), CONFIG),
        (KEY, dataclasses.replace(labels, dydx=2.0 * labels.dydx), CONFIG),
    ]
    for key, dataset, config in others:
        with pytest.raises(
            StorageError, match="another key, other samples or other settings; remove it or name another"
        ):
            differential.fit(key, dataset, config, checkpoint=path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(StorageError, match="copy it again"):
        differential.fit(KEY, labels, CONFIG, checkpoint=path)


@pytest.mark.slow
def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    path = tmp_path / "training"
    differential.fit(KEY, data(), CONFIG, checkpoint=path, n_epochs_between=25)
    for change in ({"gradient_weight": 2.0}, {"n_units": 9}, {"training": Training(n_epochs=26)}):
        with pytest.raises(StorageError, match="other settings"):
            differential.fit(KEY, data(), dataclasses.replace(CONFIG, **change), checkpoint=path)


PROGRAM = """
import os, sys
import jax
from engines.differential.known import Basket
from jaxprice.engines import differential
from engines.differential.test_interruptions import CONFIG, KEY, data

def report(n_done, n_epochs, loss):
    if n_done >= 12:
        os.kill(os.getpid(), 9)

differential.fit(KEY, data(), CONFIG, checkpoint=sys.argv[1], report=report, n_epochs_between=4)
"""


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_a_file_to_go_on_from(whole, tmp_path):
    path = tmp_path / "training"
    tests = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)], env=os.environ | {"PYTHONPATH": tests}, timeout=300, check=False
    )
    assert process.returncode == -9 and path.exists()
    seen = []
    found = differential.fit(
        KEY, data(), CONFIG, checkpoint=path, report=lambda n, *_: seen.append(n), n_epochs_between=4
    )
    assert seen[0] == 16
    assert_same_bits(found, whole)
