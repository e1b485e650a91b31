"""The secrets that sign webhooks: derived, never stored.

`DATA_DIR/keys/OWNER/webhooks.key` holds 32 random bytes. The secret of a webhook is HMAC-SHA256 under this key over the
webhook's identifier and the generation of its secret, so that the database, its backups and its replicas hold nothing
with which a delivery could be forged, and a new secret is a number that grows. The file is made with an owner's first
webhook and never silently later; like every key it is backed up apart (services/backup).
"""

import hmac
import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from connector.identity.addresses import check_slug
from connector.identity.errors import MissingKey
from connector.identity.keys import write_once

KEY_BYTES = 32
PREFIX = "whsec_"
"""Of a secret as people and programs exchange it; base64 follows (Standard Webhooks)."""
_PURPOSE = b"pupitre webhook secret"


@dataclass(frozen=True, slots=True)
class Secret:
    """What one webhook's deliveries are signed with."""

    key: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The secret as the receiver is given it."""
        return PREFIX + b64encode(self.key).decode()

    def sign(self, content: bytes) -> str:
        """Return the signature of a content, with its version (Standard Webhooks: `v1` is HMAC-SHA256)."""
        return "v1," + b64encode(hmac.digest(self.key, content, "sha256")).decode()


@dataclass(frozen=True, slots=True)
class WebhookKey:
    """The key from which an owner's secrets are derived."""

    octets: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """A name of the key, by which a row knows that it is the one of then; says nothing of it."""
        return sha256(_PURPOSE + b" id\0" + self.octets).hexdigest()[:16]

    def secret(self, webhook_id: str, generation: int) -> Secret:
        """Return the secret of a webhook in one generation."""
        return Secret(
            hmac.digest(self.octets, b"\0".join((_PURPOSE, webhook_id.encode(), b"%d" % generation)), "sha256")
        )


class WebhookKeys:
    """The keys of all hosted participants, in the folder of keys."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "keys"

    def load(self, owner: str) -> WebhookKey:
        """Return the owner's key. Raises MissingKey."""
        path = self._path(owner)
        try:
            octets = path.read_bytes()
        except OSError as error:
            raise MissingKey(str(path)) from error
        if len(octets) != KEY_BYTES:
            raise MissingKey(f"{path} : {KEY_BYTES} octets")
        return WebhookKey(octets)

    def create(self, owner: str) -> WebhookKey:
        """Return the owner's key, making it if there is none; safe against another process."""
        path = self._path(owner)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            write_once(path, secrets.token_bytes(KEY_BYTES))
        return self.load(owner)

    def _path(self, owner: str) -> Path:
        return self._folder / check_slug(owner) / "webhooks.key"
