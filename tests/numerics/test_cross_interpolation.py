"""Tensor cross interpolation: what is learned exactly, what stops it, what its error says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import default_dtype

from jaxprice import pytree_dataclass
from jaxprice.core.status import Status, StatusError
from jaxprice.numerics import cross_interpolation as ci
from jaxprice.numerics import tensor_train as tt
from jaxprice.numerics.cross import Cross
from jaxprice.numerics.cross_nested import NestedSweeps
from jaxprice.numerics.grid_function import Draws, GridFunction
from jaxprice.numerics.rank_revealing_lu import complete_pivots, fibre_pivots

KEY = 20_261_121
IS_SINGLE = default_dtype() == jnp.float32
TOLERANCE = 1e-4 if IS_SINGLE else 1e-10
STRATEGIES = [(pivoting, sets) for pivoting in ci.Pivoting for sets in ci.IndexSets]


def real(index):
    return jnp.asarray(index, default_dtype())


def learn(function, shape, start=None, seed=KEY, **options):
    config = ci.Config(**{"tolerance": TOLERANCE, "n_check": 500, **options})
    return ci.learn(jax.random.key(seed), function, shape, config, start)


def largest_error(found, function, n_points=4000):
    """At points of NumPy's, which learning cannot know."""
    rng = np.random.default_rng(0)
    index = jnp.asarray(np.stack([rng.integers(0, n, n_points) for n in found.train.shape], 1), jnp.int32)
    return float(jnp.max(jnp.abs(function(index) - tt.evaluate(found.train, index))) / found.scale)


@pytree_dataclass
class Sum:
    """A sum of products of one-dimensional functions: rank as many as it has terms."""

    factor: object

    def __call__(self, index):
        values = jnp.ones((len(self.factor[0]), len(index)), self.factor[0].dtype)
        for table, column in zip(self.factor, index.T, strict=True):
            values = values * table[:, column]
        return jnp.sum(values, axis=0)


def sum_of_products(rank, shape, is_complex=False, seed=0):
    rng = np.random.default_rng(seed)
    tables = [rng.normal(size=(rank, n)) + (1j * rng.normal(size=(rank, n)) if is_complex else 0) for n in shape]
    dtype = np.result_type(default_dtype(), np.complex64) if is_complex else default_dtype()
    return Sum(factor=[jnp.asarray(table, dtype) for table in tables])


def gaussian(index, centre, width):
    return jnp.exp(-jnp.sum(((real(index) - real(centre)) / width) ** 2, axis=1))


FIRST, SECOND = np.array([4, 5, 3, 4, 6]), np.array([18, 17, 19, 16, 18])


def two_peaks(index):
    return gaussian(index, FIRST[None], 2.5) + 0.5 * gaussian(index, SECOND[None], 3.0)


def cone(index):
    return 1.0 / (1.0 + jnp.sqrt(jnp.sum((0.1 * real(index)) ** 2, axis=1)))


@pytest.mark.parametrize(("pivoting", "sets"), STRATEGIES)
@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("rank", [1, 4])
def test_sums_of_products_are_recovered_with_their_rank(rank, is_complex, pivoting, sets):
    shape = (6, 5, 9, 4)
    function = sum_of_products(rank, shape, is_complex)
    found = learn(function, shape, pivoting=pivoting, index_sets=sets).raise_for_status()
    assert found.train.ranks == (rank, rank, rank) and found.train.dtype == function.factor[0].dtype
    assert largest_error(found, function) < (1e-5 if IS_SINGLE else 1e-13)
    assert found.pivot_error.max() < TOLERANCE and found.error < TOLERANCE
    assert found.n_check >= 500 and found.n_evaluations > found.n_check


@pytest.mark.x64
@pytest.mark.parametrize(("pivoting", "sets"), STRATEGIES)
def test_a_smooth_function_is_learned_to_its_tolerance(pivoting, sets):
    shape = (8, 9, 7, 10)
    function = lambda index: 1.0 / (1.0 + real(index) @ jnp.arange(1.0, 5.0))  # noqa: E731
    found = learn(function, shape, tolerance=1e-6, pivoting=pivoting, index_sets=sets)
    assert found.status == Status.OK and found.error <= 1e-6
    error = largest_error(found, function)
    assert 1e-12 < error <= 1e-6 and max(found.train.ranks) <= 8
    # What is reported is that of the result: the worst point has the worst error.
    at = found.worst_point[None]
    there = jnp.abs(function(at) - tt.evaluate(found.train, at))[0] / found.scale
    np.testing.assert_allclose(there, found.error, rtol=1e-6)


