"""The answers of the management API as types. Written by tests/tools/reference.py; change the API instead.

Instants are text (ISO 8601, UTC). What further versions add may be there too.
"""

from typing import Any, Literal, TypedDict

from connector.sdk.contract_types import Contract as Contract
from connector.sdk.contract_types import ContractApproval as ContractApproval
from connector.sdk.contract_types import ContractDecision as ContractDecision
from connector.sdk.contract_types import ContractDetail as ContractDetail
from connector.sdk.contract_types import ContractNotice as ContractNotice
from connector.sdk.contract_types import ContractParty as ContractParty
from connector.sdk.contract_types import ContractPiece as ContractPiece
from connector.sdk.contract_types import ContractRevocation as ContractRevocation
from connector.sdk.contract_types import Contracts as Contracts
from connector.sdk.contract_types import ContractSeal as ContractSeal
from connector.sdk.contract_types import ContractSentence as ContractSentence
from connector.sdk.contract_types import ContractStep as ContractStep
from connector.sdk.contract_types import ContractVerification as ContractVerification
from connector.sdk.feed_types import Event as Event
from connector.sdk.feed_types import Events as Events
from connector.sdk.feed_types import Job as Job
from connector.sdk.feed_types import Jobs as Jobs
from connector.sdk.journal_types import Checkpoint as Checkpoint
from connector.sdk.journal_types import Checkpoints as Checkpoints
from connector.sdk.journal_types import JournalFault as JournalFault
from connector.sdk.journal_types import JournalsVerification as JournalsVerification
from connector.sdk.partner_types import Attestation as Attestation
from connector.sdk.partner_types import Attestations as Attestations
from connector.sdk.partner_types import Card as Card
from connector.sdk.partner_types import CatalogueDataset as CatalogueDataset
from connector.sdk.partner_types import CatalogueDatasetDetail as CatalogueDatasetDetail
from connector.sdk.partner_types import CataloguePage as CataloguePage
from connector.sdk.partner_types import Framework as Framework
from connector.sdk.partner_types import Invitation as Invitation
from connector.sdk.partner_types import Newcomer as Newcomer
from connector.sdk.partner_types import NewcomerDetail as NewcomerDetail
from connector.sdk.partner_types import Newcomers as Newcomers
from connector.sdk.partner_types import OfferedCard as OfferedCard
from connector.sdk.partner_types import Peer as Peer
from connector.sdk.partner_types import Peers as Peers
from connector.sdk.partner_types import Ping as Ping
from connector.sdk.publication_types import Audience as Audience
from connector.sdk.publication_types import AudienceMember as AudienceMember
from connector.sdk.publication_types import Dataset as Dataset
from connector.sdk.publication_types import DatasetDetail as DatasetDetail
from connector.sdk.publication_types import Datasets as Datasets
from connector.sdk.publication_types import Effects as Effects
from connector.sdk.publication_types import Finding as Finding
from connector.sdk.publication_types import Offer as Offer
from connector.sdk.publication_types import OfferDetail as OfferDetail
from connector.sdk.publication_types import Offers as Offers
from connector.sdk.publication_types import OpenOffer as OpenOffer
from connector.sdk.publication_types import PreviewedAudience as PreviewedAudience
from connector.sdk.publication_types import Said as Said
from connector.sdk.seal_types import CertificateRequest as CertificateRequest
from connector.sdk.seal_types import SealCertificate as SealCertificate
from connector.sdk.seal_types import SealKey as SealKey
from connector.sdk.seal_types import SealKeys as SealKeys
from connector.sdk.webhook_types import CreatedWebhook as CreatedWebhook
from connector.sdk.webhook_types import Gap as Gap
from connector.sdk.webhook_types import Webhook as Webhook
from connector.sdk.webhook_types import WebhookProblem as WebhookProblem
from connector.sdk.webhook_types import Webhooks as Webhooks
from connector.sdk.webhook_types import WebhookTest as WebhookTest


class Participant(TypedDict):
    """A participant that this node hosts."""

    owner: str
    """Its short name, in addresses and in `X-Pupitre-Owner`."""
    did: str
    name: str
    is_first: bool
    """True for the one at the root of the public address."""
    created_at: str | None


class JobCounts(TypedDict):
    """Jobs of the whole node."""

    due: int
    delayed: int
    running: int
    dead: int


