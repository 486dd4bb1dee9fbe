import dataclasses

import jax
import jax.numpy as jnp
import pytest

from jaxprice import products
from jaxprice.core import pytree_dataclass, static_field


@pytree_dataclass
class Noun:
    """A noun with two traced fields and a static one."""

    a: object
    b: object
    kind: str = static_field(default="plain")


def test_fields_are_traced_unless_static():
    leaves, structure = jax.tree.flatten(Noun(a=1.0, b=jnp.ones(2)))
    assert len(leaves) == 2
    assert structure != jax.tree.structure(Noun(a=1.0, b=jnp.ones(2), kind="other"))


def test_nouns_are_frozen_and_keyword_only():
    noun = Noun(a=1.0, b=2.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        noun.a = 3.0
    with pytest.raises(TypeError):
        Noun(1.0, 2.0)
    assert dataclasses.replace(noun, a=5.0).a == 5.0


def test_nouns_pass_through_transforms():
    noun = Noun(a=jnp.arange(3.0), b=jnp.ones(3), kind="kept")
    doubled = jax.jit(jax.vmap(lambda n: jax.tree.map(lambda leaf: 2 * leaf, n)))(noun)
    assert doubled.kind == "kept" and float(doubled.a[2]) == 4.0
    gradient = jax.grad(lambda n: jnp.sum(n.a**2) + jnp.sum(n.b))(noun)
    assert float(gradient.a[2]) == 4.0


def test_two_classes_with_the_same_fields_are_two_structures():
    """What `jit` looks programs up by: register_dataclass of jaxlib 0.10.1 takes them for one."""
    for payoff in (products.MaxCall, products.MinPut):
        one = products.European(payoff=products.MinCall(strike=1.0), expiry=1.0)
        other = products.European(payoff=payoff(strike=1.0), expiry=1.0)
        assert jax.tree.structure(one) != jax.tree.structure(other)


def test_jit_never_runs_the_program_of_another_class():
    name = jax.jit(lambda noun: float(type(noun).__name__.removeprefix("Noun")))
    kinds = [pytree_dataclass(type(f"Noun{i}", (), {"__annotations__": {"a": object}})) for i in range(64)]
    assert [float(name(kind(a=1.0))) for kind in kinds] == list(range(64))
