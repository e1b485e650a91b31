"""The archive: a zip of `manifest.json`, `settings.json`, `tables/NAME.jsonl`, `heads.jsonl` and `published/…`.

The manifest, written last, says what the node was (versions, schema, addresses), how many rows each table has, and the
SHA-256 of every other member: whoever has unzip and sha256sum can verify an archive without this program. `heads.jsonl`
holds the last hash of each journal.
"""

import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from connector.services.backup.errors import BadBackup, FileBusy

FORMAT = "pupitre-backup/1"
MANIFEST, SETTINGS, HEADS = "manifest.json", "settings.json", "heads.jsonl"
PUBLISHED = "published/"
CHUNK_BYTES = 1 << 20
_LARGEST_MANIFEST = 64 << 20


class Member(BaseModel):
    """What the manifest says of a member of the archive."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: str
    size_bytes: int
    modified_ns: int | None = None
    """Of a published file, which is recognised by it."""


class Manifest(BaseModel):
    """What the archive says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str
    id: str
    taken_at: str
    program: str
    store: str
    schema_version: int
    public_url: str
    data_dir: str
    rows: dict[str, int]
    """How many rows each table has, each table after those it refers to."""
    journals: int
    not_included: list[str]
    """Files that are published from elsewhere, and links."""
    members: dict[str, Member]


@dataclass
class Writing:
    """An archive that is being written."""

    zip: zipfile.ZipFile
    members: dict[str, Member] = field(default_factory=dict)

    def put(self, name: str, pieces: Iterable[bytes], modified_ns: int | None = None) -> Member:
        """Add a member from its bytes."""
        digest, size = sha256(), 0
        with self.zip.open(name, "w", force_zip64=True) as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                size += len(piece)
        self.members[name] = Member(sha256=digest.hexdigest(), size_bytes=size, modified_ns=modified_ns)
        return self.members[name]


@contextmanager
def writing(path: Path) -> Iterator[Writing]:
    """Write a new archive that only its owner may read, whole or not at all. Raises FileBusy when it exists."""
    if path.exists():
        raise FileBusy(str(path))
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                yield Writing(archive)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError as error:
        raise FileBusy(str(path)) from error
    finally:
        draft.unlink(missing_ok=True)


class Archive:
    """An archive that is read."""

    def __init__(self, path: Path, opened: zipfile.ZipFile) -> None:
        self.path = path
        self._zip = opened
        self.manifest = self._manifest()

    def open(self, name: str) -> IO[bytes]:
        """Open a member that the manifest names. Raises BadBackup."""
        try:
            return self._zip.open(name)
        except KeyError as error:
            raise BadBackup(f"{self.path}: {name}") from error

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a member, and fail at its end when they are not what was written. Raises BadBackup."""
        said, digest, size = self.manifest.members[name], sha256(), 0
        try:
            with self.open(name) as file:
                while piece := file.read(CHUNK_BYTES):
                    digest.update(piece)
                    size += len(piece)
                    yield piece
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise BadBackup(f"{self.path}: {name}: {error}") from error
        if (digest.hexdigest(), size) != (said.sha256, said.size_bytes):
            raise BadBackup(f"{self.path}: {name}: SHA-256")

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a member. Raises BadBackup."""
        rest = b""
        for piece in self.pieces(name):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
        if rest:
            raise BadBackup(f"{self.path}: {name}")

    def published(self) -> list[str]:
        """Return the names of the published files that it holds."""
        return [name for name in self.manifest.members if name.startswith(PUBLISHED)]

    def _manifest(self) -> Manifest:
        try:
            with self.open(MANIFEST) as file:
                manifest = Manifest.model_validate_json(file.read(_LARGEST_MANIFEST))
        except (ValidationError, zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise BadBackup(f"{self.path}: {MANIFEST}") from error
        expected = {MANIFEST, *manifest.members}
        if manifest.format != FORMAT or sorted(self._zip.namelist()) != sorted(expected):
            raise BadBackup(f"{self.path}: {MANIFEST}")
        needed = {SETTINGS, HEADS, *(table_member(name) for name in manifest.rows)}
        if needed != {name for name in manifest.members if not name.startswith(PUBLISHED)}:
            raise BadBackup(f"{self.path}: {MANIFEST}")
        if not all(is_safe(name) for name in manifest.members):
            raise BadBackup(f"{self.path}: {MANIFEST}")
        return manifest


@contextmanager
def reading(path: Path) -> Iterator[Archive]:
    """Open an archive. Raises BadBackup."""
    try:
        opened = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise BadBackup(f"{path}: {error}") from error
    with opened:
        yield Archive(path, opened)


def table_member(table: str) -> str:
    """Return the name of the member that holds a table's rows."""
    return f"tables/{table}.jsonl"


def is_safe(name: str) -> bool:
    """True for a relative name that leads nowhere else."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name
