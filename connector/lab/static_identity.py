"""Identities by a fixed header, for conformance kits and laboratories: they prove nothing.

The kit sends one header that stands for its participant, and never checks ours. Routes, services and machine are those
of any node; only this and the source of decisions differ.
"""

from collections.abc import Mapping

from connector.identity.errors import TokenRefused, UnsafeIdentity
from connector.identity.scheme import Participant
from connector.settings import Settings


class StaticIdentity:
    """A table of header values; an identity scheme that refuses to start where others could reach the node."""

    def __init__(self, settings: Settings, callers: Mapping[str, str], header: str) -> None:
        """`callers`: header value → participant id; `header`: what we send. Raises UnsafeIdentity."""
        if not settings.is_loopback:
            raise UnsafeIdentity(settings.public_url)
        self._callers = dict(callers)
        self._header = header

    async def token_for(self, owner: str, peer_did: str) -> str:
        """Return the fixed header (see Scheme)."""
        return self._header

    async def verify(self, authorization: str | None, owner: str) -> Participant:
        """Return the participant whose header this is (see Scheme). Raises TokenRefused."""
        did = self._callers.get(authorization or "")
        if did is None:
            raise TokenRefused("unknown-header")
        return Participant(did)

    async def owns(self, participant: Participant, url: str) -> bool:
        """Return True: there is no document to hold an address against."""
        return True
