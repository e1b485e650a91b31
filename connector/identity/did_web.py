"""The identity scheme of a node: a self-issued, audience-bound token, proven by the key in the issuer's DID document.

A participant signs a short-lived ES256 token that says who speaks to whom; the receiver reads the DID document where
the DID says it is, and checks. Nothing external is needed. What can be refused without the network is refused before it
is used, and the token's id is spent last, so that a forged token spends nothing. When a key is unknown, or is not the
one that signed, discovery is asked for a fresh look, which it grants now and then.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import jwt
import orjson

from connector.clock import Clock
from connector.identity.addresses import Addresses
from connector.identity.did import AUTH, PeerKey, key_named, method_name
from connector.identity.errors import (
    IdentityUnavailable,
    KeyNotPinned,
    NotAdmitted,
    PeerBlocked,
    PeerQuarantined,
    TokenRefused,
    UnknownKey,
)
from connector.identity.keys import Keys, unbase64url
from connector.identity.replays import Replays
from connector.identity.scheme import Acquaintances, Participant, Standing
from connector.ids import new_id
from connector.peer.discovery import Discovery
from connector.peer.documents import DidDocument, callback_belongs_to, normal_did
from connector.peer.errors import DidUnresolved, Unreachable
from connector.problems import Problem, Unavailable

ALGORITHM = "ES256"
LIFETIME_S = 90
MAX_LIFETIME_S = 300
LEEWAY_S = 30
MAX_HEADER_BYTES = 16 << 10
MAX_TOKEN_ID_LENGTH = 256
BEARER = "bearer "

ES256 = jwt.PyJWS(algorithms=[ALGORITHM]).get_algorithm_by_name(ALGORITHM)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, well formed and meant for us, not yet proven."""

    did: str
    """The issuer, in normal form."""
    kid: str
    token_id: str
    issued_at: int
    expires_at: int


class DidWeb:
    """Signs and verifies the tokens of every participant that this node hosts."""

    def __init__(
        self,
        addresses: Addresses,
        keys: Keys,
        discovery: Discovery,
        clock: Clock,
        replays: Replays,
        acquaintances: Acquaintances,
    ) -> None:
        self._addresses = addresses
        self._keys = keys
        self._discovery = discovery
        self._clock = clock
        self._replays = replays
        self._acquaintances = acquaintances

    async def token_for(self, owner: str, peer_did: str) -> str:
        """Return an Authorization header good for one call to the peer.

        Raises PeerQuarantined or PeerBlocked for a peer to which nothing is sent, MissingKey.
        """
        standing = await self._acquaintances.standing(owner, peer_did)
        if standing is not None and standing.status != "known":
            raise PeerBlocked(peer_did) if standing.status == "blocked" else PeerQuarantined(peer_did)
        did = self._addresses.did(owner)
        now = self._now()
        claims = {"iss": did, "sub": did, "aud": peer_did, "jti": new_id(), "iat": now, "exp": now + LIFETIME_S}
        key = self._keys.auth(owner).private
        return f"Bearer {jwt.encode(claims, key, ALGORITHM, headers={'kid': f'{did}#{AUTH}'})}"

    async def verify(self, authorization: str | None, owner: str) -> Participant:
        """Return the participant that the token proves.

        1. The header is a bearer token of at most 16 KB.
        2. Its JOSE header: ES256, `kid`, a token of this kind, no extension to understand; other members are ignored,
           an embedded key among them.
        3. Its claims: issuer is subject and owns the `kid`; the audience is this owner alone; an id; times in whole
           seconds, a life of five minutes at most, 30 s of tolerance.
        4. The issuer's DID document, and in it the key that `kid` names, allowed to sign such tokens.
        5. The signature.
        6. Nobody blocked this peer, and the key is one of those pinned for it, if it is known at all.
        7. The token was never seen.
        Raises TokenRefused; NotAdmitted or KeyNotPinned at step 6; IdentityUnavailable when 4 or 7 cannot be decided
        now.
        """
        token = bearer(authorization)  # 1
        claims = read_claims(token, self._addresses.did(owner), self._now())  # 2, 3
        key = await self._prove(token, claims)  # 4, 5
        standing = await self._acquaintances.standing(owner, claims.did)
        if standing is not None:
            await self._check_standing(standing, owner, claims.did, key.thumbprint)  # 6
        keep_until = claims.expires_at + LEEWAY_S
        await self._replays.admit(claims.did, claims.token_id, issued_at=claims.issued_at, keep_until=keep_until)  # 7
        return Participant(claims.did, is_known=standing is not None, thumbprint=key.thumbprint, proof=token)

    async def _check_standing(self, standing: Standing, owner: str, did: str, thumbprint: str) -> None:
        """Refuse the peer unless it is known with this very key. In quarantine nothing is taken, whatever the key."""
        if standing.status == "blocked":
            raise NotAdmitted
        if thumbprint not in standing.pinned:
            await self._acquaintances.quarantine(owner, did, frozenset({thumbprint}))
            raise KeyNotPinned(owner, did, thumbprint)
        if standing.status != "known":
            raise KeyNotPinned(owner, did, thumbprint)

    async def owns(self, participant: Participant, url: str) -> bool:
        """Return True for an address on the host of the DID, or of a service that its document names."""
        document = await _resolved(self._discovery.resolve_did(participant.did))
        return callback_belongs_to(document, participant.did, url)

    async def _prove(self, token: str, claims: Claims) -> PeerKey:
        document = await _resolved(self._discovery.resolve_did(claims.did))
        try:
            return _signer(document, token, claims.kid)
        except UnknownKey:
            fresh = await _resolved(self._discovery.refetch_did(claims.did))
            if fresh is document:
                raise
            return _signer(fresh, token, claims.kid)

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def bearer(authorization: str | None) -> str:
    """Return the token of an Authorization header. Raises TokenRefused."""
    if authorization is None:
        raise TokenRefused("no-header")
    if len(authorization) > MAX_HEADER_BYTES:
        raise TokenRefused("header-size")
    if authorization[: len(BEARER)].lower() != BEARER:
        raise TokenRefused("not-bearer")
    return authorization[len(BEARER) :].strip()


