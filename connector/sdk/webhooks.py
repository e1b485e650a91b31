"""For programs that receive webhooks: is this really from our node, and new? Standard library only.

A delivery is signed as the Standard Webhooks specification says: HMAC-SHA256 over `webhook-id`, `webhook-timestamp` and
the very bytes of the body. While a secret is being replaced there are two signatures, and either will do. The same
`webhook-id` may come twice; whoever acts on events remembers those that it has dealt with.
"""

import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Any

PREFIX = "whsec_"
TOLERANCE_S = 300.0
"""How old a delivery may be, and how far ahead its clock: an old one may be somebody's copy."""


class BadSignature(Exception):
    """This is not from the node, was changed on its way, or is too old to be believed."""


def verify_webhook(
    secret: str | Iterable[str],
    headers: Mapping[str, str],
    body: bytes | str,
    *,
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> dict[str, Any]:
    """Return what a delivery says (`type`, `timestamp`, `data`) once it is known to come from the node.

    `secret` is what the node told when the webhook was made (`whsec_…`), or several of them; `body` the bytes as they
    came, before any parsing. Raises BadSignature.
    """
    found = {name.lower(): value for name, value in headers.items()}
    octets = body.encode() if isinstance(body, str) else body
    message_id, timestamp = found.get("webhook-id", ""), found.get("webhook-timestamp", "")
    if not message_id or not timestamp.isdecimal():
        raise BadSignature("webhook-id, webhook-timestamp")
    if abs((time.time() if now is None else now) - int(timestamp)) > tolerance_s:
        raise BadSignature(f"webhook-timestamp {timestamp}")
    content = f"{message_id}.{timestamp}.".encode() + octets
    expected = [_signature(one, content) for one in ([secret] if isinstance(secret, str) else secret)]
    shown = found.get("webhook-signature", "").split()
    if not any(hmac.compare_digest(ours.encode(), theirs.encode()) for ours in expected for theirs in shown):
        raise BadSignature("webhook-signature")
    told: dict[str, Any] = json.loads(octets)
    return told


def _signature(secret: str, content: bytes) -> str:
    """Return the signature of a content. Raises ValueError when this is no secret of a webhook."""
    key = b64decode(secret.removeprefix(PREFIX), validate=True)
    return "v1," + b64encode(hmac.digest(key, content, "sha256")).decode()
