"""The answers of the management API as types. Written by tests/tools/reference.py; change the API instead.

Instants are text (ISO 8601, UTC). What further versions add may be there too.
"""

from typing import Any, Literal, TypedDict


class Invitation(TypedDict):
    """What to give to an organisation that is to know this one, by a channel that both trust."""

    line: str
    """For `pupitre peer add` on the other side, as it is."""
    address: str
    did: str
    fingerprint: str
    """RFC 7638 thumbprint of the present key."""


class Card(TypedDict):
    """A party card: what an organisation says of itself, under its signature."""

    did: str
    legal_name: str
    siren: str | None
    siret: str | None
    representative_function: str
    """Function of who signs for the organisation."""
    mandate: str | None
    """The decision that empowers who signs."""
    contact_role: str
    """A service or a function, not a person."""
    contact_email: str | None
    contact_telephone: str | None
    version: int
    issued_at: str
    jws: str | None
    """As it was received, signed (compact JWS); null for one's own."""


class OfferedCard(Card):
    """A newer card of a partner, which nobody here has taken note of yet."""

    digest: str
    """Names this very card when it is accepted."""


class Framework(TypedDict):
    """The framework agreement that people signed with a partner; contracts with it name it."""

    reference: str
    proof_clause: str
    """What it says on proof, word for word."""
    sha256: str | None
    """Of the signed document."""


class Peer(TypedDict):
    """A partner of one owner."""

    did: str
    name: str
    url: str
    """Base address of its node's protocol."""
    status: Literal["known", "quarantined", "blocked"]
    """`quarantined`: its key has changed; nothing is sent or taken until a person decides."""
    pinned_keys: list[str]
    """Fingerprints (RFC 7638) of the keys approved for it."""
    seen_keys: list[str]
    """Fingerprints of other keys that it showed: why it is held."""
    quarantined_at: str | None
    first_contact_at: str | None
    """When it was added here, or first knocked."""
    card: Card | None
    """Its party card that a person here took note of."""
    offered_card: OfferedCard | None
    """A newer card of it, to be looked at."""
    framework: Framework | None
    """The framework agreement with it."""
    silent_since: str | None
    """Since when its node has not answered."""
    next_attempt_at: str | None
    """When a silent node is tried again."""
    version: int
    """Grows with every change; the beginning of the ETag."""
    created_at: str | None
    updated_at: str | None


class Peers(TypedDict):
    """A page of partners, by DID."""

    items: list[Peer]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class Ping(TypedDict):
    """What a partner's node answered just now."""

    url: str
    keys_match: bool
    """False: its keys are not those recorded; call before trusting it."""
    milliseconds: float
    card: Literal["none", "same", "changed", "refused", "unreachable"]
    """`changed`: a newer card waits for a person."""
    card_problem: str | None
    """Why its card was not taken, in the caller's language."""
    seals_problem: str | None
    """Why its list of seal keys was not taken, and what to do."""


class CatalogueDataset(TypedDict):
    """A dataset of a partner, as its catalogue shows it to us."""

    id: str
    title: str
    description: str
    keywords: list[str]
    licence: str
    formats: list[str]
    offers: list[dict[str, Any]]


class CataloguePage(TypedDict):
    """A page of a partner's catalogue."""

    participant: str
    """DID that the catalogue names as its participant."""
    items: list[CatalogueDataset]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""
    previous_cursor: str | None
    """Cursor of the page before, if the partner says."""


class CatalogueDatasetDetail(CatalogueDataset):
    """A dataset of a partner, with the rules of use of each offer in words."""

    terms: dict[str, list[str]]
    """By identifier of the offer, a sentence for each of its rules."""


class Attestation(TypedDict):
    """One thing that a named person attests of a partner."""

    id: str
    peer: str
    """DID of the partner."""
    kind: Literal["category", "charter", "dpo"]
    about: str
    """The category, the charter, or the dataset; empty: no one in particular."""
    words: str
    """What is attested, in the caller's language."""
    said_by: str
    said_on: str
    """The day of which it is said."""
    note: str
    recorded_at: str | None
    ended_at: str | None
    """Since when it stands no more; null: it stands."""
    ended_by: str | None
    ended_reason: str | None
    """`replaced`: another one took its place."""


class Attestations(TypedDict):
    """A page of attestations, the newest first."""

    items: list[Attestation]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class Newcomer(TypedDict):
    """An organisation that knocked."""

    did: str
    status: Literal["waiting", "admitted", "refused"]
    fingerprint: str
    """RFC 7638 thumbprint of the key that proved who knocked."""
    message: str
    """The kind of message that it sent last; nothing was done of it."""
    about: str
    """The dataset or agreement that it asked for, as it says."""
    knocks: int
    """How often it was noted, at most once a minute."""
    reason: str | None
    """Why it was refused."""
    version: int
    """Grows with every change; the beginning of the ETag."""
    first_at: str | None
    last_at: str | None


class Newcomers(TypedDict):
    """A page of the inbox, the newest first."""

    items: list[Newcomer]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class NewcomerDetail(Newcomer):
    """An organisation that knocked, and how it shows itself now."""

    shown_keys: list[str]
    """Fingerprints of the keys in its DID document now."""
    card: Card | None
    """What it says of itself: nobody here has checked it."""
    problem: str | None
    """Why its documents cannot be had now."""
