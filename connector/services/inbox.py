"""Verbs of the inbox: organisations that nobody here knows, and that ask for something.

A stranger whose identity is proven may read what our catalogue shows to everybody. What would open a process (a
request, an offer, a transfer) waits at the door: one row tells that it knocked and for what, and the answer is 503, so
that its node comes again and nothing is lost. A person admits it, and its next attempt goes through; or refuses it, and
it is blocked. With `unknown_peers = "admit"` strangers deal as partners do, as far as offers allow.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from connector.clock import Clock
from connector.dataplane.transfers import http_pull
from connector.identity.invitation import check_fingerprint
from connector.identity.scheme import Participant
from connector.peer.discovery import Discovery
from connector.problems import Conflict, Problem
from connector.protocol import messages
from connector.services import cursors, deciders, key_lists, meet
from connector.services.cursors import Page
from connector.services.deciders import Decider
from connector.services.exchange import Incoming
from connector.services.introduce import TOPIC
from connector.services.meet import Met
from connector.store import inbox, jobs, journal, peers
from connector.store.db import Store, Tx
from connector.store.inbox import ADMITTED, REFUSED, WAITING, Newcomer
from connector.store.peers import BLOCKED, Peer

LONGEST = 512
"""How much is kept of what a stranger says, in characters."""
ROOM = 200
"""How many strangers may wait at one owner's door."""
ROOM_PER_MINUTE = 20
"""How many new ones are let into the list in a minute."""
NOTED_EVERY = timedelta(minutes=1)
"""How often the row of one stranger is written at most."""
REMEMBERED = 10_000
log = logging.getLogger("pupitre.inbox")


class AdmissionPending(Problem):
    """The caller is not known here; what it asked waits until a person admits it.

    503 and not 403: the caller's node comes again by itself, and what it asked is done once it is admitted.
    """

    code = "admission-pending"
    status = 503
    title: ClassVar[dict[str, str]] = {
        "fr": "Votre organisme n’est pas encore connu ici : une personne doit l’admettre.",
        "en": "Your organisation is not known here yet: a person has to admit it.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Votre nœud réessaie seul. Pour aller plus vite, appelez cet organisme et donnez-lui votre invitation "
        "(« pupitre peer invite »).",
        "en": "Your node tries again by itself. To be quicker, call the organisation and give it your invitation "
        "(“pupitre peer invite”).",
    }

    def __init__(self) -> None:
        super().__init__(retry_after_s=60)


@dataclass(frozen=True, slots=True)
class Looked:
    """A stranger, and how it shows itself now (or why that cannot be seen)."""

    newcomer: Newcomer
    met: Met | None
    problem: Problem | None


