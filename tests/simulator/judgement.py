"""What must hold when a world is quiet again, for every history in it.

- Nothing waits for ever: no pending message, no intent, no job.
- Both sides stand in one state, or a person who looks at one of them sees that they may not.
- One agreement for a finalised negotiation, the same bytes on both sides; none that outlives a terminated one.
- One contract for a finalised negotiation, sealed by both and concluded, the same on both sides; else none that counts,
  and never a second seal of one side. What was notified of contracts since is the same on both sides.
- A contract counts without time-stamps, and says that they are awaited; once the authority answers, each seal has one,
  the same on both sides, and none is kept that the authority did not give for this very seal.
- What the unit that decided has sealed left with it: nothing comes between. What was sealed and came to nothing is kept
  with the reason.
- Each message took effect once; what was acknowledged is in the journal; no end is left again, nor put off
  once a person has decided it; the chains hold.
"""

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connector.app import ROOT, Node
from connector.protocol import extensions
from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.protocol.wire import digest
from connector.services import stamping
from connector.services.seal_records import UNDECIDED
from connector.store import agreements, contracts, journal, negotiations, transfers
from connector.store.contracts import StoredContract
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from connector.store.tables import contract_notices as notices_table
from connector.store.tables import jobs as jobs_table
from connector.store.transfers import Transfer
from contracts.checks import check_seal
from contracts.conclusion import check_conclusion
from contracts.jws import read_sealed
from contracts.timestamps import imprint, tokens
from tests.simulator.authority import Authority
from tests.simulator.places import Place, peek

Row = Negotiation | Transfer
SEALING = "while it is put"
NEVER = datetime.max.replace(tzinfo=UTC)
ENDS = frozenset({n.TERMINATION, t.TERMINATION})
CARRIERS = (n.AGREEMENT, n.VERIFICATION, n.FINALIZE)
"""What carries a seal."""


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
    authority: Authority
    acknowledged: dict[tuple[Role, str], tuple[History, bytes]] = field(default_factory=dict)
    """(receiver, message's `@id`) of every success that left a node, with the message."""
    differing: set[int] = field(default_factory=set)
    """Numbers of the histories whose sides stood in two states, which a person saw."""

    async def open_jobs(self) -> list[Any]:
        """Return what is still to be done, on both sides; a node that is down has something to do.

        While the authority cannot answer, what waits for it is left as it is.
        """
        jobs = jobs_table.select()
        if self.authority.never_answered:
            jobs = jobs.where(jobs_table.c.kind != stamping.JOB)
        found: list[Any] = []
        for place in self.places.values():
            if place.node is None:
                return [place.name]
            found += await place.node.store.read(lambda tx: tx.connection.execute(jobs).all())
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

    async def crossings(self, history: History) -> set[str]:
        """Return which seals of a negotiation were crossed by its end: by what carried them, or while they were put."""
        entries = {role: await self._entries(history, role) for role in history.pids}
        found = set()
        for told in entries.values():
            if any(one.kind == "seal-unused" and one.entry["reason"] == UNDECIDED for one in told):
                found.add(SEALING)
        if len(entries) < 2:
            return found
        for role, ours in entries.items():
            theirs = entries[role.other]
            ended, ending_came = _at(ours, "sent", n.TERMINATION), _at(theirs, "received", n.TERMINATION)
            for carrier in CARRIERS:
                if ended < _at(ours, "received", carrier) and _at(theirs, "sent", carrier) < ending_came:
                    found.add(carrier)
        return found

    async def _entries(self, history: History, role: Role) -> list[journal.Entry]:
        pid = history.pids[role]
        return await self._node(role).store.read(lambda tx: journal.page(tx, ROOT, pid, 0, 1000))

    async def _tell(self, history: History) -> str:
        """Return both journals of a history, in the order of time."""
        lines = []
        for role in history.pids:
            for entry in await self._entries(history, role):
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
            for role in history.pids:
                await self._check_seals(history, role)
                await self._check_at_once(history, role)

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
        end = next((one.n for one in entries if one.kind == "decided" and one.entry["message"] in ENDS), len(entries))
        if any(one.kind == "sent" and one.entry["message"] not in ENDS for one in entries[end:]):
            raise Broken(f"{role}: went on after its end was decided")
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
        if all(row.state == n.FINALIZED for row in history.rows.values()):
            told = {(one and one.sha256, _conclusion(one), *seals) for one, seals in found.values()}
            if len(told) > 1:
                raise Broken(f"the contracts differ: {told}")
            if len(stamped := {tuple(_stamps(one)) for one, _ in found.values() if one}) > 1:
                raise Broken(f"the time-stamps differ: {[[len(stamps) for _, stamps in one] for one in stamped]}")
        for role, (contract, _) in found.items():
            is_due = role in self.authority.asking or (self.authority.is_there and counts == {True})
            if contract is not None and is_due:
                self._check_stamps(role, contract)

    def _check_stamps(self, role: Role, contract: StoredContract) -> None:
        if contract.status != "concluded":
            if contract.timestamps != "none":
                raise Broken(f"{role}: {contract.status}, and time-stamps are {contract.timestamps}")
            return
        check_conclusion(contract.conclusion or "", check_seal(contract.jws or ""))
        held = _stamps(contract)
        for about, stamps in held:
            if any(self.authority.given.get(token) != about for token in stamps):
                raise Broken(f"{role}: a time-stamp that the authority did not give for this seal")
        waits = "pending" if role in self.authority.asking else "none"
        needed = waits if self.authority.never_answered else "complete"
        if contract.timestamps != needed or any(bool(stamps) != (needed == "complete") for _, stamps in held):
            numbers = [len(stamps) for _, stamps in held]
            raise Broken(f"{role}: time-stamps are {contract.timestamps} and not {needed}, with {numbers}")

    async def _check_seals(self, history: History, role: Role) -> None:
        """What must carry a seal does; what was sealed and came to nothing is kept with the reason."""
        (contract, _), entries = await self._contract(role, history.pids[role]), await self._entries(history, role)
        for one in entries:
            if one.kind == "sent" and one.entry["message"] in CARRIERS and not _carries_seal(one.entry["body"]):
                raise Broken(f"{role}: {one.entry['message']} went without a seal")
        is_sealed = any(one.kind == "sealed" for one in entries)
        is_told = any(one.kind == "seal-unused" and one.entry["reason"] for one in entries)
        if contract is not None and contract.status == "unused" and is_sealed and not (is_told and contract.reason):
            raise Broken(f"{role}: a seal is unused, and nobody says why")

    async def _check_at_once(self, history: History, role: Role) -> None:
        """What a unit has sealed left with it."""
        for carrier, sent in _sealed_in_units(await self._entries(history, role), role):
            if sent is None:
                raise Broken(f"{role}: {carrier} is sealed and did not leave")

    async def sealed_at_once(self, history: History) -> Counter[str]:
        """Return how many answers were sealed by the unit that decided them."""
        found: Counter[str] = Counter()
        for role in history.pids:
            found.update(carrier for carrier, _ in _sealed_in_units(await self._entries(history, role), role))
        return found

    async def _contract(self, role: Role, pid: str) -> tuple[StoredContract | None, list[str]]:
        """Return the contract of one side, and the digests of its seals."""

        def unit(tx: Tx) -> tuple[StoredContract | None, list[str]]:
            seals = (contracts.seal_of(tx, ROOT, pid, one) for one in Role)
            return contracts.find(tx, ROOT, pid), [seal.sha256 for seal in seals if seal is not None]

        return await self._node(role).store.read(unit)

    async def _check_nothing_lost(self, history: History, role: Role) -> None:
        """Every message that was answered with success is in the journal, itself or one with the same content."""
        entries = await self._entries(history, role)
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


