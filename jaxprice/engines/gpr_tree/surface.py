"""The worst-case value at every step of a tree as a function of the state, and its slope: what a hedger holds."""

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array, Float, Int, Scalar
from jaxprice.core.status import raise_for_status
from jaxprice.core.struct import pytree_dataclass, static_field
from jaxprice.engines.gpr_tree.backward import Step
from jaxprice.engines.gpr_tree.control import Controls
from jaxprice.engines.gpr_tree.path_problem import PathProblem
from jaxprice.engines.gpr_tree.problem import Problem, State
from jaxprice.numerics.kernel import Kernel, covariance


@pytree_dataclass
class Surface:
    """Regressions of all steps; step j is time j expiry / n_steps, from 0, today, to n_steps, expiry.

    Attributes:
        problem: market, payoff, design points.
        lengthscale: of the regression at each step from 1 on, (n_steps, e).
        weight: likewise, of the covariances with the design points, (n_steps, n_points).
        line: likewise, intercept and slopes, (n_steps, 1 + e).
        table: likewise, of the control variate.
        volatility: the worst ones today, (d,).
        diffusion: factor of the worst covariance today, (d, d).
        price: of the tree, not extrapolated, ().
        status: of the sweep, ().
        kernel: of the regressions.
        n_steps: of the tree.
    """

    problem: Problem | PathProblem
    lengthscale: Float[Array, "t e"]
    weight: Float[Array, "t n"]
    line: Float[Array, "t f"]
    table: object
    volatility: Float[Array, " d"]
    diffusion: Float[Array, "d d"]
    price: Scalar
    status: Int[Array, ""]
    kernel: Kernel = static_field()
    n_steps: int = static_field()

    def value(
        self, step: int | Int[Array, ""], spot: Float[Array, "n d"], memory: Float[Array, "n s"] | None = None
    ) -> Float[Array, " n"]:
        """Worst-case value at a step, for a payoff that remembers after the observation at that step.

        Args:
            step: from 0 to `n_steps`; may be traced.
            spot: prices.
            memory: what the payoff remembers; None for one that does not.
        """
        state = State(jnp.log(spot), jnp.zeros((spot.shape[0], 0), spot.dtype) if memory is None else memory)
        step = jnp.asarray(step, jnp.int32)
        return jax.lax.cond(step == 0, self._today, lambda state: self._later(step, state), state)

    def delta(
        self, step: int | Int[Array, ""], spot: Float[Array, "n d"], memory: Float[Array, "n s"] | None = None
    ) -> Float[Array, "n d"]:
        """Slope of the value by the prices; today at the worst controls of today's prices."""
        return jax.grad(lambda spot: jnp.sum(self.value(step, spot, memory)))(spot)

    def raise_for_status(self) -> None:
        """Raises `StatusError` unless the sweep ended well."""
        raise_for_status(self.status)

    def _later(self, step: Array, state: State) -> Float[Array, " n"]:
        problem = self.problem
        time = problem.expiry * step.astype(state.log_price.dtype) / self.n_steps

        def regressed(state: State) -> Float[Array, " n"]:
            scale, weight, line, table = jax.tree.map(
                lambda leaf: leaf[step - 1], (self.lengthscale, self.weight, self.line, self.table)
            )
            x = problem.inputs(state, time)
            design = problem.inputs(problem.design(time), time)
            fitted = line[0] + x @ line[1:] + covariance(self.kernel, scale, x, design) @ weight
            return fitted + problem.control_variate(table, state, time)

        return jax.lax.cond(step == self.n_steps, problem.pays, regressed, state)

    def _today(self, state: State) -> Float[Array, " n"]:
        problem = self.problem
        length = problem.expiry / self.n_steps
        move = length * problem.model.log_drift(self.volatility)[None]
        move = move + jnp.sqrt(length) * (problem.branch @ (self.diffusion @ problem.rotation).T)

        def one(state: State) -> Scalar:
            seen = problem.observed(state.moved(move), length)
            return jnp.exp(-problem.model.rate * length) * jnp.mean(self._later(jnp.int32(1), seen))

        return jax.vmap(one)(state)


def of_steps(
    problem: Problem | PathProblem,
    controls: Controls,
    steps: Step,
    price: Scalar,
    outcome: Int[Array, ""],
    kernel: Kernel,
    n_steps: int,
) -> Surface:
    """From what a sweep found, last step first."""
    lengthscale, weight, line, table = jax.tree.map(
        lambda leaf: leaf[::-1], (steps.lengthscale, steps.weight, steps.line, steps.table)
    )
    today = steps.control[-1, 0]
    return Surface(
        problem=problem,
        # Of the last step there is no regression.
        lengthscale=jnp.where(jnp.isnan(lengthscale), 1.0, lengthscale),
        weight=weight,
        line=line,
        table=table,
        volatility=controls.volatility(today),
        diffusion=controls.diffusion(today),
        price=price,
        status=outcome,
        kernel=kernel,
        n_steps=n_steps,
    )
