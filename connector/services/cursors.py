"""Cursors: where a list goes on, as one opaque text.

Every list has a keyset order. A cursor spells the key of the last row that was shown, so a page costs the same
wherever it lies and nothing is skipped or repeated when rows are added meanwhile.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from connector.problems import Invalid
from connector.protocol.strict_json import is_storable

T = TypeVar("T")
_LONGEST = 4096


class BadCursor(Invalid):
    """The cursor is not one that this list gave."""

    code = "bad-cursor"

    def __init__(self) -> None:
        fr, en = "Ce curseur ne vient pas de cette liste.", "This cursor does not come from this list."
        super().__init__({"fr": fr, "en": en}, pointer="/cursor")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and the cursor after which the next ones come (None: there are none)."""

    items: list[T]
    following: str | None


def write(*parts: str) -> str:
    """Return the cursor that spells a key."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def read(cursor: str, count: int) -> tuple[str, ...]:
    """Return the parts of a key. Raises BadCursor."""
    try:
        padded = cursor[:_LONGEST] + "=" * (-len(cursor[:_LONGEST]) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise BadCursor from None
    if not isinstance(parts, list) or len(parts) != count:
        raise BadCursor
    if not all(isinstance(part, str) and is_storable(part) for part in parts):
        raise BadCursor
    return tuple(parts)


def read_key(cursor: str | None) -> str:
    """Return the identifier after which a list ordered by identifiers goes on. Raises BadCursor."""
    return read(cursor, 1)[0] if cursor else ""


def read_instant(cursor: str | None) -> tuple[datetime, str] | None:
    """Return the position of a list that shows the newest first. Raises BadCursor."""
    if not cursor:
        return None
    at, key = read(cursor, 2)
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        raise BadCursor from None
    if instant.tzinfo is None:
        raise BadCursor
    return instant, key


def paged(rows: Sequence[T], limit: int, key_of: Callable[[T], tuple[str, ...]]) -> Page[T]:
    """Return a page from `limit` + 1 rows or fewer: the extra row only tells that there are more."""
    shown = list(rows[:limit])
    return Page(shown, write(*key_of(shown[-1])) if len(rows) > limit else None)
