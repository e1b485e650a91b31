"""The mock identity of Eclipse EDC (its module `iam-mock`), for laboratories: it proves nothing.

The header is a JSON object, without any scheme in front: `clientId` is whoever the sender says he is. EDC reads nothing
else, and neither do we. Routes, services, decisions and machine are those of any node; only this differs.
"""

from collections.abc import Callable

import orjson

from connector.identity.errors import TokenRefused, UnsafeIdentity
from connector.identity.scheme import Participant
from connector.settings import Settings

MAX_HEADER_BYTES = 4096


class MockIdentity:
    """Whoever one says; an identity scheme that refuses to start where others could reach the node."""

    def __init__(self, settings: Settings, name_of: Callable[[str], str]) -> None:
        """`name_of` gives the participant id of an owner. Raises UnsafeIdentity."""
        if not settings.is_loopback:
            raise UnsafeIdentity(settings.public_url)
        self._name_of = name_of

    async def token_for(self, owner: str, peer_did: str) -> str:
        """Return the header in EDC's form (see Scheme)."""
        return orjson.dumps({"region": "eu", "audience": peer_did, "clientId": self._name_of(owner)}).decode()

    async def verify(self, authorization: str | None, owner: str) -> Participant:
        """Return the participant that the header names (see Scheme). Raises TokenRefused."""
        named = _client_id(authorization or "")
        if not isinstance(named, str) or not named or named == self._name_of(owner):
            raise TokenRefused("client-id")
        return Participant(named, proof=authorization or "")

    async def owns(self, participant: Participant, url: str) -> bool:
        """Return True: there is no document to hold an address against."""
        return True


def _client_id(authorization: str) -> object:
    if len(authorization) > MAX_HEADER_BYTES:
        raise TokenRefused("header-size")
    try:
        header = orjson.loads(authorization)
    except orjson.JSONDecodeError as error:
        raise TokenRefused("not-json") from error
    return header.get("clientId") if isinstance(header, dict) else None
