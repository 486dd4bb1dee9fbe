"""The loop: which samples it sees, how it steps, and what it does when a training goes wrong."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import assert_trees_close, default_dtype

from jaxprice.core.status import Status
from jaxprice.learning import training
from jaxprice.learning.samples import Samples
from jaxprice.learning.schedule import Schedule, rate
from jaxprice.learning.training import Training, TrainingState

END = 2**30
advance = jax.jit(training.advance, static_argnames=("loss_fn", "config"))


def samples_of(x, y):
    x, y = np.asarray(x), np.asarray(y)
    samples = Samples(x=x, y=y, slope=0.0 * x, weight=np.ones(y.size))
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, default_dtype()), samples)


def regression(n=300, noise=0.3):
    """Two inputs and a line through them, with what least squares finds."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(2, n))
    y = 1.5 * x[0] - 0.5 * x[1] + 0.25 + noise * rng.normal(size=n)
    best = np.linalg.lstsq(np.concatenate([x, np.ones((1, n))]).T, y, rcond=None)[0]
    return samples_of(x, y), best


SIMPLE = (2.1866, 0.1015)
"""Losses of a constant and of the line that is the best."""


def line(params, batch):
    error = params["slope"] @ batch.x + params["bias"] - batch.y
    return jnp.sum(batch.weight * error**2) / jnp.sum(batch.weight)


def beginning(config, slope=(0.0, 0.0)):
    dtype = default_dtype()
    params = {"slope": jnp.asarray(slope, dtype), "bias": jnp.zeros((), dtype)}
    return training.begin(params, config)


def train(loss_fn, state, samples, config, *, validation=None, simple=(1e30, 1e30), until=END):
    """With the losses of a constant and of a line; both so large by default that nothing is found to diverge."""
    batches = training.batches(jax.random.key(1), samples, config)
    constant, linear = (jnp.asarray(loss, default_dtype()) for loss in simple)
    return advance(
        loss_fn,
        state,
        batches,
        validation,
        constant_loss=constant,
        linear_loss=linear,
        config=config,
        until=jnp.int32(until),
    )


def assert_same_bits(one, other):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("n", "batch_size", "n_batches"),
    [(100, None, 1), (1000, None, 3), (5000, None, 16), (999, 100, 9), (8, 3, 2)],
)
def test_every_sample_is_in_exactly_one_batch(n, batch_size, n_batches):
    number = np.arange(n)
    cut = training.batches(jax.random.key(0), samples_of([number], number), Training(batch_size=batch_size))
    assert cut.weight.shape[0] == n_batches and cut.x.shape == (n_batches, 1, cut.y.shape[1])
    np.testing.assert_array_equal(cut.x[:, 0], cut.y)
    y, weight = np.asarray(cut.y), np.asarray(cut.weight)
    np.testing.assert_array_equal(np.sort(y[weight == 1.0]), number)
    assert (weight == 0.0).sum() == weight.size - n < n_batches
    assert not np.array_equal(y.ravel()[:n], number), "in the order they came"
    if batch_size is not None:
        assert cut.y.shape[1] >= batch_size


def test_samples_that_fill_the_last_batch_do_not_change_the_loss():
    samples, _ = regression(n=100)
    config = Training(batch_size=33)
    cut = training.batches(jax.random.key(0), samples, config)
    params = beginning(config, (0.3, 0.2)).params
    loss = np.array([line(params, jax.tree.map(lambda leaf, i=i: leaf[i], cut)) for i in range(3)])
    count = np.asarray(cut.weight).sum(axis=1)
    assert cut.y.shape == (3, 34) and count.tolist() == [34, 34, 32]
    np.testing.assert_allclose(loss @ count / 100.0, line(params, samples), rtol=1e-6)


def test_a_batch_of_more_samples_than_there_are():
    samples, _ = regression(n=100)
    with pytest.raises(ValueError, match="batch_size: 101 is more than the 100 training samples; lower it"):
        training.batches(jax.random.key(0), samples, Training(batch_size=101))