def read_claims(token: str, audience: str, now: int) -> Claims:
    """Return what an unproven token says. Raises TokenRefused unless steps 2 and 3 of DidWeb.verify hold."""
    header, claims = (_read_part(part) for part in _split(token)[:2])
    kid = _check_header(header)
    did = _check_parties(claims, audience)
    if method_name(did, kid) is None:
        raise TokenRefused("kid")
    issued_at, expires_at = _check_times(claims, now)
    token_id = claims.get("jti")
    if not isinstance(token_id, str) or not 0 < len(token_id) <= MAX_TOKEN_ID_LENGTH or "\0" in token_id:
        raise TokenRefused("jti")
    return Claims(did, kid, token_id, issued_at, expires_at)


def read_header(token: str) -> dict[str, Any]:
    """Return the JOSE header of an unproven token. Raises TokenRefused when it is not one."""
    return _read_part(_split(token)[0])


def _split(token: str) -> list[str]:
    """Return the three parts of a compact JWS."""
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise TokenRefused("not-a-token")
    return parts


def _read_part(part: str) -> dict[str, Any]:
    """Return a part's JSON object."""
    try:
        found = orjson.loads(octets(part))
    except orjson.JSONDecodeError as error:
        raise TokenRefused("not-a-token") from error
    if not isinstance(found, dict):
        raise TokenRefused("not-a-token")
    return found


def octets(part: str) -> bytes:
    """Return the bytes of a part of a token. Raises TokenRefused."""
    try:
        return unbase64url(part)
    except ValueError as error:
        raise TokenRefused("not-a-token") from error


def is_signed(token: str, document: DidDocument) -> bool:
    """Return whether a key of this DID document, which may sign such tokens, signed one that was proven before."""
    try:
        _signer(document, token, _check_header(read_header(token)))
    except TokenRefused:
        return False
    return True


def _check_header(header: dict[str, Any]) -> str:
    if header.get("alg") != ALGORITHM:
        raise TokenRefused("alg")
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise TokenRefused("typ")
    if "crit" in header or "b64" in header:
        raise TokenRefused("crit")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise TokenRefused("kid")
    return kid


def _check_parties(claims: dict[str, Any], audience: str) -> str:
    """Return the issuer in normal form; all comparisons are of normal forms (`%3a` is `%3A`)."""
    issuer, subject, meant = (_did(claims.get(name)) for name in ("iss", "sub", "aud"))
    if issuer is None or issuer != subject:
        raise TokenRefused("issuer")
    if meant != audience:
        raise TokenRefused("audience")
    return issuer


def _check_times(claims: dict[str, Any], now: int) -> tuple[int, int]:
    issued_at, expires_at, valid_from = claims.get("iat"), claims.get("exp"), claims.get("nbf", 0)
    if not (type(issued_at) is type(expires_at) is type(valid_from) is int):
        raise TokenRefused("times")
    if max(issued_at, valid_from) > now + LEEWAY_S:
        raise TokenRefused("not-yet")
    if expires_at <= now - LEEWAY_S:
        raise TokenRefused("expired")
    if not 0 < expires_at - issued_at <= MAX_LIFETIME_S:
        raise TokenRefused("lifetime")
    return issued_at, expires_at


def _did(text: Any) -> str | None:
    try:
        return normal_did(text) if isinstance(text, str) else None
    except DidUnresolved:
        return None


async def _resolved(look: Awaitable[DidDocument]) -> DidDocument:
    """Return the document; a stranger's unusable DID is a refusal, a network that fails is a matter of time."""
    try:
        return await look
    except (Unreachable, Unavailable) as error:
        raise IdentityUnavailable("did-unreachable") from error
    except Problem as error:
        raise TokenRefused("did") from error


def _signer(document: DidDocument, token: str, kid: str) -> PeerKey:
    key = key_named(document, kid)
    signed, _, signature = token.rpartition(".")
    # The algorithm by itself: step 2 fixed it, and the library's parser costs as much as the curve.
    if not ES256.verify(signed.encode(), key.public, octets(signature)):
        raise UnknownKey("signature")
    return key
