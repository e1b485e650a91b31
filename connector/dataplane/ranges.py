"""Ranges of bytes (RFC 9110 §14): one range at a time.

A request for several ranges, in another unit or malformed, is answered with the whole content, as the specification
allows. `If-Range` is honoured for strong entity tags only: a date is too coarse to splice two versions safely.
"""

import re
from dataclasses import dataclass

from connector.dataplane.errors import RangeUnsatisfiable

_SINGLE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*\Z", re.IGNORECASE)
_CONTENT_RANGE = re.compile(r"\s*bytes\s+(?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes `start` up to, not including, `stop`."""

    start: int
    stop: int

    @property
    def size_bytes(self) -> int:
        return self.stop - self.start

    def content_range(self, size_bytes: int) -> str:
        """Return the Content-Range header of this part of a content of that size."""
        return f"bytes {self.start}-{self.stop - 1}/{size_bytes}"


def requested(header: str | None, size_bytes: int) -> Slice | None:
    """Return the single range that a Range header asks for, None for the whole content.

    Raises RangeUnsatisfiable when the range begins beyond the end or is empty.
    """
    match = _SINGLE.match(header) if header else None
    if match is None:
        return None
    first, last = match.groups()
    if first == "":
        return _suffix(last, size_bytes)
    start, stop = int(first), min(int(last) + 1, size_bytes) if last else size_bytes
    if last and int(last) < start:
        return None  # not a range at all (RFC 9110 §14.1.1): ignored
    if start >= size_bytes:
        raise RangeUnsatisfiable(size_bytes)
    return Slice(start, stop)


def _suffix(last: str, size_bytes: int) -> Slice | None:
    if last == "":
        return None
    if int(last) == 0 or size_bytes == 0:
        raise RangeUnsatisfiable(size_bytes)
    return Slice(max(0, size_bytes - int(last)), size_bytes)


def still_applies(if_range: str | None, etag: str) -> bool:
    """Return True when a range may be served: no condition, or exactly our strong entity tag."""
    return if_range is None or if_range.strip() == etag


@dataclass(frozen=True, slots=True)
class Answered:
    """What a Content-Range header says: where the part begins, None if it was refused, and the whole size if known."""

    start: int | None
    size_bytes: int | None


def answered(header: str | None) -> Answered | None:
    """Return what a Content-Range header of a peer says, None when there is none or it cannot be read."""
    match = _CONTENT_RANGE.match(header) if header else None
    if match is None:
        return None
    first, _, size = match.groups()
    return Answered(None if first is None else int(first), None if size == "*" else int(size))
