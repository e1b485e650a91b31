"""What must hold on the honest node after a meeting with a partner that means harm.

- Nothing is raised that nobody expected: no exception in the log, no 500 answered, no job given up, no face of its own
  that people cannot read.
- The negotiation has come to its end: it is final, ended, or a person is told why it is neither; nothing is pending.
- One seal of ours at most. What counts as concluded has an agreement and evidence: our own check does not find it
  invalid, nor does the verifier. What does not count says why.
- Whom we refused is told so, in French and in English.
- What was agreed with somebody else is as it was.
- No data flow: whatever is asked for opens no transfer.
- What the partner does about a contract that was concluded before is answered as the misdeed says: no, unless it is
  something that a partner may say. Each yes is one more notice and one more entry in the journal, each no is neither;
  the contract stands word for word, and ends only by a notice that ends it.
"""

import contextvars
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pupitre_verify.examine import examine
from sqlalchemy import select

from connector.app import ROOT
from connector.identity.errors import SealsRefused
from connector.peer.client import Answer, Call
from connector.problems import Problem
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.services.contract import Contracts
from connector.services.contract_bundle import ContractBundles
from connector.services.contract_checks import ContractChecks
from connector.services.exchange import NoProcessIdentifier
from connector.store import agreements, contracts, journal, transfers
from connector.store.contracts import StoredContract, StoredNotice
from connector.store.db import Tx
from connector.store.journal import Entry
from connector.store.negotiations import Negotiation
from connector.store.tables import jobs as jobs_table
from connector.store.tables import metadata
from connector.store.transfers import Transfer
from tests.simulator import network
from tests.simulator.harmful import Earlier

if TYPE_CHECKING:
    from tests.simulator.harmed import Neighbourhood

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="")
"""Whose code runs: all nodes write to one log."""
NOT_OF_PARTNERS = ("peer_health", "events")
GIVEN_UP = (NoProcessIdentifier.__name__,)
"""With what a job may end for good: a partner that never names its process cannot be dealt with."""
BAD_GATEWAY = (SealsRefused.code,)
"""What may be answered with more than 500 beside “later”: the fault is the partner's."""
LOOKS = 3
"""How many things people look at after a meeting."""
LONGEST_NAME = 1_000
"""Of an agreement in an address of the API."""


@dataclass(frozen=True)
class Past:
    """What was concluded before: with the partner that means harm, and with the other one."""

    own: Earlier
    foreign: Earlier
    other: str
    """The DID of the other one."""


@dataclass(frozen=True)
class Book:
    """What the honest node holds of a contract that was concluded before with the partner that means harm."""

    contract: StoredContract
    agreement: str
    """How the agreement stands."""
    notices: tuple[StoredNotice, ...]
    """The partner's."""
    received: int
    """How many of them its journal tells of."""

    @property
    def words(self) -> tuple[str | None, ...]:
        found = self.contract
        return (found.status, found.id, found.agreement, found.jws, found.conclusion, found.timestamps)


class Listener(logging.Handler):
    """Hears what the honest node must never write: an exception that it did not expect."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        raised = record.exc_info[0] if record.exc_info else None
        if WHO.get() != "honest" or (raised is not None and issubclass(raised, Problem)):
            return  # a job that meets a known problem is tried again, and given up at last: that is told below
        if raised is not None or record.levelno >= logging.ERROR:
            told = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
            self.heard.append(f"{record.name}: {record.getMessage()}\n{told}")


@dataclass
class Meeting:
    """One negotiation, as the honest node knows it."""

    role: Role
    plot: str
    pids: set[str] = field(default_factory=set)
    """The honest node's identifiers of all negotiations to which it led."""
    answers: list[tuple[Call, Answer]] = field(default_factory=list)
    """What the honest node was told, and what it answered."""
    told: list[str] = field(default_factory=list)
    """What happened, to be told when it ends badly."""
    listener: Listener = field(default_factory=Listener)
    transfers: int = 0
    """How many there were before."""
    books: dict[Role, Book] = field(default_factory=dict)
    """What it held before the partner acted on what was concluded before."""
    after: list[Answer] = field(default_factory=list)
    """What it answered to that."""
    expected: tuple[int, ...] = ()
    """With which statuses; empty: no to everything."""


