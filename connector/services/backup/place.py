"""The folder in which a node is being restored: filled aside, put in place by renaming, or left as it was.

Everything is made in `.restoring` inside the data folder, so that renaming works wherever that folder is. What is about
to be put in place is written down first: a restoration that was killed is undone by the next one. A node refuses to
start as long as `.restoring` is there.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.services.backup.errors import HalfRestored, NotEmpty
from connector.store.sqlite import FILE

STAGING = ".restoring"
_PLAN = "plan.json"
_HARMLESS = frozenset({"lost+found", STAGING})


class Place:
    """A data folder that is being filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.staging = folder / STAGING
        self.content = self.staging / "content"

    @property
    def is_planned(self) -> bool:
        """True when a restoration was killed while it put everything in place."""
        return (self.staging / _PLAN).exists()

    def write(self, name: str, pieces: Iterable[bytes], modified_ns: int | None = None) -> None:
        """Write a file that will stand below the folder; only its owner may read it."""
        path = self.content / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if modified_ns is not None:
            os.utime(path, ns=(modified_ns, modified_ns))

    def put(self) -> None:
        """Put everything in place, the database last."""
        names = sorted(os.listdir(self.content), key=lambda name: (name.startswith(FILE), name))
        plan = self.staging / _PLAN
        plan.write_text(json.dumps(names), "utf-8")
        _sync(self.staging)
        for name in names:
            if (self.folder / name).exists():
                raise NotEmpty(str(self.folder / name))
            os.rename(self.content / name, self.folder / name)
        _sync(self.folder)

    def undo(self) -> None:
        """Remove what was put in place, and what was prepared."""
        for name in _planned(self.staging):
            if not (self.content / name).exists():
                _remove(self.folder / name)
        self.done()

    def done(self) -> None:
        """Remove what was only needed meanwhile."""
        shutil.rmtree(self.staging, ignore_errors=True)


@contextmanager
def filling(folder: Path, *, keeps_keys: bool) -> Iterator[Place]:
    """Yield the place; when anything goes wrong it is as it was before.

    `keeps_keys`: the keys are there already, and no others are put. Raises NotEmpty.
    """
    is_new = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = Place(folder)
    if place.staging.exists():
        place.undo()
    allowed = _HARMLESS | ({"keys"} if keeps_keys else set())
    if found := sorted(set(os.listdir(folder)) - allowed):
        raise NotEmpty(f"{folder}: {', '.join(found[:5])}")
    try:
        place.content.mkdir(mode=0o700, parents=True)
        yield place
    except BaseException:
        place.undo()
        if is_new:
            folder.rmdir()
        raise
    place.done()


def refuse_half_restored(folder: Path) -> None:
    """Raise HalfRestored when a restoration was interrupted in the folder."""
    if (folder / STAGING).exists():
        raise HalfRestored(str(folder))


def _planned(staging: Path) -> list[str]:
    try:
        names = json.loads((staging / _PLAN).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [str(name) for name in names]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