@pytest.mark.parametrize(("sets", "most_evaluations"), [("nested", 100_000), ("non_nested", 330_000)])
def test_a_characteristic_function_of_frequencies_and_volatilities(sets, most_evaluations):
    """Three correlated assets, frequency and volatility in turn."""
    correlation = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]])
    frequency = jnp.asarray(np.arange(-10, 10) * 1.2 + 1.5j, np.result_type(default_dtype(), np.complex64))
    volatility = jnp.linspace(0.15, 0.25, 8)

    def function(index):
        scaled = frequency[index[:, 0::2]] * volatility[index[:, 1::2]].astype(frequency.dtype)
        return jnp.exp(-0.5 * jnp.sum((scaled @ correlation.astype(frequency.dtype)) * scaled, axis=1))

    tolerance = 1e-4 if IS_SINGLE else 1e-7
    found = learn(function, (20, 8) * 3, tolerance=tolerance, index_sets=sets).raise_for_status()
    assert largest_error(found, function) <= tolerance and found.train.dtype == frequency.dtype
    # Volatilities are smooth, so bonds between assets are narrower than those within.
    ranks = found.train.ranks
    assert max(ranks[1], ranks[3]) < 0.5 * ranks[2] and found.n_evaluations < most_evaluations


@pytest.mark.x64
def test_the_integral_of_xfac():
    """Its notebook's: 2⁵ / (1 + 2 Σ x) over the unit cube at the 15 nodes of Gauss and Kronrod, in 14 sweeps."""
    half = [0.9914553711208126, 0.9491079123427585, 0.8648644233597691, 0.7415311855993945, 0.5860872354676911]
    half += [0.4058451513773972, 0.2077849550078985]
    weight = [0.0229353220105292, 0.0630920926299786, 0.1047900103222502, 0.1406532597155259, 0.1690047266392679]
    weight += [0.1903505780647854, 0.2044329400752989]
    node = jnp.asarray([*(-np.array(half)), 0.0, *half[::-1]]) / 2 + 0.5
    weight = jnp.asarray([*weight, 0.2094821410847278, *weight[::-1]]) / 2
    exact = (-65205 * np.log(3) - 6250 * np.log(5) + 24010 * np.log(7) + 14641 * np.log(11)) / 24
    found = learn(
        lambda index: 32.0 / (1.0 + 2.0 * jnp.sum(node[index], axis=1)), (15,) * 5, tolerance=1e-12, max_sweeps=14
    )
    assert found.raise_for_status().n_sweeps <= 14
    np.testing.assert_allclose(tt.contract(found.train, [weight] * 5), exact, rtol=1e-10)


@pytest.mark.parametrize("sets", list(ci.IndexSets))
def test_a_peak_that_the_sweeps_miss_is_reported(sets):
    """The sweeps see no error around the first peak; the check does, and says where."""
    options = {"n_start": 1, "max_checks": 1, "n_check": 2000, "index_sets": sets}
    found = learn(two_peaks, (24,) * 5, FIRST[None], seed=2, **options)
    assert found.status == Status.GLOBAL_CHECK_FAILED
    assert found.pivot_error.max() <= TOLERANCE < found.error
    np.testing.assert_allclose(found.error, 0.5, atol=1e-3)
    np.testing.assert_array_equal(found.worst_point, SECOND)
    with pytest.raises(StatusError, match="GLOBAL_CHECK_FAILED"):
        found.raise_for_status()


@pytest.mark.parametrize("sets", list(ci.IndexSets))
def test_a_peak_that_the_check_finds_is_learned(sets):
    found = learn(two_peaks, (24,) * 5, FIRST[None], seed=2, n_start=1, n_check=2000, index_sets=sets)
    assert found.raise_for_status().train.ranks == (2, 2, 2, 2)
    np.testing.assert_allclose(
        tt.evaluate(found.train, jnp.asarray([FIRST, SECOND])), two_peaks(jnp.asarray([FIRST, SECOND])), rtol=TOLERANCE
    )
    assert largest_error(found, two_peaks) < TOLERANCE


@pytest.mark.parametrize(("pivoting", "sets"), STRATEGIES)
def test_the_rank_cap_is_kept_and_reported(pivoting, sets):
    shape = (6, 7, 8, 6)
    function = sum_of_products(5, shape)
    found = learn(function, shape, max_rank=3, pivoting=pivoting, index_sets=sets)
    assert found.status == Status.RANK_CAP and found.train.ranks == (3, 3, 3)
    assert found.pivot_error.max() > TOLERANCE
    assert 0.5 * largest_error(found, function) <= found.error