class Status(TypedDict):
    """How the node is, seen by one participant."""

    version: str
    public_url: str
    participant: Participant
    protocol_url: str
    """Base address of the participant's protocol, for partners."""
    datasets: dict[str, int]
    """How many, by status."""
    negotiations: dict[str, int]
    """How many, by state."""
    transfers: dict[str, int]
    """How many, by state."""
    seal_problems: list[str]
    """Why what must be sealed waits, and what to do, in the caller's language."""
    jobs: JobCounts | None
    """Of the whole node; null for the key of one participant."""


class Participants(TypedDict):
    """A page of hosted participants, the first one first."""

    items: list[Participant]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class Key(TypedDict):
    """A key of the API, without its secret."""

    id: str
    owner: str | None
    """Whose affairs it opens; null: the node's administration."""
    label: str
    role: str
    """What it may do; `unrestricted`: made before there were roles."""
    function: str | None
    """What seals claim of who approves with it; null: the role."""
    status: Literal["valid", "replaced", "expired", "revoked"]
    """`replaced`: still valid, until it expires, beside the key that took its place."""
    created_at: str | None
    expires_at: str | None
    """When it ends; null: never by itself."""
    revoked_at: str | None
    replaced_by: str | None
    """The key that takes its place."""


class Keys(TypedDict):
    """A page of the keys of one holder, by identifier, the revoked ones too."""

    items: list[Key]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class CreatedKey(Key):
    """A new key. Its secret is told here, once: the node keeps only its hash."""

    secret: str
    """For `Authorization: Bearer …`."""


class Pending(TypedDict):
    """A message of ours that the partner has not acknowledged yet."""

    message: str
    since: str | None
    attempts: int
    """Attempts that did not succeed."""


class Hindrance(TypedDict):
    """Why the last attempt did not succeed."""

    code: str
    reason: str | None
    message: str | None
    at: str | None


class Negotiation(TypedDict):
    """A negotiation."""

    pid: str
    """Our identifier of it."""
    peer_pid: str | None
    """The partner's identifier of it."""
    role: Literal["consumer", "provider"]
    """Our role."""
    peer: str
    """DID of the partner."""
    dataset: str
    state: str
    """State of DSP 2025-1."""
    turn: Literal["us", "peer", "both", "nobody"]
    """Who moves next; `nobody`: it has ended."""
    pending: Pending | None
    problem: Hindrance | None
    version: int
    """Grows with every change."""
    created_at: str
    updated_at: str
    offer_id: str
    """The published offer from which it started."""
    agreement: str | None
    """The agreement, once there is one."""


class Negotiations(TypedDict):
    """A page of negotiations, the newest first."""

    items: list[Negotiation]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class Declared(TypedDict):
    """What the consumer declares beside its request; nobody has verified it."""

    purpose: str | None
    until: str | None
    """Until when: a date or an instant, as it was written."""
    legal_basis: str | None
    use_case: str | None


class Why(TypedDict):
    """What a process waits for, in the caller's language."""

    code: Literal[
        "ended",
        "running",
        "given-up",
        "peer-silent",
        "peer-held",
        "retrying",
        "on-its-way",
        "sealing",
        "due-later",
        "diverged",
        "refused",
        "our-turn",
        "peer-turn",
    ]
    """Stable word for programs."""
    text: str
    """The same for a person, with what to do."""
    next_attempt_at: str | None
    actions: list[str]
    """What may be done now: names of the actions below this address."""


class DecidedBy(TypedDict):
    """Who decided: a rule of the node, or whoever used a key of the API."""

    kind: Literal["rule", "key"]
    name: str
    """Name of the rule, or what the key was made for."""
    key: str | None
    """Identifier of the key."""
    function: str | None
    """What the key was issued with; null: no function is known."""
    about: dict[str, str]
    """What the rule was applied to: an offer, its mode…"""
    text: str
    """The same for a person."""


class LastMessage(TypedDict):
    """The last message in one direction, and what became of it."""

    message: str
    at: str
    status: Literal["pending", "acknowledged", "refused", "gave-way", "processed"]
    attempts: int
    code: str | None
    reason: str | None
    decided_by: DecidedBy | None
    """Who decided to send it; of ours."""
    explanation: list[str]
    """Why the terms of use refused, in full; the partner was told what `refusal_detail` allows."""


class NegotiationDetail(Negotiation):
    """A negotiation with the terms on the table, the last messages, and why it stands where it stands."""

    offer: dict[str, Any]
    """The terms now on the table."""
    offer_by: Literal["consumer", "provider"]
    """Who laid them there."""
    terms: list[str]
    """The same in words, a sentence for each rule."""
    compared_to: Literal["request", "offer"] | None
    """What they are compared with: what was asked for, or our published offer."""
    terms_added: list[str]
    """What is new in them."""
    terms_dropped: list[str]
    """What was there before and is not any more."""
    declared: Declared | None
    """What the consumer declares beside its request."""
    why: Why
    last_sent: LastMessage | None
    last_received: LastMessage | None


