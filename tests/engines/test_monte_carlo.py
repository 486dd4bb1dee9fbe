"""What only this engine does: its statuses, samples, substeps, and how its options combine."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close
from problems import BY_NAME, HESTON, MONTHS, market

from jaxprice import products
from jaxprice.engines import monte_carlo

CALL = products.European(payoff=products.Call(strike=100.0), expiry=1.0)


def test_price_does_not_depend_on_what_else_is_computed(key):
    with_greeks, without = (
        monte_carlo.price(key, market(1), CALL, monte_carlo.Config(n_paths=4096, greeks=greeks))
        for greeks in (True, False)
    )
    assert_close(with_greeks.price, without.price)
    assert_close(with_greeks.std_error, without.std_error, factor=10)
    assert without.greeks is None and without.greeks_std_error is None
    assert with_greeks.lower is None and with_greeks.upper is None


@pytest.mark.parametrize(("sampling", "n_samples"), [("pseudo", 4096), ("antithetic", 2048), ("sobol", 16)])
def test_samples_are_paths_pairs_or_replicates(key, sampling, n_samples):
    result = monte_carlo.price(
        key, market(1), CALL, monte_carlo.Config(n_paths=4096, sampling=sampling, n_replicates=16)
    )
    assert int(result.diagnostics["n_samples"]) == n_samples
    assert int(result.diagnostics["n_paths"]) == 4096


def test_zero_volatility_pays_the_forward(key):
    model = dataclasses.replace(market(1), volatility=jnp.zeros(1))
    result = monte_carlo.price(key, model, products.European(payoff=products.Call(strike=90.0), expiry=1.0))
    forward = float(model.forward(jnp.array([1.0]))[0, 0])
    assert_close(result.price, np.exp(-0.05) * (forward - 90.0), factor=100)
    assert float(result.std_error) < 1e-4 and np.all(np.isfinite(result.greeks.spot))


def test_perfectly_correlated_assets_are_priced(key):
    model = dataclasses.replace(market(2), correlation=jnp.ones((2, 2)))
    result = monte_carlo.price(key, model, products.European(payoff=products.MaxCall(strike=100.0), expiry=1.0))
    assert result.status == 0 and np.all(
        np.isfinite(jnp.concatenate([x.ravel() for x in jax.tree.leaves(result.greeks)]))
    )


@pytest.mark.x64
def test_more_substeps_reduce_the_bias_of_an_inexact_model(key):
    problem = BY_NAME["heston_call"]
    coarse, fine = (
        monte_carlo.price(
            key, HESTON, problem.product,
            monte_carlo.Config(n_paths=2**18, n_substeps=n, greeks=False, sampling="antithetic", control_variate=True),
        )
        for n in (1, 32)
    )  # fmt: skip
    truth = float(problem.price_fn(HESTON))
    assert abs(float(fine.price) - truth) < abs(float(coarse.price) - truth) + 0.01
    assert abs(float(fine.price) - truth) < 0.05


@pytest.mark.parametrize("estimator", ["likelihood_ratio", "conditional", "smoothed"])
@pytest.mark.parametrize("is_up", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_knock_in_greeks_are_the_call_less_knock_out(key, estimator, is_up):
    barrier = 120.0 if is_up else 85.0

    def greeks(**kwargs):
        payoff = products.BarrierCall(strike=98.0, is_up=is_up, **kwargs)
        product = products.PathDependent(payoff=payoff, observation_times=MONTHS)
        return monte_carlo.price(key, market(1), product, monte_carlo.Config(n_paths=2**14, estimator=estimator)).greeks

    out, knocked_in = greeks(barrier=barrier), greeks(barrier=barrier, is_knock_in=True)
    never = greeks(barrier=1e9 if is_up else 1e-9)
    tolerance = 0.2 if estimator == "conditional" else 1e-6  # the sum of two estimates on different paths
    for field in ("spot", "volatility"):
        total = np.asarray(getattr(out, field) + getattr(knocked_in, field))
        np.testing.assert_allclose(total, getattr(never, field), rtol=tolerance, atol=1e-3)


@pytest.mark.slow
def test_a_heston_digital_has_all_three_estimators(key):
    product = products.European(payoff=products.Digital(strike=100.0), expiry=0.5)
    results = {
        estimator: monte_carlo.price(
            key, HESTON, product, monte_carlo.Config(n_paths=2**17, estimator=estimator, n_substeps=8)
        )
        for estimator in ("likelihood_ratio", "smoothed", "conditional")
    }
    best = results["conditional"]
    for estimator, result in results.items():
        for field in ("spot", "variance", "rate", "correlation"):
            error = float(jnp.hypot(getattr(result.greeks_std_error, field), getattr(best.greeks_std_error, field)))
            bias = 0.01 * abs(float(getattr(best.greeks, field))) if estimator == "smoothed" else 0.0
            assert abs(float(getattr(result.greeks, field) - getattr(best.greeks, field))) < 5 * error + bias, (
                estimator,
                field,
            )


def test_an_autocallable_pays_at_the_time_it_is_called(key):
    """Certain to be called at the first observation, it is a bond of that maturity."""
    payoff = products.WorstOfAutocallable(
        initial_fixing=np.array([100.0, 100.0]), autocall_level=1e-6, protection_level=0.5, coupon=0.1, notional=100.0
    )
    product = products.PathDependent(payoff=payoff, observation_times=np.array([0.5, 1.0, 2.0]))
    result = monte_carlo.price(key, market(2), product, monte_carlo.Config(n_paths=1024, estimator="likelihood_ratio"))
    assert_close(result.price, 110.0 * np.exp(-0.05 * 0.5), factor=10)


def test_gamma_standard_errors_match_the_spread_over_seeds():
    config = monte_carlo.Config(n_paths=2**11)
    product = products.European(payoff=products.MaxCall(strike=100.0), expiry=1.0)
    keys = jax.random.split(jax.random.key(5), 100)
    runs = [monte_carlo.gamma(key, market(2), product, config) for key in keys]
    gammas, errors = (np.stack([np.asarray(run[i]) for run in runs]) for i in (0, 1))
    np.testing.assert_allclose(np.sqrt(np.mean(errors**2, axis=0)), np.std(gammas, axis=0, ddof=1), rtol=0.35)


def test_a_model_and_a_payoff_of_ones_own(key):
    """The protocol is enough: a lognormal model written here, priced and differentiated like any other."""
    from jaxprice import pytree_dataclass

    @pytree_dataclass
    class Lognormal:
        spot: object
        volatility: object
        is_exact = True
        n_assets = 1
        n_factors = 1

        def path(self, normal, time):
            steps = jnp.sqrt(jnp.diff(time, prepend=jnp.zeros(1, time.dtype)))[:, None] * normal
            return self.spot * jnp.exp(
                self.volatility * jnp.cumsum(steps, axis=0) - 0.5 * self.volatility**2 * time[:, None]
            )

        def observe(self, state):
            return state

        def discount_factor(self, time):
            return jnp.ones_like(time)

        def validate(self):
            if not self.spot > 0:
                raise ValueError("Lognormal.spot: expected a positive number")

    model = Lognormal(spot=jnp.array(100.0), volatility=jnp.array(0.2))
    result = monte_carlo.price(
        key, model, products.European(payoff=lambda s: jnp.maximum(s[0] - 100.0, 0.0), expiry=1.0)
    )
    assert abs(float(result.price) - 7.9656) < 5 * float(result.std_error)
    assert abs(float(result.greeks.spot) - 0.5398) < 5 * float(result.greeks_std_error.spot)
