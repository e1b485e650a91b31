"""Negotiations (demandes d'accès), in both roles, and the agreements (conventions) in which they end."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue

from connector.http.private.asking import (
    Asking,
    By,
    DidFilter,
    Id,
    Identifier,
    NextCursor,
    Node,
    Owner,
    PeriodQuery,
    Shape,
    Wish,
    checked_did,
)
from connector.http.private.effects import Doing, TaggedRoute
from connector.http.private.processes import (
    LastMessage,
    ProcessQuery,
    ProcessShape,
    Reason,
    RoleName,
    WaitQuery,
    Why,
    common,
    detail,
)
from connector.protocol.extensions import LONGEST_LINE, RequestCard, read_card
from connector.protocol.negotiation import NEGOTIATION
from connector.services import terms
from connector.services.ask import ask
from connector.services.inspect import Looked
from connector.services.once import version_of
from connector.store import negotiations
from connector.store.agreements import StoredAgreement
from connector.store.db import Tx
from connector.store.negotiations import Negotiation as NegotiationRow

router = APIRouter(tags=["negotiations"], route_class=TaggedRoute)
REFUSED = "refused"
Line = Annotated[str, Field(min_length=1, max_length=LONGEST_LINE)]
NEGOTIATION_STATES = tuple(NEGOTIATION.states)


class Negotiation(ProcessShape):
    """A negotiation."""

    offer_id: Annotated[str, Field(description="The published offer from which it started.")]
    agreement: Annotated[str | None, Field(description="The agreement, once there is one.")]


class Declared(Shape):
    """What the consumer declares beside its request; nobody has verified it."""

    purpose: str | None
    until: Annotated[str | None, Field(description="Until when: a date or an instant, as it was written.")]
    legal_basis: str | None
    use_case: str | None


class NegotiationDetail(Negotiation):
    """A negotiation with the terms on the table, the last messages, and why it stands where it stands."""

    offer: Annotated[dict[str, JsonValue], Field(description="The terms now on the table.")]
    offer_by: Annotated[RoleName, Field(description="Who laid them there.")]
    terms: Annotated[list[str], Field(description="The same in words, a sentence for each rule.")]
    compared_to: Annotated[
        Literal["request", "offer"] | None,
        Field(description="What they are compared with: what was asked for, or our published offer."),
    ]
    terms_added: Annotated[list[str], Field(description="What is new in them.")]
    terms_dropped: Annotated[list[str], Field(description="What was there before and is not any more.")]
    declared: Annotated[Declared | None, Field(description="What the consumer declares beside its request.")]
    why: Why
    last_sent: LastMessage | None
    last_received: LastMessage | None


class Negotiations(Shape):
    """A page of negotiations, the newest first."""

    items: list[Negotiation]
    next_cursor: NextCursor = None


class AccessRequest(Wish):
    """A dataset that we want from a partner."""

    peer: Annotated[str, Field(min_length=1, max_length=512, description="DID of a known partner.")]
    dataset: Identifier
    offer_id: Annotated[Identifier | None, Field(description="Needed when it is offered under several terms.")] = None
    offer: Annotated[
        dict[str, JsonValue] | None,
        Field(description="The whole offer to request, with its `@id`: the catalogue is not asked again."),
    ] = None
    purpose: Annotated[Line | None, Field(description="What we declare to want it for.")] = None
    until: Annotated[Line | None, Field(description="Until when, as a date or an instant.")] = None
    legal_basis: Annotated[Line | None, Field(description="On what legal basis.")] = None
    use_case: Annotated[Line | None, Field(description="In which use case.")] = None


class Proposal(Wish):
    """One of our offers, to propose to a partner that has not asked."""

    peer: Annotated[str, Field(min_length=1, max_length=512, description="DID of a known partner.")]
    offer_id: Identifier


class CounterOffer(Wish):
    """Other terms than those on the table."""

    policy: Annotated[
        dict[str, JsonValue], Field(description="ODRL rules.", examples=[{"permission": [{"action": "use"}]}])
    ]


class Agreement(Shape):
    """An agreement."""

    id: str
    role: RoleName
    peer: str
    negotiation: str
    dataset: str
    status: Literal["drafted", "active", "ended"]
    created_at: datetime


class AgreementDetail(Agreement):
    """An agreement with its text."""

    document: Annotated[dict[str, JsonValue], Field(description="The agreement as it was concluded.")]
    accepted_terms: Annotated[list[JsonValue], Field(description="What requesting the offer declared.")]
    used: Annotated[int, Field(description="How often it was used, where its terms count that; of what we deliver.")]


class Agreements(Shape):
    """A page of agreements, the newest first."""

    items: list[Agreement]
    next_cursor: NextCursor = None


class AgreementQuery(PeriodQuery):
    """Which agreements, by when they were made, the newest first."""

    role: RoleName | None = None
    status: Literal["drafted", "active", "ended"] | None = None
    peer: DidFilter = None
    dataset: Identifier | None = None


class NegotiationQuery(ProcessQuery):
    """Which negotiations."""

    state: Literal[NEGOTIATION_STATES] | None = None  # type: ignore[valid-type]  # the state table says which


@router.get("/negotiations")
async def list_negotiations(node: Node, owner: Owner, query: Annotated[NegotiationQuery, Query()]) -> Negotiations:
    """List negotiations."""
    equal = {name: getattr(query, name) for name in ("role", "state", "peer", "dataset")}
    page = await node.inspect.negotiations(owner, **equal, **query.rows(node))
    return Negotiations(items=[_negotiation(row) for row in page.items], next_cursor=page.following)


@router.post("/negotiations/request", status_code=201)
async def request_access(node: Node, owner: Owner, by: By, wish: AccessRequest, effect: Doing) -> Negotiation:
    """Ask a partner for a dataset, as consumer. The message leaves at once; the answer changes the state."""
    peer = checked_did(wish.peer, "/peer")

    def act() -> Awaitable[NegotiationRow]:
        return ask(
            node.catalogue,
            node.negotiate,
            owner,
            peer,
            wish.dataset,
            offer_id=wish.offer_id,
            offer=wish.offer,
            by=by,
            card=RequestCard(wish.purpose, wish.until, wish.legal_basis, wish.use_case),
        )

    return await effect.of(act, _negotiation)


@router.post("/negotiations/offer", status_code=201)
async def propose_offer(node: Node, owner: Owner, by: By, wish: Proposal, effect: Doing) -> Negotiation:
    """Propose one of our offers to a partner, as provider."""
    peer = checked_did(wish.peer, "/peer")
    return await effect.of(lambda: node.negotiate.offer(owner, peer, wish.offer_id, by=by), _negotiation)


@router.get("/negotiations/{pid}")
async def show_negotiation(
    node: Node, owner: Owner, asker: Asking, pid: Id, query: Annotated[WaitQuery, Query()]
) -> NegotiationDetail:
    """Show a negotiation and why it stands where it stands; on demand, once it has changed."""
    looked = await node.waiting.until(
        pid,
        lambda: node.inspect.negotiation(owner, pid),
        lambda seen: query.is_answered_by(seen.process),
        query.wait,
    )
    return _detail(looked, asker.language)


@router.post("/negotiations/{pid}/accept")
async def accept_negotiation(node: Node, owner: Owner, by: By, pid: Id, effect: Doing) -> Negotiation:
    """Say yes to the terms on the table."""
    return await effect.of(
        lambda: node.negotiate.accept(owner, pid, by=by),
        _negotiation,
        _version(owner, pid),
    )


@router.post("/negotiations/{pid}/counter")
async def counter_negotiation(
    node: Node, owner: Owner, by: By, pid: Id, wish: CounterOffer, effect: Doing
) -> Negotiation:
    """Answer with other terms."""
    return await effect.of(
        lambda: node.negotiate.counter(owner, pid, wish.policy, by=by),
        _negotiation,
        _version(owner, pid),
    )


@router.post("/negotiations/{pid}/refuse")
async def refuse_negotiation(
    node: Node, owner: Owner, by: By, pid: Id, effect: Doing, wish: Reason | None = None
) -> Negotiation:
    """Say no, for a reason that the partner is told."""
    why = wish or Reason()
    return await effect.of(
        lambda: node.negotiate.terminate(owner, pid, why.code or REFUSED, why.reason, by=by),
        _negotiation,
        _version(owner, pid),
    )


@router.post("/negotiations/{pid}/verify")
async def verify_negotiation(node: Node, owner: Owner, by: By, pid: Id, effect: Doing) -> Negotiation:
    """As consumer, confirm the agreement that the provider sent; the node does so by itself when it is right."""
    return await effect.of(
        lambda: node.negotiate.verify(owner, pid, by=by),
        _negotiation,
        _version(owner, pid),
    )


@router.post("/negotiations/{pid}/terminate")
async def terminate_negotiation(
    node: Node, owner: Owner, by: By, pid: Id, effect: Doing, wish: Reason | None = None
) -> Negotiation:
    """End a negotiation, for a reason that the partner is told."""
    why = wish or Reason()
    return await effect.of(
        lambda: node.negotiate.terminate(owner, pid, why.code, why.reason, by=by),
        _negotiation,
        _version(owner, pid),
    )


@router.get("/agreements", tags=["agreements"])
async def list_agreements(node: Node, owner: Owner, query: Annotated[AgreementQuery, Query()]) -> Agreements:
    """List agreements."""
    page = await node.inspect.agreements(
        owner, role=query.role, status=query.status, peer=query.peer, dataset=query.dataset, **query.rows(node)
    )
    return Agreements(items=[_agreement(row) for row in page.items], next_cursor=page.following)


@router.get("/agreements/{agreement_id}", tags=["agreements"])
async def show_agreement(node: Node, owner: Owner, agreement_id: Id) -> AgreementDetail:
    """Show an agreement with its text."""
    row = await node.inspect.agreement(owner, agreement_id)
    return AgreementDetail(
        **_agreement(row).model_dump(),
        document=json.loads(row.document),
        accepted_terms=row.accepted_terms,
        used=await node.inspect.used(owner, agreement_id),
    )


def _version(owner: str, pid: str) -> Callable[[Tx], int]:
    return version_of(negotiations.load, owner, pid)


def _members(row: NegotiationRow) -> dict[str, Any]:
    return {
        **common(NEGOTIATION, row),
        "dataset": row.dataset,
        "offer_id": row.offer_id,
        "agreement": row.agreement,
    }


def _negotiation(row: NegotiationRow) -> Negotiation:
    return Negotiation(**_members(row))


def _detail(looked: Looked[NegotiationRow], language: str) -> NegotiationDetail:
    row = looked.process
    told = terms.tell(row.offer, looked.before, language)
    return NegotiationDetail(
        **_members(row),
        **detail(looked, language),
        offer=json.loads(row.offer),
        offer_by=row.offer_by,  # type: ignore[arg-type]
        terms=told.sentences,
        compared_to=None if looked.before is None else looked.before.kind,
        terms_added=told.added,
        terms_dropped=told.dropped,
        declared=_declared(row.request_card),
    )


def _declared(card: str | None) -> Declared | None:
    return None if card is None else Declared(**asdict(read_card(card)))


def _agreement(row: StoredAgreement) -> Agreement:
    return Agreement(
        id=row.id,
        role=row.role.value,
        peer=row.peer,
        negotiation=row.negotiation,
        dataset=row.dataset,
        status=row.status,  # type: ignore[arg-type]
        created_at=row.created_at,
    )
