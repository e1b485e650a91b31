"""The seal key of each hosted participant: apart from the one that signs tokens, encrypted at rest, with a certificate.

`DATA_DIR/keys/OWNER/seal-NAME.pem` holds the private key (PKCS #8, PBES2 with AES-256) and its certificates. What opens
it is `seal_passphrase`, or the content of a key file that stands outside the folder of keys, so that a copy of that
folder, or a backup of it, seals nothing. A key is made when a participant is, or by a person's order, never silently
later. Which keys there are, and since when one is retired or revoked, are rows (store/seal_keys.py).
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import SecretStr

from connector.identity import certificates
from connector.identity.addresses import check_slug
from connector.identity.certificates import Chain, PrivateKey, Subject
from connector.identity.errors import MissingSealKey, SealKeyLocked
from connector.identity.keys import write_once

_ENCRYPTED = b"ENCRYPTED"
"""Stands in the PEM of a key that a secret opens, and in that of no other."""


@dataclass(frozen=True, slots=True)
class Lock:
    """What the seal keys at rest are encrypted with: a passphrase, else the content of the key file."""

    key_file: Path
    passphrase: SecretStr | None = field(default=None, repr=False)

    def secret(self) -> bytes:
        """Return the secret. Raises SealKeyLocked when there is none."""
        if self.passphrase is not None:
            return self.passphrase.get_secret_value().encode()
        try:
            octets = self.key_file.read_bytes().strip()
        except OSError as error:
            raise SealKeyLocked(self._no_secret()) from error
        if not octets:
            raise SealKeyLocked(self._no_secret())
        return octets

    def make(self) -> bytes:
        """Return the secret, writing a key file first when there is neither that nor a passphrase."""
        if self.passphrase is None and not self.key_file.exists():
            write_once(self.key_file, secrets.token_urlsafe(32).encode() + b"\n")
        return self.secret()

    def other_than(self, path: Path) -> dict[str, str]:
        """Say that this is not what a key was encrypted with."""
        if self.passphrase is not None:
            fr = f"La phrase de passe des réglages (seal_passphrase) n’est pas celle qui a chiffré {path}."
            return {"fr": fr, "en": f"The passphrase of the settings (seal_passphrase) did not encrypt {path}."}
        fr = f"Le contenu de {self.key_file} n’est pas ce qui a chiffré {path}, et seal_passphrase est vide."
        return {
            "fr": fr,
            "en": f"The content of {self.key_file} is not what encrypted {path}, and seal_passphrase is empty.",
        }

    def _no_secret(self) -> dict[str, str]:
        fr = f"Le fichier {self.key_file} est absent, vide ou illisible, et seal_passphrase est vide."
        return {
            "fr": fr,
            "en": f"The file {self.key_file} is missing, empty or unreadable, and seal_passphrase is empty.",
        }


class SealKeys:
    """The private keys of all hosted participants. Reading and writing files: not for the event loop."""

    def __init__(self, data_dir: Path, lock: Lock) -> None:
        self._folder = data_dir / "keys"
        self.lock = lock
        self._opened: dict[tuple[str, str], PrivateKey] = {}

    def path(self, owner: str, name: str) -> Path:
        """Return where a key stands."""
        return self._folder / check_slug(owner) / f"{name}.pem"

    def create(self, owner: str, name: str, subject: Subject, now: datetime, days: int) -> Chain:
        """Make a key with a certificate of its own making; return the certificate."""
        key = certificates.new_key()
        chain = certificates.self_made(key, subject, now, days)
        self.keep(owner, name, key, chain)
        return chain

    def keep(self, owner: str, name: str, key: PrivateKey, chain: Chain) -> None:
        """Write a key with its certificates, encrypted. Raises FileExistsError, SealKeyLocked."""
        path, encryption = self.path(owner, name), serialization.BestAvailableEncryption(self.lock.make())
        for folder in (self._folder, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        if not write_once(path, content + certificates.pem(chain).encode()):
            raise FileExistsError(path)

    def forget(self, owner: str, name: str) -> None:
        """Delete a key that was made and never used."""
        self.path(owner, name).unlink(missing_ok=True)

    def exists(self, owner: str, name: str) -> bool:
        """True when the file of a key is there."""
        return self.path(owner, name).exists()

    def is_open(self, owner: str, name: str) -> bool:
        """True when the key was decrypted before: then `private` touches no file."""
        return (owner, name) in self._opened

    def private(self, owner: str, name: str) -> PrivateKey:
        """Return a private key, decrypted once. Raises MissingSealKey, SealKeyLocked."""
        found = self._opened.get((owner, name))
        if found is None:
            found = self._opened[owner, name] = self._open(self.path(owner, name))
        return found

    def _open(self, path: Path) -> PrivateKey:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise MissingSealKey(str(path)) from error
        try:
            key = serialization.load_pem_private_key(content, self._secret_for(content))
        except ValueError as error:
            if _ENCRYPTED in content:
                raise SealKeyLocked(self.lock.other_than(path)) from error
            raise MissingSealKey(str(path)) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise MissingSealKey(str(path))
        return key

    def _secret_for(self, content: bytes) -> bytes | None:
        """Return what opens a file; None for one that is not encrypted: put there by a person, who may."""
        return self.lock.secret() if _ENCRYPTED in content else None
