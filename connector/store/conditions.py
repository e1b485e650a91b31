"""What a request asks of its own effect: to happen once only, or only if the thing still stands at a version.

Both must be true in the very transaction of the effect, or two callers could each be told that they came first. So a
caller names its condition around the verb, and the first unit that this verb hands to `store.write` runs inside it.
The verbs themselves know nothing of conditions. Why it is done so: docs/decisions.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from connector.store.db import Tx

T = TypeVar("T")
Condition = Callable[["Tx", Callable[["Tx"], Any]], Any]
"""Runs a unit in its transaction, after checking and before keeping what the condition is about."""

_waiting: ContextVar[list[Condition] | None] = ContextVar("conditions", default=None)


@contextmanager
def around(condition: Condition) -> Iterator[list[Condition]]:
    """Run the first unit written inside this block within the condition; yields what was not applied yet."""
    waiting = [condition]
    token = _waiting.set(waiting)
    try:
        yield waiting
    finally:
        _waiting.reset(token)


def applied(unit: "Callable[[Tx], T]") -> "Callable[[Tx], T]":
    """Return the unit inside the condition that waits for it, if there is one. Called by the stores."""
    waiting = _waiting.get()
    if not waiting:
        return unit
    condition = waiting.pop()
    return lambda tx: condition(tx, unit)