def test_the_sweep_cap_is_reported():
    shape = (50, 50, 50)
    found = learn(sum_of_products(40, shape), shape, max_sweeps=2)
    assert found.status == Status.NOT_CONVERGED and found.n_sweeps == 2 and found.error > TOLERANCE


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf])
def test_a_function_that_is_not_finite_is_reported_with_the_point(bad):
    def function(index):
        return jnp.where(index[:, 1] == 3, bad, 1.0 + jnp.sum(real(index), axis=1))

    found = learn(function, (5, 6, 4))
    assert found.status == Status.NON_FINITE and found.worst_point[1] == 3 and found.train.shape == (5, 6, 4)
    assert jnp.isnan(tt.evaluate(found.train, jnp.zeros((1, 3), int))).all() and not jnp.isfinite(found.error)


def test_a_function_that_is_zero():
    found = learn(lambda index: jnp.zeros(len(index)), (4, 5, 6))
    assert found.status == Status.OK and found.scale == 0.0 and tt.total(found.train) == 0.0
    assert found.n_check >= 500


def test_a_single_mode_and_two():
    for shape in ((7,), (7, 8)):
        found = learn(lambda index: 1.0 + jnp.sum(real(index), axis=1) ** 2, shape).raise_for_status()
        expected = 1.0 + np.add.reduce(np.indices(shape)) ** 2
        np.testing.assert_allclose(tt.to_full(found.train), expected, rtol=TOLERANCE)


def test_the_function_is_traced_three_times_at_most_and_nothing_is_compiled_again(caplog):
    n_traces = 0

    @jax.tree_util.Partial
    def traced(index):
        nonlocal n_traces
        n_traces += 1
        return 1.0 / (1.0 + 0.3 * jnp.sum(jnp.sqrt(real(index)), axis=1))

    shape = (9, 8) * 5 + (7,)
    options = {"n_check": 5000, "chunk": 2**12}
    first = learn(traced, shape, **options, tolerance=1e-4)
    assert first.status == Status.OK and 2 <= n_traces <= 3
    n_before = n_traces
    key = jax.random.key(1)
    with jax.log_compiles():
        second = ci.learn(key, traced, shape, ci.Config(index_sets="non_nested", tolerance=1e-3, **options))
    assert not [record for record in caplog.records if "Compiling" in record.getMessage()]
    assert n_traces == n_before and second.train.ranks != first.train.ranks


def test_new_numbers_of_a_function_trace_nothing():
    n_traces = 0

    def curve(speed, index):
        nonlocal n_traces
        n_traces += 1
        return jnp.exp(-speed * jnp.sum(real(index), axis=1))

    for speed in (0.1, 0.2):
        function = jax.tree_util.Partial(curve, jnp.asarray(speed, default_dtype()))
        found = learn(function, (5, 6, 7), chunk=512).raise_for_status()
        np.testing.assert_allclose(tt.evaluate(found.train, jnp.ones((1, 3), int)), np.exp(-3.0 * speed), rtol=1e-4)
        assert n_traces <= 3
        n_traces = 3


def test_a_function_of_numpy_arrays():
    found = learn(lambda index: np.hypot(1.0 + index[:, 0], index[:, 1]), (9, 8), is_traceable=False)
    rows, columns = np.indices((9, 8))
    np.testing.assert_allclose(
        tt.to_full(found.raise_for_status().train), np.hypot(1.0 + rows, columns), rtol=TOLERANCE
    )


def test_the_same_key_learns_the_same_train():
    shape = (9, 8, 7)
    function = sum_of_products(3, shape)
    one, same, other = (learn(function, shape, seed=seed) for seed in (1, 1, 2))
    for a, b in zip(one.train.cores, same.train.cores, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.train.cores[0], other.train.cores[0])


def test_nested_sets_give_a_train_through_every_value_of_its_sites():
    shape = (8, 9, 7, 10, 6)
    grid = GridFunction(lambda index: 1.0 / (1.0 + jnp.sum(real(index), axis=1)), shape, 2**12, True)
    cross = Cross(grid, np.zeros(5, np.int32))
    sweeps = NestedSweeps(cross, ci.Config(), Draws(jax.random.key(KEY)))
    for n in range(4):
        sweeps.sweep(n % 2 == 0, 1e-4)
    train = tt.TensorTrain(cores=tuple(map(jnp.asarray, cross.cores())))
    assert max(cross.ranks) >= 4
    for mode, site in enumerate(cross.site):
        rows, columns = cross.rows(mode), cross.right[mode]
        points = np.concatenate([np.repeat(rows, len(columns), 0), np.tile(columns, (len(rows), 1))], axis=1)
        found = tt.evaluate(train, jnp.asarray(points))
        np.testing.assert_allclose(found, site.ravel(), rtol=1e-3 if IS_SINGLE else 1e-9)


