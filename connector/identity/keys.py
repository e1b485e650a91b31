"""The authentication key of each hosted participant: ES256, one file, readable by the node alone.

`DATA_DIR/keys/OWNER/auth.pem`, 0600 in folders 0700. A key is made when a participant is, never silently later: a lost
key is restored or replaced by a person, since partners pinned its thumbprint.
"""

import os
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connector.identity.addresses import check_slug
from connector.identity.errors import MissingKey

Jwk = dict[str, str]
COORDINATE_BYTES = 32


@dataclass(frozen=True)
class SigningKey:
    """A private key; its text form shows only the thumbprint."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @cached_property
    def jwk(self) -> Jwk:
        """The public key (RFC 7517), with no member that depends on its use."""
        return public_jwk(self.private.public_key())

    @cached_property
    def thumbprint(self) -> str:
        """The public key's RFC 7638 thumbprint."""
        return thumbprint(self.jwk)

    def __repr__(self) -> str:
        return f"SigningKey({self.thumbprint})"


class Keys:
    """The keys of all hosted participants, in one folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "keys"
        self._loaded: dict[str, SigningKey] = {}

    def auth(self, owner: str) -> SigningKey:
        """Return the owner's authentication key. Raises MissingKey."""
        if owner not in self._loaded:
            self._loaded[owner] = _load(self._path(owner))
        return self._loaded[owner]

    def thumbprints(self, owners: Iterable[str]) -> list[str]:
        """Return the thumbprints of the owners' keys, as far as they are there."""
        found = []
        for owner in owners:
            with suppress(MissingKey):
                found.append(self.auth(owner).thumbprint)
        return found

    def create_auth(self, owner: str) -> SigningKey:
        """Return the owner's authentication key, making it if there is none; safe against another process."""
        path = self._path(owner)
        for folder in (self._folder, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            write_once(path, _pem(ec.generate_private_key(ec.SECP256R1())))
        return self.auth(owner)

    def _path(self, owner: str) -> Path:
        return self._folder / check_slug(owner) / "auth.pem"


def public_jwk(key: ec.EllipticCurvePublicKey) -> Jwk:
    """Return a P-256 public key as a JWK."""
    point = key.public_numbers()
    x, y = (base64url(n.to_bytes(COORDINATE_BYTES, "big")) for n in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def thumbprint(jwk: Jwk) -> str:
    """Return the RFC 7638 thumbprint (SHA-256, base64url) of an EC key."""
    text = '{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}'.format_map(jwk)
    return base64url(sha256(text.encode()).digest())


def base64url(octets: bytes) -> str:
    """Return base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    """Return the bytes of unpadded base64url. Raises ValueError."""
    return b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)


def _load(path: Path) -> SigningKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise MissingKey(str(path)) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise MissingKey(f"{path} : P-256")
    return SigningKey(key)


def write_once(path: Path, content: bytes) -> bool:
    """Write a new private file whole or not at all; one that another process made meanwhile is kept (False)."""
    draft = path.with_name(f".{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
        is_ours = True
    except FileExistsError:
        is_ours = False
    finally:
        draft.unlink()
    _sync_folder(path.parent)
    return is_ours


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
