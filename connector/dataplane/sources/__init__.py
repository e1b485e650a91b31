"""Where published bytes come from: the contract that every kind of source fulfils, one file per kind.

A source is addressed by a small JSON object whose `kind` names the file of this folder. Publishing asks `check` and
`measure` and stores address and measurement together; from then on the source gives these very bytes or an error, never
other bytes under the old checksum. tests/dataplane/sources holds the suite that each kind passes. Who may read is not
decided here: see gate.py.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from connector.dataplane.errors import SourceUnreadable
from connector.dataplane.ranges import Slice

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What publication found and promises: the size, SHA-256 (hexadecimal), type and name of the content."""

    size_bytes: int
    sha256: str
    media_type: str
    file_name: str
    modified_ns: int
    """Nanoseconds since 1970, UTC."""

    @property
    def etag(self) -> str:
        """The strong entity tag: the same bytes have the same tag on every replica."""
        return f'"{self.sha256}"'

    def stored_with(self, address: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON object to store as the dataset's source: address and measurement."""
        return {**address, **asdict(self)}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Measured":
        """Return the measurement in a stored source. Raises SourceUnreadable when it was never measured."""
        try:
            return cls(**{name: stored[name] for name in cls.__slots__})
        except KeyError as error:
            raise SourceUnreadable(f"{error.args[0]}: ?") from error


class Source(Protocol):
    """Bytes at an address."""

    async def check(self) -> None:
        """Raise SourceRefused, with the reason, unless these bytes can be read and may be published."""

    async def measure(self) -> Measured:
        """Return what there is now, having read all of it. Raises as `check`, or SourceChanged if it moved."""

    def require_unchanged(self, published: Measured) -> None:
        """Raise SourceChanged, SourceGone or SourceUnreadable unless the bytes still seem to be those published.

        Quick enough to be asked at every request, without waiting.
        """

    def read(self, published: Measured, part: Slice) -> AsyncGenerator[bytes]:
        """Yield that part in pieces of at most 1 MiB.

        Raises as `require_unchanged`, before the first piece or before the last one: a content that changed under way
        is never completed.
        """