def test_nested_sets_need_fewer_evaluations():
    shape = (16,) * 6
    counts = [
        int(learn(cone, shape, tolerance=1e-4, index_sets=sets).raise_for_status().n_evaluations)
        for sets in ("nested", "non_nested")
    ]
    assert counts[0] < 0.7 * counts[1]


@pytest.mark.parametrize("is_complex", [False, True])
def test_pivots_of_a_matrix_span_it(is_complex):
    rng = np.random.default_rng(3)
    left, right = rng.normal(size=(40, 3)), rng.normal(size=(3, 30))
    matrix = (left + 1j * left[::-1] if is_complex else left) @ right
    found = complete_pivots(matrix, 1e-10, 40)
    assert len(found.rows) == 3 and found.remainder < 1e-12 and found.sizes[0] == np.abs(matrix).max()
    fibres = fibre_pivots(matrix[:, found.columns].T, 1e-10)
    assert sorted(fibres.rows) == [0, 1, 2] and len(set(fibres.columns)) == 3
    cross = matrix[np.ix_(fibres.columns, found.columns)]
    again = matrix[:, found.columns] @ np.linalg.solve(cross, matrix[fibres.columns])
    np.testing.assert_allclose(again, matrix, atol=1e-10)


def test_a_column_that_adds_nothing_gets_no_pivot():
    fibres = np.array([[1.0, 2.0, 4.0], [2.0, 4.0, 8.0], [0.0, 1.0, 0.0]])
    found = fibre_pivots(fibres, 1e-12)
    np.testing.assert_array_equal(found.rows, [0, 2])
    np.testing.assert_array_equal(found.columns, [2, 1])


def test_draws_are_uniform_and_repeat():
    draws = Draws(jax.random.key(KEY))
    counts = np.bincount(draws.below(7, 70_000), minlength=7)
    assert len(counts) == 7 and np.abs(counts - 10_000).max() < 450
    points = draws.points((2, 30), 1000)
    assert (points.min(0) == 0).all() and (points.max(0) == [1, 29]).all()


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda index: jnp.sum(index), ValueError, r"expected one value for each of \d+ rows .* jax.vmap"),
        (lambda index: real(index)[:, :1], ValueError, r"got shape \(\d+, 1\)"),
        (lambda index: 1.0, ValueError, "got float"),
        (lambda index: jnp.sum(index, axis=1), TypeError, "real or complex values, got int"),
        ("not a function", TypeError, "can be called, got str"),
    ],
)
def test_a_function_of_another_form_is_refused(function, error, message):
    with pytest.raises(error, match=message):
        learn(function, (4, 5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 0.0}, "tolerance: expected at least"),
        ({"tolerance": 2.0}, "tolerance: expected a number between 0 and 1"),
        ({"max_rank": 0}, "max_rank: expected a whole number of at least 1"),
        ({"n_check": 0}, "n_check"),
        ({"pivoting": "full"}, "'rook', 'complete'"),
        ({"index_sets": "none"}, "'nested', 'non_nested'"),
        ({"start": np.array([[4, 0]])}, "within the grid"),
        ({"start": np.array([0, 0])}, "rows of 2 whole indices"),
        ({"shape": ()}, "one mode or more"),
        ({"shape": (3, 0)}, r"shape\[1\]: expected a whole number of at least 1"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        learn(lambda index: 1.0 + real(index[:, 0]), **{"shape": (4, 5), **options})


def test_rounding_errors_of_single_precision_are_not_learned():
    with pytest.raises(ValueError, match="float32"):
        learn(lambda index: jnp.ones(len(index), jnp.float32), (4, 5), tolerance=1e-8)
    with pytest.raises(TypeError, match="key: expected one key"):
        ci.learn(0, two_peaks, (4, 5), ci.Config())


@pytest.mark.x64
def test_a_pivot_is_not_taken_twice():
    """Rounding errors at a pivot may look like errors; taken again, it would make the pivot matrix singular."""

    @jax.tree_util.Partial
    def function(index):
        return 1.0 / (1.0 + jnp.sum(real(index), axis=1))

    cross = Cross(GridFunction(function, (5, 6, 7), 64, True), np.asarray([1, 2, 3], np.int32))
    sweeps = NestedSweeps(cross, ci.Config(), Draws(jax.random.key(0)))
    sweeps.feed(np.asarray([[3, 1, 2]], np.int32), 1e-6)
    ranks = cross.ranks
    assert min(ranks) == 2
    sweeps.feed(np.asarray([[3, 1, 2], [1, 2, 3]], np.int32), 0.0)
    assert cross.ranks == ranks
    assert np.isfinite(cross.cores()[0]).all()
