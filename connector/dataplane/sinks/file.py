"""A file of this machine: written beside its place, made durable, and put in place whole (see partial.py)."""

from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from pathlib import Path

from connector.dataplane.errors import FileInTheWay
from connector.dataplane.partial import PartialFile
from connector.dataplane.sinks import Kept
from connector.dataplane.threads import in_thread


class FileIntake:
    """A file that grows."""

    def __init__(self, part: PartialFile, threads: Executor, *, overwrite: bool) -> None:
        self._part = part
        self._threads = threads
        self._overwrite = overwrite

    @property
    def size_bytes(self) -> int:
        return self._part.size_bytes

    async def write(self, piece: bytes) -> None:
        await in_thread(self._threads, self._part.append, piece)

    def sha256(self) -> str:
        return self._part.sha256

    async def commit(self) -> Kept:
        await in_thread(self._threads, lambda: self._part.put_in_place(overwrite=self._overwrite))
        return Kept(self._part.size_bytes, self._part.sha256)


class FileSink:
    """The file at a place that services/receive.py has vetted; replaced only on demand."""

    def __init__(self, place: Path, threads: Executor, *, overwrite: bool = False) -> None:
        self._place = place
        self._threads = threads
        self._overwrite = overwrite

    async def check(self) -> None:
        async with self.open(None):
            return

    @asynccontextmanager
    async def open(self, size_bytes: int | None) -> AsyncIterator[FileIntake]:
        part = await in_thread(self._threads, self._opened, size_bytes, undo=PartialFile.abandon)
        try:
            yield FileIntake(part, self._threads, overwrite=self._overwrite)
        finally:
            await in_thread(self._threads, part.abandon)

    def _opened(self, size_bytes: int | None) -> PartialFile:
        """Return an empty part with room; a file in its place may be this very content: commit will tell."""
        if self._place.is_dir() or (not self._overwrite and _has_another_size(self._place, size_bytes)):
            raise FileInTheWay(str(self._place))
        part = PartialFile(self._place, anew=True)
        try:
            part.require_room(size_bytes or 0)
        except BaseException:
            part.abandon()
            raise
        return part


def _has_another_size(place: Path, size_bytes: int | None) -> bool:
    return size_bytes is not None and place.is_file() and place.stat().st_size != size_bytes
