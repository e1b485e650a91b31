"""A file that is being received: `NAME.part` beside its place, hashed as it grows, put in place whole.

Everything here blocks and is called in a thread. The place is never written to before all bytes are there, on disk and
verified; a file that already stands there is replaced only on demand. Where bytes come from is in receive.py.
"""

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from connector.dataplane.errors import DiskFull, FetchFailed, FileInTheWay, PartInUse
from connector.dataplane.sources import CHUNK_BYTES

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class PartialFile:
    """The part received so far."""

    def __init__(self, place: Path, *, anew: bool = False) -> None:
        """Open the part of this place, made if need be, and read what it holds; `anew`: begin from nothing.

        Raises FetchFailed; PartInUse when somebody else writes it.
        """
        self.place = place
        self.path = place.with_name(place.name + ".part")
        with _explained(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        try:
            self._hold()
        except BaseException:
            os.close(self._file)
            raise
        self.size_bytes = 0
        self._digest = sha256()
        self._is_in_place = False
        if anew:
            self.empty()
        else:
            self._read_what_is_there()

    @property
    def sha256(self) -> str:
        """The SHA-256 (hexadecimal) of what is there."""
        return self._digest.hexdigest()

    def append(self, piece: bytes) -> None:
        """Write at the end. Raises DiskFull, keeping what fits."""
        left = memoryview(piece)
        while left:
            with _explained(self.place):
                count = os.pwrite(self._file, left, self.size_bytes)
            self._digest.update(left[:count])
            self.size_bytes += count
            left = left[count:]

    def empty(self) -> None:
        """Begin again from nothing."""
        with _explained(self.place):
            os.ftruncate(self._file, 0)
        self.size_bytes = 0
        self._digest = sha256()

    def require_room(self, size_bytes: int) -> None:
        """Raise DiskFull when a content of that size will not fit, before it is asked for."""
        missing = size_bytes - self.size_bytes
        if missing > shutil.disk_usage(self.place.parent).free:
            raise DiskFull(self.place.name)

    def stands_already(self, size_bytes: int | None, digest: str | None) -> bool:
        """Return True when the place holds this very content: then there is nothing to receive.

        Raises FileInTheWay when it surely holds another.
        """
        if not os.path.lexists(self.place):
            return False
        with _explained(self.place):
            found_bytes = os.stat(self.place).st_size
            may_be_same = size_bytes in (None, found_bytes)
            if may_be_same and digest is None:
                return False
            found = _digest_of(self.place) if may_be_same else None
        if found is None or found.hexdigest() != digest:
            raise FileInTheWay(str(self.place))
        self.size_bytes, self._digest, self._is_in_place = found_bytes, found, True
        return True

    def put_in_place(self, *, overwrite: bool) -> None:
        """Make the file durable and give it its name, in one step. Raises FileInTheWay."""
        with _explained(self.place):
            if not self._is_in_place:
                self._name(overwrite)
            self._is_in_place = True
            self.discard()
            _sync_folder(self.place.parent)

    def _name(self, overwrite: bool) -> None:
        os.fsync(self._file)
        if overwrite:
            os.replace(self.path, self.place)
        elif not self._link() and _digest_of(self.place).hexdigest() != self.sha256:
            raise FileInTheWay(str(self.place))

    def discard(self) -> None:
        """Remove the part."""
        self.path.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Let go of the part; what was not put in place leaves nothing behind."""
        if not self._is_in_place:
            self.discard()
        self.close()

    def close(self) -> None:
        """Let go of the part; an empty one leaves nothing behind."""
        if self.size_bytes == 0 and not self._is_in_place:
            self.discard()
        os.close(self._file)

    def _hold(self) -> None:
        """Keep others from writing to the same part."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise PartInUse(str(self.path)) from error

    def _read_what_is_there(self) -> None:
        with _explained(self.place):
            while piece := os.pread(self._file, CHUNK_BYTES, self.size_bytes):
                self._digest.update(piece)
                self.size_bytes += len(piece)

    def _link(self) -> bool:
        """Name the file without ever replacing another; False when the name is taken."""
        try:
            os.link(self.path, self.place)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if os.path.lexists(self.place):
                return False
            os.replace(self.path, self.place)
        return True


def _digest_of(path: Path) -> "hashlib._Hash":
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            digest.update(piece)
    return digest


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    """Turn an error of the system into one that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DiskFull(place.name) from error
        raise FetchFailed(f"{place}: {os.strerror(error.errno or 0)}") from error
