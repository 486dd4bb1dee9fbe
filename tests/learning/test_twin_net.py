"""The twin network against the backward pass that Huge and Savine wrote by hand, and its second derivatives."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from engines.differential.known import random_params
from helpers import assert_close
from scipy.special import expit

from jaxprice.learning.activation import Activation
from jaxprice.learning.twin_net import Network, slope_along, value_and_slope

each_dtype = pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.x64)])


def network(n_inputs=7, n_layers=4, n_units=20, activation=Activation.SOFTPLUS, is_wide=False):
    return Network(n_inputs=n_inputs, n_layers=n_layers, n_units=n_units, activation=activation, is_wide=is_wide)


def parameters(net, dtype):
    return jax.tree.map(lambda leaf: leaf[0], random_params(net.template(1), dtype))


def points(n_inputs, dtype, n=40):
    return jnp.asarray(np.random.default_rng(1).normal(size=(n_inputs, n)), dtype)


@functools.partial(jax.jit, static_argnums=0)
def twin(net, params, x):
    return value_and_slope(net.bind(params), x)


@functools.partial(jax.jit, static_argnums=0)
def along(net, params, x, direction):
    return slope_along(net.bind(params), x, direction)


@functools.partial(jax.jit, static_argnums=0)
def hessians(net, params, x):
    return jax.vmap(jax.hessian(lambda point: net.bind(params)(point[:, None])[0]), 1)(x)


def feed_forward(params, x):
    """z_1 = x W_1 + b_1, z_{l+1} = softplus(z_l) W_{l+1} + b_{l+1}, samples in rows as in the notebook."""
    layers = [params["hidden"][i] for i in sorted(params["hidden"])] + [params["output"]]
    z = [x]
    for number, layer in enumerate(layers):
        active = z[-1] if number == 0 else np.logaddexp(0.0, z[-1])
        z.append(active @ layer["kernel"].T + layer["bias"])
    return z, [layer["kernel"].T for layer in layers]


def back_propagate(z, weights):
    """z̄_L = 1, z̄_l = (z̄_{l+1} W_{l+1}ᵀ) σ(z_l), x̄ = z̄_1 W_1ᵀ."""
    bar = np.ones_like(z[-1])
    for layer in range(len(weights) - 1, 0, -1):
        bar = (bar @ weights[layer].T) * expit(z[layer])
    return bar @ weights[0].T


@each_dtype
def test_the_gradient_is_the_twin_written_by_hand(dtype):
    """Agreement to 1e-6 in single and to 1e-12 in double precision, relative to the largest."""
    net = network()
    params, x = parameters(net, dtype), points(7, dtype)
    z, weights = feed_forward(jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params), np.float64(x).T)
    slope = back_propagate(z, weights)
    value, found = twin(net, params, x)
    tolerance = 1e-6 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(value, z[-1][:, 0], rtol=0, atol=tolerance * np.abs(z[-1]).max())
    np.testing.assert_allclose(found.T, slope, rtol=0, atol=tolerance * np.abs(slope).max())
    assert value.dtype == found.dtype == dtype and np.ptp(slope, axis=0).min() > 0.1


@pytest.mark.parametrize(("activation", "is_wide"), [(Activation.SOFTPLUS, False), (Activation.SILU, True)])
def test_second_derivatives_along_directions_are_those_of_the_hessian(activation, is_wide):
    net = network(3, 2, 8, activation, is_wide)
    params, x = parameters(net, jnp.float32), points(3, jnp.float32)
    direction = jnp.asarray([[1.0, 0.0, 0.0], [0.5, -2.0, 1.0]], jnp.float32)
    hessian = np.asarray(hessians(net, params, x))
    expected = np.einsum("nml,kl->kmn", hessian, direction)
    assert_close(along(net, params, x, direction), expected, dtype=jnp.float32)
    assert_close(hessian, np.swapaxes(hessian, 1, 2), dtype=jnp.float32)
    assert np.abs(hessian).max() > 0.1
    whole = along(net, params, x, jnp.eye(3, dtype=jnp.float32))
    assert_close(whole, np.swapaxes(whole, 0, 1), dtype=jnp.float32)


def test_a_sample_does_not_feel_its_neighbours():
    net = network(3, 2, 8)
    params, x = parameters(net, jnp.float32), points(3, jnp.float32)
    value, slope = twin(net, params, x)
    moved = x.at[:, 7].set(50.0)
    other_value, other_slope = twin(net, params, moved)
    rest = np.arange(40) != 7
    np.testing.assert_array_equal(other_value[rest], value[rest])
    np.testing.assert_array_equal(other_slope[:, rest], slope[:, rest])
    assert other_value[7] != value[7]


@pytest.mark.parametrize("n_inputs", [1, 7])
def test_fresh_parameters(n_inputs):
    """1301 + 20 n of them in the published architecture; variance 1 / fan-in, biases zero, single precision."""
    net = network(n_inputs)
    params = jax.jit(net.create)(jax.random.key(3))
    leaves = jax.tree.leaves(params)
    assert sum(leaf.size for leaf in leaves) == 1301 + 20 * n_inputs
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype(jnp.float32)}
    layers = [*params["hidden"].values(), params["output"]]
    for layer in layers:
        np.testing.assert_array_equal(layer["bias"], 0.0)
    middle = np.concatenate([np.ravel(params["hidden"][i]["kernel"]) for i in (1, 2, 3)])
    assert middle.std() == pytest.approx(1.0 / np.sqrt(20.0), rel=0.1)
    assert np.abs(middle).max() <= 2.0 * 1.14 / np.sqrt(20.0)
    one = jax.tree.map(lambda leaf: leaf.shape, params)
    assert (
        jax.tree.map(lambda leaf: leaf.shape[1:], net.template(5), is_leaf=lambda leaf: hasattr(leaf, "dtype")) == one
    )


def test_wide_features_are_the_first_three_powers():
    net = network(2, 1, 4, is_wide=True)
    params, x = parameters(net, jnp.float32), points(2, jnp.float32)
    deep = network(2, 1, 4)
    kernel = params["output"]["kernel"]
    narrow = params | {"output": {"kernel": kernel[:, :4], "bias": params["output"]["bias"]}}
    powers = np.concatenate([np.asarray(x) ** k for k in (1, 2, 3)])
    expected = twin(deep, narrow, x)[0] + np.asarray(kernel)[0, 4:] @ powers
    assert_close(twin(net, params, x)[0], expected, dtype=jnp.float32)


def test_another_output_layer():
    net = network(2, 1, 4)
    params, x = parameters(net, jnp.float32), points(2, jnp.float32)
    features = np.asarray(net.bind(params).features(x))
    coefficient = np.arange(1.0, 6.0)
    new = net.with_output(params, jnp.asarray(coefficient))
    assert_close(twin(net, new, x)[0], coefficient[:-1] @ features + 5.0, dtype=jnp.float32)
    assert jax.tree.structure(new) == jax.tree.structure(params)
    assert [leaf.dtype for leaf in jax.tree.leaves(new)] == [leaf.dtype for leaf in jax.tree.leaves(params)]
