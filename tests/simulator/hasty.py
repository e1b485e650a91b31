"""What a node may do wrong with what it seals at once: each way is found out in some world, by what is said of it."""

from typing import Any

from connector.services import seal_records
from connector.services.exchange import Answer
from connector.services.seal_at_once import AtOnce
from connector.store import journal
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from contracts.signer import NearSigner

_put = AtOnce._put


def _sealed_twice(self: AtOnce, tx: Tx, negotiation: Negotiation, *_: Any) -> bool:
    """Say that a seal was put, and have the job put it all the same."""
    journal.append(tx, negotiation.owner, negotiation.pid, "sealed", {"role": negotiation.role.value})
    return False


def _put_and_waiting(self: AtOnce, tx: Tx, negotiation: Negotiation, wanted: Answer, signer: NearSigner) -> bool:
    """Put and keep the seal, and have the answer wait for the job all the same."""
    _put(self, tx, negotiation, wanted, signer)
    return False


HASTY: dict[str, tuple[Any, str, Any, str]] = {
    "seals once more": (AtOnce, "_put", _sealed_twice, "a second seal of one side"),
    "sends the answer without it": (seal_records, "countersigned", lambda *_: True, "went without a seal"),
    "waits for the job all the same": (AtOnce, "_put", _put_and_waiting, "is sealed and did not leave"),
}