def _sealed_in_units(entries: list[journal.Entry], role: Role) -> Iterator[tuple[str, journal.Entry | None]]:
    """Yield what carries each seal of one side that no job has put, and the entry that says it left with the seal."""
    for place, entry in enumerate(entries):
        if entry.kind == "conclusion-sealed":
            carrier = n.FINALIZE
        elif entry.kind == "sealed" and entry.entry["role"] == role.value:
            carrier = n.AGREEMENT if role is Role.PROVIDER else n.VERIFICATION
        else:
            continue
        awaited = [one.entry["message"] for one in entries[:place] if one.kind == "decided" and "awaits" in one.entry]
        if carrier in awaited:
            continue
        unit = itertools.takewhile(lambda one, at=entry.at: one.at == at, entries[place + 1 :])
        yield carrier, next((one for one in unit if one.kind == "sent" and one.entry["message"] == carrier), None)


def _carries_seal(body: str) -> bool:
    return not {extensions.SEAL, extensions.CONCLUSION}.isdisjoint(json.loads(body))


def _at(entries: list[journal.Entry], kind: str, message: str) -> datetime:
    """Return when a message was first sent or received; never: the end of time."""
    return next((one.at for one in entries if one.kind == kind and one.entry.get("message") == message), NEVER)


def _stamps(contract: StoredContract) -> list[tuple[bytes, frozenset[bytes]]]:
    """Return of each seal of a concluded contract what a time-stamp of it is about, and those that it bears."""
    seals, conclusion = read_sealed(contract.jws or ""), read_sealed(contract.conclusion or "")
    places = ((seals, 0), (seals, 1), (conclusion, 0))
    return [(imprint(one, place), frozenset(tokens(one, place))) for one, place in places]


def _conclusion(contract: StoredContract | None) -> str | None:
    """Return the digest of what the conclusion says."""
    return read_sealed(contract.conclusion).sha256 if contract and contract.conclusion else None


def _is_visible(row: Row) -> bool:
    """True when a person who looks at this side sees that the two may differ."""
    code: str = (row.problem or {}).get("code", "")
    return code == "divergence" or code.startswith("peer-4")
