import dataclasses

import jax
import jax.numpy as jnp
import pytest

from jaxprice.core.dataset import DifferentialDataset
from jaxprice.core.domain import Domain

N = 20
DATA = DifferentialDataset(
    x=jnp.stack([jnp.linspace(80.0, 120.0, N), jnp.linspace(0.4, 0.1, N)], axis=1),
    y=jnp.linspace(1.0, 2.0, N),
    dydx=jnp.ones((N, 2)),
    domain=Domain(lower=jnp.asarray([80.0, 0.1]), upper=jnp.asarray([120.0, 0.4]), names=("spot", "volatility")),
)


def test_a_good_one_passes_and_knows_its_size():
    DATA.validate()
    assert (DATA.n_samples, DATA.n_inputs) == (N, 2)
    assert len(jax.tree.leaves(DATA)) == 5


SECOND = dataclasses.replace(DATA, direction=jnp.eye(2), curvature=jnp.ones((N, 2, 2)))


def test_second_derivatives_are_part_of_it_or_not():
    SECOND.validate()
    assert len(jax.tree.leaves(SECOND)) == 7
    jax.jit(lambda data: (data.validate(), data.y)[1])(SECOND)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"direction": None}, r"\.direction: .*go together.*both or neither"),
        ({"curvature": None}, r"\.curvature: .*go together.*both or neither"),
        ({"direction": jnp.eye(3)}, r"\.direction: expected shape \(3, 2\), got \(3, 3\)"),
        ({"direction": jnp.ones(2)}, r"\.direction: expected shape \(k, 2\), got \(2,\)"),
        ({"direction": jnp.full((2, 2), jnp.nan)}, r"\.direction: expected finite numbers"),
        ({"curvature": jnp.ones((N, 2))}, r"\.curvature: expected shape \(20, 2, 2\)"),
        (
            {"curvature": SECOND.curvature.at[4, 1, 0].set(jnp.nan)},
            r"\.curvature: NaN or infinity in 1 of 20 rows \(4\)",
        ),
    ],
)
def test_what_is_wrong_with_second_derivatives_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SECOND, **change).validate()


def test_the_inputs_of_the_first_bad_row_are_shown():
    with pytest.raises(
        ValueError, match=r"rows \(19\); remove or repair these rows; row 19 has spot = 120, volatility"
    ):
        dataclasses.replace(DATA, y=DATA.y.at[19].set(jnp.nan)).validate()
    many = Domain(lower=jnp.zeros(12), upper=jnp.ones(12), names=tuple(f"x{i}" for i in range(12)))
    wide = DifferentialDataset(x=jnp.full((1, 12), 0.5), y=jnp.full(1, jnp.nan), dydx=jnp.ones((1, 12)), domain=many)
    with pytest.raises(ValueError, match=r"row 0 has x0 = 0.5, .*x7 = 0.5 \.\.\.$"):
        wide.validate()


def test_it_validates_while_jax_traces():
    jax.jit(lambda data: (data.validate(), data.y)[1])(DATA)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": DATA.x.at[3, 0].set(jnp.nan).at[7, 1].set(jnp.inf)}, r"\.x: NaN or infinity in 2 of 20 rows \(3, 7\)"),
        ({"y": DATA.y.at[0].set(-jnp.inf)}, r"\.y: NaN or infinity in 1 of 20 rows \(0\); remove or repair"),
        ({"dydx": jnp.full((N, 2), jnp.nan)}, r"in 20 of 20 rows \(0, 1, 2, 3, 4 and 15 more\)"),
        ({"x": DATA.x.at[5, 0].set(121.0)}, r"\.x: a value outside the domain in 1 of 20 rows \(5\)"),
        ({"x": jnp.ones((N, 3))}, "expected 2 columns"),
        ({"x": jnp.ones(N)}, r"expected shape \(n, m\)"),
        ({"x": jnp.ones((0, 2)), "y": jnp.ones(0), "dydx": jnp.ones((0, 2))}, r"expected shape \(n, m\)"),
        ({"y": jnp.ones((N, 1))}, r"\.y: expected shape \(20,\)"),
        ({"dydx": jnp.ones((N, 1))}, r"\.dydx: expected shape \(20, 2\)"),
        ({"domain": dataclasses.replace(DATA.domain, lower=jnp.asarray([130.0, 0.1]))}, "cross"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(DATA, **change).validate()
