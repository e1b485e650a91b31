"""Readable names for identifiers: the reader of a conversation follows `consumer` and `m3`, not thirty-two digits.

An identifier gets its name where it first appears, from the member that holds it, and keeps it for the conversation.
"""

import json
import re
from typing import Any

from connector.protocol.refusals import UNKNOWN_PID
from connector.protocol.wire import DSP_CONTEXT

UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f-]{27}")
_BY_MEMBER = {"consumerPid": "consumer", "providerPid": "provider", "agreementId": "agreement"}


class Names:
    """The names of one conversation."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {UNKNOWN_PID: "nobody"}
        self._counts: dict[str, int] = {}
        self.in_full = False

    def in_text(self, text: str) -> str:
        """Return the text with every known identifier replaced, and unknown ones named `id`."""
        for secret, name in self._names.items():
            text = text.replace(secret, f"<{name}>")
        return UUID.sub(lambda found: f"<{self.name(found[0], 'id')}>", text)

    def in_message(self, message: Any) -> str:
        """Return a JSON body in one line, its type first: the usual `@context` left out, identifiers by name."""
        if not isinstance(message, dict):
            return self.in_text(json.dumps(message, ensure_ascii=False))
        self._learn(message, "m")
        shown = message if self.in_full else _essential(message)
        kind = shown.get("@type", "")
        rest = {name: value for name, value in shown.items() if name != "@type"}
        return f"{kind} {self.in_text(json.dumps(rest, ensure_ascii=False))}".strip()

    def name(self, secret: str, sort: str) -> str:
        """Return the name of an identifier or token, given now if it had none."""
        if secret not in self._names:
            count = self._counts[sort] = self._counts.get(sort, 0) + 1
            self._names[secret] = sort if count == 1 and sort != "m" else f"{sort}{count}"
        return self._names[secret]

    def _learn(self, node: Any, sort: str) -> None:
        for member, value in node.items():
            if isinstance(value, str) and member in _BY_MEMBER and UUID.fullmatch(value):
                self.name(value, _BY_MEMBER[member])
        for member, value in node.items():
            if member == "@id" and isinstance(value, str) and UUID.fullmatch(value):
                self.name(value, sort)
            elif member == "endpointProperties":
                self._learn_tokens(value)
            elif isinstance(value, dict):
                self._learn(value, member)

    def _learn_tokens(self, properties: Any) -> None:
        for one in properties:
            last = one["name"].rsplit("/", 1)[-1]
            if last in ("authorization", "refreshToken"):
                self.name(one["value"], {"authorization": "token", "refreshToken": "renewal"}[last])


def _essential(message: dict[str, Any]) -> dict[str, Any]:
    """Leave out the usual `@context`, and of a data address all but the place and the token."""
    shown = {name: value for name, value in message.items() if name != "@context" or value != [DSP_CONTEXT]}
    address = shown.get("dataAddress")
    if isinstance(address, dict) and "endpoint" in address:
        properties = {one["name"]: one["value"] for one in address.get("endpointProperties", ())}
        shown["dataAddress"] = f"{address['endpoint']} with {properties.get('authorization')}"
    return shown
