"""How many programs a surrogate of eleven assets takes, and that other numbers take no more."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest
from engines.fourier_tt.known import market, points, problem

from jaxprice.engines import fourier_tt

pytestmark = pytest.mark.x64
N_ASSETS = 11
# A grid of its own, so that shapes do not depend on numbers; whether it is fine enough is of no interest here.
COARSE = fourier_tt.Config(n_nodes=6, n_frequencies=16, step=0.8)


def compiled(caplog, call):
    """What a call returns, and the names of the programs that it compiles."""
    caplog.clear()
    with jax.log_compiles():
        found = call()
    texts = [record.getMessage() for record in caplog.records]
    return found, [text for text in texts if text.startswith("Compiling")]


@pytest.mark.slow
def test_eleven_assets_take_few_programs_and_other_numbers_none(caplog):
    jax.clear_caches()
    first = problem(market(N_ASSETS, 0.0))
    surrogate, programs = compiled(caplog, lambda: fourier_tt.fit(jax.random.key(0), first, COARSE))
    ours = [text for text in programs if any(name in text for name in ("_values", "log_sizes", "_expansion", "_falls"))]
    # Law and transform in blocks of three sizes each; the size of the integrand at three shapes; the rest once.
    assert len(ours) <= 12
    other = dataclasses.replace(market(N_ASSETS, 0.0), rate=jnp.asarray(0.03, float))
    _, programs = compiled(caplog, lambda: fourier_tt.fit(jax.random.key(1), problem(other), COARSE))
    assert not programs
    x, moved = points(surrogate.domain, 8), points(surrogate.domain, 8, seed=1)
    _, programs = compiled(caplog, lambda: fourier_tt.predict(surrogate, x))
    _, again = compiled(caplog, lambda: fourier_tt.predict(surrogate, moved))
    assert programs and not again
