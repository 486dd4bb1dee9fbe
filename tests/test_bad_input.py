"""Bad input gets a sentence that says what came, what was expected, and what to do."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from problems import BACHELIER, HESTON, market

from jaxprice import Status, StatusError, models, products
from jaxprice.engines import monte_carlo

SMALL = monte_carlo.Config(n_paths=64)
CALL = products.European(payoff=products.MaxCall(strike=100.0), expiry=1.0)
TIMES = jnp.array([0.5, 1.0])


def price(model=None, product=None, config=SMALL, key=None, **kwargs):
    return monte_carlo.price(
        jax.random.key(0) if key is None else key, model or market(2), product or CALL, config, **kwargs
    )


def european(payoff, expiry=1.0):
    return products.European(payoff=payoff, expiry=expiry)


def changed(model, **kwargs):
    return dataclasses.replace(model, **{k: jnp.asarray(v, model.spot.dtype) for k, v in kwargs.items()})


def note(**kwargs):
    numbers = {"initial_fixing": np.array([100.0, 100.0]), "autocall_level": 1.0, "protection_level": 0.7,
               "coupon": 0.02, "notional": 100.0} | kwargs  # fmt: skip
    return products.PathDependent(payoff=products.WorstOfAutocallable(**numbers), observation_times=TIMES)


MODELS = [
    (changed(market(2), correlation=[[1, 0.5], [0.4, 1]]), "correlation: expected a symmetric matrix.*up to 0.1.*c.T"),
    (
        changed(market(2), correlation=[[1.1, 0.5], [0.5, 1]]),
        "correlation: expected ones on the diagonal.*volatilities",
    ),
    (changed(market(2), correlation=[[1, 1.5], [1.5, 1]]), "correlation: expected a number between -1 and 1, got 1.5"),
    (
        changed(market(3), correlation=[[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]),
        "positive semi-definite.*eigenvalue",
    ),
    (changed(market(2), correlation=np.eye(3)), r"correlation: expected shape \(2, 2\), got \(3, 3\)"),
    (changed(market(2), volatility=[0.2, -0.1]), "volatility: expected a number that is not negative, got -0.1"),
    (changed(market(2), volatility=[0.2]), r"volatility: expected shape \(2,\), got \(1,\)"),
    (changed(market(2), volatility=[0.2, np.nan]), r"volatility: expected finite numbers, got nan in 1 of 2"),
    (changed(market(2), spot=[100, 0.0]), "spot: expected a positive number, got 0"),
    (changed(market(2), spot=100.0), r"spot: expected shape \(n_assets,\), got \(\)"),
    (changed(market(2), dividend=[0.1]), r"dividend: expected shape \(2,\)"),
    (changed(market(2), rate=np.inf), "rate: expected finite numbers, got inf"),
    (changed(market(2), rate=[0.1, 0.2]), r"rate: expected shape \(\), got \(2,\)"),
    (changed(BACHELIER, volatility=[1.0, 2.0, -3.0]), "Bachelier.volatility: expected a number that is not negative"),
    (changed(BACHELIER, spot=[1.0, 2.0, np.nan]), "finite"),
    (changed(HESTON, variance=-0.1), "variance"),
    (changed(HESTON, vol_of_vol=-0.1), "vol_of_vol"),
    (changed(HESTON, correlation=1.2), "correlation"),
    (changed(HESTON, spot=-1.0), "spot"),
]


@pytest.mark.parametrize(("model", "message"), MODELS, ids=[message[:30] for _, message in MODELS])
def test_numbers_that_are_no_model(model, message):
    with pytest.raises(ValueError, match=message):
        price(model)


def asian(times):
    return products.PathDependent(payoff=products.AsianCall(strike=1.0), observation_times=times)


PRODUCTS = [
    (european(products.MaxCall(strike=-1.0)), "MaxCall.strike: expected a number that is not negative, got -1"),
    (european(products.MaxCall(strike=float("nan"))), "strike: expected finite"),
    (european(products.MaxCall(strike=100.0), expiry=-1.0), "European.expiry: expected a positive number, got -1"),
    (european(products.MaxCall(strike=100.0), expiry=0.0), "European.expiry: expected a positive number, got 0"),
    (european(products.MaxCall(strike=100.0), expiry=np.array([1.0, 2.0])), r"expiry: expected shape \(\), got \(2,\)"),
    (european(products.Call(strike=100.0)), "Call is written on one asset, the state has shape.*basket"),
    (european(products.BasketCall(strike=1.0, weight=np.ones(3))), r"weight: expected shape \(2,\), got \(3,\)"),
    (european(products.CallSpread(lower_strike=110.0, upper_strike=90.0)), "cross: 110 > 90; exchange"),
    (european(products.OutperformerSpread(lower_ratio=1.1, upper_ratio=0.9)), "cross: 1.1 > 0.9"),
    (european(products.StrangleSpread(strike=np.array([75.0, 90.0, 80.0, 125.0]))), "increasing.*90 followed by 80"),
    (asian(np.array([0.5, 0.5])),
     "strictly increasing times, got 0.5 followed by 0.5"),
    (asian(np.array([0.0, 0.5])), "after 0, got 0"),
    (asian(np.zeros(0)), "one or more times"),
    (asian(np.array([0.5, np.nan])), "finite"),
    (asian(TIMES), "AsianCall is written on one"),
    (products.PathDependent(payoff=products.MaxCall(strike=1.0), observation_times=TIMES), "MaxCall.*at one time.*own"),
    (products.PathDependent(payoff=products.GeometricBasketPut(strike=1.0), observation_times=TIMES), "at one time"),
    (note(notional=-1.0), "notional: expected a positive"),
    (note(autocall_level=0.0), "autocall_level: expected a positive"),
    (note(), "WorstOfAutocallable jumps: its pathwise derivative.*silently wrong.*likelihood_ratio.*smoothed"),
    (european(products.Digital(strike=0.0)), "Digital.strike: expected a positive"),
]  # fmt: skip


@pytest.mark.parametrize(("product", "message"), PRODUCTS, ids=[message[:30] for _, message in PRODUCTS])
def test_numbers_that_are_no_product(product, message):
    with pytest.raises(ValueError, match=message):
        price(product=product)


CONFIGS = [
    ({"n_paths": 0}, "n_paths: expected a whole number of at least 2, got 0"),
    ({"n_paths": 1e5}, "n_paths: expected a whole number.*got 100000.0"),
    ({"n_paths": 2**33}, "fewer than 2\\*\\*32.*merge several runs"),
    ({"n_paths": 101, "sampling": "antithetic"}, "antithetic paths come in pairs, got the odd number 101"),
    (
        {"n_paths": 3000, "sampling": "sobol"},
        r"powers of two, expected n_replicates \(32\) times a power of two, got 3000",
    ),
    ({"sampling": "halton"}, "sampling: expected one of 'pseudo', 'antithetic', 'sobol', got 'halton'"),
    ({"estimator": "finite_difference"}, "estimator: expected one of 'pathwise'.*got 'finite_difference'"),
    ({"estimator": "smoothed"}, "needs a payoff with a method cash_flow.*pathwise"),
    ({"estimator": "conditional"}, "survival_bounds.*likelihood_ratio"),
    ({"chunk": 1000}, "chunk: expected a power of two, got 1000"),
    ({"n_substeps": 0}, "n_substeps: expected a whole number of at least 1, got 0"),
    ({"smoothing_width": 0.0}, "smoothing_width: expected a positive number, got 0.0"),
    ({"n_replicates": 1}, "n_replicates: expected a whole number of at least 2"),
]


@pytest.mark.parametrize(("settings", "message"), CONFIGS, ids=[str(settings) for settings, _ in CONFIGS])
def test_settings_that_make_no_estimate(settings, message):
    with pytest.raises(ValueError, match=message):
        price(config=monte_carlo.Config(**settings))


def test_what_is_no_model_product_or_key():
    with pytest.raises(TypeError, match="model: expected one of jaxprice.models.*got dict"):
        monte_carlo.price(jax.random.key(0), {"spot": 100}, CALL)
    with pytest.raises(TypeError, match="product: expected one of jaxprice.products.*got MaxCall"):
        monte_carlo.price(jax.random.key(0), market(2), CALL.payoff)
    with pytest.raises(TypeError, match="key: expected one key as made by jax.random.key.*got int"):
        monte_carlo.price(0, market(2), CALL)
    with pytest.raises(TypeError, match=r"got Array.* of shape \(2,\)|got ArrayImpl of shape \(2,\)"):
        monte_carlo.price(jax.random.PRNGKey(0), market(2), CALL)
    with pytest.raises(TypeError, match="threefry2x32"):
        monte_carlo.price(jax.random.key(0, impl="rbg"), market(2), CALL)
    with pytest.raises(TypeError, match="spot.*expected a number or an array of numbers, got str"):
        price(dataclasses.replace(market(2), spot="100"))


def test_lists_are_arrays_and_lists_of_something_else_are_not():
    listed = dataclasses.replace(market(2), spot=[106.0, 97.5], correlation=[[1.0, 0.3], [0.3, 1.0]])
    same = changed(market(2), spot=[106.0, 97.5], correlation=[[1.0, 0.3], [0.3, 1.0]])
    assert price(listed).price == price(same).price
    assert models.BlackScholes.equicorrelated(n_assets=2, spot=[1.0, 2.0], volatility=0.2).spot.shape == (2,)
    for bad in (["a", "b"], [[1.0], [1.0, 2.0]]):
        with pytest.raises(TypeError, match="spot: expected a list of numbers"):
            price(dataclasses.replace(market(2), spot=bad))


def test_a_product_with_a_choice_and_a_model_without_a_law_name_the_right_engine():
    bermudan = products.Bermudan.equally_spaced(products.MaxCall(strike=100.0), expiry=3.0, n_dates=9)
    with pytest.raises(TypeError, match="without a choice, got Bermudan.*early exercise"):
        price(product=bermudan)
    uncertain = models.UncertainVolatility(
        spot=jnp.array([100.0]), min_volatility=jnp.array([0.1]), max_volatility=jnp.array([0.2]),
        min_correlation=jnp.eye(1), max_correlation=jnp.eye(1), rate=jnp.array(0.0), dividend=jnp.array([0.0]),
    )  # fmt: skip
    with pytest.raises(TypeError, match="UncertainVolatility has none.*bounds"):
        price(uncertain, european(products.Call(strike=100.0)))


def test_payoffs_on_two_assets_refuse_a_third():
    for payoff in (products.Outperformer(), products.OutperformerSpread(lower_ratio=0.9, upper_ratio=1.1)):
        with pytest.raises(ValueError, match="the prices of 2 assets at one time, the state has shape"):
            price(market(3), european(payoff))


def test_factories_check_at_once():
    with pytest.raises(ValueError, match=r"spot: expected shape \(3,\), got \(2,\)"):
        models.BlackScholes.equicorrelated(n_assets=3, spot=jnp.ones(2), volatility=0.2)
    with pytest.raises(ValueError, match="eigenvalue"):
        models.BlackScholes.equicorrelated(n_assets=3, spot=100.0, volatility=0.2, correlation=-0.7)
    with pytest.raises(ValueError, match="n_assets: expected a whole number of at least 1, got 0"):
        models.BlackScholes.equicorrelated(n_assets=0, spot=100.0, volatility=0.2)
    with pytest.raises(ValueError, match="n_dates: expected a whole number of at least 1, got 0"):
        products.Bermudan.equally_spaced(products.MaxCall(strike=1.0), expiry=1.0, n_dates=0)
    with pytest.raises(ValueError, match="after 0"):
        products.Bermudan.equally_spaced(products.MaxCall(strike=1.0), expiry=-1.0, n_dates=2)


def test_a_payoff_that_returns_nan_is_a_status_with_a_remedy():
    result = price(product=european(products.Function(function=lambda s: jnp.log(-jnp.sum(s)), jumps=False)))
    assert result.status == Status.NON_FINITE
    with pytest.raises(StatusError, match="NON_FINITE.*jax_debug_nans"):
        result.raise_for_status()


def test_cash_flows_of_the_wrong_shape():
    bad = products.Function(function=lambda path: path[:-1, 0], jumps=False)
    with pytest.raises(ValueError, match=r"cash flows.*expected shape \(2,\), got \(1,\)"):
        price(product=products.PathDependent(payoff=bad, observation_times=TIMES))


def test_shapes_are_checked_under_jit_and_values_pass_through():
    @jax.jit
    def traced(volatility):
        return price(dataclasses.replace(market(2), volatility=volatility)).price

    with pytest.raises(ValueError, match="volatility: expected shape"):
        traced(jnp.array([0.1, 0.2, 0.3]))
    assert np.isfinite(traced(jnp.array([0.1, 0.2])))
