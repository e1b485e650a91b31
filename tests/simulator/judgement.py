"""What must hold when a world is quiet again, for every history in it.

- Nothing waits for ever: no pending message, no intent, no job.
- Both sides stand in one state, or a person who looks at one of them sees that they may not.
- One agreement for a finalised negotiation, the same bytes on both sides; none that outlives a terminated one.
- One contract for a finalised negotiation, sealed by both and concluded, the same on both sides; else none that counts,
  and never a second seal of one side. What was notified of contracts since is the same on both sides.
- Each message took effect once; what was acknowledged is in the journal; no end is left again; the chains hold.
"""

import itertools
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.app import ROOT, Node
from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.protocol.wire import digest
from connector.store import agreements, contracts, journal, negotiations, transfers
from connector.store.contracts import StoredContract
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from connector.store.tables import contract_notices as notices_table
from connector.store.tables import jobs as jobs_table
from connector.store.transfers import Transfer
from tests.simulator.places import Place, peek

Row = Negotiation | Transfer


class Broken(AssertionError):
    """A world broke one of the promises."""


@dataclass(eq=False)
class History:
    """One process under its own schedule."""

    number: int
    kind: str
    chance: random.Random
    asks: Role
    """Who sends the first message."""
    pids: dict[Role, str] = field(default_factory=dict)
    rows: dict[Role, Row] = field(default_factory=dict)

    @property
    def is_transfer(self) -> bool:
        return self.kind == "transfer"

    def __str__(self) -> str:
        return f"[{self.number} {self.kind}]"

    @property
    def offer(self) -> str:
        """The offer's name, for negotiations."""
        return "automatic" if self.kind == "automatic" else "manual"


