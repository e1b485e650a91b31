"""After a restoration: how each process of the backup stands with the peer, which may have moved on since.

A restored node has forgotten what it said and heard after the backup, and the peer has not. For each process that may
have moved, the peer is asked for its state (GET), once. What that state proves is followed: rule 4, then
`machine.caught_up`. What it cannot prove is reported, on the process, in its journal and in the list of
reconciliations, with what to do about it.

A provider whose transfer is started on both sides sends the start again: tokens of before the backup are worth nothing,
and the consumer needs others.
"""

from datetime import datetime, timedelta
from typing import Generic, TypeVar

from connector import words
from connector.dataplane.transfers import http_pull
from connector.protocol import machine
from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.machine import Position, Role
from connector.services import cursors, deciders, exchange, settle
from connector.services.cursors import Page
from connector.services.exchange import Answer, Due, Question
from connector.services.settle import Exchange
from connector.store import journal, restores
from connector.store.db import Store, Tx
from connector.store.jobs import Job
from connector.store.processes import Process
from connector.store.restores import Reconciliation, Restore
from connector.store.transfers import Transfer

P = TypeVar("P", bound=Process)
Texts = dict[str, str]
LOOK_AGAIN = timedelta(seconds=15)
"""How long a first message may take before its process is looked at again: until then the peer cannot be asked."""


class Reconcile(Generic[P]):
    """Compares the processes of one kind."""

    def __init__(self, store: Store, service: Exchange[P]) -> None:
        self._store = store
        self._service = service
        self._line = service.line

    async def due(self, job: Job) -> Due:
        """Return what to ask the peer, or when to look again; None when the comparison is over."""
        found = await self._store.read(lambda tx: self._due(tx, job))
        if isinstance(found, Question) and found.state_url is None:
            return await self.concluded(found, None)
        return found

    def _due(self, tx: Tx, job: Job) -> Due:
        if restores.load(tx, job.owner, job.key).outcome != "waiting":
            return None
        process = self._line.queries.peek(tx, job.owner, job.key)
        if process.peer_pid is None and process.pending is not None:
            return tx.now + LOOK_AGAIN
        url = process.peer_url + self._line.path(process, "") if process.peer_pid else None
        return Question(process.owner, process.pid, process.peer, url, process.position)

    async def concluded(
        self, question: Question, peer_state: str | None, *, is_unknown: bool = False
    ) -> datetime | None:
        """Record what the peer's answer comes to; return when to look again, if the process moved meanwhile."""

        def unit(tx: Tx) -> datetime | None:
            process = self._line.queries.load(tx, question.owner, question.pid)
            if process.position != question.position:
                return tx.now
            outcome = self._compare(tx, process, peer_state, is_unknown)
            entry = {"by": process.peer, "outcome": outcome, "state": process.state, "peer_state": peer_state}
            journal.append(tx, process.owner, process.pid, "reconciled", entry)
            restores.conclude(tx, process.owner, process.pid, outcome, process.state, peer_state)
            self._line.queries.save(tx, process)
            return None

        return await self._store.write(unit, about=question.pid)

    def _compare(self, tx: Tx, process: P, peer_state: str | None, is_unknown: bool) -> str:
        if peer_state is None:
            if is_unknown and not self._line.table.is_terminal(process.state):
                settle.mark_divergence(tx, process, None)
            return "unknown" if is_unknown else "untold"
        if peer_state == process.state:
            self._renew(tx, process)
            return "agrees"
        if self._follow(tx, process, peer_state):
            return "moved"
        settle.mark_divergence(tx, process, peer_state)
        return "differs"

    def _follow(self, tx: Tx, process: P, peer_state: str) -> bool:
        """Move as far as the peer's state proves; True when both stand in the same state then."""
        pending = process.pending
        if settle.observe(tx, self._line, process, peer_state):
            self._service.react(tx, process, process.role, pending or "")
        if process.state == peer_state:
            return True
        step = machine.caught_up(self._line.table, process.position, peer_state)
        if step is None:
            return False
        exchange.drop_intent(tx, process)
        exchange.move(tx, self._line, process, Position(process.role, step.target))
        self._service.react(tx, process, step.sender, step.message)
        return True

    def _renew(self, tx: Tx, process: P) -> None:
        is_pulled = isinstance(process, Transfer) and process.format == http_pull.FORMAT
        is_open = is_pulled and process.state == t.STARTED and process.pending is None
        if is_open and process.role is Role.PROVIDER:
            exchange.answer(tx, self._line, process, Answer(t.START, deciders.CARRIED_THROUGH))


