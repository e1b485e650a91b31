"""What the rest of the node knows of identity: a proven participant, and two verbs.

The wire room never sees a token's inside. `did_web.py` is the scheme of a node; laboratories bring a static one.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Participant:
    """A caller whose identity is proven; holding one is the proof."""

    did: str


class Scheme(Protocol):
    """How participants show who they are."""

    async def token_for(self, owner: str, peer_did: str) -> str:
        """Return the Authorization header with which `owner` speaks to a peer, for one call."""

    async def verify(self, authorization: str | None, owner: str) -> Participant:
        """Return who speaks to `owner`. Raises TokenRefused, or IdentityUnavailable."""

    async def owns(self, participant: Participant, url: str) -> bool:
        """Return True when the address belongs to the participant, so that messages for it may go there."""