async def judge(here: "Neighbourhood", meeting: Meeting) -> list[str]:
    """Return what is wrong with the honest node after a meeting."""
    faults = [f"answered: {fault}" for call, answer in meeting.answers for fault in _unfit(call, answer)]
    if await here.honest.store.read(lambda tx: of_others(tx, here.pasts)) != here.of_others:
        faults.append("what was agreed with somebody else has changed")
    faults += await here.honest.store.read(lambda tx: _given_up(tx, meeting))
    for pid in sorted(meeting.pids):
        faults += [f"{pid}: {fault}" for fault in await _of_negotiation(here, pid)]
    faults += await _of_past(here, meeting)
    if len(await transfers_of(here)) != meeting.transfers:
        faults.append("a transfer was opened")
    faults += await _faces(here, meeting)
    faults += [f"in the log: {one}" for one in meeting.listener.heard]
    return faults + [f"raised: {one!r}" for one in here.net.problems]


def of_others(tx: Tx, pasts: Mapping[Role, Past]) -> dict[str, list[str]]:
    """Return all that the store holds of the other partner, and by its names."""
    names = {name for past in pasts.values() for name in (past.other, past.foreign.ours, past.foreign.agreement)}
    return {
        table.name: sorted(
            str(row) for row in tx.connection.execute(select(table)) if not names.isdisjoint(_texts(row))
        )
        for table in metadata.sorted_tables
        if table.name not in NOT_OF_PARTNERS
    }


def _texts(row: Any) -> set[str]:
    return {value for value in row if isinstance(value, str)}


def _given_up(tx: Tx, meeting: Meeting) -> list[str]:
    rows = tx.connection.execute(select(jobs_table).where(jobs_table.c.status == "dead"))
    gone = [row for row in rows if row.key in meeting.pids and not (row.problem or "").startswith(GIVEN_UP)]
    return [f"given up: {row.kind} of {row.key}: {row.problem}" for row in gone]


def _unfit(call: Call, answer: Answer) -> list[str]:
    """Return what is wrong with an answer of the honest node's: a failure of its own, or a refusal without words."""
    if answer.status < 400 or answer.status == 401:
        return []
    try:
        told = json.loads(answer.body)
    except ValueError:
        return [f"{answer.status} to {call.url} without words: {answer.body[:100]!r}"]
    if answer.status >= 500 and answer.status != 503 and told.get("code") not in BAD_GATEWAY:
        return [f"{answer.status} to {call.url}: {told}"]
    if "reason" in told:
        return [] if len(told["reason"]) == 2 else [f"a reason in one language: {told}"]
    return [] if "title" in told else [f"no reason: {told}"]


async def transfers_of(here: "Neighbourhood") -> list[Transfer]:
    """Return the honest node's transfers."""
    return await here.honest.store.read(lambda tx: transfers.page(tx, ROOT, limit=10_000))


def books_of(tx: Tx, pasts: Mapping[Role, Past]) -> dict[Role, Book]:
    """Return what the honest node holds of the contracts that were concluded before, by its role."""
    return {role: _book_of(tx, past.own) for role, past in pasts.items()}


def _book_of(tx: Tx, earlier: Earlier) -> Book:
    contract = contracts.named(tx, ROOT, earlier.ours)
    theirs = tuple(one for one in contracts.notices(tx, ROOT, earlier.ours) if one.author == contract.peer)
    told = [one for one in journal.page(tx, ROOT, earlier.ours, limit=10_000) if one.kind == "notice-received"]
    return Book(contract, agreements.load(tx, ROOT, earlier.agreement).status, theirs, len(told))


async def _of_past(here: "Neighbourhood", meeting: Meeting) -> list[str]:
    """Return what is wrong with the contracts of before, once the partner has acted on them."""
    if not meeting.books:
        return []
    now = await here.honest.store.read(lambda tx: books_of(tx, here.pasts))
    statuses = [one.status for one in meeting.after]
    is_as_it_must = statuses == [*meeting.expected] if meeting.expected else all(400 <= one < 500 for one in statuses)
    faults = [] if is_as_it_must else [f"answered with {statuses}, not {meeting.expected or 'no'}"]
    more = sum(len(now[role].notices) - len(then.notices) for role, then in meeting.books.items())
    if more != statuses.count(201):
        faults.append(f"{more} notices are kept of {statuses}")
    for role, then in meeting.books.items():
        faults += [f"the contract in which it is {role}: {fault}" for fault in _of_book(then, now[role])]
        faults += await here.ask_honest(_examined(here, here.pasts[role].own.ours))
    return faults


def _of_book(then: Book, now: Book) -> list[str]:
    faults = [] if now.words == then.words else [f"it was {then.words}, it is {now.words}"]
    if now.notices[: len(then.notices)] != then.notices:
        faults.append("what was kept of before is gone")
    if now.received - then.received != len(now.notices) - len(then.notices):
        faults.append(f"the journal tells of {now.received - then.received} notices")
    has_ended = any(one.kind == "termination" for one in now.notices)
    if (now.agreement == "ended") != has_ended:
        faults.append(f"the agreement is {now.agreement}, a notice that ends it is {has_ended}")
    return faults


