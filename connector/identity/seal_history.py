"""The signed list of a participant's seal keys, beside its DID document: `did-history.json`.

It says of each key, present or past, since when it is used, when it was retired, and when and why it was revoked. It is
signed with the authentication key, which partners pinned when they met: a domain that was taken over can show another
DID document, but no other list, so that a seal key that is on it needs no second approval. An older list than the one
that is known is refused: it could hide a revocation. So is one from the future: every true list would be older.

Lists of one author may say different things, for one that runs other software may write what it likes, and date it so.
Its first word counts: see `announced`.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from jwt import InvalidTokenError
from jwt.api_jws import PyJWS

from connector.identity import certificates
from connector.identity.certificates import Chain
from connector.identity.did import AUTH, key_named, method_name
from connector.identity.errors import CertificateRefused, SealsRefused, TokenRefused
from connector.identity.keys import SigningKey
from connector.peer.documents import DidDocument, normal_did
from connector.problems import Problem
from connector.protocol import strict_json

FORM = "https://w3id.org/pupitre/seal-keys/1"
TYPE = "seal-keys+jws"
FILE = "did-history.json"
"""Its name beside the DID document, for ever."""
LIMIT_BYTES = 256 << 10
AHEAD = timedelta(minutes=5)
"""By how much the clock of who issued a list may be ahead of ours."""
_JWS = PyJWS(algorithms=["ES256"])


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """What the list says of one seal key."""

    kid: str
    certificate_sha256: str
    """Of its certificate's DER, in hexadecimal."""
    since: datetime
    retired_at: datetime | None = None
    revoked_at: datetime | None = None
    reason: str | None = None
    chain: Chain = ()
    """Its certificates, while it may sign."""


