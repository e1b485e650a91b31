"""What every table of the node is made of: the one schema that they belong to, and how an instant is stored."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Dialect, MetaData, Text
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC, stored as `2026-11-23T05:29:23.000000Z`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return written(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return read(value)


def written(at: datetime | None) -> str | None:
    """Return an instant as it is stored."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def read(stored: str | None) -> datetime | None:
    """Return the instant that is stored so."""
    return None if stored is None else datetime.fromisoformat(stored)
