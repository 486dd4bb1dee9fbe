"""A sweep over numbers never compiles again: one row for each verb."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import market

from jaxprice import products
from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain
from jaxprice.engines import differential, glsm, mixture_of_experts, monte_carlo
from jaxprice.engines.differential import engine as differential_engine
from jaxprice.engines.glsm import engine as glsm_engine
from jaxprice.engines.mixture_of_experts import engine as committee_engine
from jaxprice.engines.mixture_of_experts import prediction, stages
from jaxprice.engines.monte_carlo import engine


def european(strike, expiry):
    return products.European(payoff=products.MinCall(strike=strike), expiry=expiry)


def sweep(verb, config):
    key = jax.random.key(0)
    for i, (strike, expiry) in enumerate([(90.0, 1.0), (91.0, 2), (np.float64(92), jnp.array(0.5)), (93, 1.5)]):
        model = dataclasses.replace(market(3), rate=jnp.array(0.01 * i))
        verb(jax.random.fold_in(key, i), model, european(strike, expiry), config)


LITTLE = glsm.Config(n_paths=512, n_price_paths=512, n_dual_paths=8, n_inner=8, order=2, columns=(), chunk=256)
ROWS = [
    ("price", monte_carlo.price, engine._price, monte_carlo.Config(n_paths=512)),
    ("price without greeks", monte_carlo.price, engine._price, monte_carlo.Config(n_paths=512, greeks=False)),
    ("gamma", monte_carlo.gamma, engine._gamma, monte_carlo.Config(n_paths=512)),
]


@pytest.mark.parametrize(("name", "verb", "jitted", "config"), ROWS, ids=[row[0] for row in ROWS])
def test_a_sweep_over_numbers_compiles_once(name, verb, jitted, config):
    before = jitted._cache_size()
    sweep(verb, config)
    assert jitted._cache_size() - before == 1


def test_a_sweep_over_numbers_compiles_each_part_of_glsm_once():
    programs = (glsm_engine._fit, glsm_engine._follow, glsm_engine._bounds)
    before = [program._cache_size() for program in programs]
    sweep(glsm.price, LITTLE)
    assert [program._cache_size() - size for program, size in zip(programs, before, strict=True)] == [1, 1, 1]


def test_fits_to_other_labels_compile_each_part_once_and_so_do_predictions():
    config = differential.Config(n_layers=1, n_units=4, training=differential.Training(n_epochs=3))
    programs = (differential_engine._prepare, differential_engine._advance, differential_engine._finish)
    programs += (differential_engine._fit_polynomial, differential.predict)
    before = [program._cache_size() for program in programs]
    for i in range(3):
        x = np.random.default_rng(i).uniform(80.0 + i, 120.0, (50, 2))
        box = Domain(lower=jnp.full(2, 80.0), upper=jnp.full(2, 120.0), names=("spot", "strike"))
        y, dydx = (jnp.asarray(part) for part in (x[:, 0] * x[:, 1], x[:, ::-1].copy()))
        data = DifferentialDataset(x=jnp.asarray(x), y=y, dydx=dydx, domain=box)
        for name in ("softplus", differential.Activation.SOFTPLUS):
            kept = dataclasses.replace(config, activation=name)
            surrogate = differential.fit(jax.random.key(i), data, kept)
            differential.predict(surrogate, data.x)
        differential.fit(jax.random.key(i), data, config, report=lambda *_: None, n_epochs_between=i + 1)
        differential.predict(differential.fit_polynomial(data, 2), data.x)
    counts = [program._cache_size() - size for program, size in zip(programs, before, strict=True)]
    assert counts == [1, 1, 1, 1, 2], "of predictions one for networks, one for polynomials"


@pytest.mark.slow
def test_committees_on_other_labels_compile_each_stage_once_and_so_do_predictions():
    brief = mixture_of_experts.Training(n_epochs=2)
    config = mixture_of_experts.Config(
        n_layers=1, n_units=4, expert_training=brief, gate_training=brief, joint_training=brief
    )
    programs = (committee_engine._prepare, committee_engine._spread, stages.train_experts, stages.train_gate)
    programs += (stages.train_together, prediction._predict)
    before = [program._cache_size() for program in programs]
    for i in range(3):
        x = np.random.default_rng(0).uniform([-0.3, 0.2], [0.3, 1.2], (512, 2))
        box = Domain(lower=jnp.asarray([-0.3, 0.2]), upper=jnp.asarray([0.3, 1.2]), names=("moneyness", "maturity"))
        y, dydx = (jnp.asarray((1.0 + i) * part) for part in (x[:, 0] * x[:, 1], x[:, ::-1].copy()))
        data = DifferentialDataset(x=jnp.asarray(x), y=y, dydx=dydx, domain=box)
        found = mixture_of_experts.fit(jax.random.key(i), data, config)
        for gate in ("window", mixture_of_experts.GateKind.WINDOW):
            kept = dataclasses.replace(config, gate=gate)
            assert kept.validate() == config.validate()
        mixture_of_experts.predict(found, data.x[:100])
    assert [program._cache_size() - size for program, size in zip(programs, before, strict=True)] == [1] * len(programs)


def test_the_program_of_a_sweep_does_not_grow_with_paths_or_dates():
    def size(n_paths, n_dates):
        product = products.Bermudan.equally_spaced(products.MinCall(strike=jnp.array(90.0)), jnp.array(1.0), n_dates)
        config = dataclasses.replace(LITTLE, n_paths=n_paths).validate()
        lowered = glsm_engine._fit.lower(jax.random.key(0), market(3), product, config=config, mesh=None)
        return len(lowered.as_text())

    assert size(2**20, 64) < 1.1 * size(2**12, 4)


def test_names_and_enumeration_members_share_a_program():
    key, before = jax.random.key(0), engine._price._cache_size()
    for sampling in ("antithetic", monte_carlo.Sampling.ANTITHETIC):
        monte_carlo.price(key, market(3), european(90.0, 1.0), monte_carlo.Config(n_paths=512, sampling=sampling))
    assert engine._price._cache_size() - before == 1


def test_the_program_does_not_grow_with_paths_or_dates():
    """Neither chunks nor dates are unrolled."""

    def size(n_paths, n_times):
        product = products.PathDependent(
            payoff=products.Function(function=lambda path: jnp.max(path[-1]), jumps=False),
            observation_times=jnp.linspace(0.1, 1.0, n_times),
        )
        lowered = engine._price.lower(
            jax.random.key(0),
            market(3),
            product,
            None,
            config=monte_carlo.Config(n_paths=n_paths).validate(),
            mesh=None,
        )
        return len(lowered.as_text())

    assert size(2**20, 4) < 1.05 * size(2**12, 4)
    assert size(2**12, 64) < 1.3 * size(2**12, 4)
