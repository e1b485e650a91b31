"""Where pushed bytes go: the contract that every kind of sink fulfils, one file per kind.

A sink takes one content at a time, piece by piece, and keeps it whole or not at all: what is not committed leaves
nothing in the place. tests/dataplane/sinks holds the suite that each kind passes. Who may push is not decided here: see
inlet.py.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

CHUNK_BYTES = 1 << 20
"""About how much is written at a time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a sink keeps."""

    size_bytes: int
    sha256: str
    """Hexadecimal."""


class Intake(Protocol):
    """One content on its way into a sink."""

    @property
    def size_bytes(self) -> int:
        """How much was written."""

    async def write(self, piece: bytes) -> None:
        """Add a piece at the end. Raises DiskFull, FetchFailed."""

    def sha256(self) -> str:
        """Return the SHA-256 (hexadecimal) of what was written."""

    async def commit(self) -> Kept:
        """Make the content durable, and give it its place in one step; done again, it changes nothing.

        Raises FileInTheWay when another content stands there, DiskFull, FetchFailed.
        """


class Sink(Protocol):
    """A place for one content."""

    async def check(self) -> None:
        """Raise FetchFailed, with the reason, unless a content could be kept here now."""

    def open(self, size_bytes: int | None) -> AbstractAsyncContextManager[Intake]:
        """Return an intake for a content of that size (None: not known); left without commit, it keeps nothing.

        Entering raises DiskFull when there is not room for it, PartInUse while another intake is open, FileInTheWay,
        FetchFailed.
        """