@dataclass(frozen=True, slots=True)
class SealHistory:
    """All seal keys of a participant, at one instant."""

    did: str
    issued_at: datetime
    keys: tuple[KeyStatus, ...]
    text: str = ""
    """The signed list as it was received."""

    def named(self, kid: str) -> KeyStatus | None:
        """Return what is said of a key."""
        return next((one for one in self.keys if one.kid == kid), None)

    @property
    def usable(self) -> tuple[KeyStatus, ...]:
        """The keys that may sign, the newest last."""
        return tuple(one for one in self.keys if one.chain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """The first announcement that a key is revoked, among the lists of its author."""

    at: datetime
    """Since when."""
    reason: str
    listed_at: datetime
    """When the list that says so first was signed."""
    silent_at: datetime | None
    """When an earlier list was signed that names the key and announces nothing; None: there is none."""


def announced(kid: str, lists: Iterable[SealHistory]) -> Announced | None:
    """Return the first announcement of a key's revocation; None where no list tells of one."""
    silent_at = None
    for one in sorted(lists, key=lambda one: one.issued_at):
        key = one.named(kid)
        if key is None:
            continue
        if key.revoked_at is not None:
            return Announced(at=key.revoked_at, reason=key.reason or "", listed_at=one.issued_at, silent_at=silent_at)
        silent_at = one.issued_at
    return None


def sign(history: SealHistory, key: SigningKey) -> str:
    """Return the list as a JWS in general JSON form (RFC 7515 §7.2.1), signed with the authentication key."""
    told = {
        "schema": FORM,
        "did": history.did,
        "issuedAt": _written(history.issued_at),
        "keys": [_told(one) for one in history.keys],
    }
    payload = json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    header = {"kid": f"{history.did}#{AUTH}", "typ": TYPE}
    protected, body, signature = _JWS.encode(payload, key.private, "ES256", headers=header).split(".")
    return json.dumps({"payload": body, "signatures": [{"protected": protected, "signature": signature}]})


def verify(
    raw: bytes, document: DidDocument, pinned: frozenset[str], known: SealHistory | None = None, *, now: datetime
) -> SealHistory:
    """Return the peer's list.

    1. A JWS in general JSON form with one signature, of our type, with no extension to understand.
    2. Its `kid` names a key of the peer's DID document that may speak for it, and the key is pinned.
    3. The signature.
    4. It speaks of this DID, and names only keys of it.
    5. It was not issued in the future, as far as clocks may differ.
    6. It is not older than the one that is known, and what that one said was revoked still is.
    Raises SealsRefused.
    """
    compact, header = _opened(raw)  # 1
    try:
        key = key_named(document, str(header.get("kid")))  # 2
    except TokenRefused as refused:
        raise SealsRefused(refused.reason) from refused
    if key.thumbprint not in pinned:
        raise SealsRefused("pin")
    try:
        payload = _JWS.decode(compact, key.public, algorithms=["ES256"])  # 3
    except InvalidTokenError as error:
        raise SealsRefused("signature") from error
    history = _read(payload, raw.decode())  # 4
    if history.did != document.did:
        raise SealsRefused("did")
    if history.issued_at > now + AHEAD:  # 5
        raise SealsRefused("future")
    if known is not None:  # 6
        _check_goes_on(history, known)
    return history


@lru_cache(maxsize=64)
def stored(text: str) -> SealHistory:
    """Return a list that was verified before it was stored. Raises SealsRefused.

    Remembered by its text: each contract asks three times, and reading it with its certificates takes a millisecond.
    """
    compact, _ = _opened(text.encode())
    return _read(_JWS.decode(compact, options={"verify_signature": False}), text)


def _check_goes_on(history: SealHistory, known: SealHistory) -> None:
    if history.issued_at < known.issued_at:
        raise SealsRefused("older")
    for before in known.keys:
        now = history.named(before.kid)
        if now is None or now.certificate_sha256 != before.certificate_sha256:
            raise SealsRefused("another-key")
        if before.revoked_at is not None and now.revoked_at is None:
            raise SealsRefused("not-revoked")


def _opened(raw: bytes) -> tuple[str, Mapping[str, Any]]:
    """Return the only signature in compact form, and its header."""
    try:
        told = strict_json.read_object(raw)
        (one,) = told["signatures"]
        if set(told) != {"payload", "signatures"} or set(one) != {"protected", "signature"}:
            raise SealsRefused("form")
        compact = f"{one['protected']}.{told['payload']}.{one['signature']}"
        header = _JWS.get_unverified_header(compact)
    except SealsRefused:
        raise
    except (Problem, ValueError, TypeError, KeyError, InvalidTokenError) as error:
        raise SealsRefused("form") from error
    if header.get("typ") != TYPE or header.get("alg") != "ES256" or "crit" in header or "b64" in header:
        raise SealsRefused("form")
    return compact, header


def _read(payload: bytes, text: str) -> SealHistory:
    try:
        told = strict_json.read_object(payload)
        if told.get("schema") != FORM:
            raise SealsRefused("form")
        did = normal_did(str(told["did"]))
        keys = tuple(_key(did, one) for one in told["keys"])
        issued_at = _instant(told["issuedAt"])
    except SealsRefused:
        raise
    except (Problem, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SealsRefused("content") from error
    if len({one.kid for one in keys}) != len(keys):
        raise SealsRefused("content")
    return SealHistory(did, issued_at, keys, text)


def _key(did: str, told: Mapping[str, Any]) -> KeyStatus:
    kid = method_name(did, told["kid"])
    chain = tuple(b64decode(one, validate=True) for one in told.get("x5c", ()))
    if kid is None or (chain and certificates.fingerprint(chain[0]) != told["certificateSha256"]):
        raise SealsRefused("content")
    if chain:
        try:
            certificates.public_key(chain[0])
        except CertificateRefused as refused:
            raise SealsRefused(refused.reason) from refused
    return KeyStatus(
        kid=kid,
        certificate_sha256=str(told["certificateSha256"]),
        since=_instant(told["since"]),
        retired_at=_instant(told["retiredAt"]) if "retiredAt" in told else None,
        revoked_at=_instant(told["revokedAt"]) if "revokedAt" in told else None,
        reason=str(told["reason"]) if "reason" in told else None,
        chain=chain,
    )


def _told(key: KeyStatus) -> dict[str, Any]:
    told: dict[str, Any] = {"kid": key.kid, "certificateSha256": key.certificate_sha256, "since": _written(key.since)}
    if key.retired_at is not None:
        told["retiredAt"] = _written(key.retired_at)
    if key.revoked_at is not None:
        told["revokedAt"], told["reason"] = _written(key.revoked_at), key.reason or ""
    if key.chain:
        told["x5c"] = [b64encode(one).decode() for one in key.chain]
    return told


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _instant(text: Any) -> datetime:
    at = datetime.fromisoformat(str(text))
    if at.tzinfo is None:
        raise ValueError(text)
    return at