def test_what_is_held_back_is_not_trained_on():
    number = np.arange(101)
    samples = samples_of([number], number)
    kept, held = training.hold_back(jax.random.key(0), samples, 0.2)
    assert held.y.shape == (20,)
    np.testing.assert_array_equal(np.sort(np.concatenate([kept.y, held.y])), number)
    np.testing.assert_array_equal(kept.x[0], kept.y)
    assert training.hold_back(jax.random.key(0), samples, 0.0) == (samples, None)
    with pytest.raises(ValueError, match="validation_share: 0.001 of 101 samples is none"):
        training.hold_back(jax.random.key(0), samples, 0.001)
    with pytest.raises(ValueError, match="between 0 and 0.5, got 0.7"):
        training.hold_back(jax.random.key(0), samples, 0.7)


@pytest.mark.parametrize("schedule", [Schedule.COSINE, pytest.param(Schedule.ONE_CYCLE, marks=pytest.mark.slow)])
def test_a_line_is_found(schedule):
    samples, best = regression()
    config = Training(n_epochs=300, batch_size=100, schedule=schedule, peak_rate=0.1)
    state = train(line, beginning(config), samples, config)
    found = np.append(state.best["slope"], state.best["bias"])
    np.testing.assert_allclose(found, best, atol=2e-3)
    assert state.status == Status.OK and state.is_done and state.epoch == state.n_done == 300 and state.attempt == 0
    assert np.all(np.isfinite(state.loss))
    np.testing.assert_allclose(state.loss[-1], line(state.best, samples), rtol=1e-3)
    assert_same_bits(state.best, state.params)


