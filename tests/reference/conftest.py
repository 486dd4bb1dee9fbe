"""Independent oracles that several reference tests share: QuantLib and plain NumPy simulation."""

from types import SimpleNamespace

import numpy as np
import pytest
import QuantLib as ql

TODAY = ql.Date(2, 1, 2023)
ql.Settings.instance().evaluationDate = TODAY


def process(spot, rate, dividend, volatility):
    count = ql.Actual365Fixed()
    return ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, dividend, count)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, count)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), volatility, count)),
    )


def today():
    return TODAY


def correlation(n_assets, rho):
    return np.full((n_assets, n_assets), rho) + (1.0 - rho) * np.eye(n_assets)


def random_correlation(rng, n_assets, n_factors):
    factor = rng.normal(size=(n_assets, n_factors))
    covariance = factor @ factor.T
    std = np.sqrt(np.diag(covariance))
    return covariance / np.outer(std, std)


def terminal_prices(rng, n_paths, spot, rate, dividend, volatility, rho, expiry):
    """Antithetic terminal prices, shape (2, n_paths, d): the two halves are pairs."""
    root = np.linalg.cholesky(rho)
    z = rng.standard_normal((n_paths, len(spot))) @ root.T
    z = np.stack([z, -z])
    drift = (rate - dividend - 0.5 * volatility**2) * expiry
    return spot * np.exp(drift + volatility * np.sqrt(expiry) * z)


def mean_and_error(pair_sample):
    """Mean and standard error of antithetic pairs, shape (2, n_paths)."""
    sample = pair_sample.mean(axis=0)
    return sample.mean(), sample.std() / np.sqrt(len(sample))


def central_difference(fn, x, step):
    """Gradient of a function of a flat vector by central differences."""
    x = np.asarray(x, dtype=float)
    step = np.broadcast_to(step, x.shape)
    gradient = np.zeros_like(x)
    for i in range(len(x)):
        bump = np.zeros_like(x)
        bump[i] = step[i]
        gradient[i] = (float(fn(x + bump)) - float(fn(x - bump))) / (2.0 * step[i])
    return gradient


@pytest.fixture(scope="session")
def oracle():
    return SimpleNamespace(
        process=process,
        today=today,
        correlation=correlation,
        random_correlation=random_correlation,
        terminal_prices=terminal_prices,
        mean_and_error=mean_and_error,
        central_difference=central_difference,
    )
