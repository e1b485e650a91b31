"""Verbs of reception: have the bytes of a transfer written into a file of this machine, and see how far it is.

A file is written only inside the owner's own folder, `data_dir/received/OWNER`, and those that the settings allow,
since whoever holds an API key chooses the name. The bytes themselves are the data room's business
(dataplane/receive.py); here they are wanted, watched and recorded.
"""

import re
from pathlib import Path

from connector.dataplane.receive import JOB
from connector.problems import Conflict, Invalid
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.services.transfer import Into
from connector.settings import Settings
from connector.store import fetches, inlets, journal, transfers
from connector.store.db import Store, Tx
from connector.store.fetches import Fetch
from connector.store.jobs import Job
from connector.store.transfers import Transfer

_OVER = (t.COMPLETED, t.TERMINATED)
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


class Receive:
    """Fetches of the hosted participants."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._received = settings.data_dir.resolve() / "received"
        self._folders = tuple(path.resolve() for path in settings.receive_dirs)

    async def fetch(self, owner: str, transfer: str, path: str | None = None, *, overwrite: bool = False) -> Fetch:
        """Want the bytes of a transfer of ours in a file; relative names stand in the owner's folder.

        Without a path the file is named after the dataset. Asking again after a failure goes on where it stopped.
        Raises NotFound, Invalid, Conflict.
        """
        row = await self._store.read(lambda tx: transfers.peek(tx, owner, transfer))
        wanted = self._allowed(owner, _name_of(row) if path is None else path)

        def unit(tx: Tx) -> Fetch:
            row = transfers.load(tx, owner, transfer)
            inlet = inlets.of_transfer(tx, owner, transfer)
            if row.role is not Role.CONSUMER or row.state in _OVER or (inlet is not None and inlet.used_at is not None):
                raise Conflict(f"{row.role}, {row.state}")
            fetches.begin(tx, owner, transfer, str(wanted), overwrite=overwrite)
            if inlet is None:  # what is pushed comes by itself, at the next start
                tx.enqueue(Job(JOB, owner, transfer))
            return fetches.load(tx, owner, transfer)

        return await self._store.write(unit)

    async def progress(self, owner: str, transfer: str) -> Fetch:
        """Return how far a fetch is. Raises NotFound."""
        return await self._store.read(lambda tx: fetches.load(tx, owner, transfer))

    def into(self, owner: str, path: str | None = None, *, overwrite: bool = False) -> Into:
        """Return where a transfer that is pushed to us shall go; without a path, a file named after the dataset.

        Raises Invalid.
        """
        if path is None:
            folder = self._allowed(owner, "_").parent
            return Into(lambda row: str(folder / _name_of(row)), overwrite)
        wanted = str(self._allowed(owner, path))
        return Into(lambda row: wanted, overwrite)

    def _allowed(self, owner: str, path: str) -> Path:
        """Return where the file will stand, its folder made. Raises Invalid."""
        folders = (self._received / owner, *self._folders)
        if not path or "\0" in path:
            raise Invalid({"fr": "Un nom de fichier est attendu.", "en": "A file name is needed."}, pointer="/path")
        try:
            wanted = (folders[0] / path).resolve()
            if any(folder in wanted.parents for folder in folders):
                wanted.parent.mkdir(parents=True, exist_ok=True)
                return wanted
        except (OSError, RuntimeError) as error:  # too long a name, a file where a folder is needed, a loop of links
            raise Invalid(str(error), pointer="/path") from error
        allowed = ", ".join(map(str, folders))
        fr, en = f"Dossiers permis (receive_dirs) : {allowed}.", f"Allowed folders (receive_dirs): {allowed}."
        raise Invalid({"fr": fr, "en": en}, pointer="/path")


def _name_of(transfer: Transfer) -> str:
    """Return a file name that says which dataset and which transfer."""
    dataset = _NOT_IN_A_NAME.sub("-", re.split(r"[/:#?]", transfer.dataset.rstrip("/"))[-1]).strip("-.")[:100]
    return f"{dataset or 'data'}-{transfer.pid.rsplit(':', 1)[-1][:8]}"


def received(tx: Tx, fetch: Fetch) -> None:
    """Record in the journal of the transfer what was received, with its checksum."""
    transfers.load(tx, fetch.owner, fetch.transfer)  # locked, as whoever appends to its journal must have it
    entry = {"path": fetch.path, "size_bytes": fetch.done_bytes, "sha256": fetch.sha256}
    journal.append(tx, fetch.owner, fetch.transfer, "bytes-received", entry)
