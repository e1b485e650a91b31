"""What the rest of the node knows of identity: a proven participant, and two verbs.

The wire room never sees a token's inside. `did_web.py` is the scheme of a node; laboratories bring a static one.
"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Participant:
    """A caller whose identity is proven; holding one is the proof."""

    did: str
    is_known: bool = field(default=True, compare=False)
    """False for an organisation that nobody here has added or admitted."""
    thumbprint: str = field(default="", compare=False)
    """RFC 7638 thumbprint of the key that proved it; empty for a scheme without keys."""
    proof: str = field(default="", compare=False, repr=False)
    """What it showed: a token that was used up with this call, kept as evidence of who spoke."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the people of an owner have decided about a peer."""

    pinned: frozenset[str]
    """Thumbprints of the keys that they approved."""
    status: str
    """`known`, `quarantined` or `blocked`."""
    seen: frozenset[str] = frozenset()
    """Thumbprints of the keys that put it into quarantine."""


class Acquaintances(Protocol):
    """Whom each owner knows."""

    async def standing(self, owner: str, did: str) -> Standing | None:
        """Return how the owner stands to the peer, None for a stranger. Asked for every message."""

    async def quarantine(self, owner: str, did: str, thumbprints: frozenset[str]) -> None:
        """Record that a known peer's domain shows these keys, which nobody approved."""


class Scheme(Protocol):
    """How participants show who they are."""

    async def token_for(self, owner: str, peer_did: str) -> str:
        """Return the Authorization header with which `owner` speaks to a peer, for one call."""

    async def verify(self, authorization: str | None, owner: str) -> Participant:
        """Return who speaks to `owner`. Raises TokenRefused, or IdentityUnavailable."""

    async def owns(self, participant: Participant, url: str) -> bool:
        """Return True when the address belongs to the participant, so that messages for it may go there."""
