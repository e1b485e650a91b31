"""Verbs of reception: have the bytes of a transfer written into a file of this machine, and see how far it is.

A file is written only inside the folders that the settings allow, since whoever holds an API key chooses the name. The
bytes themselves are the data room's business (dataplane/receive.py); here they are wanted, watched and recorded.
"""

from pathlib import Path

from connector.dataplane.receive import JOB
from connector.problems import Conflict, Invalid
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.settings import Settings
from connector.store import fetches, journal, transfers
from connector.store.db import Store, Tx
from connector.store.fetches import Fetch
from connector.store.jobs import Job

_OVER = (t.COMPLETED, t.TERMINATED)


class Receive:
    """Fetches of the hosted participants."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._folders = (settings.data_dir.resolve() / "received", *(p.resolve() for p in settings.receive_dirs))

    async def fetch(self, owner: str, transfer: str, path: str, *, overwrite: bool = False) -> Fetch:
        """Want the bytes of a transfer of ours in a file; relative names stand below data_dir/received.

        Asking again after a failure goes on where it stopped. Raises NotFound, Invalid, Conflict.
        """
        wanted = self._allowed(path)

        def unit(tx: Tx) -> Fetch:
            row = transfers.load(tx, owner, transfer)
            if row.role is not Role.CONSUMER or row.state in _OVER:
                raise Conflict(f"{row.role}, {row.state}")
            fetches.begin(tx, owner, transfer, str(wanted), overwrite=overwrite)
            tx.enqueue(Job(JOB, owner, transfer))
            return fetches.load(tx, owner, transfer)

        return await self._store.write(unit)

    async def progress(self, owner: str, transfer: str) -> Fetch:
        """Return how far a fetch is. Raises NotFound."""
        return await self._store.read(lambda tx: fetches.load(tx, owner, transfer))

    def _allowed(self, path: str) -> Path:
        if not path or "\0" in path:
            raise Invalid("A file name is needed.", pointer="/path")
        wanted = (self._folders[0] / path).resolve()
        if not any(wanted.is_relative_to(folder) for folder in self._folders) or wanted in self._folders:
            allowed = ", ".join(map(str, self._folders))
            fr, en = f"Dossiers permis (receive_dirs) : {allowed}.", f"Allowed folders (receive_dirs): {allowed}."
            raise Invalid({"fr": fr, "en": en}, pointer="/path")
        wanted.parent.mkdir(parents=True, exist_ok=True)
        return wanted


def received(tx: Tx, fetch: Fetch) -> None:
    """Record in the journal of the transfer what was received, with its checksum."""
    entry = {"path": fetch.path, "size_bytes": fetch.done_bytes, "sha256": fetch.sha256}
    journal.append(tx, fetch.owner, fetch.transfer, "bytes-received", entry)
