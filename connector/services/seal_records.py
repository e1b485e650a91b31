"""What the job `seal` stores: each function is one transaction, which looks again whether the seal is still wanted.

A seal that came too late is kept in the journal, with the reason, and never sent. The last transaction of a run ends
the job too; one that was asked for meanwhile runs once more.
"""

from dataclasses import dataclass, field

from connector.protocol import negotiation as n
from connector.protocol.errors import IllegalTransition
from connector.protocol.machine import Role
from connector.services import exchange
from connector.services.exchange import Answer, Line
from connector.services.sealing import JOB, UNSEALED, leave_unused
from connector.store import contracts, jobs, journal, negotiations
from connector.store.contracts import OPEN, StoredContract, StoredSeal
from connector.store.db import Tx
from connector.store.jobs import Job
from connector.store.negotiations import Negotiation
from contracts.refused import NameTaken

UNDECIDED = "la décision n’était plus à exécuter · the decision had lapsed when the seal was put"
NO_SEAL = "le partenaire ne scelle pas · the partner does not seal"


@dataclass(frozen=True, slots=True)
class Document:
    """A contract as it stands: its name, its text, the agreement in it."""

    id: str
    sha256: str
    agreement: str
    text: str = field(repr=False)
    cards: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """A seal that was just put, or was checked: whose it is, and the document with it."""

    role: Role
    kid: str
    sha256: str
    jws: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Countersigned:
    """A contract that the provider sent, with our seal beside its own."""

    document: Document
    marks: tuple[Mark, Mark]
    """The provider's, and ours."""


@dataclass(frozen=True, slots=True)
class Concluded:
    """Our contract with the consumer's seal, and the conclusion that we sealed."""

    document: Document
    mark: Mark
    """The consumer's."""
    conclusion: str = field(repr=False)


def release_unsealed(tx: Tx, line: Line[Negotiation], job: Job) -> None:
    """Let an agreement go as it is: the partner does not seal. Our own seal follows once it is concluded."""
    jobs.finish(tx, job)
    negotiation, wanted = _still(tx, job, n.AGREEMENT)
    if wanted is None:
        return
    known = contracts.find(tx, job.owner, job.key)
    if known is not None and known.status == "sealing":
        leave_unused(tx, negotiation, known, NO_SEAL)
    content = {**(wanted.content or {}), UNSEALED: True}
    _release(tx, line, negotiation, Answer(wanted.kind, wanted.by, content))


def keep_draft(tx: Tx, job: Job, version: int, drawn_up: Document) -> bool:
    """Store a contract before it is signed; False when the negotiation is not what it was drawn up from."""
    negotiation, wanted = _still(tx, job, n.AGREEMENT)
    if wanted is None or negotiation.version != version:
        return False
    _draft(tx, negotiation, drawn_up)
    return True


def sealed_at_once(tx: Tx, negotiation: Negotiation, drawn_up: Document, mark: Mark) -> None:
    """Keep a contract together with the provider's seal, put by the unit that decides the agreement."""
    known = _draft(tx, negotiation, drawn_up)
    known.status, known.jws = "sealed-by-one", mark.jws
    _keep(tx, negotiation, known, mark)


def _draft(tx: Tx, negotiation: Negotiation, drawn_up: Document) -> StoredContract:
    known = contracts.find(tx, negotiation.owner, negotiation.pid) or _new(negotiation)
    if known.sha256 != drawn_up.sha256:
        known.id, known.sha256, known.document = drawn_up.id, drawn_up.sha256, drawn_up.text
        known.agreement, known.cards = drawn_up.agreement, drawn_up.cards
        known.status, known.reason = "sealing", None
        contracts.save(tx, known)
    return known


def agreement_sealed(tx: Tx, line: Line[Negotiation], job: Job, document: Document, mark: Mark) -> None:
    """Keep the provider's seal, and send the agreement with it."""
    jobs.finish(tx, job)
    negotiation, wanted = _still(tx, job, n.AGREEMENT)
    known = contracts.find(tx, job.owner, job.key)
    if wanted is None or known is None or known.status != "sealing" or known.sha256 != document.sha256:
        _too_late(tx, negotiation, document, mark.jws)
        return
    known.status, known.jws = "sealed-by-one", mark.jws
    _keep(tx, negotiation, known, mark)
    _release(tx, line, negotiation, wanted)


def verification_sealed(tx: Tx, line: Line[Negotiation], job: Job, found: Countersigned) -> None:
    """Keep the provider's seal, which was checked, and ours; send the verification with both. Raises NameTaken."""
    jobs.finish(tx, job)
    negotiation, wanted = _still(tx, job, n.VERIFICATION)
    if wanted is None or not countersigned(tx, negotiation, found):
        _too_late(tx, negotiation, found.document, found.marks[1].jws)
        return
    _release(tx, line, negotiation, wanted)


def conclusion_sealed(tx: Tx, line: Line[Negotiation], job: Job, found: Concluded) -> None:
    """Keep the consumer's seal, which was checked, and our conclusion; send FINALIZED with it."""
    jobs.finish(tx, job)
    negotiation, wanted = _still(tx, job, n.FINALIZE)
    if wanted is None or not concluded(tx, negotiation, found):
        _too_late(tx, negotiation, found.document, found.conclusion)
        return
    _release(tx, line, negotiation, wanted)


def countersigned(tx: Tx, negotiation: Negotiation, found: Countersigned) -> bool:
    """Keep both seals; False when the contract is not the one that they are on. Raises NameTaken."""
    known = contracts.find(tx, negotiation.owner, negotiation.pid)
    if known is None or known.status != "sealed-by-one" or known.jws != found.marks[0].jws:
        return False
    document = found.document
    if contracts.is_name_taken(tx, negotiation.owner, document.id, besides=negotiation.pid):
        raise NameTaken(actual=document.id, pointer="/id")
    known.id, known.sha256, known.document = document.id, document.sha256, document.text
    known.cards, known.status, known.jws = document.cards, "sealed-by-both", found.marks[1].jws
    _keep(tx, negotiation, known, *found.marks)
    return True


