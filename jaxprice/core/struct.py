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
    """
    data_class: Any = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    fields = [field for field in dataclasses.fields(data_class) if field.init]
    static = [field.name for field in fields if field.metadata.get("static", False)]
    traced = [field.name for field in fields if field.name not in static]
    jax.tree_util.register_dataclass(data_class, data_fields=traced, meta_fields=static)
    return data_class
