"""The answers of the management API as types. Written by tests/tools/reference.py; change the API instead.

Instants are text (ISO 8601, UTC). What further versions add may be there too.
"""

from typing import Literal, TypedDict


class Contract(TypedDict):
    """A contract, or the one-sided evidence that stands in its place."""

    id: str | None
    """What the document calls itself; null: not drawn up, or not checked."""
    agreement: str
    """Identifier of the agreement in it."""
    negotiation: str
    role: Literal["consumer", "provider"]
    peer: str
    """DID of the partner."""
    dataset: str
    status: Literal[
        "sealing",
        "sealed-by-one",
        "sealed-by-both",
        "concluded",
        "unilateral",
        "unused",
    ]
    status_text: str
    """The same in words, in the caller's language."""
    reason: str | None
    """Why it led to nothing."""
    timestamps: Literal["none", "pending", "partial", "complete"]
    """Of both seals and of the conclusion; `pending`: asked for; it is valid meanwhile."""
    timestamps_text: str
    """The same in words, in the caller's language."""
    sha256: str | None
    """Of the document: the hash by which all else names the contract."""
    created_at: str
    updated_at: str


class Contracts(TypedDict):
    """A page of contracts, the newest first."""

    items: list[Contract]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class ContractParty(TypedDict):
    """An organisation as the contract names it, or as this node knows it beside one-sided evidence."""

    role: Literal["consumer", "provider"]
    did: str
    legal_name: str | None
    """null: not known, only in one-sided evidence."""
    siren: str | None
    siret: str | None
    representative: str | None
    """The function of who represents it; null: not known, only in one-sided evidence."""
    mandate: str | None
    """The decision that empowers the representative."""
    source: Literal["document", "card", "node", "none"]
    """`document`: sealed in it; `card`, `node`: its card, or the name given here; `none`: DID alone."""
    source_text: str
    """The same in words, in the caller's language."""
    has_sealed: bool


class ContractSentence(TypedDict):
    """One rule of use in words."""

    text: str
    verified: Literal["node", "afterwards", "commitment"]
    """`node`: by the node; `afterwards`: found out later; `commitment`: promised, no more."""


class ContractPiece(TypedDict):
    """One thing that one-sided evidence is made of, or lacks."""

    code: Literal[
        "agreement",
        "messages",
        "token",
        "names",
        "title",
        "seal",
        "time-stamp",
        "clauses",
    ]
    """Stable word for programs."""
    text: str
    """The same in words, in the caller's language."""
    state: Literal["sealed", "unsealed", "missing"]
    """`unsealed`: told by this node as it knows it today; no seal covers it."""
    state_text: str
    """The same in words, in the caller's language."""
    by: Literal["consumer", "provider"] | None
    """Who sealed it; of a seal that is missing, whose it would be."""


class ContractRevocation(TypedDict):
    """Since when a seal key is revoked, as its owner says."""

    at: str
    reason: str


class ContractApproval(TypedDict):
    """Who approved, as the seal claims it: a function and a key, or a rule; never a person's name."""

    function: str | None
    key: str | None
    """Identifier of the API key that was used; whose it was, its owner knows."""
    rule: str | None
    """The rule by which the node decided by itself."""
    rule_text: str | None
    """The same in words, in the caller's language."""
    at: str | None


class ContractSeal(TypedDict):
    """A seal on the document."""

    role: Literal["consumer", "provider"]
    kid: str
    at: str
    """When it was put, as its author says."""
    level: Literal["L0", "L1", "L2"]
    level_text: str
    subject: str
    """Whom the certificate names."""
    issuer: str | None
    """Who issued it; null: the organisation itself."""
    certificate_sha256: str
    is_timestamped: bool
    revocation: ContractRevocation | None
    """Of its key; null: not revoked, as far as this node knows."""
    approval: ContractApproval | None


class ContractNotice(TypedDict):
    """What a party notified, under seal."""

    kind: str
    """`termination`, `suspension`, `resumption` or `receipt`."""
    at: str
    by: str
    """DID of its author."""
    reason: str
    reason_text: str
    """The same, what nodes write there put into words."""


class ContractDecision(TypedDict):
    """What was decided on our side, as our journal tells it."""

    n: int
    """Number of the entry in the journal of the negotiation."""
    at: str
    kind: str
    """Of the entry; `decided`: what is decided waits, `sent`: it left."""
    what: str
    """What was decided, in the caller's language."""
    by: str
    """Who decided, or which rule, in the caller's language."""
    said_by: str | None
    """The person who was named, where one was to be."""
    key: str | None
    """The API key that was used; null: a rule decided."""
    rule: str | None
    """The rule that decided; null: a person did."""


class ContractDetail(Contract):
    """A contract with its parties, its rules in words, its seals, and who approved what."""

    title: str | None
    """Of the dataset, as the contract tells it; of one-sided evidence, as our own catalogue does."""
    parties: list[ContractParty]
    sentences: list[ContractSentence]
    """The rules of use, in the caller's language; of one-sided evidence, from the sealed agreement."""
    pieces: list[ContractPiece]
    """Of one-sided evidence: what is sealed and by whom, what stands beside it, what is missing."""
    valid_from: str | None
    valid_until: str | None
    level: Literal["L0", "L1", "L2"] | None
    """The lowest of the seals."""
    level_text: str | None
    seals: list[ContractSeal]
    concluded_at: str | None
    """As the sealed conclusion says; null: not concluded."""
    is_ended: bool
    """Whether the agreement has ended: nothing is delivered under it."""
    notices: list[ContractNotice]
    decisions: list[ContractDecision]
    journal: str
    """Address of the journal of the negotiation."""


class ContractStep(TypedDict):
    """One thing that was checked."""

    code: Literal[
        "journal",
        "document",
        "seals",
        "kept",
        "keys",
        "negotiated",
        "conclusion",
        "notices",
        "other-party",
    ]
    """Stable word for programs."""
    outcome: Literal["holds", "fails", "unknown"]
    """`unknown`: not to be told from here."""
    text: str
    """What was checked, in the caller's language."""
    detail: str | None
    """Why it does not hold, and where."""


class ContractVerification(TypedDict):
    """A contract that was checked again, step by step."""

    contract: str
    sha256: str
    verdict: Literal["valid", "invalid", "indeterminate"]
    verdict_text: str
    at: str
    steps: list[ContractStep]
