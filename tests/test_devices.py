"""The same numbers on one device, on several, and on two processes."""

import json
import os
import socket
import subprocess
import sys
import textwrap

import pytest

pytestmark = [pytest.mark.x64, pytest.mark.slow]

PROBLEM = """
import json, sys
import jax
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
import jax.numpy as jnp

def results(mesh, samplings=("pseudo", "antithetic", "sobol"), with_regression=True):
    from jaxprice import models, products
    from jaxprice.engines import glsm, monte_carlo

    model = models.BlackScholes.equicorrelated(
        n_assets=3, spot=jnp.array([100.0, 95.0, 104.0]), volatility=jnp.array([0.2, 0.3, 0.25]), correlation=0.3,
        rate=0.05, dividend=0.02)
    option = products.European(payoff=products.MaxCall(strike=105.0), expiry=1.0)
    numbers = {}
    # 10,007 paths: the last chunk is partly filled, and some devices have less to do than others.
    sizes = {"pseudo": 10_007, "antithetic": 10_008, "sobol": 8 * 1024}
    for sampling in samplings:
        n_paths = sizes[sampling]
        config = monte_carlo.Config(n_paths=n_paths, sampling=sampling, n_replicates=8, chunk=512)
        result = monte_carlo.price(jax.random.key(4), model, option, config, mesh=mesh)
        leaves = jax.tree.leaves((result.price, result.std_error, result.greeks, result.greeks_std_error))
        numbers[sampling] = [float(x) for leaf in leaves for x in leaf.ravel()]
    if with_regression:
        bermudan = products.Bermudan(payoff=option.payoff, exercise_times=[0.5, 1.0])
        effort = glsm.Config(
            n_paths=5_003, n_price_paths=3_001, n_dual_paths=101, n_inner=16, order=2, columns=(), chunk=256)
        result = glsm.price(jax.random.key(4), model, bermudan, effort, mesh=mesh)
        leaves = jax.tree.leaves((result.price, result.lower, result.upper, result.greeks, result.greeks_std_error))
        numbers["regression"] = [float(x) for leaf in leaves for x in leaf.ravel()]
    return numbers
"""

DEVICES = """
jax.config.update("jax_num_cpu_devices", 8)
found = {"0": results(None)}
for n in (1, 2, 4, 8):
    mesh = jax.make_mesh((n,), ("paths",), devices=jax.devices()[:n])
    found[str(n)] = results(mesh) if n == 4 else results(mesh, ("pseudo",), False)
automatic = jax.make_mesh((4,), ("paths",), axis_types=(jax.sharding.AxisType.Auto,), devices=jax.devices()[:4])
found["auto"] = results(automatic, ("pseudo",), False)
print(json.dumps(found))
"""

PROCESS = """
rank, port = int(sys.argv[1]), sys.argv[2]
jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(f"127.0.0.1:{port}", num_processes=2, process_id=rank)
assert jax.device_count() == 4 and jax.local_device_count() == 2
numbers = results(jax.make_mesh((4,), ("paths",)))
print(json.dumps(numbers))
"""


def python(code, *args):
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROBLEM + code), *args],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def output_of(process):
    out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error[-3000:]
    return json.loads(out.strip().splitlines()[-1])


def assert_same(one, other):
    assert other
    for sampling, numbers in other.items():
        scale = max(abs(number) for number in numbers)
        for a, b in zip(numbers, one[sampling], strict=True):
            assert abs(a - b) <= 1e-12 * max(abs(b), 1e-3 * scale), (sampling, a, b)


@pytest.fixture(scope="module")
def by_devices():
    return output_of(python(DEVICES))


@pytest.mark.parametrize("n_devices", ["1", "2", "4", "8", "auto"])
def test_a_mesh_gives_the_numbers_of_one_device(by_devices, n_devices):
    assert_same(by_devices["0"], by_devices[n_devices])


def test_two_processes_give_the_numbers_of_one(by_devices):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    processes = [python(PROCESS, str(rank), port) for rank in range(2)]
    for process in processes:
        assert_same(by_devices["0"], output_of(process))
