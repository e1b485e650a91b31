"""What a person, a program or the journal keeps of messages: everything but the tokens in them.

Whoever holds a data token may read the data. A data address names its properties freely, so the value of every property
is hidden unless its name is known to be harmless; of an address, what follows its `?` may be a token too.
"""

import json
import re
from hashlib import sha256
from typing import Any

HIDDEN = "•••"
_HARMLESS = frozenset(
    {
        *("authType", "authKey", "expiresIn", "refreshEndpoint"),
        *("endpoint", "endpointType", "baseUrl", "method", "id", "type", "flowType"),
    }
)
_OF_PROTOCOL = frozenset(
    {"@context", "@id", "@type", "consumerPid", "providerPid", "agreementId", "format", "callbackAddress"}
    | {"code", "reason"}
)
"""Members of a transfer message that hold no token; a data address, or a member of somebody's own, may."""
_LAST_SEGMENT = re.compile(r"[^/#:]*$")
_SECRET_MEMBERS = ("authorization", "token", "secret", "password", "authkey", "authcode")


def redacted(value: Any) -> Any:
    """Return a copy of a JSON value without tokens."""
    if isinstance(value, dict):
        members = {name: HIDDEN if _is_secret(name, item) else redacted(item) for name, item in value.items()}
        return _without_property_value(members)
    if isinstance(value, list):
        return [redacted(item) for item in value]
    return _without_query(value) if isinstance(value, str) else value


def redacted_text(text: str) -> Any:
    """Return what a JSON text says, without tokens; of a text that is not JSON, nothing."""
    try:
        return redacted(json.loads(text))
    except ValueError:
        return HIDDEN


def kept_of(text: str) -> dict[str, str]:
    """Return what the journal keeps of a transfer message: its very text, as `body`, unless there are tokens in it.

    Then `body` is the text without them, and `body_sha256` the SHA-256 of the whole text as it travelled: a partner's
    record of the message can still be compared with ours.
    """
    document = json.loads(text)
    kept = {name: item if name in _OF_PROTOCOL else redacted({name: item})[name] for name, item in document.items()}
    if kept == document:
        return {"body": text}
    shown = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    return {"body": shown, "body_sha256": sha256(text.encode()).hexdigest()}


def _is_secret(name: str, item: Any) -> bool:
    return isinstance(item, str) and any(part in _short(name).lower() for part in _SECRET_MEMBERS)


def _without_property_value(members: dict[str, Any]) -> dict[str, Any]:
    """Hide the value of an endpoint property (`name` and `value`) whose name is not known to be harmless."""
    name = members.get("name")
    if not isinstance(name, str) or "value" not in members or _short(name) in _HARMLESS:
        return members
    return {**members, "value": HIDDEN}


def _without_query(text: str) -> str:
    """Return an address without its query; any other text as it is."""
    address, mark, _ = text.partition("?")
    return f"{address}?{HIDDEN}" if mark and address.startswith(("http://", "https://")) and " " not in text else text


def _short(name: str) -> str:
    found = _LAST_SEGMENT.search(name)
    return found.group() if found else name
