"""Data tokens: opaque, random, known to the store only by their hash.

A token says nothing and proves nothing by itself; what it opens stands in the `grants` table under its SHA-256. A plain
hash is enough because a token has 256 bits of chance in it: there is nothing to guess.
"""

import re
import secrets
from hashlib import sha256

_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}\Z")


def mint() -> str:
    """Return a fresh token of 256 random bits, 43 characters."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> str:
    """Return the SHA-256 (hexadecimal) under which the store knows a token."""
    return sha256(token.encode("ascii", "replace")).hexdigest()


def presented(authorization: str | None) -> str | None:
    """Return the token of an Authorization header, None when it cannot be one of ours.

    Both `Bearer TOKEN` (RFC 6750) and the bare token are read: some connectors send the address's `authorization`
    property as it stands. A value of another shape costs no look-up.
    """
    if authorization is None:
        return None
    scheme, _, rest = authorization.strip().rpartition(" ")
    is_known_scheme = scheme == "" or scheme.strip().lower() == "bearer"
    return rest if is_known_scheme and _SHAPE.match(rest) else None
