"""Seconds of the parts of one date of the backward sweep, at the sizes of a fit, with the engine's own pieces."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array
from jaxprice.engines import glsm
from jaxprice.engines.glsm import Precision
from jaxprice.engines.glsm.problem import Problem
from jaxprice.numerics.least_squares import NormalEquations, products_per_row, solve

_SQUARE = 1024


def cpu_seconds(functions: Sequence[Callable[[], Any]], n_rounds: int) -> list[float]:
    """Of each function, called in turns: median over the rounds, after one that is not counted."""
    found: list[list[float]] = [[] for _ in functions]
    for i in range(n_rounds + 1):
        for seconds, function in zip(found, functions, strict=True):
            start = time.process_time()
            jax.block_until_ready(function())
            if i:
                seconds.append(time.process_time() - start)
    return [statistics.median(seconds) for seconds in found]


def parts(key: jax.Array, model: Any, product: Any, config: glsm.Config, n_rounds: int) -> dict[str, float]:
    """CPU seconds of one date, basis, gradient columns, Gram matrix, solve, update, and the Gram matrix's speed.

    Gradient columns are the difference between two programs. In those and the update functions are summed path by path,
    so that every one is made and none is kept; the Gram matrix is that of one chunk's columns, over and over. Its speed
    is relative to a large product of the same dtype in the same rounds, counting the products of the upper triangle's
    strips that the engine makes.
    """
    problem = Problem.of(model, product, config)
    state, now = problem.state, problem.time[0]
    n_chunks = -(-config.n_paths // config.chunk)
    shape = (2, n_chunks, state.n_state, config.chunk)
    z, step = jnp.sqrt(now) * jax.random.normal(key, shape, now.dtype)
    target = problem.exercise_value(state.price(z[0] + step[0], now), now)
    dtype = jnp.float32 if config.precision == Precision.MIXED else now.dtype

    def values(z: Array) -> Array:
        return problem.basis.values(state, product, z, now).astype(dtype)

    def columns(z: Array, step: Array) -> Array:
        value, slope = problem.basis.along(state, product, z, step, now)
        return value.astype(dtype) + slope.astype(dtype)

    def weighted(coefficient: Array, column: Array) -> Array:
        return jnp.sum(coefficient[:, None].astype(dtype) * column, axis=0)

    @jax.jit
    def basis(z: Array, step: Array, coefficient: Array) -> Array:
        return jax.lax.map(lambda x: weighted(coefficient, values(x[0])), (z, step))

    @jax.jit
    def matrix(z: Array, step: Array, coefficient: Array) -> Array:
        return jax.lax.map(lambda x: weighted(coefficient, columns(*x)), (z, step))

    @jax.jit
    def gram(column: Array) -> NormalEquations:
        def add(equations: NormalEquations, last: Array) -> tuple[NormalEquations, None]:
            # Another weight in every round, or the compiler would make the product once.
            weight = (jnp.arange(config.chunk) <= last).astype(dtype)
            return equations.add(column, target, weight), None

        rounds = config.chunk - 1 - jnp.arange(n_chunks)
        return jax.lax.scan(add, NormalEquations.empty(problem.n_basis), rounds)[0]

    @jax.jit
    def product(square: Array) -> Array:
        return square @ square

    @jax.jit
    def update(z: Array, step: Array, coefficient: Array) -> Array:
        def one(x: tuple[Array, Array]) -> Array:
            held = weighted(coefficient, values(x[0])).astype(now.dtype)
            pays = problem.exercise_value(state.price(x[0], now), now)
            return jnp.where((pays > held) & (pays > 0), pays, held)

        return jax.lax.map(one, (z, step))

    column = jax.jit(columns)(z[0], step[0])
    square = jax.random.normal(key, (_SQUARE, _SQUARE), dtype)
    equations = gram(column)
    solved = jax.jit(solve)
    coefficient = solved(equations).coefficient
    programs = (
        lambda: basis(z, step, coefficient),
        lambda: matrix(z, step, coefficient),
        lambda: gram(column),
        lambda: solved(equations),
        lambda: update(z, step, coefficient),
        lambda: product(square),
    )
    found = cpu_seconds(programs, n_rounds)
    rate = products_per_row(problem.n_basis + 1) * n_chunks * config.chunk / found[2]
    return {
        "basis": found[0],
        "gradient columns": found[1] - found[0],
        "Gram matrix": found[2],
        "solve": found[3],
        "least squares": found[2] + found[3],
        "update": found[4],
        "Gram matrix, share of the limit": rate / (_SQUARE**3 / found[5]),
    }