class Agreement(TypedDict):
    """An agreement."""

    id: str
    role: Literal["consumer", "provider"]
    peer: str
    negotiation: str
    dataset: str
    status: Literal["drafted", "active", "ended"]
    created_at: str


class Agreements(TypedDict):
    """A page of agreements, the newest first."""

    items: list[Agreement]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class AgreementDetail(Agreement):
    """An agreement with its text."""

    document: dict[str, Any]
    """The agreement as it was concluded."""
    accepted_terms: list[Any]
    """What requesting the offer declared."""
    used: int
    """How often it was used, where its terms count that; of what we deliver."""


class Transfer(TypedDict):
    """A transfer."""

    pid: str
    """Our identifier of it."""
    peer_pid: str | None
    """The partner's identifier of it."""
    role: Literal["consumer", "provider"]
    """Our role."""
    peer: str
    """DID of the partner."""
    dataset: str
    state: str
    """State of DSP 2025-1."""
    turn: Literal["us", "peer", "both", "nobody"]
    """Who moves next; `nobody`: it has ended."""
    pending: Pending | None
    problem: Hindrance | None
    version: int
    """Grows with every change."""
    created_at: str
    updated_at: str
    agreement: str
    format: str


class Transfers(TypedDict):
    """A page of transfers, the newest first."""

    items: list[Transfer]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class FetchProblem(TypedDict):
    """Why bytes did not come, and what to do, in the caller's language."""

    code: str
    reason: str
    remedy: str


class Fetch(TypedDict):
    """How far the bytes of a transfer have been received."""

    transfer: str
    path: str
    """The file on the node's machine."""
    status: Literal["waiting", "running", "done", "failed"]
    """`waiting`: for a start, or for the next attempt."""
    done_bytes: int
    size_bytes: int | None
    """As announced; null: not known yet."""
    sha256: str | None
    """As announced; once done, of what was received."""
    problem: FetchProblem | None
    created_at: str
    updated_at: str


class Push(TypedDict):
    """How far the bytes of a transfer have been sent to the address that the consumer gave."""

    status: Literal["waiting", "running", "done", "failed"]
    """`waiting`: for the next attempt, or for a start."""
    sent_bytes: int
    """In the present attempt: an upload that was cut begins again."""
    size_bytes: int | None
    sha256: str | None
    """Of what the consumer has accepted."""
    problem: FetchProblem | None
    begun_at: str
    updated_at: str


class TransferDetail(Transfer):
    """A transfer with its data address (without tokens), the last messages, and why it stands where it stands."""

    data_address: dict[str, Any] | None
    fetch: Fetch | None
    """As consumer: what was received, fetched or pushed to us."""
    push: Push | None
    """As provider: what was pushed."""
    why: Why
    last_sent: LastMessage | None
    last_received: LastMessage | None


class Entry(TypedDict):
    """One entry of the chain."""

    n: int
    at: str
    kind: str
    message_id: str | None
    entry: dict[str, Any]
    """What happened; a message's `body` without its tokens."""
    decided_by: DecidedBy | None
    """Who decided it, where something was decided."""
    hash: str
    """SHA-256 over the hash before it and the stored text of this entry."""


class Journal(TypedDict):
    """A page of a journal, in order."""

    items: list[Entry]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class Verification(TypedDict):
    """Whether a journal is what was written."""

    is_intact: bool
    entries: int
    detail: str | None
    """The first entry that does not fit."""


class Restore(TypedDict):
    """The latest restoration."""

    n: int
    """How often this database was restored."""
    backup: str
    taken_at: str
    """Instant of the backup: what came later was forgotten."""
    restored_at: str


class Reconciliation(TypedDict):
    """How one process stands with the partner."""

    process: str
    kind: Literal["negotiation", "transfer"]
    peer: str
    outcome: Literal[
        "waiting",
        "agrees",
        "moved",
        "differs",
        "unknown",
        "untold",
    ]
    """Not compared yet; the same; we followed; not the same; unknown to the partner; not told."""
    state: str
    """Ours."""
    peer_state: str | None
    text: str
    """How it stands and what to do, in the language of the request."""
    updated_at: str


class Reconciliations(TypedDict):
    """The latest restoration, and a page of processes by their identifier."""

    restore: Restore | None
    items: list[Reconciliation]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""
