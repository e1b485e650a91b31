"""Verbs of contract negotiation, for both roles; each opens one transaction.

A peer's message comes in through `receive`; people and rules act through `request`, `offer`, `accept`, `agree`,
`counter`, `terminate`; the worker reports through `acknowledged` and its siblings. What is legal is said by
protocol/negotiation.py, what to answer by decide.py, in which words by wording.py, how messages are made pending and
settled by exchange.py.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import contracts
from connector.identity.addresses import Addresses
from connector.identity.errors import PeerBlocked
from connector.identity.scheme import Participant, Scheme
from connector.ids import new_id
from connector.problems import Invalid, NotFound
from connector.protocol import messages
from connector.protocol import negotiation as n
from connector.protocol.errors import Busy, IllegalTransition
from connector.protocol.extensions import UNDECLARED, RequestCard, write_card
from connector.protocol.machine import Role
from connector.services import carried, deciders, exchange, explain, permits, turned_away, wording
from connector.services.concluding import Concluding, KeyNotAtHand, Keys
from connector.services.decide import Decisions
from connector.services.deciders import Decider
from connector.services.disclosure import Level
from connector.services.exchange import Answer, Delivery, Incoming, Line, Outcome
from connector.services.permits import OfferClosed
from connector.services.seal_at_once import First
from connector.services.sealing import ConclusionRefused, Sealing, ended
from connector.services.settle import Exchange
from connector.services.wording import Wording
from connector.store import agreements, datasets, events, negotiations, peers
from connector.store.db import Store, Tx
from connector.store.jobs import Job
from connector.store.negotiations import Negotiation

JOB = "negotiation"

_PATHS = {
    n.ACCEPT: "/events",
    n.FINALIZE: "/events",
    n.AGREEMENT: "/agreement",
    n.VERIFICATION: "/agreement/verification",
    n.TERMINATION: "/termination",
    n.REQUEST: "/request",
    n.OFFER: "/offers",
    "": "",
}
_FIRST = {n.REQUEST: "/negotiations/request", n.OFFER: "/negotiations/offers"}


def path(negotiation: Negotiation, kind: str) -> str:
    """Return the path below the peer's base (DSP 2025-1, Contract Negotiation HTTPS binding)."""
    if negotiation.peer_pid is None:
        return _FIRST.get(kind, "/negotiations")
    return f"/negotiations/{negotiation.peer_pid}{_PATHS[kind]}"


