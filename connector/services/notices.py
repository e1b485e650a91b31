"""Notices about contracts, inside transactions: what we have to tell the partner, and what one that came changes.

A contract is never edited: what becomes of it is told by notices, each sealed by its author and kept by both sides. The
side that ends a contract, or suspends or resumes a delivery, orders a notice in the transaction of the act; the job
`evidence` (tell.py) seals it and hands it in. The partner keeps it, draws the consequences and gives a receipt. Notices
are a set: in whatever order they arrive, after however long a silence, both sides hold the same.
"""

import json
from typing import Any, ClassVar

from connector.ids import new_id
from connector.problems import Problem
from connector.protocol import transfer as t
from connector.services import deciders, watch
from connector.services.deciders import CARRIED_THROUGH, Decider
from connector.store import agreements, contracts, events, evidence, journal
from connector.store.contracts import StoredContract, StoredNotice
from connector.store.db import Tx
from connector.store.evidence import Due, Kind
from connector.store.jobs import Job
from connector.store.transfers import Transfer
from contracts.jws import Sealed

JOB = "evidence"
RECEIVED = "received"
"""The code of a receipt; its reason is the SHA-256 of what was received."""
MOST_OF_ONE_AUTHOR = 1_000
"""How many notices a partner may give about one contract."""
_SAID = ("kind", "by", "at", "code", "reason")
_LOOKED_BACK = 20


class TooManyNotices(Problem):
    """A partner has given as many notices about one contract as are kept; it may still end it."""

    code = "too-many-notices"
    status = 429
    title: ClassVar[dict[str, str]] = {
        "fr": "Ce nœud garde déjà autant de vos avis sur cette convention qu’il le peut.",
        "en": "This node keeps as many notices of yours about this contract as it may.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Résiliez cette convention (ce dernier avis est pris) et concluez-en une autre.",
        "en": "End this contract (that last notice is taken), and conclude another one.",
    }


def order(
    tx: Tx,
    contract: StoredContract,
    kind: Kind,
    *,
    by: Decider,
    code: str = "",
    reason: str = "",
    named: str | None = None,
    jws: str | None = None,
) -> None:
    """Write down that the partner is to be told, now. What is `named` is told once, however often it is ordered.

    `jws`: what it gets, where that is no notice to seal.
    """
    told = Due(
        owner=contract.owner,
        id=named or new_id(),
        negotiation=contract.negotiation,
        peer=contract.peer,
        kind=kind,
        at=tx.now,
        code=code,
        reason=reason,
        decided_by=deciders.told(by),
        jws=jws,
    )
    if named is None or evidence.find(tx, contract.owner, named) is None:
        evidence.add(tx, told)
        wake(tx, contract)


def wake(tx: Tx, contract: StoredContract) -> None:
    """Have what is to be told about a contract looked at."""
    tx.enqueue(Job(JOB, contract.owner, contract.negotiation, peer=contract.peer))


def transfer_moved(tx: Tx, row: Transfer, kind: str) -> None:
    """After a move: order a notice when it is we who suspended or resumed what is delivered under a contract.

    A message of the partner's may prove that ours arrived before its answer does: so it is looked at after each.
    """
    if kind not in (t.SUSPENSION, t.START):
        return
    contract = contracts.of_agreement(tx, row.owner, row.peer, row.agreement)
    if contract is None or contract.conclusion is None:
        return
    latest = journal.latest(tx, row.owner, row.pid, _LOOKED_BACK)
    sent = next((one for one in latest if one.kind == "sent"), None)
    told = None if sent is None else _has_done(row, sent.entry)
    if sent is None or told is None:
        return
    said = json.loads(sent.entry["body"])
    reason = "\n".join((f"transfer {row.provider_pid}", *said.get("reason", ())))
    by, code = deciders.read(sent.entry.get(deciders.MEMBER)), said.get("code") or ""
    order(tx, contract, told, by=by, code=code, reason=reason, named=f"{row.pid} {sent.n}")


def _has_done(row: Transfer, sent: dict[str, Any]) -> Kind | None:
    """Return what our last message did to a transfer: nothing while it is under way, or when it gave way."""
    message = sent.get("message")
    if row.pending == message or (row.problem or {}).get("message") == message == t.SUSPENSION:
        return None
    if message == t.SUSPENSION and row.state == t.SUSPENDED:
        return "suspension"
    was_suspended = sent.get("state") == t.SUSPENDED  # else it was a first start, or a renewal of the tokens
    return "resumption" if message == t.START and was_suspended and row.state == t.STARTED else None


def end(tx: Tx, contract: StoredContract) -> None:
    """End an agreement: no byte leaves under it any more, and what is being delivered is terminated."""
    agreements.set_status(tx, contract.owner, contract.agreement, "ended")
    watch.ended(tx, contract.owner, contract.agreement)


def gave(tx: Tx, contract: StoredContract, due: Due, sealed: Sealed) -> None:
    """Keep a notice of ours that was sealed. The rows of the negotiation and of the contract are locked."""
    evidence.sealed(tx, due, sealed.text)
    if _keep(tx, contract, sealed):
        journal.append(tx, contract.owner, contract.negotiation, "notice-given", _told(contract, sealed))


def took(tx: Tx, contract: StoredContract, sealed: Sealed) -> bool:
    """Keep a notice of the partner's that was checked, and do what follows from it; False when it is known.

    The rows of the negotiation and of the contract are locked. Raises TooManyNotices.
    """
    if not _keep(tx, contract, sealed):
        return False
    document = sealed.document
    if not _ends(tx, contract, document["kind"]):
        _check_count(tx, contract)
    journal.append(tx, contract.owner, contract.negotiation, "notice-received", _told(contract, sealed))
    if document["kind"] == "receipt":
        return True
    told = {"notice": document["kind"], "contract": contract.id, "code": document.get("code", "")}
    events.append(tx, contract.owner, "notice.received", contract.agreement, contract.peer, **told)
    if document["kind"] == "termination":
        end(tx, contract)
    order(tx, contract, "receipt", by=CARRIED_THROUGH, code=RECEIVED, reason=sealed.sha256)
    return True


def _ends(tx: Tx, contract: StoredContract, kind: str) -> bool:
    """True for the notice that ends what stands still: it is taken however many came before."""
    return kind == "termination" and agreements.load(tx, contract.owner, contract.agreement).status != "ended"


def _check_count(tx: Tx, contract: StoredContract) -> None:
    """Refuse the notice that was just kept, when it is one too many. Raises TooManyNotices, which undoes the unit."""
    if contracts.count_notices(tx, contract, contract.peer) > MOST_OF_ONE_AUTHOR:
        en = f"{MOST_OF_ONE_AUTHOR:,}"
        raise TooManyNotices({"fr": f"{en.replace(',', ' ')} au plus.", "en": f"At most {en}."})


def _keep(tx: Tx, contract: StoredContract, sealed: Sealed) -> bool:
    document = sealed.document
    notice = StoredNotice(
        n=0,
        kind=document["kind"],
        sha256=sealed.sha256,
        author=document["by"],
        jws=sealed.text,
        created_at=tx.now,
    )
    return contracts.add_notice(tx, contract, notice)


def _told(contract: StoredContract, sealed: Sealed) -> dict[str, Any]:
    """Return what the journal keeps: the text, and what it says."""
    document = sealed.document
    said: dict[str, Any] = {name: document[name] for name in _SAID if name in document}
    return {"contract": contract.id, "sha256": sealed.sha256, **said, "jws": sealed.text}
