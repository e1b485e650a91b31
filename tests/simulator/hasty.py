"""What a node may do wrong with what it sealed ahead: each way is found out in some world, by what is said of it."""

from typing import Any

from connector.protocol import messages
from connector.protocol.machine import Role
from connector.services import seal_records
from connector.services.exchange import Answer, Incoming
from connector.services.seal_ahead import Ahead, First, Foreseen
from connector.services.seal_records import Concluded, Countersigned
from connector.store import contracts, journal, negotiations
from connector.store.contracts import StoredContract
from connector.store.db import Tx
from connector.store.negotiations import Negotiation

_look, _foreseen = Ahead.look, seal_records.foreseen


async def _kept_before(self: Ahead, owner: str, caller: str, pid: str, incoming: Incoming) -> Foreseen | None:
    """Keep it in a transaction of its own, whatever will become of the message."""
    found = await _look(self, owner, caller, pid, incoming)
    if found is not None:
        await self._store.write(lambda tx: _keep(tx, negotiations.load(tx, owner, pid), incoming, found.found))
    return found


def _keep(tx: Tx, negotiation: Negotiation, incoming: Incoming, found: Countersigned | Concluded) -> None:
    known = contracts.claim(tx, negotiation.owner, negotiation.pid)
    if isinstance(incoming.message, messages.ContractAgreementMessage):
        known = StoredContract(
            owner=negotiation.owner,
            negotiation=negotiation.pid,
            role=Role.CONSUMER,
            peer=negotiation.peer,
            dataset=negotiation.dataset,
            agreement=str(incoming.message.agreement["@id"]),
            status="sealed-by-one",
            jws=found.received,
        )
    elif known is not None:
        known.countersigned = found.received
    if known is not None:
        contracts.save(tx, known)
        _foreseen(tx, negotiation, found)


def _sealed_twice(tx: Tx, negotiation: Negotiation, found: Countersigned | Concluded) -> bool:
    """Say that a seal was put, and have the job put it all the same."""
    mark = found.marks[1] if isinstance(found, Countersigned) else found.mark
    journal.append(tx, negotiation.owner, negotiation.pid, "sealed", {"role": mark.role.value})
    return False


def _waiting(self: Foreseen, first: First) -> First:
    """Keep it, and have the answer wait for the job all the same."""

    def asked(tx: Tx, negotiation: Negotiation, wanted: Answer) -> str | None:
        job = first(tx, negotiation, wanted)
        if job is not None:
            self._is_kept(tx, negotiation, wanted)
        return job

    return asked


HASTY: dict[str, tuple[Any, str, Any, str]] = {
    "keeps it before its message is taken": (Ahead, "look", _kept_before, "is not kept and sent once"),
    "seals once more": (seal_records, "foreseen", _sealed_twice, "a second seal of one side"),
    "sends the answer without it": (seal_records, "foreseen", lambda *_: True, "went without a seal"),
    "waits for the job all the same": (Foreseen, "around", _waiting, "is not kept and sent once"),
}
