"""The answers of the management API as types. Written by tests/tools/reference.py; change the API instead.

Instants are text (ISO 8601, UTC). What further versions add may be there too.
"""

from typing import Literal, TypedDict


class WebhookProblem(TypedDict):
    """Why events do not arrive, and what to do, in the caller's language."""

    code: str
    reason: str
    remedy: str


class Gap(TypedDict):
    """Events that were forgotten before they could be sent: the receiver was told so in their place."""

    after: int
    """The last number before them."""
    before: int
    """The first number after them."""


class Webhook(TypedDict):
    """An address to which events are sent."""

    id: str
    url: str
    kinds: list[str]
    """Of which events; empty: of all."""
    status: Literal["active", "failing", "stopped"]
    """`failing`: the last attempt failed, another one follows; `stopped`: until `retry`."""
    after: int
    """Number of the last event that was delivered or passed over."""
    waiting: int
    """How many numbers the feed is ahead."""
    delivered_at: str | None
    """When the receiver last took something."""
    failures: int
    """How often in a row it did not."""
    failing_since: str | None
    retry_at: str | None
    """When the next attempt is made."""
    problem: WebhookProblem | None
    gap: Gap | None
    """The latest gap."""
    overlap_until: str | None
    """Until when the secret before the last rotation signs too."""
    version: int
    """Grows with every change that somebody makes; the beginning of the ETag."""
    created_at: str | None
    updated_at: str | None


class Webhooks(TypedDict):
    """A page of webhooks, by identifier."""

    items: list[Webhook]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class CreatedWebhook(Webhook):
    """A webhook with a new secret, which is told here, once: the node does not store it."""

    secret: str
    """`whsec_` and base64: what the receiver verifies signatures with."""


class WebhookTest(TypedDict):
    """How the receiver answered just now."""

    is_taken: bool
    """True for any 2xx."""
    status: int | None
    """HTTP status; null: no answer came."""
    milliseconds: float
    problem: WebhookProblem | None
