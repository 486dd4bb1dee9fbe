"""The training loop: Adam over mini-batches in one compiled loop, with a guard against divergence.

A state goes in and comes out, so that the same program trains to the end in one call, in pieces with a look in between,
or from where a killed run stopped; and `vmap` over states trains an ensemble.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxprice.core.array import Array, Bool, Float, Int, PRNGKey, Scalar
from jaxprice.core.status import Status
from jaxprice.core.struct import pytree_dataclass
from jaxprice.core.validation import check_between, check_count, check_member
from jaxprice.learning.schedule import PEAK_SHARE, Schedule, rate

LossFunction = Callable[..., Scalar]
"""From parameters and a batch, whose samples run along the last axis of every leaf, to a mean over the samples; of a
training with noise also from a key, a new one at each step."""

_MIN_BATCH, _N_BATCHES = 256, 16
_RESTART_FACTOR = 0.25
_STALLED_EPOCHS, _STALLED_SHARE, _LOST_SHARE = 5, 0.999, 0.8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """How long and how fast; hashable, static under `jit`.

    Attributes:
        n_epochs: passes over the samples.
        batch_size: samples in a step; None: a sixteenth of them, but 256 or all if there are fewer.
        schedule: shape of the learning rate.
        peak_rate: its greatest value.
        n_restarts: how often a training that diverges begins anew, each time with a quarter of the rate.
        patience: epochs without a smaller validation loss after which training stops; None: never before its end.
    """

    n_epochs: int = 100
    batch_size: int | None = None
    schedule: Schedule = Schedule.COSINE
    peak_rate: float = 0.02
    n_restarts: int = 3
    patience: int | None = None

    def validate(self) -> "Training":
        """The same settings with names turned into enumeration members.

        Raises:
            ValueError: for settings that train nothing.
        """
        check_count("n_epochs", self.n_epochs)
        check_count("n_restarts", self.n_restarts, 0)
        for name in ("batch_size", "patience"):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name))
        if not 0.0 < self.peak_rate < float("inf"):
            raise ValueError(f"peak_rate: expected a positive number, got {self.peak_rate}")
        return dataclasses.replace(self, schedule=check_member("schedule", Schedule, self.schedule))


@pytree_dataclass
class TrainingState:
    """Where a training stands.

    Attributes:
        start: parameters to begin with, and to begin with again.
        params: parameters now.
        optimiser: state of Adam.
        best: parameters with the smallest validation loss so far; those now without validation samples.
        best_loss: that loss, ().
        epoch: epochs of this attempt, ().
        attempt: how often the training began anew, ().
        n_stalled: last epochs in a row that learned nothing or lost what was learned, ().
        n_waited: last epochs without a smaller validation loss, ().
        n_done: epochs of all attempts, ().
        is_done: whether the training has ended, ().
        loss: mean loss of the training batches in each epoch; NaN for epochs to come, (n_epochs,).
        validation_loss: likewise after each epoch, (n_epochs,).
        status: `NOT_CONVERGED` after a training whose last attempt diverged or ended hardly better than a constant, ().
    """

    start: Any
    params: Any
    optimiser: Any
    best: Any
    best_loss: Scalar
    epoch: Int[Array, ""]
    attempt: Int[Array, ""]
    n_stalled: Int[Array, ""]
    n_waited: Int[Array, ""]
    n_done: Int[Array, ""]
    is_done: Bool[Array, ""]
    loss: Float[Array, " n_epochs"]
    validation_loss: Float[Array, " n_epochs"]
    status: Int[Array, ""]


def batches(key: PRNGKey, samples: Any, config: Training) -> Any:
    """The samples in random order, cut into batches along a new leading axis of every leaf.

    Every sample is in exactly one batch; the last batch is filled up with samples of weight 0, of which there are fewer
    than batches. The order is drawn once, for all epochs.

    Raises:
        ValueError: for fewer samples than a batch has.
    """
    n = samples.weight.shape[0]
    size = config.batch_size or min(n, max(_MIN_BATCH, n // _N_BATCHES))
    if size > n:
        raise ValueError(f"batch_size: {size} is more than the {n} training samples; lower it or make more samples")
    n_batches = n // size
    size = -(-n // n_batches)
    order = jax.random.permutation(key, n)
    is_filler = jnp.arange(n_batches * size) >= n
    order = jnp.concatenate([order, order[: n_batches * size - n]])

    def cut(leaf: Array) -> Array:
        rows = leaf[..., order].reshape(*leaf.shape[:-1], n_batches, size)
        return jnp.moveaxis(rows, -2, 0)

    shuffled = jax.tree.map(cut, samples)
    return dataclasses.replace(shuffled, weight=jnp.where(is_filler.reshape(n_batches, size), 0.0, shuffled.weight))


def begin(params: Any, config: Training) -> TrainingState:
    """A training that has not seen a sample yet."""
    leaf = jax.tree.leaves(params)[0]
    zero = jnp.zeros((), jnp.int32)
    nothing = jnp.full(config.n_epochs, jnp.nan, leaf.dtype)
    return TrainingState(
        start=params,
        params=params,
        optimiser=optax.scale_by_adam().init(params),
        best=params,
        best_loss=jnp.asarray(jnp.inf, leaf.dtype),
        epoch=zero,
        attempt=zero,
        n_stalled=zero,
        n_waited=zero,
        n_done=zero,
        is_done=jnp.zeros((), bool),
        loss=nothing,
        validation_loss=nothing,
        status=zero,
    )


def advance(
    loss_fn: LossFunction,
    state: TrainingState,
    batches: Any,
    validation: Any,
    constant_loss: Scalar,
    linear_loss: Scalar,
    config: Training,
    until: Int[Array, ""],
    noise: PRNGKey | None = None,
) -> TrainingState:
    """Trains on to the end, or until so many epochs are done.

    An attempt has diverged if its loss or a parameter is not finite, or if after the peak of the rate the loss is for
    five epochs no smaller than that of a constant, or four fifths of the way back to it from the smallest loss so far:
    the network has lost what it had learned. It then begins anew with a quarter of the rate. After the last
    attempt the state says `NOT_CONVERGED`; so it does of a training that ends less than halfway from the loss of a
    constant to that of a linear function. Parameters that are not finite are never the best ones.

    Args:
        loss_fn: what is minimised.
        state: where the training stands.
        batches: from `batches`.
        validation: samples held back, or None; the parameters that suit them best are kept.
        constant_loss: the loss of predicting a constant.
        linear_loss: that of the best linear function.
        config: length and speed.
        until: count of epochs, those of all attempts, at which to come back.
        noise: a key, if the loss draws numbers; validation draws none, so it has no part in such a training.
    """
    optimiser = optax.scale_by_adam()

    def step(carry: tuple[Any, Any, Scalar], batch_and_key: Any) -> tuple[tuple[Any, Any, Scalar], Scalar]:
        params, moments, learning_rate = carry
        loss, gradient = jax.value_and_grad(loss_fn)(params, *batch_and_key)
        # optax mixes Python floats with its step count, which strict promotion refuses.
        with jax.numpy_dtype_promotion("standard"):
            update, moments = optimiser.update(gradient, moments)
        params = jax.tree.map(lambda p, u: p - learning_rate.astype(p.dtype) * u, params, update)
        return (params, moments, learning_rate), loss

    def one_epoch(state: TrainingState) -> TrainingState:
        dtype = state.best_loss.dtype
        peak = config.peak_rate * _RESTART_FACTOR ** state.attempt.astype(dtype)
        share = state.epoch.astype(dtype) / config.n_epochs
        learning_rate = rate(config.schedule, share, peak)
        seen: tuple[Any, ...] = (batches,)
        if noise is not None:
            n_batches = jax.tree.leaves(batches)[0].shape[0]
            seen = (batches, jax.random.split(jax.random.fold_in(noise, state.n_done), n_batches))
        (params, moments, _), losses = jax.lax.scan(step, (state.params, state.optimiser, learning_rate), seen)
        loss = jnp.mean(losses)
        held_back = loss if validation is None else loss_fn(params, validation)
        is_finite = jnp.isfinite(loss) & jnp.isfinite(held_back) & _all_finite(params)
        is_better = is_finite if validation is None else is_finite & (held_back < state.best_loss)
        is_past_peak = share > PEAK_SHARE[config.schedule]
        halfway = 0.5 * (constant_loss + linear_loss)
        # Where a line explains less than the share of what noise leaves, half of that is asked for.
        has_nothing = loss > jnp.maximum(_STALLED_SHARE * constant_loss, halfway)
        smallest = jnp.nanmin(state.loss.at[state.epoch].set(loss))
        has_lost = loss > (1.0 - _LOST_SHARE) * smallest + _LOST_SHARE * constant_loss
        is_stalled = is_past_peak & (has_nothing | has_lost)
        n_stalled = jnp.where(is_stalled, state.n_stalled + 1, 0)
        n_waited = jnp.where(is_better, 0, state.n_waited + 1)
        epoch = state.epoch + 1
        is_over = (epoch >= config.n_epochs) | (n_waited >= (config.patience or config.n_epochs + 1))
        has_diverged = ~is_finite | (n_stalled >= _STALLED_EPOCHS)
        new = dataclasses.replace(
            state,
            params=params,
            optimiser=moments,
            best=jax.tree.map(lambda new, old: jnp.where(is_better, new, old), params, state.best),
            best_loss=jnp.where(is_better, held_back, state.best_loss),
            epoch=epoch,
            n_stalled=n_stalled,
            n_waited=n_waited,
            n_done=state.n_done + 1,
            is_done=is_over | has_diverged,
            loss=state.loss.at[state.epoch].set(loss),
            validation_loss=state.validation_loss.at[state.epoch].set(held_back),
        )
        again = dataclasses.replace(begin(state.start, config), attempt=state.attempt + 1, n_done=state.n_done + 1)
        has_failed = has_diverged & (state.attempt >= config.n_restarts)
        is_poor = is_over & ~(loss <= halfway)
        new = dataclasses.replace(
            new, status=jnp.where(has_failed | is_poor, jnp.int32(Status.NOT_CONVERGED), jnp.int32(Status.OK))
        )
        begins_anew = has_diverged & ~has_failed
        return jax.tree.map(lambda anew, on: jnp.where(begins_anew, anew, on), again, new)

    def goes_on(state: TrainingState) -> Bool[Array, ""]:
        return ~state.is_done & (state.n_done < until)

    return jax.lax.while_loop(goes_on, one_epoch, state)


def _all_finite(params: Any) -> Bool[Array, ""]:
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(params)]))


def hold_back(key: PRNGKey, samples: Any, share: float) -> tuple[Any, Any]:
    """Samples to train on and, at random, a share of them to validate with; None of the latter for a share of 0.

    Raises:
        ValueError: for a share that leaves nothing.
    """
    check_between("validation_share", jnp.asarray(share), 0.0, 0.5)
    n = samples.weight.shape[0]
    n_held = round(share * n)
    if share > 0.0 and n_held == 0:
        raise ValueError(f"validation_share: {share} of {n} samples is none; make more samples or take 0")
    if n_held == 0:
        return samples, None
    order = jax.random.permutation(key, n)
    held, rest = order[:n_held], order[n_held:]
    return jax.tree.map(lambda leaf: leaf[..., rest], samples), jax.tree.map(lambda leaf: leaf[..., held], samples)
