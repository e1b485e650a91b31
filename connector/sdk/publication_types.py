"""The answers of the management API as types. Written by tests/tools/reference.py; change the API instead.

Instants are text (ISO 8601, UTC). What further versions add may be there too.
"""

from typing import Any, Literal, TypedDict


class Dataset(TypedDict):
    """A dataset that is published or prepared."""

    id: str
    title: str
    status: Literal["draft", "published", "withdrawn"]
    metadata: dict[str, Any]
    source: dict[str, Any]
    """Address of the bytes, and what was measured: size_bytes, sha256…"""
    version: int
    """Grows with every change; the beginning of the ETag."""
    created_at: str | None
    updated_at: str | None


class Datasets(TypedDict):
    """A page of datasets, by identifier."""

    items: list[Dataset]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class Offer(TypedDict):
    """Terms under which a dataset may be had."""

    id: str
    dataset: str
    policy: dict[str, Any]
    """ODRL offer."""
    mode: Literal["automatic", "manual"]
    is_conditional: bool
    """True when who may see it depends on who asks or when."""
    status: Literal["active", "withdrawn"]
    version: int
    """Grows with every change; the beginning of the ETag."""
    created_at: str | None
    updated_at: str | None


class DatasetDetail(Dataset):
    """A dataset with the offers in force."""

    offers: list[Offer]


class Effects(TypedDict):
    """What each phase answers to a partner: only `permit` lets anything pass."""

    catalogue: Literal["permit", "deny", "not-applicable", "indeterminate"]
    negotiation: Literal["permit", "deny", "not-applicable", "indeterminate"]
    transfer: Literal["permit", "deny", "not-applicable", "indeterminate"]
    request: Literal["permit", "deny", "not-applicable", "indeterminate"]


class OpenOffer(TypedDict):
    """What one offer would mean for one partner."""

    offer: str
    mode: Literal["automatic", "manual"]
    effects: Effects
    until: str | None
    """When time alone changes an answer; null: never."""
    reasons: list[str]
    """Why the first phase that does not permit does not, in the caller's language."""


class AudienceMember(TypedDict):
    """A partner, and whether our catalogue would show it the dataset."""

    did: str
    name: str
    status: Literal["known", "quarantined", "blocked"]
    sees: bool
    agreed: bool
    """True when asking for an offer's very terms is agreed to at once."""
    why: str
    """In a sentence, in the caller's language."""
    offers: list[OpenOffer]


class Audience(TypedDict):
    """A page of partners, by DID; it holds fewer than asked for when the dataset has many offers."""

    items: list[AudienceMember]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class Said(TypedDict):
    """A sentence in both languages."""

    fr: str
    en: str


class Finding(TypedDict):
    """What is doubtful in a policy: it may be published, but others may read it in another way."""

    code: str
    """A stable word for this kind of finding."""
    severity: str
    pointer: str
    """Where in the policy (RFC 6901)."""
    message: Said
    remedy: Said | None
    """What can be done about it."""


class PreviewedAudience(Audience):
    """A page of partners as they would be under terms that are not offered yet, and what is doubtful in these."""

    warnings: list[Finding]


class Offers(TypedDict):
    """A page of offers, by identifier."""

    items: list[Offer]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class OfferDetail(Offer):
    """Terms under which a dataset may be had, and what is doubtful in them."""

    warnings: list[Finding]
