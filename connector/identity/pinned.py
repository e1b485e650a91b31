"""Who speaks, proven without asking the network: by a key that was pinned for this partner.

A partner whose DID document cannot be read here cannot prove itself as did_web.py wants it, and it is exactly then that
it needs to be heard once: it asks us what we see at its address. Its token carries the public key (`jwk`, RFC 7515
§4.1.3); the key counts because its thumbprint was pinned when the partner was added, not because it came along. So only
a partner that a person here approved is heard, and nobody makes this node fetch anything.
"""

import jwt

from connector.clock import Clock
from connector.identity.addresses import Addresses
from connector.identity.did import AUTH, read_jwk
from connector.identity.did_web import (
    ALGORITHM,
    ES256,
    LEEWAY_S,
    LIFETIME_S,
    bearer,
    octets,
    read_claims,
    read_header,
)
from connector.identity.errors import TokenRefused
from connector.identity.keys import Keys
from connector.identity.replays import Replays
from connector.identity.scheme import Acquaintances, Participant
from connector.ids import new_id


def token_with_key(addresses: Addresses, keys: Keys, clock: Clock, owner: str, peer_did: str) -> str:
    """Return an Authorization header, good for one call, that carries the owner's public key. Raises MissingKey."""
    did, key, now = addresses.did(owner), keys.auth(owner), int(clock.now().timestamp())
    claims = {"iss": did, "sub": did, "aud": peer_did, "jti": new_id(), "iat": now, "exp": now + LIFETIME_S}
    header = {"kid": f"{did}#{AUTH}", "jwk": key.jwk}
    return f"Bearer {jwt.encode(claims, key.private, ALGORITHM, headers=header)}"


class PinnedCallers:
    """Verifies tokens of partners by the keys that were pinned for them."""

    def __init__(self, addresses: Addresses, clock: Clock, replays: Replays, acquaintances: Acquaintances) -> None:
        self._addresses = addresses
        self._clock = clock
        self._replays = replays
        self._acquaintances = acquaintances

    async def verify(self, authorization: str | None, owner: str) -> Participant:
        """Return the partner that the token proves.

        1. A bearer token whose header and claims hold, as DidWeb.verify has them in steps 1 to 3.
        2. Its header carries a P-256 signing key.
        3. The issuer is a partner of the owner that is not blocked, and the key is one of those pinned for it.
        4. The signature, by that key.
        5. The token was never seen.
        Raises TokenRefused, IdentityUnavailable when 5 cannot be decided now.
        """
        token = bearer(authorization)
        claims = read_claims(token, self._addresses.did(owner), int(self._clock.now().timestamp()))  # 1
        key = read_jwk(read_header(token).get("jwk"))  # 2
        standing = await self._acquaintances.standing(owner, claims.did)
        if standing is None or standing.status == "blocked":  # 3
            raise TokenRefused("stranger")
        if key.thumbprint not in standing.pinned:  # not proven yet: no reason to distrust the partner
            raise TokenRefused("pin")
        signed, _, signature = token.rpartition(".")
        if not ES256.verify(signed.encode(), key.public, octets(signature)):  # 4
            raise TokenRefused("signature")
        keep_until = claims.expires_at + LEEWAY_S
        await self._replays.admit(claims.did, claims.token_id, issued_at=claims.issued_at, keep_until=keep_until)  # 5
        return Participant(claims.did)