async def _of_negotiation(here: "Neighbourhood", pid: str) -> list[str]:
    store, row = here.honest.store, await here.row(pid)
    contract = await store.read(lambda tx: contracts.find(tx, ROOT, pid))
    entries = await store.read(lambda tx: journal.page(tx, ROOT, pid, limit=500))
    faults = [*_of_row(row), *_of_journal(row, entries), *_of_contract(row, contract)]
    if row.state == n.FINALIZED:
        faults += await store.read(lambda tx: _of_agreement(tx, row))
    if contract is not None and contract.status in ("concluded", "unilateral"):
        faults += await here.ask_honest(_examined(here, pid))
    return faults


def _of_row(row: Negotiation) -> list[str]:
    faults = []
    if row.state not in (n.FINALIZED, n.TERMINATED) and row.problem is None:
        faults.append(f"it ends in {row.state}, and nobody is told why")
    if row.pending is not None or row.intent is not None:
        faults.append(f"it stands still in {row.state}: {row.pending} {row.intent}")
    return faults


def _of_journal(row: Negotiation, entries: list[Entry]) -> list[str]:
    faults = []
    if sum(entry.kind == "sealed" and entry.entry["role"] == row.role.value for entry in entries) > 1:
        faults.append("it has sealed twice")
    for entry in entries:
        if entry.kind == "sent" and entry.entry["message"] == n.TERMINATION:
            said = json.loads(entry.entry["body"])
            if said["code"] != "over" and len(said.get("reason", ())) != 2:
                faults.append(f"it ended without a reason in both languages: {said}")
    return faults


def _of_contract(row: Negotiation, contract: StoredContract | None) -> list[str]:
    status = contract.status if contract is not None else "none"
    faults = []
    if row.state == n.FINALIZED and status not in ("concluded", "unilateral"):
        faults.append(f"it is final without evidence: {status}")
    if row.state == n.TERMINATED and status not in ("none", "unused"):
        faults.append(f"it has ended and a contract of it is {status}")
    if contract is not None and status == "unused" and not contract.reason:
        faults.append("a contract led to nothing, and nobody is told why")
    return faults


def _of_agreement(tx: Tx, row: Negotiation) -> list[str]:
    try:
        found = agreements.load(tx, ROOT, row.agreement or "")
    except Problem:
        return ["it is final and has no agreement"]
    return [] if found.status == "active" else [f"it is final and its agreement is {found.status}"]


async def _examined(here: "Neighbourhood", pid: str) -> list[str]:
    """Return what our own check finds invalid in what is concluded, and what the verifier does in its bundle."""
    node, faults = here.honest, []
    examined = await ContractChecks(node.store, node.hosts, node.peer_seals).examine(ROOT, pid)
    if examined.verdict == "invalid":
        faults.append(f"our own check: {[step for step in examined.steps if step.outcome == 'fails']}")
    bundles = ContractBundles(node.store, node.hosts, node.peer_seals, Contracts(node.store, node.hosts))
    report = examine((await bundles.of(ROOT, pid, with_pdf=False)).content, at=here.clock.now())
    if report.exit_status not in (0, 2) or (report.exit_status == 2 and not report.doubts):
        faults.append(f"the verifier: {report.as_text('en')}")
    return faults


async def _faces(here: "Neighbourhood", meeting: Meeting) -> list[str]:
    """Have people look at some of it: whatever a partner wrote, they can read what came of it."""
    paths = ["negotiations", "contracts", "events", "agreements"]
    for pid in sorted(meeting.pids):
        paths += [f"negotiations/{pid}", f"contracts/{pid}", f"journal/{pid}", f"contracts/{pid}/convention"] * 2
        name = (await here.row(pid)).agreement or ""
        paths += [f"agreements/{quote(name, safe='')}"] if 0 < len(name) < LONGEST_NAME else []
    faults = []
    for path in sorted(set(here.chance.choices(paths, k=LOOKS))):
        answer = await here.ask_honest(_looked(here, path))
        if answer.status not in (200, 404, 409):
            faults.append(f"{answer.status} at {path}: {answer.body[:300]!r}")
    return faults


async def _looked(here: "Neighbourhood", path: str) -> Answer:
    headers = {"Authorization": f"Bearer {here.key}", "Accept-Language": here.chance.choice(("fr", "en"))}
    return await network.call_app(here.honest.private, Call("GET", f"http://127.0.0.1/api/v1/{path}", headers))