class Inbox:
    """Who knocked."""

    def __init__(self, store: Store, discovery: Discovery, clock: Clock, mode: Literal["inbox", "admit"]) -> None:
        self._store = store
        self._discovery = discovery
        self._clock = clock
        self._mode = mode
        self._noted: dict[tuple[str, str], datetime] = {}

    # --- a stranger knocks --------------------------------------------------------------------------------------------

    async def let_in(self, owner: str, caller: Participant, incoming: Incoming) -> None:
        """Let a first message pass if its sender is known; else note that it knocked. Raises AdmissionPending."""
        if caller.is_known or self._mode == "admit":
            return
        key, now = (owner, caller.did), self._clock.now()
        if key not in self._noted or now - self._noted[key] >= NOTED_EVERY:
            if len(self._noted) >= REMEMBERED:
                self._noted.clear()
            self._noted[key] = now
            if not await self._store.write(lambda tx: _note(tx, owner, caller, incoming)):
                log.warning("the inbox is full", extra={"owner": owner, "peer": caller.did})
        raise AdmissionPending

    # --- a person decides ---------------------------------------------------------------------------------------------

    async def page(self, owner: str, *, cursor: str | None, limit: int, status: str | None = None) -> Page[Newcomer]:
        """Return who knocked, the newest first."""
        after = cursors.read_instant(cursor)
        rows = await self._store.read(
            lambda tx: inbox.page(tx, owner, after=after, limit=limit + 1, status=status),
        )
        return cursors.paged(rows, limit, lambda row: (row.created_at.isoformat() if row.created_at else "", row.did))

    async def look(self, owner: str, did: str) -> Looked:
        """Return a stranger with the documents and the card that it shows now. Raises NotFound."""
        newcomer = await self._store.read(lambda tx: inbox.peek(tx, owner, did))
        try:
            return Looked(newcomer, await meet.meet(self._discovery, did), None)
        except Problem as problem:
            return Looked(newcomer, None, problem)

    async def admit(self, owner: str, did: str, name: str = "", *, fingerprint: str | None = None, by: Decider) -> Peer:
        """Know a stranger: pin the key by which it knocked, or the one that the person compared.

        Raises NotFound, Conflict when it is known by now, FingerprintDiffers when it does not show that key,
        CardRefused, or what the peer room raises.
        """
        if fingerprint is not None:
            check_fingerprint(fingerprint)
        newcomer = await self._store.read(lambda tx: inbox.peek(tx, owner, did))
        met = await meet.meet(self._discovery, did, fingerprint or newcomer.thumbprint)

        def unit(tx: Tx) -> Peer:
            row = inbox.load(tx, owner, did)
            peer = _peer_of(tx, row, met.peer(owner, name))
            if met.seals is not None:
                key_lists.keep(tx, owner, met.seals)
            row.status, row.reason = ADMITTED, None
            inbox.put(tx, row)
            said = {"keys": peer.pinned, "compared": fingerprint is not None, "card": peer.card}
            return _tell_decision(tx, peer, "peer-admitted", by, said)

        return await self._store.write(unit)

    async def refuse(self, owner: str, did: str, reason: str = "", *, by: Decider) -> Newcomer:
        """Block a stranger: it is told so, and nothing of it is taken. Raises NotFound, Conflict when it is known."""

        def unit(tx: Tx) -> Newcomer:
            row = inbox.load(tx, owner, did)
            blocked = Peer(owner=owner, did=did, name=did, url="", pinned=[row.thumbprint], status=BLOCKED)
            peer = _peer_of(tx, row, blocked)
            row.status, row.reason = REFUSED, reason or None
            inbox.put(tx, row)
            _tell_decision(tx, peer, "peer-refused", by, {"reason": reason})
            return row

        return await self._store.write(unit)


def _note(tx: Tx, owner: str, caller: Participant, incoming: Incoming) -> bool:
    """Write that a stranger knocked; False when there is no room for one more."""
    message, about = incoming.message.kind, _about(incoming)
    row = inbox.find(tx, owner, caller.did)
    if row is None or row.status != WAITING:
        is_full = inbox.count_waiting(tx, owner) >= ROOM
        if is_full or inbox.count_waiting(tx, owner, timedelta(minutes=1)) >= ROOM_PER_MINUTE:
            return False
        journal.append(tx, owner, caller.did, "knocked", {"message": message, "about": about, "key": caller.thumbprint})
    if row is None:
        row = Newcomer(owner=owner, did=caller.did, thumbprint=caller.thumbprint, message=message, about=about)
    else:
        row.knocks, row.message, row.about, row.status = row.knocks + 1, message, about, WAITING
        row.thumbprint = caller.thumbprint
    inbox.put(tx, row)
    return True


def _about(incoming: Incoming) -> str:
    match incoming.message:
        case messages.ContractRequestMessage(offer=offer) | messages.ContractOfferMessage(offer=offer):
            about = str(offer.get("target", ""))
        case messages.TransferRequestMessage(agreement_id=agreement):
            about = agreement
        case _:
            about = ""
    return about[:LONGEST]


def _peer_of(tx: Tx, row: Newcomer, wanted: Peer) -> Peer:
    """Return the wanted peer, in the place of one that had been refused. Raises Conflict for one that is known."""
    present = peers.find(tx, wanted.owner, wanted.did)
    if present is not None and present.status != BLOCKED:
        raise Conflict(wanted.did)
    wanted.first_contact_at = row.created_at
    if present is not None:
        key_lists.keep_pinned(tx, present)
        wanted.version, wanted.created_at = present.version, present.created_at
    return wanted


def _tell_decision(tx: Tx, peer: Peer, kind: str, by: Decider, said: dict[str, Any]) -> Peer:
    peers.put(tx, peer)
    journal.append(tx, peer.owner, peer.did, kind, {**said, deciders.MEMBER: deciders.told(by)})
    if peer.status == BLOCKED:
        http_pull.hold_back(tx, peer.owner, peer.did)
    else:
        jobs.peer_spoke(tx, peer.owner, peer.did)
    tx.signal(TOPIC, peer.did)
    return peer
