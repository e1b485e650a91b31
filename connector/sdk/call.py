"""What a call of the management API is: one request and, by its type, the answer to it. The calls are in calls.py."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from urllib.parse import quote

T = TypeVar("T", covariant=True)
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and (by its type) the answer to it."""

    method: str
    path: str
    query: Mapping[str, str | tuple[str, ...]]
    body: Json | None = None
    wait_s: float = 0.0
    """How long the node may hold the answer back, because it was asked to."""
    key: str | None = None
    """Idempotency key of a POST; None: the client makes one."""
    versions: tuple[int, ...] = ()
    """Act only while the thing stands at one of these; else the node answers `precondition-failed`."""

    def after(self, cursor: str) -> "Call[T]":
        """Return the same question for the page after this cursor."""
        return replace(self, query={**self.query, "cursor": cursor})

    def once(self, key: str) -> "Call[T]":
        """Return the same request under an idempotency key: however often it is sent, it has its effect once.

        The client makes a key for each POST by itself; a program that must survive its own end keeps one.
        """
        return replace(self, key=key)

    def at(self, *versions: int) -> "Call[T]":
        """Return the same action on the condition that the thing still has one of these versions."""
        return replace(self, versions=versions)

    @property
    def headers(self) -> dict[str, str]:
        """The conditions of the request, as headers."""
        found = {} if self.key is None else {"idempotency-key": self.key}
        tags = ", ".join(f'"{version}"' for version in self.versions)
        return {**found, "if-match": tags} if tags else found


def call(
    method: str, *parts: str, query: Json | None = None, body: Json | None = None, wait_s: float = 0.0
) -> Call[Any]:
    """Return the call of an address below `/api/v1`, its parts percent-encoded; what is None is left out."""
    path = "/".join(quote(part, safe="") for part in parts)
    asked: dict[str, str | tuple[str, ...]] = {
        name: _text(value) for name, value in (query or {}).items() if value is not None
    }
    return Call(method, f"/api/v1/{path}", asked, body, wait_s)


def _text(value: object) -> str | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def said(**members: object) -> dict[str, Any]:
    """Return the members that say something."""
    return {name: value for name, value in members.items() if value is not None}
