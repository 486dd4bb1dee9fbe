"""The frozen, registered data class that every noun of the package is."""

import dataclasses
from typing import Any, TypeVar, dataclass_transform

import jax

_T = TypeVar("_T")


def static_field(**kwargs: Any) -> Any:
    """A field that is part of the program, not of the data: hashable, and a new value compiles anew."""
    return dataclasses.field(metadata={"static": True}, **kwargs)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(static_field,))
def pytree_dataclass(cls: type[_T]) -> type[_T]:
    """Makes a class a frozen, keyword-only data class and registers it as a JAX pytree.

    Every field is traced unless it was declared with `static_field`. Nothing is validated or converted on
    construction, because JAX rebuilds nouns with placeholders in them; verbs validate at their entry. Change a
    noun with `dataclasses.replace`.

    It is not registered by `jax.tree_util.register_dataclass`: in jaxlib 0.10.1 the structures of two such classes with
    the same fields compare equal, so that `jit` may run the program of one class for the other. Of 400 pairs of classes
    66 got the wrong program.
    """
    data_class: Any = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    fields = [field for field in dataclasses.fields(data_class) if field.init]
    static = [field.name for field in fields if field.metadata.get("static", False)]
    traced = [field.name for field in fields if field.name not in static]
    keys = [jax.tree_util.GetAttrKey(name) for name in traced]

    def flatten(noun: Any) -> tuple[list[Any], tuple[Any, ...]]:
        return [getattr(noun, name) for name in traced], tuple(getattr(noun, name) for name in static)

    def flatten_with_keys(noun: Any) -> tuple[list[tuple[Any, Any]], tuple[Any, ...]]:
        children, fixed = flatten(noun)
        return list(zip(keys, children, strict=True)), fixed

    def unflatten(fixed: tuple[Any, ...], children: Any) -> Any:
        return data_class(**dict(zip(traced, children, strict=True)), **dict(zip(static, fixed, strict=True)))

    jax.tree_util.register_pytree_with_keys(data_class, flatten_with_keys, unflatten, flatten)
    return data_class
