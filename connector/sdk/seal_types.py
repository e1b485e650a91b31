"""The answers of the management API as types. Written by tests/tools/reference.py; change the API instead.

Instants are text (ISO 8601, UTC). What further versions add may be there too.
"""

from typing import Literal, TypedDict


class SealCertificate(TypedDict):
    """The certificate of a seal key."""

    subject: str
    """Whom it names (RFC 4514)."""
    issuer: str
    begins_at: str
    ends_at: str
    sha256: str
    """Of its DER, in hexadecimal: what contracts name."""
    level: Literal["L0", "L1", "L2"]
    """`L0`: self-made; `L1`: of an authority in `seal_roots`; `L2`: and qualified by its own words."""
    pem: str
    """With those of the authorities between it and a root, if there are any."""


class SealKey(TypedDict):
    """A key that seals contracts, without its private part."""

    name: str
    """Its fragment in the DID document."""
    kid: str
    status: Literal["present", "overlapping", "retired", "revoked"]
    """`overlapping`: replaced, and may sign what names it until `ends_at`."""
    algorithm: str
    """ES256, or RS256 for an RSA key of an authority."""
    certificate: SealCertificate
    created_at: str | None
    replaced_by: str | None
    ends_at: str | None
    revoked_at: str | None
    """Since when it must not be trusted."""
    reason: str | None
    """Why it was revoked; public."""


class SealKeys(TypedDict):
    """All seal keys of a participant, the newest first."""

    did: str
    can_seal: bool
    """True when a key may sign now: the DID document then says so."""
    problems: list[str]
    """Of keys that do not open, why and what to do, in the caller's language."""
    history_url: str
    """The signed list of these keys, as partners read it."""
    keys: list[SealKey]


class CertificateRequest(TypedDict):
    """What an authority is asked with."""

    pem: str
    """PKCS #10, for the present key."""