@dataclass
class Judgement:
    """Looks at both nodes; raises Broken."""

    places: Mapping[Role, Place]
    acknowledged: dict[tuple[Role, str], tuple[History, bytes]] = field(default_factory=dict)
    """(receiver, message's `@id`) of every success that left a node, with the message."""
    differing: set[int] = field(default_factory=set)
    """Numbers of the histories whose sides stood in two states, which a person saw."""

    async def open_jobs(self) -> list[Any]:
        """Return what is still to be done, on both sides; a node that is down has something to do."""
        found: list[Any] = []
        for place in self.places.values():
            if place.node is None:
                return [place.name]
            found += await place.node.store.read(lambda tx: tx.connection.execute(jobs_table.select()).all())
        return found

    async def check_notices(self) -> None:
        """Both sides hold the same notices, each once. Raises Broken."""
        query = notices_table.select()
        held = [
            [row.sha256 for row in await self._node(role).store.read(lambda tx: tx.connection.execute(query).all())]
            for role in Role
        ]
        if sorted(held[0]) != sorted(held[1]):
            raise Broken(f"the notices differ: {held}")

    async def judge(self, history: History) -> None:
        """Look at one history. Raises Broken, with both journals."""
        try:
            await self._judge(history)
        except Broken as fault:
            raise Broken(f"{history}: {fault}\n{await self._tell(history)}") from None

    async def _tell(self, history: History) -> str:
        """Return both journals of a history, in the order of time."""
        lines = []
        for role, pid in history.pids.items():
            entries = await self._node(role).store.read(lambda tx, pid=pid: journal.page(tx, ROOT, pid, 0, 1000))  # type: ignore[misc]
            for entry in entries:
                told = {name: value for name, value in entry.entry.items() if name not in ("body", "from", "to", "by")}
                lines.append(f"{entry.at:%H:%M:%S.%f} {role:8} {entry.kind:16} {' '.join(map(str, told.values()))}")
        return "\n".join(sorted(lines))

    async def _judge(self, history: History) -> None:
        history.rows = {}
        for role in history.pids:
            history.rows[role] = row = await row_of(history, role, self._node(role))
            self._check_at_rest(role, row)
            await self._check_journal(role, row)
        for role in history.pids:
            await self._check_nothing_lost(history, role)
        self._check_agreement_on_state(history)
        if not history.is_transfer:
            await self._check_agreements(history)
            await self._check_contracts(history)

    def _node(self, role: Role) -> Node:
        node = self.places[role].node
        assert node is not None
        return node

    def _check_at_rest(self, role: Role, row: Row) -> None:
        if row.pending is not None:
            raise Broken(f"{role}: {row.pending} is pending for ever")
        if row.intent is not None:
            raise Broken(f"{role}: wants to send {row.intent['kind']} for ever")

    def _check_agreement_on_state(self, history: History) -> None:
        if len(history.rows) < 2:
            first = history.rows[history.asks]
            if first.problem is None:
                raise Broken("the first message is lost")
            return
        states = {role: row.state for role, row in history.rows.items()}
        if len(set(states.values())) > 1:
            self.differing.add(history.number)
            if not any(_is_visible(row) for row in history.rows.values()):
                raise Broken(f"undetected: {states}")

    async def _check_journal(self, role: Role, row: Row) -> None:
        node = self._node(role)
        entries = await node.store.read(lambda tx: journal.page(tx, ROOT, row.pid, 0, 1000))
        await node.store.read(lambda tx: journal.verify(tx, ROOT, row.pid))
        received = Counter(entry.message_id for entry in entries if entry.kind == "received")
        if received and max(received.values()) > 1:
            raise Broken(f"{role}: a message took effect twice")
        sealed = Counter(entry.entry["role"] for entry in entries if entry.kind == "sealed")
        if sealed and max(sealed.values()) > 1:
            raise Broken(f"{role}: a second seal of one side")
        states = [entry.entry["state"] for entry in entries if "state" in entry.entry]
        ended = {n.FINALIZED, n.TERMINATED, t.COMPLETED}
        for before, after in itertools.pairwise(states):
            if before in ended and after != before:
                raise Broken(f"{role}: left {before} for {after}")
        if states and states[-1] != row.state:
            raise Broken(f"{role}: the journal ends in {states[-1]}, the row in {row.state}")

    async def _check_agreements(self, history: History) -> None:
        documents = {}
        for role, row in history.rows.items():
            found = await self._node(role).store.read(
                lambda tx, pid=row.pid: agreements.page(tx, ROOT, negotiation=pid)  # type: ignore[misc]
            )
            active = [one for one in found if one.status == "active"]
            if row.state == n.FINALIZED and len(active) != 1:
                raise Broken(f"{role}: {len(active)} active agreements")
            if row.state == n.TERMINATED and active:
                raise Broken(f"{role}: an agreement outlives its negotiation")
            documents[role] = [one.document for one in active]
        are_final = all(row.state == n.FINALIZED for row in history.rows.values()) and len(documents) == 2
        if are_final and documents[Role.CONSUMER] != documents[Role.PROVIDER]:
            raise Broken("the agreements differ")

    async def _check_contracts(self, history: History) -> None:
        found = {role: await self._contract(role, row.pid) for role, row in history.rows.items()}
        for role, (contract, seals) in found.items():
            state, status = history.rows[role].state, contract.status if contract else "none"
            if state == n.FINALIZED and (status != "concluded" or len(seals) != 2):
                raise Broken(f"{role}: {state} and {status}, {len(seals)} seals")
            if state == n.TERMINATED and status not in ("none", "unused"):
                raise Broken(f"{role}: {state} and {status}")
        counts = {contract is not None and contract.status == "concluded" for contract, _ in found.values()}
        if len(counts) > 1 and len({row.state for row in history.rows.values()}) == 1:
            raise Broken("a contract counts on one side alone")
        told = {(one and one.sha256, one and one.conclusion, *seals) for one, seals in found.values()}
        if all(row.state == n.FINALIZED for row in history.rows.values()) and len(told) > 1:
            raise Broken(f"the contracts differ: {told}")

    async def _contract(self, role: Role, pid: str) -> tuple[StoredContract | None, list[str]]:
        """Return the contract of one side, and the digests of its seals."""

        def unit(tx: Tx) -> tuple[StoredContract | None, list[str]]:
            seals = (contracts.seal_of(tx, ROOT, pid, one) for one in Role)
            return contracts.find(tx, ROOT, pid), [seal.sha256 for seal in seals if seal is not None]

        return await self._node(role).store.read(unit)

    async def _check_nothing_lost(self, history: History, role: Role) -> None:
        """Every message that was answered with success is in the journal, itself or one with the same content."""
        entries = await self._node(role).store.read(lambda tx: journal.page(tx, ROOT, history.pids[role], 0, 1000))
        received = [entry for entry in entries if entry.kind == "received"]
        ids = {entry.message_id for entry in received}
        digests = {digest(entry.entry["body"].encode()) for entry in received}
        for (receiver, message_id), (about, body) in self.acknowledged.items():
            is_known = message_id in ids or digest(body) in digests
            if (receiver, about) == (role, history) and not is_known:
                raise Broken(f"the {role} acknowledged {message_id} and has lost it")


async def row_of(history: History, role: Role, node: Node) -> Row:
    """Return what one side has recorded of a history."""
    row: Row = await peek(node, transfers.peek if history.is_transfer else negotiations.peek, history.pids[role])
    return row


def _is_visible(row: Row) -> bool:
    """True when a person who looks at this side sees that the two may differ."""
    code: str = (row.problem or {}).get("code", "")
    return code == "divergence" or code.startswith("peer-4")