def test_the_steps_are_those_of_adam():
    """Against optax.adam with a schedule by steps, written out batch by batch."""
    samples, _ = regression(n=100)
    config = Training(n_epochs=7, batch_size=33, peak_rate=0.1)
    state = beginning(config, (0.3, 0.2))
    cut = training.batches(jax.random.key(1), samples, config)

    def by_step(count):
        share = (count // 3).astype(default_dtype()) / config.n_epochs
        return rate(config.schedule, share, jnp.asarray(config.peak_rate, default_dtype()))

    plain = optax.adam(by_step)

    @jax.jit
    def step(params, moments, batch):
        loss, gradient = jax.value_and_grad(line)(params, batch)
        with jax.numpy_dtype_promotion("standard"):
            update, moments = plain.update(gradient, moments)
        return optax.apply_updates(params, update), moments, loss

    params, moments, losses = state.params, plain.init(state.params), []
    for _ in range(config.n_epochs):
        for i in range(3):
            params, moments, loss = step(params, moments, jax.tree.map(lambda leaf, i=i: leaf[i], cut))
            losses.append(loss)
    found = train(line, state, samples, config)
    assert_trees_close(found.params, params, factor=10)
    np.testing.assert_allclose(found.loss, np.reshape(losses, (7, 3)).mean(axis=1), rtol=1e-5)


def test_pieces_and_one_go_are_the_same_bits():
    samples, _ = regression()
    kept, held = training.hold_back(jax.random.key(5), samples, 0.2)
    config = Training(n_epochs=20, batch_size=64, peak_rate=0.1)
    whole = train(line, beginning(config), kept, config, validation=held)
    state = beginning(config)
    for until in (1, 2, 9, 9, 15, 40):
        state = train(line, state, kept, config, validation=held, until=until)
        assert state.n_done == min(until, 20) and bool(state.is_done) == (until >= 20)
    assert_same_bits(state, whole)
    assert_same_bits(train(line, state, kept, config, validation=held), whole)


def test_an_absurd_rate_is_lowered_until_it_fits():
    """A quarter of the rate at each restart: from a million, some ten are needed."""
    samples, best = regression()
    config = Training(n_epochs=60, batch_size=100, peak_rate=1e6, n_restarts=14)
    state = train(line, beginning(config), samples, config, simple=SIMPLE)
    assert state.status == Status.OK and 8 <= state.attempt <= 12 and state.n_done > state.epoch == 60
    np.testing.assert_allclose(state.best["slope"], best[:2], atol=0.05)


def test_after_the_last_attempt_it_says_so():
    samples, _ = regression()
    config = Training(n_epochs=60, batch_size=100, peak_rate=1e6, n_restarts=1)
    state = train(line, beginning(config), samples, config, simple=SIMPLE)
    assert state.status == Status.NOT_CONVERGED and state.is_done and state.attempt == 1
    assert np.isnan(state.loss[-1]), "what was not trained has no loss"
    # Five epochs after the peak, in each of two attempts.
    assert state.n_done == 2 * (7 + 5)


def cliff(params, batch):
    """Not a number a little way from the start."""
    return line(params, batch) + jnp.where(jnp.abs(params["bias"]) > 0.05, jnp.nan, 0.0)


def edge(params, batch):
    """A finite loss without a derivative at the start."""
    return line(params, batch) + jnp.sqrt(jnp.abs(params["bias"]))


@pytest.mark.parametrize("loss_fn", [cliff, edge])
@pytest.mark.parametrize("share", [0.0, pytest.param(0.2, marks=pytest.mark.slow)])
def test_the_best_parameters_are_numbers_whatever_happens(loss_fn, share):
    samples, _ = regression()
    kept, held = training.hold_back(jax.random.key(5), samples, share)
    config = Training(n_epochs=20, batch_size=len(kept.y), peak_rate=3.0, n_restarts=2)
    state = train(loss_fn, beginning(config), kept, config, validation=held)
    assert state.status == Status.NOT_CONVERGED and state.attempt == 2
    for leaf in jax.tree.leaves(state.best):
        assert np.all(np.isfinite(leaf))


BEST = regression()[1]


def hard_of_hearing(params, batch):
    """Learns a share of the best line and no more."""
    share = jax.lax.stop_gradient(params["share"])
    slope, bias = (share * jnp.asarray(best, share.dtype) for best in (BEST[:2], BEST[2]))
    return line({"slope": slope, "bias": bias}, batch)


@pytest.mark.parametrize(
    ("share", "n_epochs", "status", "n_done"),
    [
        pytest.param(0.0, 40, Status.NOT_CONVERGED, 2 * (5 + 5), id="a constant"),
        pytest.param(0.0, 3, Status.NOT_CONVERGED, 3, id="a constant after few epochs"),
        pytest.param(0.1, 40, Status.NOT_CONVERGED, 40, id="little more than a constant"),
        pytest.param(0.5, 40, Status.OK, 40, id="three quarters of the way to a line"),
    ],
)
def test_a_constant_is_never_called_a_fit(share, n_epochs, status, n_done):
    """Nor is what explains less than half of what a line does; that is known at the end only."""
    samples, _ = regression()
    config = Training(n_epochs=n_epochs, batch_size=300, n_restarts=1)
    simple = [hard_of_hearing({"share": jnp.asarray(s, default_dtype())}, samples) for s in (0.0, 1.0)]
    np.testing.assert_allclose(simple, SIMPLE, rtol=1e-3)
    start = training.begin({"share": jnp.asarray(share, default_dtype())}, config)
    state = train(hard_of_hearing, start, samples, config, simple=simple)
    assert state.status == status and state.n_done == n_done


def forgetful(params, batch):
    """Learns half of the best line, then falls back to a twentieth of it and stays there."""
    share = params["share"]
    return hard_of_hearing({"share": jnp.where(share < 0.5, share, 0.05)}, batch) + jnp.maximum(0.5 - share, 0.0)


def test_a_network_that_loses_what_it_had_learned_begins_anew():
    """A fall that ends below the loss of a constant is none of a fit: it was learned better before."""
    samples, _ = regression()
    simple = [hard_of_hearing({"share": jnp.asarray(s, default_dtype())}, samples) for s in (0.0, 1.0)]
    config = Training(n_epochs=40, batch_size=300, peak_rate=0.05, n_restarts=1)
    start = training.begin({"share": jnp.asarray(0.2, default_dtype())}, config)
    rest = (forgetful, start, samples)
    once = train(*rest, dataclasses.replace(config, n_restarts=0), simple=simple)
    twice = train(*rest, config, simple=simple)
    assert once.loss[0] > 1.2 * jnp.nanmin(once.loss) and once.loss[once.epoch - 1] < 0.95 * simple[0]
    assert once.status == Status.NOT_CONVERGED and once.n_done < 40
    assert twice.status == Status.OK and twice.attempt == 1 and twice.n_done == once.n_done + 40


def test_labels_that_are_almost_all_noise_are_trained_on():
    """Of which a line explains less than a thousandth: too little to tell from a constant by its size alone."""
    samples, _ = regression()
    config = Training(n_epochs=40, batch_size=300, n_restarts=1)
    start = training.begin({"share": jnp.asarray(0.1, default_dtype())}, config)
    loss = float(hard_of_hearing(start.params, samples))
    state = train(hard_of_hearing, start, samples, config, simple=(1.0005 * loss, 0.9999 * loss))
    assert state.status == Status.OK and state.n_done == 40


def curve(params, batch):
    """Nine powers through few samples: it overfits."""
    powers = jnp.stack([batch.x[0] ** k for k in range(1, 10)])
    error = params["slope"] @ powers + params["bias"] - batch.y
    return jnp.sum(batch.weight * error**2) / jnp.sum(batch.weight)


def overfitted(patience):
    rng = np.random.default_rng(2)
    x = rng.uniform(-1.0, 1.0, 24)
    samples = samples_of([x], np.sin(2.0 * x) + 0.5 * rng.normal(size=24))
    kept, held = training.hold_back(jax.random.key(5), samples, 0.5)
    config = Training(n_epochs=400, batch_size=12, peak_rate=0.1, patience=patience)
    start = beginning(config, (0.0,) * 9)
    return functools.partial(train, curve, start, kept, config, validation=held), held


def test_the_best_parameters_are_those_of_the_smallest_validation_loss():
    run, held = overfitted(None)
    state = run()
    loss = np.asarray(state.validation_loss)
    best = int(np.argmin(loss))
    assert 5 < best < 350 and loss[-1] > 1.05 * loss[best] and state.loss[-1] < state.loss[best]
    assert state.best_loss == loss[best] and state.epoch == 400
    np.testing.assert_allclose(curve(state.best, held), loss[best], rtol=1e-5)
    assert_same_bits(state.best, run(until=best + 1).params)


def test_patience_ends_a_training_and_keeps_the_best():
    patient, impatient = overfitted(None)[0](), overfitted(30)[0]()
    loss = np.asarray(patient.validation_loss)
    waited = np.arange(400) - np.maximum.accumulate(np.where(loss == np.minimum.accumulate(loss), np.arange(400), 0))
    end = int(np.argmax(waited == 30))
    assert 0 < end < 399 and impatient.is_done and impatient.epoch == end + 1 and impatient.status == Status.OK
    np.testing.assert_allclose(impatient.validation_loss[: end + 1], loss[: end + 1], rtol=1e-4)
    assert np.isnan(impatient.loss[end + 1 :]).all()
    np.testing.assert_allclose(impatient.best_loss, loss[: end + 1].min(), rtol=1e-4)


def test_an_ensemble_is_its_members_one_by_one():
    """Among them one that diverges and begins anew while the others go on."""
    samples, _ = regression()
    config = Training(n_epochs=20, batch_size=100, peak_rate=0.1, n_restarts=1)
    starts = [beginning(config, slope) for slope in [(0.0, 0.0), (1e3, 0.0), (1.0, -1.0)]]
    batches = training.batches(jax.random.key(1), samples, config)
    constant, linear = (jnp.asarray(loss, default_dtype()) for loss in SIMPLE)

    @jax.jit
    def together(states):
        rest = (constant, linear, config, jnp.int32(END))
        return jax.vmap(lambda state: training.advance(line, state, batches, None, *rest))(states)

    found = together(jax.tree.map(lambda *leaves: jnp.stack(leaves), *starts))
    assert found.status.tolist() == [Status.OK, Status.NOT_CONVERGED, Status.OK] and found.attempt.tolist() == [0, 1, 0]
    for i, start in enumerate(starts):
        alone = train(line, start, samples, config, simple=SIMPLE)
        assert isinstance(alone, TrainingState)
        assert_trees_close(jax.tree.map(lambda leaf, i=i: leaf[i], found.best), alone.best, factor=10)
        assert found.n_done[i] == alone.n_done


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_epochs": 0}, "n_epochs: expected a whole number of at least 1, got 0"),
        ({"n_restarts": -1}, "n_restarts: expected a whole number of at least 0, got -1"),
        ({"batch_size": 2.5}, "batch_size: expected a whole number of at least 1, got 2.5"),
        ({"patience": 0}, "patience: expected a whole number of at least 1, got 0"),
        ({"peak_rate": 0.0}, "peak_rate: expected a positive number, got 0.0"),
        ({"peak_rate": float("nan")}, "peak_rate: expected a positive number, got nan"),
        ({"schedule": "constant"}, "schedule: expected one of 'one_cycle', 'cosine', got 'constant'"),
    ],
)
def test_settings_that_train_nothing(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(Training(), **change).validate()


def test_names_become_members():
    assert Training(schedule="one_cycle").validate() == Training(schedule=Schedule.ONE_CYCLE)
