"""A file of this machine, in a folder that the settings allow.

The path is resolved at every opening: neither `..` nor a symbolic link leads out of the allowed folders. A file is
recognised by its size and time of modification; replacing it by renaming does not disturb a reader, whose open file
stays what was published. All reading happens in threads of the caller's choice.
"""

import errno
import mimetypes
import os
import stat
from collections.abc import AsyncGenerator, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from connector.dataplane.errors import SourceChanged, SourceGone, SourceRefused, SourceUnreadable
from connector.dataplane.ranges import Slice
from connector.dataplane.sources import CHUNK_BYTES, Measured
from connector.dataplane.threads import in_thread
from connector.problems import Problem

_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
    ".gtfs": "application/zip",
    ".jsonld": "application/ld+json",
    ".kml": "application/vnd.google-earth.kml+xml",
    ".parquet": "application/vnd.apache.parquet",
    ".ttl": "text/turtle",
}
_KNOWN_TYPES = mimetypes.MimeTypes()  # without the tables of the machine, which differ from one to another
_GONE = (errno.ENOENT, errno.ENOTDIR)


class FileAddress(BaseModel):
    """`{"kind": "file", "path": …}`; a relative path is taken from the first allowed folder."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["file"] = "file"
    path: str


class FileSource:
    """A regular file."""

    def __init__(self, address: Mapping[str, Any], folders: tuple[Path, ...], threads: Executor) -> None:
        """Take an address and the folders whose files may be read. Raises SourceRefused for a malformed address."""
        try:
            path = FileAddress.model_validate(dict(address)).path
        except ValidationError as error:
            raise SourceRefused(error.errors(include_url=False)[0]["msg"], pointer="/source") from error
        if "\0" in path or not path:
            raise SourceRefused(pointer="/source/path")
        self._folders = folders
        self._path = folders[0] / path if folders else Path(path)
        self._name = str(self._path)
        self._threads = threads

    async def check(self) -> None:
        def look() -> None:
            with _refusing(), self._open() as file:
                os.pread(file, 1, 0)

        await in_thread(self._threads, look)

    async def measure(self) -> Measured:
        return await in_thread(self._threads, self._measure)

    def require_unchanged(self, published: Measured) -> None:
        try:
            found = os.stat(self._name)
        except OSError as error:
            raise _explanation(error, published.file_name) from error
        _require_same(found, published)

    async def read(self, published: Measured, part: Slice) -> AsyncGenerator[bytes]:
        file = await in_thread(self._threads, self._open_as, published, undo=os.close)
        try:
            at = part.start
            while at < part.stop:
                piece = await in_thread(self._threads, _piece, file, at, part.stop, published)
                at += len(piece)
                yield piece
        finally:
            os.close(file)

    def _resolved(self) -> Path:
        """Return the real path. Raises SourceRefused when it lies in none of the allowed folders."""
        real = Path(os.path.realpath(self._path))
        if not any(real.is_relative_to(os.path.realpath(folder)) for folder in self._folders):
            raise SourceRefused(
                {"fr": "Hors des dossiers autorisés.", "en": "Outside the allowed folders."}, pointer="/source/path"
            )
        return real

    @contextmanager
    def _open(self) -> Iterator[int]:
        file = self._descriptor()
        try:
            yield file
        finally:
            os.close(file)

    def _descriptor(self) -> int:
        with _explained(self._path.name):
            # O_NONBLOCK: a named pipe must not hold the thread until somebody writes to it
            file = os.open(self._resolved(), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise SourceRefused(
                {"fr": "Ce n’est pas un fichier ordinaire.", "en": "This is not a regular file."},
                pointer="/source/path",
            )
        return file

    def _open_as(self, published: Measured) -> int:
        file = self._descriptor()
        try:
            _require_same(os.fstat(file), published)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        except BaseException:
            os.close(file)
            raise
        return file

    def _measure(self) -> Measured:
        with _refusing(), self._open() as file:
            before = os.fstat(file)
            digest = _digest(file)
            after = os.fstat(file)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise SourceChanged({"fr": "Le fichier a changé pendant la lecture.", "en": "The file changed meanwhile."})
        return Measured(
            size_bytes=after.st_size,
            sha256=digest,
            media_type=_media_type(self._path),
            file_name=self._path.name,
            modified_ns=after.st_mtime_ns,
        )


def _digest(file: int) -> str:
    digest, at = sha256(), 0
    while piece := os.pread(file, CHUNK_BYTES, at):
        digest.update(piece)
        at += len(piece)
    return digest.hexdigest()


def _piece(file: int, at: int, stop: int, published: Measured) -> bytes:
    """Return the next piece; the last one only if the file is still what was published."""
    with _explained(published.file_name):
        piece = os.pread(file, min(CHUNK_BYTES, stop - at), at)
        found = os.fstat(file)
    if not piece or at + len(piece) == stop:
        _require_same(found, published)
    if not piece:
        raise SourceChanged(published.file_name)
    return piece


def _require_same(found: os.stat_result, published: Measured) -> None:
    if (found.st_size, found.st_mtime_ns) != (published.size_bytes, published.modified_ns):
        raise SourceChanged(published.file_name)


def _media_type(path: Path) -> str:
    suffix = path.suffix.lower()
    return _MEDIA_TYPES.get(suffix) or _KNOWN_TYPES.types_map[True].get(suffix) or "application/octet-stream"


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn an error of the system into ours; only the file's name leaves the node, never its folder."""
    try:
        yield
    except OSError as error:
        raise _explanation(error, name) from error


def _explanation(error: OSError, name: str) -> Problem:
    return SourceGone(name) if error.errno in _GONE else SourceUnreadable(name)


@contextmanager
def _refusing() -> Iterator[None]:
    """Before publication, an absent or unreadable file is a refused address."""
    try:
        yield
    except (SourceGone, SourceUnreadable) as problem:
        detail = {language: problem.say(language) for language in ("fr", "en")}
        raise SourceRefused(detail, pointer="/source/path") from problem
