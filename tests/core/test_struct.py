import dataclasses

import jax
import jax.numpy as jnp
import pytest

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