class Negotiate(Exchange[Negotiation]):
    """Contract negotiation."""

    def __init__(
        self,
        store: Store,
        addresses: Addresses,
        decisions: Decisions,
        identity: Scheme,
        asked: Sealing,
        first: First,
        concluding: Concluding,
        level: Level = "category",
    ) -> None:
        """`first`: what comes before a message leaves; `level`: how far a partner is told why an offer is closed."""
        render = Wording(addresses, asked).render
        super().__init__(store, Line(n.NEGOTIATION, negotiations.queries, JOB, path, render, exchange.whole, first))
        self._sealing = asked
        self._concluding = concluding
        self._addresses = addresses
        self._decisions = decisions
        self._identity = identity
        self._level = level

    # --- a peer speaks ------------------------------------------------------------------------------------------------

    async def receive(
        self, owner: str, caller: Participant, incoming: Incoming, pid: str | None = None
    ) -> Outcome[Negotiation]:
        """Take a peer's message: load or create, judge, move, answer, save.

        `pid` is our identifier, None for a first message. Raises NotFound, IllegalTransition, Busy, Invalid; then
        nothing has moved.
        """
        incoming = replace(incoming, proof=caller.proof)
        if pid is None:
            await exchange.check_callback(self._identity, caller, incoming)
        keys: Keys | None = None

        def unit(tx: Tx) -> Outcome[Negotiation]:
            if pid is None:
                exchange.heard(tx, owner, caller.did)
                negotiation = self._first(tx, owner, caller, incoming)
                if negotiation.version:
                    return Outcome(negotiation, is_repeat=True)
            else:
                negotiation = negotiations.load(tx, owner, pid, incoming.message.message_id)
                exchange.check_counterpart(tx, self.line, negotiation, caller.did, incoming)
                exchange.heard(tx, owner, caller.did)
            return self._take(tx, negotiation, incoming, keys)

        try:
            outcome = await self._store.write(unit, about=pid or "")
        except KeyNotAtHand as unknown:
            keys = await self._concluding.ask(owner, caller.did, unknown.kid)
            outcome = await self._store.write(unit, about=pid or "")
        except OfferClosed as closed:
            await turned_away.note(self._store, owner, caller.did, closed)
            raise
        exchange.log_arrival(outcome, incoming)
        if outcome.problem is not None:
            raise outcome.problem
        return outcome

    def _take(self, tx: Tx, negotiation: Negotiation, incoming: Incoming, keys: Keys | None) -> Outcome[Negotiation]:
        is_new = negotiation.version == 0
        try:
            wording.check_not_overtaken(tx, negotiation, incoming.message)
            self._concluding.require(tx, negotiation, incoming.message, keys)
            check = partial(wording.check_terms, tx, negotiation, incoming.message)
            received = exchange.arrive(tx, self.line, negotiation, incoming, check)
            if not received.is_repeat:
                self._take_terms(tx, negotiation, incoming)
        except (IllegalTransition, Busy, Invalid, ConclusionRefused) as problem:
            if is_new:
                raise
            exchange.refuse_arrival(tx, negotiation, incoming, problem)
            if isinstance(problem, ConclusionRefused):
                self._end(tx, negotiation, problem)
            return Outcome(negotiation, problem=problem)
        if received.is_repeat:
            return Outcome(negotiation, is_repeat=True)
        self.react(tx, negotiation, negotiation.role.other, incoming.message.kind)
        negotiations.save(tx, negotiation)
        if negotiation.pending is None and negotiation.intent is None:
            self._say_if_ours(tx, negotiation)
        return Outcome(negotiation, is_new=is_new)

    def _end(self, tx: Tx, negotiation: Negotiation, problem: ConclusionRefused) -> None:
        """End a negotiation that the provider does not conclude as it must: what we have sealed stays unused."""
        reason = {language: problem.say(language) for language in ("fr", "en")}
        exchange.answer(tx, self.line, negotiation, ended(problem.code, reason))
        negotiations.save(tx, negotiation)

    def _say_if_ours(self, tx: Tx, negotiation: Negotiation) -> None:
        """Write the event that a person must decide, when nothing of ours is on its way and the turn is ours."""
        if explain.turn(self.line.table, negotiation) == "us":
            told = {"state": negotiation.state, "dataset": negotiation.dataset, "role": negotiation.role.value}
            events.append(tx, negotiation.owner, "decision.awaited", negotiation.pid, negotiation.peer, **told)

    def _first(self, tx: Tx, owner: str, caller: Participant, incoming: Incoming) -> Negotiation:
        """Return the negotiation that a first message opens, or the one it has opened already (rule 5)."""
        message = incoming.message
        assert isinstance(message, messages.ContractRequestMessage | messages.ContractOfferMessage)
        is_request = isinstance(message, messages.ContractRequestMessage)
        role = Role.PROVIDER if is_request else Role.CONSUMER
        peer_pid = (incoming.consumer_pid if is_request else incoming.provider_pid) or ""
        existing = negotiations.by_peer_pid(tx, owner, caller.did, role, peer_pid)
        if existing is not None:
            return existing
        dataset = str(message.offer["target"])
        if is_request:
            self._check_offered(tx, owner, caller, message.offer)
        return Negotiation(
            owner=owner,
            pid=new_id(),
            role=role,
            peer=caller.did,
            peer_pid=peer_pid,
            peer_url=(message.callback_address or "").rstrip("/"),
            state=n.INITIAL,
            dataset=dataset,
            offer_id=str(message.offer["@id"]),
            offer="",
            offer_by="",
        )

    def _check_offered(self, tx: Tx, owner: str, caller: Participant, requested: dict[str, Any]) -> None:
        """Raise NotFound for an offer that is withdrawn, of another dataset, or not for this caller: all alike.

        Whoever may have seen it while it was open is told that it is closed. Raises OfferClosed.
        """
        offer = datasets.load_offer(tx, owner, str(requested["@id"]))
        dataset = datasets.load(tx, owner, offer.dataset)
        is_open = offer.status == "active" and dataset.status == "published"
        if not is_open or offer.dataset != requested["target"]:
            raise NotFound(offer.id)
        permits.require_visible(tx, offer, caller.did, self._level)

    def _take_terms(self, tx: Tx, negotiation: Negotiation, incoming: Incoming) -> None:
        """Keep what the message brought: terms on the table, an agreement, or the end of one."""
        match incoming.message:
            case messages.ContractRequestMessage(offer=offer, request_card=card):
                wording.lay(negotiation, offer, Role.CONSUMER)
                negotiation.request_card = card or negotiation.request_card
            case messages.ContractOfferMessage(offer=offer):
                wording.lay(negotiation, offer, Role.PROVIDER)
            case messages.ContractAgreementMessage(agreement=agreement):
                wording.keep_agreement(tx, negotiation, agreement)
            case _:
                pass
        self._sealing.keep(tx, negotiation, incoming.message)

    def react(self, tx: Tx, negotiation: Negotiation, by: Role, kind: str) -> None:
        """After a move: settle the agreement's status, then add at most one answer."""
        if negotiation.agreement is not None:
            self._settle_agreement(tx, negotiation, negotiation.agreement, by)
        self._sealing.settle(tx, negotiation)
        if negotiation.intent is not None and negotiation.intent["kind"] == n.TERMINATION:
            return  # whoever meant to end it before this came still means it; it goes now
        wanted = self._check_agreement(tx, negotiation, by, kind)
        wanted = wanted or self._sealing.verdict(tx, negotiation, by, kind)
        wanted = wanted or self._decisions.negotiation_moved(tx, negotiation, by, kind)
        if wanted is not None and wanted.kind != negotiation.pending:
            exchange.answer(tx, self.line, negotiation, wanted)

    def _settle_agreement(self, tx: Tx, negotiation: Negotiation, agreement: str, by: Role) -> None:
        if negotiation.state == n.TERMINATED:
            agreements.set_status(tx, negotiation.owner, agreement, "ended")
        elif negotiation.state == n.FINALIZED and by is not negotiation.role:  # ours is active since FINALIZED was sent
            agreements.set_status(tx, negotiation.owner, agreement, "active")

    def _check_agreement(self, tx: Tx, negotiation: Negotiation, by: Role, kind: str) -> Answer | None:
        """End a negotiation whose agreement is not what was asked for; a person's word is needed for anything else."""
        if kind != n.AGREEMENT or by is negotiation.role or negotiation.agreement is None:
            return None
        stored = agreements.load(tx, negotiation.owner, negotiation.agreement)
        try:
            contracts.check(
                stored.document,
                requested=json.loads(negotiation.offer),
                assigner=negotiation.peer,
                assignee=self._addresses.did(negotiation.owner),
                target=negotiation.dataset,
                now=tx.now,
            )
        except contracts.AgreementError as error:
            rule = deciders.agreement_check(stored.id)
            return Answer(n.TERMINATION, rule, {"code": error.code, "reason": [error.say("fr"), error.say("en")]})
        return None

    # --- a person or a rule acts --------------------------------------------------------------------------------------

    async def request(
        self, owner: str, peer: str, offer: dict[str, Any], *, by: Decider, card: RequestCard = UNDECLARED
    ) -> Negotiation:
        """Ask a known peer for an offer of its catalogue (`@id`, `target` and rules), and declare what for.

        Raises NotFound for the peer, MalformedMessage for a card that says nothing readable.
        """
        content = {"offer": offer, "card": write_card(card)}
        return await self._open(owner, peer, Role.CONSUMER, Answer(n.REQUEST, by, content))

    async def offer(self, owner: str, peer: str, offer_id: str, *, by: Decider) -> Negotiation:
        """Offer one of our published offers to a known peer that has not asked."""

        def published(tx: Tx) -> dict[str, Any]:
            stored = datasets.load_offer(tx, owner, offer_id)
            return {**stored.policy, "@type": "Offer", "@id": stored.id, "target": stored.dataset}

        wanted = Answer(n.OFFER, by, {"offer": await self._store.read(published)})
        return await self._open(owner, peer, Role.PROVIDER, wanted)

    async def accept(self, owner: str, pid: str, *, by: Decider) -> Negotiation:
        """Say yes: as consumer to the provider's offer, as provider to the consumer's request."""

        def yes(row: Negotiation) -> Answer:
            return Answer(n.ACCEPT if row.role is Role.CONSUMER else n.AGREEMENT, by)

        return await self._act(owner, pid, yes)

    async def counter(self, owner: str, pid: str, rules: dict[str, Any], *, by: Decider) -> Negotiation:
        """Answer with other terms: a counter-offer of ours, in either role.

        Raises Invalid where no contract could hold them.
        """

        def terms(row: Negotiation) -> Answer:
            table = json.loads(row.offer)
            fixed = {name: table[name] for name in ("@id", "assigner") if name in table}
            offer = {**rules, **fixed, "@type": "Offer", "target": row.dataset}
            carried.check_rules(str(fixed.get("@id", row.dataset)), rules)
            return Answer(n.REQUEST if row.role is Role.CONSUMER else n.OFFER, by, {"offer": offer})

        return await self._act(owner, pid, terms)

    async def verify(self, owner: str, pid: str, *, by: Decider) -> Negotiation:
        """As consumer, confirm the agreement that was received."""
        return await self._act(owner, pid, lambda _: Answer(n.VERIFICATION, by))

    async def terminate(self, owner: str, pid: str, code: str, reason: str, *, by: Decider) -> Negotiation:
        """End the negotiation, for a reason that the peer is told."""
        content = {"code": code, "reason": [reason] if reason else None}
        return await self._act(owner, pid, lambda _: Answer(n.TERMINATION, by, content))

    async def _open(self, owner: str, peer: str, role: Role, wanted: Answer) -> Negotiation:
        content = wanted.content or {}
        offer, card = content["offer"], content.get("card")

        def unit(tx: Tx) -> Negotiation:
            known = peers.load(tx, owner, peer)
            if known.status == peers.BLOCKED:
                raise PeerBlocked(peer)
            negotiation = Negotiation(
                owner=owner,
                pid=new_id(),
                role=role,
                peer=peer,
                peer_url=known.url,
                state=n.INITIAL,
                dataset=str(offer["target"]),
                offer_id=str(offer["@id"]),
                offer="",
                offer_by="",
                request_card=card,
            )
            exchange.answer(tx, self.line, negotiation, wanted)
            negotiations.save(tx, negotiation)
            return negotiation

        return await self._store.write(unit)

    async def _act(self, owner: str, pid: str, choose: Callable[[Negotiation], Answer]) -> Negotiation:
        def unit(tx: Tx) -> Negotiation:
            negotiation = negotiations.load(tx, owner, pid)
            exchange.answer(tx, self.line, negotiation, choose(negotiation))
            negotiations.save(tx, negotiation)
            return negotiation

        return await self._store.write(unit, about=pid)

    # --- the worker reports -------------------------------------------------------------------------------------------

    async def acknowledged(self, job: Job, delivery: Delivery, body: bytes) -> bool:
        """Record that the peer accepted our message and move the negotiation on; False when ours gave way to theirs."""
        member = "providerPid" if delivery.kind == n.REQUEST else "consumerPid"
        peer_pid = exchange.peer_pid_in(body, member) if delivery.state_url is None else None
        return await self.taken(job, delivery, peer_pid)
