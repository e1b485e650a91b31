"""Small contents, kept in memory in the form in which they are sent.

A content up to 256 KiB leaves in one piece: no thread, no file. What is kept was held against the published SHA-256
when it was read, and is found by it, so it is right whatever happens to the file; whether the file still is what was
published is asked all the same, at each request, by the caller.
"""

from contextlib import aclosing
from hashlib import sha256

from connector.dataplane.errors import SourceChanged
from connector.dataplane.ranges import Slice
from connector.dataplane.sources import Measured, Source

SMALL_BYTES = 256 << 10
KEPT_BYTES = 32 << 20


class Bodies:
    """The small contents of this process, the least recently used ones dropped beyond `kept_bytes`."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._room = kept_bytes
        self._bodies: dict[Measured, bytes] = {}

    def recall(self, published: Measured) -> bytes | None:
        """Return the content if it is in memory."""
        return self._bodies.get(published)

    async def load(self, source: Source, published: Measured) -> bytes:
        """Return the content, read and held against its checksum. Raises SourceChanged or what reading raises."""
        pieces = []
        async with aclosing(source.read(published, Slice(0, published.size_bytes))) as reading:
            async for piece in reading:
                pieces.append(piece)
        body = b"".join(pieces)
        if sha256(body).hexdigest() != published.sha256:
            raise SourceChanged(published.file_name)
        self._keep(published, body)
        return body

    def _keep(self, published: Measured, body: bytes) -> None:
        if published in self._bodies or len(body) > self._kept_bytes:
            return
        while self._room < len(body):
            oldest = next(iter(self._bodies))
            self._room += len(self._bodies.pop(oldest))
        self._bodies[published] = body
        self._room -= len(body)