class Reconciliations:
    """What people read about it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def last(self) -> Restore | None:
        """Return the latest restoration, None when the node was never restored."""
        return await self._store.read(restores.last)

    async def page(
        self, owner: str, *, cursor: str | None, limit: int, outcome: str | None = None
    ) -> Page[Reconciliation]:
        """Return how processes stand, by their identifier."""
        after = cursors.read_key(cursor)
        rows = await self._store.read(lambda tx: restores.page(tx, owner, after, limit + 1, outcome))
        return cursors.paged(rows, limit, lambda row: (row.process,))


def told(one: Reconciliation) -> Texts:
    """Return how a process stands, and what to do about it."""
    states = words.NEGOTIATION_STATES if one.kind == "negotiation" else words.TRANSFER_STATES
    ours, theirs = (
        {language: words.say(states, state or "", language) for language in ("fr", "en")}
        for state in (one.state, one.peer_state)
    )
    match one.outcome:
        case "waiting":
            return {
                "fr": f"La réponse de {one.peer} est attendue.",
                "en": f"The answer of {one.peer} is awaited.",
            }
        case "agrees":
            return {
                "fr": f"D’accord avec le partenaire : {ours['fr']}.",
                "en": f"Both nodes agree: {ours['en']}.",
            }
        case "moved":
            return {
                "fr": f"Le partenaire avait avancé ; nous l’avons suivi : {ours['fr']}.",
                "en": f"The partner had moved on; we followed: {ours['en']}.",
            }
        case "unknown":
            return {
                "fr": f"{one.peer} ne connaît pas ce dossier (chez nous : {ours['fr']}). Appelez ce partenaire ; "
                "au besoin, refaites la demande.",
                "en": f"{one.peer} does not know this process (with us: {ours['en']}). Call this partner; make the "
                "request again if need be.",
            }
        case "untold":
            return {
                "fr": f"{one.peer} ne dit pas où en est ce dossier (chez nous : {ours['fr']}). Appelez ce partenaire.",
                "en": f"{one.peer} does not tell how this process stands (with us: {ours['en']}). Call this partner.",
            }
    advice = _advice(one)
    return {
        "fr": f"Chez nous : {ours['fr']} ; chez {one.peer} : {theirs['fr']}. {advice['fr']}",
        "en": f"With us: {ours['en']}; with {one.peer}: {theirs['en']}. {advice['en']}",
    }


def _advice(one: Reconciliation) -> Texts:
    """Return what repairs a process that differs: what was lost is always a message that carried something."""
    if one.kind == "transfer" and one.peer_state == t.STARTED:
        return {
            "fr": "Fournisseur : reprenez la livraison (« transfers resume »). Destinataire : résiliez, puis "
            "redemandez les données.",
            "en": "As provider, resume the delivery (“transfers resume”). As consumer, terminate, then ask for the "
            "data again.",
        }
    if one.kind == "negotiation" and one.peer_state in (n.AGREED, n.VERIFIED, n.FINALIZED):
        return {
            "fr": "La convention conclue après la sauvegarde est perdue chez nous. Résiliez si c’est possible, "
            "demandez-en le texte au partenaire et négociez de nouveau.",
            "en": "The agreement made after the backup is lost here. Terminate if that is possible, ask the partner "
            "for its text and negotiate again.",
        }
    return {
        "fr": "Convenez avec ce partenaire de poursuivre ou de résilier.",
        "en": "Agree with this partner whether to go on or to terminate.",
    }
