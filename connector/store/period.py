"""A period of time, as lists are filtered by it: from an instant on, until before another one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Period:
    """What lies at `since` or after, and before `until`; None: without end."""

    since: datetime | None = None
    until: datetime | None = None

    def of(self, column: Any) -> Iterator[Any]:
        """Yield the conditions on a column of instants."""
        if self.since is not None:
            yield column >= self.since
        if self.until is not None:
            yield column < self.until


ALWAYS = Period()
