"""The answers of the management API as types. Written by tests/tools/reference.py; change the API instead.

Instants are text (ISO 8601, UTC). What further versions add may be there too.
"""

from typing import Literal, TypedDict


class JournalFault(TypedDict):
    """Something in the journals, or in their checkpoints, that is not what was written or sealed."""

    kind: Literal[
        "broken-chain",
        "entry-missing",
        "entry-changed",
        "checkpoint-missing",
        "checkpoint-unsealed",
        "checkpoint-refused",
        "checkpoint-key-revoked",
        "checkpoint-heads",
    ]
    """Stable word for programs."""
    process: str | None
    """Whose journal."""
    n: int | None
    """Number of the entry."""
    checkpoint: int | None
    """Number of the checkpoint."""
    text: str
    """What is wrong and where, in the caller's language."""


class JournalsVerification(TypedDict):
    """A page of the verification: first the checkpoints, then the chains. All holds if no page has faults."""

    items: list[JournalFault]
    """The faults that were found on this page."""
    entries: int
    """Entries whose chain was computed again on this page."""
    journals: int
    """Journals that begin on this page."""
    checkpoints: int
    """Checkpoints that were verified on this page."""
    last_checkpoint: int | None
    """Number of the last one sealed; null: there is none."""
    last_sealed_at: str | None
    """When it was sealed; what came after is not sealed."""
    can_seal: bool
    """False: no seal key may sign now, so there will be no checkpoint."""
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""


class Checkpoint(TypedDict):
    """A checkpoint of the journals."""

    number: int
    sha256: str
    """Of what is sealed."""
    created_at: str
    kid: str | None
    """The key that sealed it; null: it waits for its seal."""
    jws: str | None
    """The sealed text, to be kept elsewhere."""


class Checkpoints(TypedDict):
    """A page of checkpoints, by number."""

    items: list[Checkpoint]
    next_cursor: str | None
    """Cursor of the next page; null: this is the last one."""
