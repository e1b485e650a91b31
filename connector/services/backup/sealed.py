"""Keys in one file that a passphrase protects: scrypt (RFC 7914) and AES-256-GCM, a line of JSON and a line of base64.

The first line says how the key is derived and is authenticated with the rest. 128 MiB and about half a second for each
guess of the passphrase.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import SecretStr

from connector.services.backup.errors import BadKeysFile, WeakPassphrase

FORMAT = "pupitre-keys/1"
SHORTEST = 12
_COST = {"n": 1 << 17, "r": 8, "p": 1}
_LARGEST_N = 1 << 20
_LARGEST_BYTES = 16 << 20


def seal(files: Mapping[str, bytes], passphrase: SecretStr) -> bytes:
    """Return the files, by name, as the content of a keys file. Raises WeakPassphrase."""
    if len(passphrase.get_secret_value()) < SHORTEST:
        raise WeakPassphrase
    salt, nonce = os.urandom(16), os.urandom(12)
    told = {"format": FORMAT, "kdf": "scrypt", **_COST, "salt": _text(salt), "nonce": _text(nonce)}
    head = json.dumps(told).encode()
    content = json.dumps({name: _text(octets) for name, octets in files.items()}).encode()
    return head + b"\n" + b64encode(AESGCM(_key(passphrase, salt, _COST)).encrypt(nonce, content, head)) + b"\n"


def unseal(path: Path, passphrase: SecretStr) -> dict[str, bytes]:
    """Return the files, by name. Raises BadKeysFile."""
    try:
        head, _, body = _read(path).partition(b"\n")
        told = json.loads(head)
        if told["format"] != FORMAT or not 2 <= told["n"] <= _LARGEST_N or (told["r"], told["p"]) != (8, 1):
            raise BadKeysFile(str(path))
        key = _key(passphrase, b64decode(told["salt"]), told)
        content = json.loads(AESGCM(key).decrypt(b64decode(told["nonce"]), b64decode(body), head))
        return {str(name): b64decode(text) for name, text in content.items()}
    except (ValueError, KeyError, TypeError, AttributeError, InvalidTag, OSError) as error:
        raise BadKeysFile(str(path)) from error


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST_BYTES)


def _key(passphrase: SecretStr, salt: bytes, cost: Mapping[str, Any]) -> bytes:
    derive = Scrypt(salt=salt, length=32, n=cost["n"], r=cost["r"], p=cost["p"])
    return derive.derive(passphrase.get_secret_value().encode())


def _text(octets: bytes) -> str:
    return b64encode(octets).decode()
