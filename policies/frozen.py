"""Makes frozen values in the time that others take.

A policy that is read is dozens of frozen values, and the `__init__` that `dataclasses` writes for a frozen class
calls `object.__setattr__` for each field: three to four times the time of plain assignments. `maker` makes the same
values with plain assignments: each begins as one of a twin of the class that is open, and becomes one of the class
itself, closed, when its last field is set. Nobody else sees it before.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, field, fields, make_dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def maker(cls: Callable[P, T]) -> Callable[P, T]:
    """Return what is called like a frozen dataclass with slots, and makes the same.

    The class has neither a `__post_init__` nor fields made by a factory. Raises TypeError when it has.
    """
    if not isinstance(cls, type) or hasattr(cls, "__post_init__") or not all(map(_is_plain, fields(cls))):
        raise TypeError(f"{cls} is no plain frozen dataclass")

    def close(self: object) -> None:
        self.__class__ = cls

    members = [(each.name, object, field(default=each.default, kw_only=each.kw_only)) for each in fields(cls)]
    own = {"__post_init__": close, "__doc__": cls.__doc__}
    plain = make_dataclass(cls.__name__, members, namespace=own, repr=False, eq=False, match_args=False)
    opened = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(cls.__name__, (cls,), {"__slots__": (), "__init__": plain.__dict__["__init__"], **own, **opened})


def _is_plain(member: Field[Any]) -> bool:
    return member.init and member.default_factory is MISSING
