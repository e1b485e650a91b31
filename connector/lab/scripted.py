"""Decisions by a script, for conformance kits: they test what a connector does by itself, and cannot ask for it.

A script says, by dataset for negotiations and by agreement for transfers, what to send after what happened:

    {"ACN0102": {"received ContractRequestMessage": "ContractOfferMessage",
                 "received ContractRequestMessage/2": "ContractNegotiationTerminationMessage"}}

`received` is a message of the peer, `acknowledged` one of ours that it took, `/2` the second time. What the script does
not name is left alone. Answers wait a moment, since kits register what they expect after the message that provokes it.
"""

from collections.abc import Mapping

from connector.protocol.machine import Role
from connector.services import deciders
from connector.services.exchange import Answer
from connector.store import journal
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from connector.store.processes import Process
from connector.store.transfers import Transfer

Script = Mapping[str, Mapping[str, str]]

MOMENT_S = 0.4
MOST_ENTRIES = 200


class Scripted:
    """A source of decisions for laboratories (see services/decide.py)."""

    def __init__(self, negotiations: Script, transfers: Script, delay_s: float = MOMENT_S) -> None:
        self._negotiations = negotiations
        self._transfers = transfers
        self._delay_s = delay_s

    def negotiation_moved(self, tx: Tx, negotiation: Negotiation, by: Role, kind: str) -> Answer | None:
        return self._next(tx, negotiation, self._negotiations.get(negotiation.dataset, {}), by, kind)

    def transfer_moved(self, tx: Tx, transfer: Transfer, by: Role, kind: str) -> Answer | None:
        return self._next(tx, transfer, self._transfers.get(transfer.agreement, {}), by, kind)

    def _next(self, tx: Tx, process: Process, script: Mapping[str, str], by: Role, kind: str) -> Answer | None:
        event = "acknowledged" if by is process.role else "received"
        entries = journal.page(tx, process.owner, process.pid, 0, MOST_ENTRIES)
        times = sum(1 for entry in entries if entry.kind == event and entry.entry.get("message") == kind)
        event = f"{event} {kind}" if times == 1 else f"{event} {kind}/{times}"
        answer = script.get(event)
        return None if answer is None else Answer(answer, deciders.script(event), delay_s=self._delay_s)