def concluded(tx: Tx, negotiation: Negotiation, found: Concluded) -> bool:
    """Keep the consumer's seal and our conclusion; False when the contract is not the one that they are about."""
    known = contracts.find(tx, negotiation.owner, negotiation.pid)
    if known is None or known.status != "sealed-by-one" or known.sha256 != found.document.sha256:
        return False
    known.status, known.jws, known.countersigned = "sealed-by-both", found.mark.jws, None
    known.conclusion = found.conclusion
    _keep(tx, negotiation, known, found.mark)
    entry = {"contract": found.document.id, "sha256": found.document.sha256, "jws": found.conclusion}
    journal.append(tx, negotiation.owner, negotiation.pid, "conclusion-sealed", entry)
    return True


def sealed_alone(tx: Tx, job: Job, document: Document, mark: Mark) -> None:
    """Keep our own seal on what was exchanged with a partner that does not seal, or that stopped sealing on the way."""
    jobs.finish(tx, job)
    negotiation = negotiations.load(tx, job.owner, job.key)
    found = contracts.find(tx, job.owner, job.key)
    if negotiation.state != n.FINALIZED or not contracts.has_no_evidence(tx, found):
        return
    known = _new(negotiation) if found is None else _emptied(tx, negotiation, found)
    known.id, known.sha256, known.document = document.id, document.sha256, document.text
    known.agreement, known.status, known.jws = document.agreement, "unilateral", mark.jws
    _keep(tx, negotiation, known, mark)


def not_sealed_alone(tx: Tx, job: Job, code: str, reason: dict[str, str]) -> None:
    """Say in the journal that nothing can be sealed of what was exchanged, and why: the agreement stands without it."""
    jobs.finish(tx, job)
    negotiation = negotiations.load(tx, job.owner, job.key)
    entry = {"problem": code, "reason": reason["fr"], "explained": reason}
    journal.append(tx, negotiation.owner, negotiation.pid, "not-sealed-alone", entry)


def _emptied(tx: Tx, negotiation: Negotiation, unused: StoredContract) -> StoredContract:
    """Return the row of a contract that led to nothing, ready for another; the journal tells what it was, and why."""
    entry = {"contract": unused.id, "sha256": unused.sha256, "reason": unused.reason}
    journal.append(tx, negotiation.owner, negotiation.pid, "contract-unused", entry)
    unused.cards = unused.countersigned = unused.conclusion = unused.reason = None
    return unused


def refused(tx: Tx, line: Line[Negotiation], job: Job, kind: str, why: Answer, reason: str) -> None:
    """End a negotiation whose contract is not what it must be, unless it has moved since it was looked at."""
    jobs.finish(tx, job)
    negotiation, wanted = _still(tx, job, kind)
    if wanted is None:
        return
    known = contracts.find(tx, job.owner, job.key)
    if known is not None and known.status in OPEN:
        leave_unused(tx, negotiation, known, reason)
    exchange.answer(tx, line, negotiation, why)
    negotiations.save(tx, negotiation)


def _still(tx: Tx, job: Job, kind: str) -> tuple[Negotiation, Answer | None]:
    """Return the negotiation, locked, and the answer that waits for a seal if it is of this kind."""
    negotiation = negotiations.load(tx, job.owner, job.key)
    wanted = exchange.withheld(negotiation, JOB)
    return negotiation, wanted if wanted is not None and wanted.kind == kind else None


def _release(tx: Tx, line: Line[Negotiation], negotiation: Negotiation, wanted: Answer) -> None:
    """Let the message go if it is still allowed; else the decision lapses, and the journal says so."""
    try:
        exchange.release(tx, line, negotiation, wanted)
    except IllegalTransition:
        exchange.drop_intent(tx, negotiation)
    negotiations.save(tx, negotiation)


def _new(negotiation: Negotiation) -> StoredContract:
    return StoredContract(
        owner=negotiation.owner,
        negotiation=negotiation.pid,
        role=negotiation.role,
        peer=negotiation.peer,
        dataset=negotiation.dataset,
        agreement=negotiation.agreement or "",
        status="sealing",
    )


def _keep(tx: Tx, negotiation: Negotiation, contract: StoredContract, *marks: Mark) -> None:
    """Store a contract with one more seal, or both, and say so in the journal of the negotiation."""
    contracts.save(tx, contract)
    contracts.add_seals(tx, *(_stored(tx, contract, mark) for mark in marks))
    told = {"contract": contract.id, "sha256": contract.sha256}
    for mark in marks:
        entry = {**told, "role": mark.role.value, "kid": mark.kid, "seal": mark.sha256, "status": contract.status}
        journal.append(tx, negotiation.owner, negotiation.pid, "sealed", entry)


def _stored(tx: Tx, contract: StoredContract, mark: Mark) -> StoredSeal:
    return StoredSeal(
        owner=contract.owner,
        negotiation=contract.negotiation,
        role=mark.role,
        contract=contract.id or "",
        kid=mark.kid,
        sha256=mark.sha256,
        jws=mark.jws,
        created_at=tx.now,
    )


def _too_late(tx: Tx, negotiation: Negotiation, document: Document, jws: str) -> None:
    entry = {"contract": document.id, "sha256": document.sha256, "reason": UNDECIDED, "jws": jws}
    journal.append(tx, negotiation.owner, negotiation.pid, "seal-unused", entry)
